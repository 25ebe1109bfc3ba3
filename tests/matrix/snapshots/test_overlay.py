"""A lab's own cells over a published matrix: ranked among the published ones where they are comparable, and never a mixture."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.errors import UsageError
from fornix.matrix.comparing.ranking import ranks
from fornix.matrix.snapshots.format import SnapshotError
from fornix.matrix.snapshots.publishing import publish
from fornix.matrix.snapshots.pulling import Snapshot
from fornix.matrix.snapshots.scores import registry_of, score_of
from fornix.matrix.table import read_matrix, write_netcdf
from fornix.registry.discovery import Registry
from fornix.registry.distribution import in_folder
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS, edit
from tests.files.conftest import Site, fresh_process, other_site, site
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, PARENT, V4, fill, scored, serve

__all__ = ["fresh_process", "other_site", "site"]

NET, OWN = "lab-net", "Lab.IT-correlation"
RANKS = ["rank", "rank_low", "rank_high"]
NET_CARD = f"""schema = 1
[[model]]
identifier = "{NET}"
title = "Ours"
version = 1
authors = ["The lab"]
licence = "MIT"
citation = "@misc{{lab, title = {{Ours}}}}"
visibility = "private"
modalities = ["image"]
regions = ["IT", "V4"]
"""
OWN_CARD = f"""
[[benchmark]]
identifier = "{OWN}"
title = "Ours"
modalities = ["image"]
regions = ["IT"]
uses = {{ datasets = ["Toy"], metrics = ["toy-correlation"] }}
visibility = "private"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toys, published: one model on both leaves, one that has no V4."""
    folder = tmp_path_factory.mktemp("public")
    store = FolderStore(folder / "store")
    fill(store, {(MODEL, IT): scored(0.5, 1), (MODEL, V4): scored(0.3, 2), (OTHER, IT): scored(0.4, 3)})
    publish(only(TOYS), store, folder / "place")
    return folder / "place"


@pytest.fixture
def public(place: Path) -> xr.Dataset:
    return fornix.pull(place)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A plugin folder with the lab's own model, and nothing else."""
    root = tmp_path / "lab" / "models" / "net"
    (root / "fornix_model_labnet").mkdir(parents=True)
    (root / "fornix_model_labnet" / "__init__.py").write_text("")
    (root / "fornix_model_labnet" / "plugin.toml").write_text(NET_CARD)
    (root / "fornix_model_labnet" / "plugin.py").write_text("")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "fornix-model-labnet"\nversion = "1"\ndependencies = []\n'
        '[project.entry-points.fornix]\nnet = "fornix_model_labnet.plugin"\n'
    )
    return tmp_path / "lab"


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """The toys as the lab has them."""
    return Path(shutil.copytree(TOYS, tmp_path / "toys", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture(autouse=True)
def of_here_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin of the checkout, and none that is installed."""
    from fornix.matrix import given

    monkeypatch.setattr(given, "discover", lambda folders: only(*folders))


def only(*folders: Path) -> Registry:
    """The plugins in these folders."""
    return Registry([distribution for folder in folders for distribution in in_folder(folder, [])])


def unchanged(overlaid: xr.Dataset, public: xr.Dataset) -> None:
    """What was published is there as it was published, but for ranks."""
    names = [name for name in public.data_vars if name not in RANKS]
    part = overlaid.sel(model=public["model"].values, benchmark=public["benchmark"].values)[names]
    xr.testing.assert_identical(part.drop_attrs(), public[names].drop_attrs())


def test_a_model_of_ones_own_is_ranked_among_the_published(
    place: Path, public: xr.Dataset, store: FolderStore, lab: Path, toys: Path
) -> None:
    fill(store, {(NET, IT): scored(0.9, 4), (NET, V4): scored(0.1, 5)}, only(lab, toys))
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    both = fornix.overlay(place, store, plugins=[lab])  # the benchmarks' plugins are not needed
    unchanged(both, public)
    assert both["model"].values.tolist() == [*public["model"].values.tolist(), NET]
    own = both.sel(model=NET)
    assert own["value"].values.tolist() == pytest.approx([0.5, 0.9, 0.1])
    assert own["error"].sel(benchmark=PARENT).item() == pytest.approx(
        np.hypot(own["error"].sel(benchmark=IT).item(), own["error"].sel(benchmark=V4).item()) / 2
    )
    assert own["ranked"].values.all()
    assert own["origin"].values.tolist() == ["local"] * 3
    assert (both["origin"].sel(model=public["model"].values) == "public").all()
    on_it = both.sel(benchmark=IT)
    assert dict(zip(both["model"].values.tolist(), on_it["rank"].values.tolist(), strict=True)) == {
        NET: 1.0,
        MODEL: 2.0,
        OTHER: 3.0,
    }
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_it_is_a_matrix_like_any_other(place: Path, store: FolderStore, lab: Path, toys: Path, tmp_path: Path) -> None:
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys))
    both = fornix.overlay(fornix.pull(place), store, plugins=[lab])
    write_netcdf(both, tmp_path / "both.nc")
    again = read_matrix(tmp_path / "both.nc")
    xr.testing.assert_identical(again, both)
    frame = again.to_dataframe()
    assert frame.loc[(NET, IT), "origin"] == "local"
    assert fornix.stored_score(NET, IT, store=again).value == 0.9
    whole = fornix.stored_score(MODEL, IT, store=again)
    assert whole.value == 0.5
    assert whole.units is not None
    assert registry_of(again).get("model", NET).title == "Ours"
    made = ranks(again, score_of(again, units=False), registry_of(again))
    assert made["rank"].sel(benchmark=IT).values.tolist() == again["rank"].sel(benchmark=IT).values.tolist()
    with pytest.raises(UsageError, match=f"no model 'lab-nat'; did you mean '{NET}'"):
        fornix.stored_score("lab-nat", IT, store=again)


def test_ranks_need_no_arrays_where_they_are_not_asked_for(place: Path, store: FolderStore, lab: Path, toys: Path) -> None:
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys))
    both = fornix.overlay(place, store, plugins=[lab], ranks=False)
    assert np.isnan(both["rank"].sel(model=NET)).all()


def without_ranks_of_ones_own(both: xr.Dataset, public: xr.Dataset) -> None:
    """On all columns published ranks stay, and the lab's model has none, not one of 1 among 1."""
    assert both["rank"].sel(model=NET).isnull().all()
    assert both["ranked"].sel(model=NET, benchmark=IT).item()
    kept = both.sel(model=public["model"].values)[RANKS]
    xr.testing.assert_identical(kept.drop_attrs(), public[RANKS].drop_attrs())


@pytest.mark.parametrize("published_ranks", [True, False])
def test_no_rank_is_made_of_ones_own_scores_alone_where_no_replicates_were_published(
    store: FolderStore, lab: Path, toys: Path, tmp_path: Path, published_ranks: bool
) -> None:
    fill(store, {(MODEL, IT): scored(0.5, 1), (MODEL, V4): scored(0.3, 2), (OTHER, IT): scored(0.4, 3)})
    publish(only(TOYS), store, tmp_path / "place", arrays=False, ranks=published_ranks)
    public = fornix.pull(tmp_path / "place")
    assert public["rank"].notnull().any() == published_ranks
    fill(store, {(NET, IT): scored(0.9, 4), (NET, V4): scored(0.1, 5)}, only(lab, toys))
    said = rf"published ranks stay, .*: {PARENT} \(the snapshot .* has no replicates/.*; {IT} \(the snapshot .*{IT}.nc\)"
    with pytest.warns(UserWarning, match=said):
        both = fornix.overlay(public, store, models=NET, plugins=[lab])
    without_ranks_of_ones_own(both, public)


def test_no_rank_is_made_of_ones_own_scores_alone_where_the_published_replicates_are_damaged(
    place: Path, store: FolderStore, lab: Path, toys: Path, tmp_path: Path
) -> None:
    damaged = Path(shutil.copytree(place, tmp_path / "damaged"))
    for file in damaged.glob(f"snapshots/*/replicates/{IT}.nc"):
        file.write_bytes(b"")
    public = fornix.pull(damaged)
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys))
    with pytest.warns(UserWarning, match=f"{IT} \\({MODEL}: .* is not as it was published"):
        both = fornix.overlay(public, store, plugins=[lab])
    without_ranks_of_ones_own(both, public)


