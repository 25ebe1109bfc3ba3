"""What goes into a snapshot: all of the matrix, bit for bit, and nothing of what is private, whatever names it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet
import pytest
import xarray as xr
import yaml

from fornix.engine.plan import plan
from fornix.errors import UsageError
from fornix.interfaces import Score
from fornix.matrix.assemble import assemble
from fornix.matrix.snapshots import cards, provenance
from fornix.matrix.snapshots.arrays import read_score
from fornix.matrix.snapshots.contents import Selection, Staged, stage
from fornix.matrix.snapshots.format import CARDS, CELLS, CITATION, LAYERS, MATRIX, SnapshotError
from fornix.matrix.snapshots.tables import COLUMNS, read_cells
from fornix.matrix.stored import stored_score
from fornix.matrix.table import read_matrix
from fornix.registry.discovery import Registry
from fornix.store.folder import FolderStore
from tests.engine.conftest import toy_registry
from tests.matrix.snapshots.lab import (
    DATA,
    LEAVES,
    MEASURE,
    METRIC,
    NET,
    ON_PRIVATE_DATA,
    PARENT,
    PRIVATE_NAMES,
    TRACES,
    failed,
    fill,
    lab_plugins,
)


class Lab:
    """The plugins of a lab, and its store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plugins = lab_plugins(folder / "plugins")
        self.registry: Registry = toy_registry(self.plugins)
        self.store = FolderStore(folder / "store")

    def stage(self, name: str, **selected: object) -> Staged:
        (self.folder / name).mkdir()
        return stage(self.registry, self.store, Selection(**selected), self.folder / name)  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def nobody_works_on_the_code() -> Iterator[None]:
    """The code is part of a version, and a checkout may change between two calls."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provenance, "commit", lambda: None)
        patch.setattr(provenance, "code", lambda: "0" * 16)
        yield


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Two public models with results and one failure, and a private one."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    fill(lab.store, lab.plugins, models=["toy-behaving", NET])
    failed(lab.store, lab.registry, "toy-linear", LEAVES[0])
    return lab


@pytest.fixture(scope="module")
def staged(lab: Lab) -> Staged:
    return lab.stage("public")


@pytest.fixture(scope="module")
def named(lab: Lab) -> Staged:
    return lab.stage("named", named=PRIVATE_NAMES)


def matrix_in(staged: Staged) -> xr.Dataset:
    registry = cards.read_registry((staged.folder / CARDS).read_bytes(), CARDS)
    return read_cells(staged.folder / CELLS, registry)


# all of it


def test_the_matrix_comes_back_bit_for_bit(lab: Lab, named: Staged) -> None:
    """All that is private was asked for, so nothing is changed on the way."""
    models = [card.identifier for card in lab.registry.cards("model")]
    leaves = [card.identifier for card in lab.registry.cards("benchmark") if card.aggregate is None]
    expected = assemble(lab.registry, plan(lab.registry, lab.store, models, leaves, look_for_data=False))
    found = matrix_in(named)
    assert expected["status"].values.tolist() == found["status"].values.tolist()
    for name in expected.data_vars:
        if name in ("reason", "why"):  # of failures less is told
            continue
        assert found[name].dtype == expected[name].dtype
        assert found[name].values.tobytes() == expected[name].values.tobytes(), name
    for name in expected.coords:
        assert found[name].values.tolist() == expected[name].values.tolist(), name


def test_what_is_beside_the_matrix_comes_from_the_cells(named: Staged) -> None:
    matrix = matrix_in(named)
    cell = matrix.sel(model=NET, benchmark=LEAVES[0])
    assert cell["created"].item() == "2026-05-01T12:00:00.000000+00:00"
    assert cell["hardware"].item() == "NVIDIA H200"
    assert cell["chance"].item() == 0.125
    assert cell["seconds"].item() >= 1.5
    parent = matrix.sel(model=NET, benchmark=PARENT)
    assert parent["status"].item() == "ok"
    assert math.isnan(parent["chance"].item())
    assert parent["created"].item() == ""
    empty = matrix.sel(model="toy-linear", benchmark=LEAVES[1])
    assert empty["status"].item() == "skipped"
    assert empty["why"].item() == "toy-linear has no region V4; it has IT"
    assert empty["chance"].item() == 0.0


def test_a_score_is_whole_again(lab: Lab, staged: Staged) -> None:
    expected = stored_score("toy-behaving", LEAVES[1], lab.store, plugins=[lab.plugins])
    found = read_score(staged.folder.joinpath, "toy-behaving", LEAVES[1])
    same_score(found, expected)


def same_score(found: Score | None, expected: Score | None) -> None:
    if found is None or expected is None:
        assert found is expected
        return
    for name in ("value", "error", "interval", "raw", "chance", "normalisation", "resampled", "n_nan", "notes"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), nan_ok=True, abs=0) or (
            getattr(found, name) == getattr(expected, name)
        )
    assert {k: v for k, v in found.details.items() if v == v} == {k: v for k, v in expected.details.items() if v == v}
    assert set(found.details) == set(expected.details)
    for name in ("units", "unit_replicates", "replicates", "raw_replicates"):
        mine, theirs = getattr(found, name), getattr(expected, name)
        assert (mine is None) == (theirs is None)
        if mine is not None:
            xr.testing.assert_identical(mine, theirs)
    same_score(found.ceiling, expected.ceiling)


def test_a_score_that_is_not_there_is_said(staged: Staged) -> None:
    with pytest.raises(SnapshotError, match=r"no score of toy-linear on Toy\.IT-correlation"):
        read_score(staged.folder.joinpath, "toy-linear", LEAVES[0])


def test_other_readers_find_numbers_and_columns_that_explain_themselves(staged: Staged) -> None:
    table = pyarrow.parquet.read_table(staged.folder / CELLS)
    assert table.column_names == ["model", "benchmark", *COLUMNS]
    assert table.num_rows == staged.manifest.counts["cells"]
    matrix = read_matrix(staged.folder / MATRIX)
    assert matrix["value"].dims == ("model", "benchmark")
    assert {"status", "value", "error", "ceiling", "parameters", "species", "benchmark_year"} <= {
        str(v) for v in matrix.variables
    }
    assert matrix["value"].values.tobytes() == matrix_in(staged)["value"].values.tobytes()


def test_the_manifest_counts_and_hashes(staged: Staged) -> None:
    manifest = staged.manifest
    status = matrix_in(staged)["status"].values
    assert sum(manifest.counts[name] for name in ("ok", "failed", "oom", "timeout", "missing", "stale", "skipped")) == status.size
    assert manifest.counts["ok"] == (status == "ok").sum()
    assert manifest.hardware == {"NVIDIA H200": 2}
    assert manifest.created == "2026-05-01T12:00:00.000000+00:00"
    assert manifest.version.startswith("2026-05-01-")
    assert set(manifest.files) == {str(path.relative_to(staged.folder)) for path in staged.folder.rglob("*") if path.is_file()}


def test_the_same_store_and_cards_are_the_same_bytes(lab: Lab, staged: Staged) -> None:
    again = lab.stage("again")
    assert again.manifest.to_bytes() == staged.manifest.to_bytes()


def test_other_results_are_another_version(lab: Lab, staged: Staged) -> None:
    assert lab.stage("fewer", models=["toy-behaving"]).manifest.version != staged.manifest.version


# nothing that is private


def bytes_of(folder: Path) -> str:
    """All that is written below a folder, compressed columns too, and the names of its files."""
    found = []
    for path in sorted(folder.rglob("*")):
        found.append(str(path.relative_to(folder)))
        if path.is_file():
            found.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            table = pyarrow.parquet.read_table(path)
            found.append(json.dumps(table.to_pylist(), default=str))
            found.append(str(table.schema.metadata))
    return "\n".join(found).casefold()


@pytest.mark.parametrize(
    "secret", [*PRIVATE_NAMES, ON_PRIVATE_DATA, *TRACES, "monkey Q", "fornix-model-lab", "fornix_dataset_lab"]
)
def test_nothing_of_what_is_private_leaves(lab: Lab, staged: Staged, secret: str) -> None:
    everything = bytes_of(staged.folder)
    assert "toy-behaving" in everything
    assert secret.casefold() not in everything
    assert str(lab.folder).casefold() not in everything
    if secret in PRIVATE_NAMES:  # it would be found
        assert secret.casefold() in bytes_of(lab.folder / "store")


def test_a_failure_says_what_kind_of_error_it_was(staged: Staged) -> None:
    cell = matrix_in(staged).sel(model="toy-linear", benchmark=LEAVES[0])
    assert cell["status"].item() == "failed"
    assert cell["reason"].item() == "FileNotFoundError"
    assert cell["why"].item() == ""


def test_a_parent_is_made_of_the_children_that_leave(lab: Lab, staged: Staged) -> None:
    matrix = matrix_in(staged).sel(model="toy-behaving")
    assert matrix["benchmark"].values.tolist() == [PARENT, *LEAVES]
    parent = matrix.sel(benchmark=PARENT)
    assert parent["coverage"].item() == "2/2"
    assert parent["value"].item() == pytest.approx(matrix.sel(benchmark=list(LEAVES))["value"].values.mean())
    card = cards.read_registry((staged.folder / CARDS).read_bytes(), CARDS).get("benchmark", PARENT)
    assert card.aggregate is not None
    assert card.aggregate.leaves() == LEAVES


def test_cards_keep_that_they_name_something_private(staged: Staged) -> None:
    registry = cards.read_registry((staged.folder / CARDS).read_bytes(), CARDS)
    card = registry.get("model", "toy-linear")
    assert card.note == "Half as good as (private), see (private)."
    assert card.training[0].dataset == card.selected_on[0] == card.superseded_by == "(private)"
    assert {card.identifier for card in registry.cards("dataset")} == {"Toy"}


def test_what_is_private_may_be_called_like_a_region_or_a_field(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    for path in lab.plugins.rglob("plugin.toml"):
        text = path.read_text().replace('title = "Fixed linear features', 'title = "Unlike IT: linear features')
        for name, other in ((f'"{NET}"', '"IT"'), (NET, "IT"), (DATA, "note"), (METRIC, "stimuli"), (MEASURE, "generic")):
            text = text.replace(name, other)
        path.write_text(text)
    (lab.plugins / "models/toy/commitment").mkdir()
    (lab.plugins / "models/toy/commitment/toy-behaving.csv").write_text(
        "model,region,data,metric,place,layer,value,error,interval_low,interval_high,selected\n"
        "toy-behaving,IT,Toy,toy-correlation,0,generic,0.2,0.01,0.18,0.22,True\n"
    )
    lab.registry = toy_registry(lab.plugins)
    fill(lab.store, lab.plugins, models=["toy-behaving"])
    failed(lab.store, lab.registry, "toy-linear", LEAVES[0])
    staged = lab.stage("public")
    said = json.loads((staged.folder / CARDS).read_bytes())
    public = Registry.of_cards(card for card in lab.registry.cards() if card.visibility == "public")
    for kind, found in said.items():
        expected = cards.to_json(public.cards(kind))[kind]
        for identifier, card in found.items():
            assert list(card) == list(expected[identifier])
            for field in ("identifier", "modalities", "regions", "tasks", "stimuli", "accepts", "normalisation", "files"):
                assert card.get(field) == expected[identifier].get(field)
    card = said["model"]["toy-linear"]
    assert card["title"] == "Unlike (private): linear features of a small image"
    assert card["note"] == "Half as good as (private), see (private)."
    assert card["training"] == [{"dataset": "(private)", "kind": "stimuli", "subset": ""}]
    assert (card["selected_on"], card["superseded_by"]) == (["(private)"], "(private)")
    matrix = matrix_in(staged)
    assert matrix["region"].sel(benchmark=LEAVES[0]).item() == "IT"
    assert matrix["resampled"].sel(model="toy-behaving", benchmark=LEAVES[0]).item() == "stimuli; neuroids"
    assert read_matrix(staged.folder / MATRIX)["model_title"].values.tolist() == matrix["model_title"].values.tolist()
    assert read_score(staged.folder.joinpath, "toy-behaving", LEAVES[0]).resampled == ("stimuli", "neuroids")
    (row,) = json.loads((staged.folder / LAYERS).read_bytes())["toy-behaving"]["profile"]
    assert (row["region"], row["layer"]) == ("IT", "generic")
    cited = yaml.safe_load((staged.folder / CITATION).read_text())
    assert {"title", "authors", "references"} <= set(cited)
    assert {reference["type"] for reference in cited["references"]} == {"generic"}


def test_subjects_of_private_data_still_take_a_cell_out_of_rankings(tmp_path: Path) -> None:
    """Whether a model was trained on the same subjects is told by a card that does not leave."""
    lab = Lab(tmp_path)
    toml = lab.plugins / "datasets/lab/fornix_dataset_lab/plugin.toml"
    toml.write_text(toml.read_text().replace(DATA, "Toy.hidden"))
    for path in lab.plugins.glob("*/toy/fornix_*/plugin.toml"):
        path.write_text(
            path.read_text().replace(f'"{DATA}"', '"Toy.hidden"').replace('kind = "stimuli"', 'kind = "same-subject"')
        )
    toml = lab.plugins / "datasets/toy/fornix_dataset_toy/plugin.toml"
    toml.write_text(toml.read_text() + 'subjects = ["monkey Q"]\n')
    lab.registry = toy_registry(lab.plugins)
    fill(lab.store, lab.plugins, models=["toy-linear"])
    cell = matrix_in(lab.stage("flagged")).sel(model="toy-linear", benchmark=LEAVES[0])
    assert cell["flags"].item() == "trained on the same subjects (Toy)"
    assert not cell["ranked"].item()
    assert "toy.hidden" not in bytes_of(lab.folder / "flagged")


def test_what_is_asked_for_by_name_leaves_and_the_manifest_says_so(named: Staged) -> None:
    matrix = matrix_in(named)
    assert named.manifest.private == tuple(sorted(PRIVATE_NAMES))
    assert NET in matrix["model"].values
    assert {MEASURE, ON_PRIVATE_DATA} <= set(matrix["benchmark"].values.tolist())
    assert matrix["status"].sel(model=NET, benchmark=MEASURE).item() == "ok"


def test_a_name_brings_nothing_else_with_it(lab: Lab) -> None:
    staged = lab.stage("net alone", named=[NET])
    everything = bytes_of(staged.folder)
    assert NET in everything
    assert not any(name.casefold() in everything for name in (DATA, METRIC, MEASURE))


@pytest.mark.parametrize(
    ("selected", "sentence"),
    [
        ({"named": ["lab-secret-nets"]}, "there is no private plugin 'lab-secret-nets'; did you mean 'lab-secret-net'?"),
        ({"named": ["toy-linear"]}, "there is no private plugin 'toy-linear'; what is public needs no --with"),
        ({"models": [NET]}, "lab-secret-net is private and was not asked for as such; add --with lab-secret-net"),
        ({"benchmarks": [MEASURE]}, f"{MEASURE} is private and was not asked for as such"),
        ({"models": ["toy-linaer"]}, "there is no model 'toy-linaer'; did you mean 'toy-linear'?"),
    ],
)
def test_odd_names_get_a_sentence(lab: Lab, tmp_path: Path, selected: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        stage(lab.registry, lab.store, Selection(**selected), tmp_path)  # type: ignore[arg-type]
    assert sentence in str(raised.value)


def test_a_private_benchmark_does_not_bring_its_private_data(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    toml = lab.plugins / "benchmarks/lab/fornix_benchmark_lab/plugin.toml"
    toml.write_text(toml.read_text().replace('datasets = ["Toy"]', f'datasets = ["{DATA}"]'))
    lab.registry = toy_registry(lab.plugins)
    with pytest.raises(UsageError, match=f"{MEASURE} uses the dataset {DATA}, which is private, too: add --with {DATA}"):
        lab.stage("one", named=[MEASURE])


# stores that are not as they should be


@pytest.mark.parametrize("what", ["empty", "failures alone"])
def test_a_store_without_results_gets_a_sentence(tmp_path: Path, what: str) -> None:
    lab = Lab(tmp_path)
    if what == "failures alone":
        failed(lab.store, lab.registry, "toy-linear", LEAVES[0])
    with pytest.raises(SnapshotError, match=r"no result to publish.*`fornix run` computes what is missing"):
        lab.stage("nothing")


def test_damaged_arrays_cost_their_cell_alone_and_are_said(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    fill(lab.store, lab.plugins, models=["toy-behaving"])
    (planned,) = plan(lab.registry, lab.store, ["toy-behaving"], [LEAVES[0]]).cells
    (arrays,) = (tmp_path / "store/units").rglob(f"{planned.key}.*.nc")
    arrays.write_bytes(arrays.read_bytes()[:-100])
    staged = lab.stage("without it")
    matrix = matrix_in(staged).sel(model="toy-behaving")
    assert staged.left_out == (
        f"toy-behaving on {LEAVES[0]} is left out: its arrays are damaged in the store that it comes from",
    )
    assert matrix["status"].values.tolist() == ["missing", "missing", "ok"]
    assert matrix["reason"].values.tolist() == ["damaged", "damaged", ""]
    same_score(
        read_score(staged.folder.joinpath, "toy-behaving", LEAVES[1]),
        stored_score("toy-behaving", LEAVES[1], lab.store, plugins=[lab.plugins]),
    )
    scores_alone = lab.stage("scores alone", arrays=False)
    assert matrix_in(scores_alone)["status"].sel(model="toy-behaving").values.tolist() == ["ok"] * 3
    assert not any(path.endswith(".nc") for path in scores_alone.manifest.files if path != MATRIX)


def test_a_damaged_profile_costs_itself_alone_and_is_said(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    fill(lab.store, lab.plugins, models=["toy-behaving"])
    (lab.plugins / "models/toy/commitment").mkdir()
    (lab.plugins / "models/toy/commitment/toy-behaving.csv").write_text("a,b\n1,2\n")
    staged = lab.stage("without it", arrays=False, ranks=False)
    (sentence,) = staged.left_out
    assert sentence.startswith("the profile of toy-behaving is left out: ")
    assert json.loads((staged.folder / LAYERS).read_bytes()) == {}
    assert matrix_in(staged)["status"].sel(model="toy-behaving").values.tolist() == ["ok"] * 3


def test_a_score_without_uncertainty_is_not_published(tmp_path: Path) -> None:
    from dataclasses import replace

    lab = Lab(tmp_path)
    fill(lab.store, lab.plugins, models=["toy-behaving"])
    (planned,) = plan(lab.registry, lab.store, ["toy-behaving"], [LEAVES[0]]).cells
    cell = lab.store.cell(planned.key)
    assert cell is not None
    (record,) = (tmp_path / "store/cells").rglob(f"{planned.key}.json")
    record.unlink()
    lab.store.put_cell(replace(cell, scalars={**cell.scalars, "error": None}))
    staged = lab.stage("without it")
    found = matrix_in(staged).sel(model="toy-behaving", benchmark=LEAVES[0])
    assert found["status"].item() == "missing"
    assert found["reason"].item() == "no uncertainty"
    assert math.isnan(found["value"].item())
    assert "no standard error" in staged.left_out[0]
