"""``fornix.compare`` and ``fornix.rank`` give the same from a store, a published matrix, and a matrix at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.errors import UsageError
from fornix.matrix.comparing.result import Comparison
from fornix.matrix.comparing.sources import of_published, of_store
from fornix.matrix.snapshots.publishing import publish
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS, toy_registry
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, PARENT, V4, fill, scored

#: One of the models answers for IT alone.
SCORES = {(MODEL, IT): scored(0.5, 1), (MODEL, V4): scored(0.3, 2), (OTHER, IT): scored(0.4, 3)}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    found = FolderStore(tmp_path_factory.mktemp("lab") / "store")
    fill(found, SCORES)
    return found


@pytest.fixture(scope="module")
def place(store: FolderStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("public") / "place"
    publish(toy_registry(TOYS), store, folder)
    return folder


@pytest.fixture(scope="module")
def from_store(store: FolderStore) -> Comparison:
    return fornix.compare(MODEL, OTHER, store.place, plugins=[TOYS])


def test_a_store_is_compared_as_its_scores_are(store: FolderStore, from_store: Comparison) -> None:
    rows = {row.benchmark: row for row in from_store.rows}
    assert list(rows) == [PARENT, IT, V4]
    ours, theirs = SCORES[MODEL, IT], SCORES[OTHER, IT]
    assert ours.replicates is not None
    assert theirs.replicates is not None
    assert rows[IT].error == pytest.approx((ours.replicates - theirs.replicates).values.std(ddof=1))
    assert rows[IT].better == MODEL
    assert rows[V4].why == f"{OTHER} has no value (skipped: region)"
    common = fornix.compare(MODEL, OTHER, store.place, plugins=[TOYS], missing="common")
    assert next(row for row in common.rows if row.benchmark == PARENT).error == pytest.approx(rows[IT].error)


def test_a_published_matrix_gives_the_same(place: Path, from_store: Comparison) -> None:
    found = fornix.compare(MODEL, OTHER, matrix=fornix.pull(place))
    assert repr(found) == repr(from_store)
    assert repr(fornix.compare(MODEL, OTHER, place)) == repr(from_store)
    xr.testing.assert_identical(*(xr.Dataset.from_dataframe(one.to_dataframe()) for one in (found, from_store)))


def test_ranks_of_a_published_matrix_and_of_a_store_are_the_same(place: Path, store: FolderStore) -> None:
    assembled = of_store(toy_registry(TOYS), store, [MODEL, OTHER])
    found, stored = fornix.rank(fornix.pull(place)), fornix.rank(assembled.matrix, store.place, plugins=[TOYS])
    for name in ("rank", "rank_low", "rank_high"):
        of_both = [one[name].sel(model=[MODEL, OTHER], benchmark=[PARENT, IT, V4]).values for one in (found, stored)]
        np.testing.assert_array_equal(*of_both)
    assert found["rank"].sel(benchmark=IT).values.tolist() == [1, 2]
    assert float(found["rank"].sel(benchmark=V4, model=MODEL)) == 1
    assert found["rank"].sel(benchmark=V4).isnull().sum() == 1


def test_a_matrix_that_says_not_where_its_scores_are_is_refused(store: FolderStore) -> None:
    matrix = of_store(toy_registry(TOYS), store, [MODEL, OTHER]).matrix
    with pytest.raises(UsageError, match="does not say where its scores are: give the store"):
        fornix.compare(MODEL, OTHER, matrix=matrix, plugins=[TOYS])
    assert fornix.compare(MODEL, OTHER, store, matrix=matrix, plugins=[TOYS]).compared


def test_a_store_beside_a_matrix_that_says_where_its_scores_are_is_refused(place: Path, store: FolderStore) -> None:
    """Its scores would be passed over in silence."""
    pulled, laid = fornix.pull(place), fornix.overlay(place, store, plugins=[TOYS])
    for matrix in (pulled, laid):
        with pytest.raises(UsageError, match="leave the store out; to lay a store over it"):
            fornix.compare(MODEL, OTHER, store, matrix=matrix)
        with pytest.raises(UsageError, match=r"fornix\.overlay"):
            fornix.rank(matrix, store.place)


def test_local_cells_over_published_ones_are_read_from_their_store(tmp_path: Path) -> None:
    public, own = FolderStore(tmp_path / "public-store"), FolderStore(tmp_path / "own-store")
    fill(public, {key: score for key, score in SCORES.items() if key[0] == MODEL})
    fill(own, {key: score for key, score in SCORES.items() if key[0] == OTHER})
    publish(toy_registry(TOYS), public, tmp_path / "place")
    laid = fornix.overlay(tmp_path / "place", own, plugins=[TOYS])
    source = of_published(laid)
    assert source.score_of(OTHER, IT).value == 0.4
    assert source.score_of(MODEL, IT).value == 0.5
    found = fornix.rank(laid)
    assert found["rank"].sel(benchmark=IT, model=[MODEL, OTHER]).values.tolist() == [1, 2]


def test_a_matrix_that_brings_its_cards_needs_no_plugin(
    place: Path, from_store: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plugins are not even looked for, which takes as long as there are any, and tells of theirs that are broken."""
    pulled = fornix.pull(place)
    monkeypatch.setattr("fornix.matrix.comparing.api.given_registry", lambda plugins: pytest.fail("plugins were looked for"))
    assert repr(fornix.compare(MODEL, OTHER, matrix=pulled)) == repr(from_store)
    assert fornix.rank(pulled)["rank"].sel(benchmark=IT).values.tolist() == [1, 2]
    for ask in (lambda: fornix.rank(pulled, plugins=[TOYS]), lambda: fornix.compare(MODEL, OTHER, matrix=pulled, plugins=[TOYS])):
        with pytest.raises(UsageError, match="has its own cards; leave them out"):
            ask()