def test_no_rank_is_made_of_ones_own_scores_alone_where_more_of_them_were_resampled_otherwise(
    place: Path, public: xr.Dataset, store: FolderStore, lab: Path, toys: Path
) -> None:
    """As those are compared of which there are most."""
    card = lab / "models/net/fornix_model_labnet/plugin.toml"
    one = NET_CARD.removeprefix("schema = 1\n")
    card.write_text(NET_CARD + "".join(one.replace(NET, f"{NET}-{k}") for k in (2, 3)))
    few = scored(0.9, 4)
    assert few.replicates is not None
    few = few.with_(replicates=few.replicates.assign_coords(n_units=few.replicates["n_units"] + 1))
    fill(store, {(name, IT): few for name in (NET, f"{NET}-2", f"{NET}-3")}, only(lab, toys))
    with pytest.warns(UserWarning, match=f"{IT} \\({MODEL}: it was resampled by another plan"):
        both = fornix.overlay(place, store, plugins=[lab])
    without_ranks_of_ones_own(both, public)


def test_without_a_network_it_is_said_how_to_do_without_ranks(
    place: Path, store: FolderStore, lab: Path, toys: Path, site: Site
) -> None:
    public = fornix.pull(serve(site, place))
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys))
    site.faults += [lambda handler, content: handler.send_error(503)] * 30
    with pytest.raises(SnapshotError, match=r"503.* not in the cache; connect to the network, .* \(ranks=False\)"):
        fornix.overlay(public, store, plugins=[lab])
    site.faults.clear()
    both = fornix.overlay(public, store, plugins=[lab])
    assert both["rank"].sel(model=NET, benchmark=IT).item() == 1
    assert both["rank"].sel(model=MODEL, benchmark=IT).item() == 2


def test_what_is_empty_says_why(place: Path, store: FolderStore, lab: Path, toys: Path) -> None:
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys))
    edit(lab / "models/net/fornix_model_labnet/plugin.toml", '"V4"]', '"V1"]')
    fill(store, {(NET, IT): scored(0.8, 4)}, only(lab, toys))
    own = fornix.overlay(place, store, plugins=[lab]).sel(model=NET)
    assert own["value"].sel(benchmark=IT).item() == 0.8  # that of the model as it is now
    assert own["status"].values.tolist() == ["skipped", "ok", "skipped"]
    assert own["reason"].sel(benchmark=V4).item() == "region"
    edit(lab / "models/net/fornix_model_labnet/plugin.toml", "version = 1", "version = 2")
    own = fornix.overlay(place, store, plugins=[lab]).sel(model=NET)
    assert own["status"].sel(benchmark=IT).item() == "stale"
    assert "other code of the model" in own["why"].sel(benchmark=IT).item()


def test_cells_that_were_scored_otherwise_are_flagged_and_out_of_rankings(
    place: Path, public: xr.Dataset, store: FolderStore, lab: Path, toys: Path
) -> None:
    card = toys / "benchmarks/toy/fornix_benchmark_toy/plugin.toml"
    edit(card, 'identifier = "Toy.IT-correlation"', 'identifier = "Toy.IT-correlation"\nversion = 2')
    fill(store, {(NET, IT): scored(0.9, 4), (NET, V4): scored(0.1, 5)}, only(lab, toys))
    both = fornix.overlay(place, store, plugins=[lab])
    own = both.sel(model=NET)
    flags = dict(zip(own["benchmark"].values.tolist(), own["flags"].values.tolist(), strict=True))
    assert flags[IT] == flags[PARENT] == "scored by version 2 of the benchmark, not 1"
    assert dict(zip(own["benchmark"].values.tolist(), own["ranked"].values.tolist(), strict=True)) == {
        PARENT: False,
        IT: False,
        V4: True,
    }
    assert np.isnan(own["rank"].sel(benchmark=[PARENT, IT]).values).all()
    assert own["value"].sel(benchmark=IT).item() == 0.9  # shown all the same
    unchanged(both, public)
    of_both, of_public = (m[RANKS].sel(model=public["model"].values, benchmark=[PARENT, IT]).drop_attrs() for m in (both, public))
    xr.testing.assert_identical(of_both, of_public)


def test_other_code_of_a_metric_is_another_way_of_scoring(place: Path, store: FolderStore, lab: Path, toys: Path) -> None:
    (toys / "metrics/toy/fornix_metric_toy/more.py").write_text("changed = True\n")
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys))
    for plugins in ([lab, toys], [lab]):
        own = fornix.overlay(place, store, plugins=plugins).sel(model=NET, benchmark=IT)
        assert own["value"].item() == 0.9
        assert own["flags"].item().startswith("not scored as the other cells of the benchmark")
    (toys / "metrics/toy/fornix_metric_toy/more.py").write_text("changed = 'again'\n")
    own = fornix.overlay(place, store, plugins=[lab, toys]).sel(model=NET, benchmark=IT)
    assert own["status"].item() == "stale"
    assert "neither as the published ones nor as the plugins here" in own["why"].item()
    fill(store, {(NET, IT): scored(0.7, 4)}, only(lab, TOYS))
    own = fornix.overlay(place, store, plugins=[lab, toys]).sel(model=NET, benchmark=IT)
    assert (own["value"].item(), own["flags"].item()) == (0.7, "")  # as the published ones were


def test_benchmarks_of_ones_own_stand_beside_the_published(
    place: Path, public: xr.Dataset, store: FolderStore, lab: Path, toys: Path
) -> None:
    with (toys / "benchmarks/toy/fornix_benchmark_toy/plugin.toml").open("a") as cards:
        cards.write(OWN_CARD)
    fill(store, {(NET, OWN): scored(0.6, 4), (MODEL, OWN): scored(0.7, 6)}, only(lab, toys))
    both = fornix.overlay(place, store, plugins=[lab, toys])
    unchanged(both, public)
    assert both["benchmark"].values.tolist() == [*public["benchmark"].values.tolist(), OWN]
    column = both.sel(benchmark=OWN)
    assert dict(zip(both["model"].values.tolist(), column["status"].values.tolist(), strict=True)) == {
        MODEL: "ok",
        OTHER: "missing",
        NET: "ok",
    }
    assert column.sel(model=OTHER)["why"].item() == "the snapshot has no such benchmark"
    assert column.sel(model=MODEL)["origin"].item() == "local"
    assert column.sel(model=MODEL)["rank"].item() == 1
    assert column["parent"].item() == ""
    assert (both["origin"].sel(model=MODEL, benchmark=public["benchmark"].values) == "public").all()
    with pytest.warns(UserWarning, match=f"left out, as neither the snapshot nor a plugin here has their cards: {OWN}"):
        fornix.overlay(place, store, plugins=[lab, toys / "models"], models=[NET])


def test_over_a_part_names_and_ranks_are_those_over_the_whole(
    place: Path, store: FolderStore, lab: Path, toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published and was not pulled is neither the lab's own nor left out of rankings."""
    (toys / "models/toy/fornix_model_toy/more.py").write_text("changed = True\n")
    with (toys / "benchmarks/toy/fornix_benchmark_toy/plugin.toml").open("a") as cards:
        cards.write(OWN_CARD)
    mine = f"{MODEL}@local"
    fill(store, {(MODEL, IT): scored(0.45, 4), (MODEL, V4): scored(0.1, 5), (NET, OWN): scored(0.6, 6)}, only(lab, toys))
    whole = fornix.overlay(place, store, plugins=[lab, toys])
    assert whole["rank"].sel(model=mine, benchmark=[PARENT, IT, V4]).values.tolist() == [2.0, 2.0, 2.0]
    part = fornix.overlay(fornix.pull(place, benchmarks=IT), store, plugins=[lab, toys])
    xr.testing.assert_identical(part, whole.sel(benchmark=[IT, OWN]))
    part = fornix.overlay(fornix.pull(place, models=OTHER), store, plugins=[lab, toys])
    xr.testing.assert_identical(part, whole.sel(model=[OTHER, NET, mine]))
    asked: list[str] = []
    monkeypatch.setattr(Snapshot, "score", lambda self, model, benchmark, units: asked.append(benchmark) or scored(0.5))
    fornix.overlay(fornix.pull(place, benchmarks=IT), store, plugins=[lab, toys])
    assert set(asked) == {IT}, "the replicates of what is not asked for are not fetched"
    with pytest.raises(UsageError, match="a store was laid over this matrix already"):
        fornix.overlay(whole, store, plugins=[lab, toys])


def test_over_a_part_nothing_is_said_of_the_rest(place: Path, store: FolderStore, toys: Path) -> None:
    edit(toys / "benchmarks/toy/fornix_benchmark_toy/plugin.toml", "version = 1", "version = 2")
    fill(store, {(MODEL, IT): scored(0.9, 1), (MODEL, V4): scored(0.9, 1)}, only(toys))
    with pytest.warns(UserWarning, match="the published cells are shown") as said:
        part = fornix.overlay(fornix.pull(place, benchmarks=V4), store, plugins=[toys])
    assert [str(of.message) for of in said] == [f"of these the published cells are shown, not those here: {MODEL} on {V4}"]
    assert part["benchmark"].values.tolist() == [V4]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        part = fornix.overlay(fornix.pull(place, models=OTHER), store, plugins=[toys])
    assert part["model"].values.tolist() == [OTHER]


def test_the_published_cell_of_a_model_that_is_the_same_here_is_the_one_shown(
    place: Path, public: xr.Dataset, store: FolderStore, toys: Path
) -> None:
    fill(store, {(MODEL, IT): scored(0.5, 1)}, only(toys))
    both = fornix.overlay(place, store, plugins=[toys])
    xr.testing.assert_identical(both.drop_vars("origin").drop_attrs(), public.drop_attrs())
    assert (both["origin"] == "public").all()


def test_of_a_model_that_is_the_same_what_was_scored_otherwise_is_said_not_shown(
    place: Path, public: xr.Dataset, store: FolderStore, toys: Path
) -> None:
    edit(toys / "benchmarks/toy/fornix_benchmark_toy/plugin.toml", "version = 1", "version = 2")
    fill(store, {(MODEL, IT): scored(0.9, 1)}, only(toys))
    with pytest.warns(UserWarning, match=f"the published cells are shown, not those here: {MODEL} on {IT}"):
        both = fornix.overlay(place, store, plugins=[toys])
    unchanged(both, public)


def test_a_published_model_gets_the_cells_that_it_lacks(store: FolderStore, toys: Path, tmp_path: Path) -> None:
    half = FolderStore(tmp_path / "half")
    fill(half, {(MODEL, IT): scored(0.5, 1), (OTHER, IT): scored(0.4, 3)})
    publish(only(TOYS), half, tmp_path / "place")
    public = fornix.pull(tmp_path / "place")
    assert public["status"].sel(model=MODEL, benchmark=PARENT).item() == "missing"
    fill(store, {(MODEL, V4): scored(0.3, 2)}, only(toys))
    both = fornix.overlay(public, store, plugins=[toys])
    own = both.sel(model=MODEL)
    assert dict(zip(own["benchmark"].values.tolist(), own["origin"].values.tolist(), strict=True)) == {
        PARENT: "local",
        IT: "public",
        V4: "local",
    }
    assert own["value"].sel(benchmark=PARENT).item() == pytest.approx(0.4)
    assert own["rank"].sel(benchmark=[PARENT, V4]).values.tolist() == [1.0, 1.0]
    assert own["ranked"].values.all()


def test_a_model_that_is_another_under_the_same_name_gets_a_row_of_its_own(
    place: Path, public: xr.Dataset, store: FolderStore, toys: Path
) -> None:
    (toys / "models/toy/fornix_model_toy/more.py").write_text("changed = True\n")
    fill(store, {(MODEL, IT): scored(0.9, 4), (MODEL, V4): scored(0.8, 5)}, only(toys))
    both = fornix.overlay(place, store, plugins=[toys])
    unchanged(both, public)
    own = both.sel(model=f"{MODEL}@local")
    assert own["value"].values.tolist() == pytest.approx([0.85, 0.9, 0.8])
    assert own["model_title"].item().endswith("(local)")
    assert own["rank"].sel(benchmark=IT).item() == 1
    assert fornix.stored_score(f"{MODEL}@local", IT, store=both).value == 0.9


def test_what_is_asked_for_is_named_and_there(place: Path, store: FolderStore, lab: Path, toys: Path) -> None:
    fill(store, {(NET, IT): scored(0.9, 4), (NET, V4): scored(0.1, 5), (OTHER, IT): scored(0.4, 3)}, only(lab, toys))
    some = fornix.overlay(place, store, models=NET, benchmarks=[V4], plugins=[lab])
    assert some["status"].sel(model=NET).values.tolist() == ["missing", "missing", "ok"]
    with pytest.raises(UsageError, match=f"no result of a model 'lab-nt'; did you mean '{NET}'"):
        fornix.overlay(place, store, models=["lab-nt"], plugins=[lab])
    with pytest.raises(UsageError, match="no result of a benchmark 'Nothing'"):
        fornix.overlay(place, store, benchmarks=["Nothing"], plugins=[lab])
    with pytest.warns(UserWarning, match=f"no plugin here provides these models: {OTHER}"):
        fornix.overlay(place, store, plugins=[lab])
    with pytest.raises(UsageError, match="was not pulled"):
        fornix.overlay(xr.Dataset(), store, plugins=[lab])


def test_results_of_another_seed_are_said_to_be_left_out(
    place: Path, public: xr.Dataset, store: FolderStore, lab: Path, toys: Path
) -> None:
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys), seed=7)
    with pytest.warns(UserWarning, match=f"other seeds than 0 only: {NET} \\(7\\)"):
        both = fornix.overlay(place, store, plugins=[lab])
    assert both["model"].values.tolist() == public["model"].values.tolist()


def test_it_is_said_why_local_scores_whose_arrays_are_damaged_have_no_rank(
    place: Path, store: FolderStore, lab: Path, toys: Path
) -> None:
    fill(store, {(NET, IT): scored(0.9, 4), (NET, V4): scored(0.1, 5)}, only(lab, toys))
    for path in store.path.glob("units/*/*.nc"):
        path.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match=f"these have no rank.*: {NET} on {PARENT} .*are damaged.*, and 2 more benchmarks"):
        both = fornix.overlay(place, store, plugins=[lab])
    assert both["rank"].sel(benchmark=IT).values.tolist()[:2] == [1.0, 2.0]
    assert both["rank"].sel(model=NET).isnull().all()


def test_a_published_model_without_any_result_is_known_by_its_code(store: FolderStore, toys: Path, tmp_path: Path) -> None:
    half = FolderStore(tmp_path / "half")
    fill(half, {(OTHER, IT): scored(0.4, 3)})
    publish(only(TOYS), half, tmp_path / "place")
    fill(store, {(MODEL, IT): scored(0.5, 1)}, only(toys))
    both = fornix.overlay(tmp_path / "place", store, plugins=[toys])
    assert both["model"].values.tolist() == [MODEL, OTHER]
    assert both["rank"].sel(benchmark=IT).values.tolist() == [1.0, 2.0]


def test_a_store_without_results_changes_nothing(place: Path, public: xr.Dataset, store: FolderStore, lab: Path) -> None:
    with pytest.warns(UserWarning, match=f"the store {store.place} has no result to lay over"):
        both = fornix.overlay(place, store, plugins=[lab])
    xr.testing.assert_identical(both.drop_vars("origin").drop_attrs(), public.drop_attrs())


def test_the_store_is_read_and_nothing_else(place: Path, store: FolderStore, lab: Path, toys: Path) -> None:
    fill(store, {(NET, IT): scored(0.9, 4)}, only(lab, toys))

    def contents() -> dict[str, str]:
        files = (path for path in store.path.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = contents()
    fornix.overlay(place, str(store.path), plugins=[lab])
    assert contents() == before


def test_models_are_compared_on_it(place: Path, store: FolderStore, lab: Path, toys: Path) -> None:
    fill(store, {(NET, IT): scored(0.9, 4), (NET, V4): scored(0.1, 5)}, only(lab, toys))
    both = fornix.overlay(place, store, plugins=[lab])
    frame = fornix.compare(NET, MODEL, matrix=both).to_dataframe().set_index("benchmark")
    assert frame["difference"][IT] == pytest.approx(0.4)
    assert frame["difference"][PARENT] == pytest.approx(0.1)
    assert (frame["p"] < 1).all()
