"""``fornix plot``: figures of a store and of a snapshot, and what is said of what they leave out."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from fornix.cli.main import main
from fornix.engine.exchange import score_arrays, score_scalars
from fornix.engine.plan import plan
from fornix.extraction.profile import profile_csv
from fornix.interfaces import Score
from fornix.matrix.snapshots.publishing import publish
from fornix.numerics.uncertainty.intervals import replicates_array
from fornix.store.folder import FolderStore
from fornix.store.interface import Cell
from tests.cli.conftest import OWN
from tests.engine.conftest import toy_registry, toys  # noqa: F401 - a fixture
from tests.matrix.analyses.test_profiles import profile
from tests.matrix.snapshots.placed import MODEL, OTHER

IT = "Toy.IT-correlation"


@pytest.fixture
def place(toys: Path, tmp_path: Path) -> list[str]:  # noqa: F811
    """The arguments that name a store of toys with two models that differ on each leaf."""
    registry, store = toy_registry(toys), FolderStore(tmp_path / "store")
    for number, planned in enumerate(plan(registry, store, ["toy-linear", "toy-behaving"]).cells):
        if planned.state != "missing":
            continue
        value = 0.2 + 0.1 * number
        replicates = replicates_array({"stimuli": ([value - 0.02, value, value + 0.02, value], "jackknife")})
        score = Score(value, error=0.02, interval=(value - 0.04, value + 0.04), replicates=replicates, resampled=("stimuli",))
        store.put_cell(Cell(planned.key, planned.model, planned.benchmark, scalars=score_scalars(score)), score_arrays(score))
    return ["--plugins", str(toys), "--models", "toy-linear", "toy-behaving", "--store", str(tmp_path / "store")]


def svg_texts(path: Path) -> set[str]:
    return {"".join(e.itertext()) for e in ElementTree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")}


def test_each_kind_is_drawn_from_a_store(place: list[str], tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "figure.svg"
    assert main(["plot", "matrix", *place, "-o", str(file), "--expand"]) == 0
    assert capsys.readouterr().out.endswith(f"written: {file}\n")
    assert {"toy-linear", "toy-behaving", "not computed yet"} & svg_texts(file)
    assert main(["plot", "ranking", IT, *place, "-o", str(file), "--width", "120"]) == 0
    assert {IT, "toy-linear", "rank"} <= svg_texts(file)
    assert ElementTree.parse(file).getroot().attrib["width"] == f"{120 / 25.4 * 72:.6f}".rstrip("0") + "pt"
    assert main(["plot", "scatter", IT, "Toy.V4-correlation", *place, "-o", str(file)]) == 0
    assert {IT, "Toy.V4-correlation"} <= svg_texts(file)
    capsys.readouterr()
    assert main(["plot", "correlations", *place, "-o", str(file)]) == 2
    assert "ranked scores of 3 models" in capsys.readouterr().err


def test_a_ranking_is_of_one_benchmark(place: list[str], tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "figure.svg"
    with pytest.raises(SystemExit) as stopped:
        main(["plot", "ranking", IT, *place, "--benchmarks", "Toy.V4-correlation", "-o", str(file)])
    assert stopped.value.code == 2
    assert "(this verb has no --benchmarks)" in capsys.readouterr().err
    assert not file.exists()


def test_json_gives_the_numbers_of_the_figure(place: list[str], tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "figure.pdf"
    assert main(["plot", "ranking", IT, *place, "-o", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["figure"], told["benchmark"]) == (str(file), IT)
    values = [row["value"] for row in told["data"]]
    assert values == sorted(values, reverse=True)
    assert [row["rank"] for row in told["data"]] == [1, 2]
    assert main(["plot", "scatter", IT, "model_year", *place, "-o", str(file), "--json"]) == 2
    assert "no model has both model_year and a score" in capsys.readouterr().err


def test_a_snapshot_is_drawn_as_the_store_it_was_published_from(place: list[str], toys: Path, tmp_path: Path) -> None:  # noqa: F811
    publish(toy_registry(toys), FolderStore(tmp_path / "store"), str(tmp_path / "place"), models=["toy-linear", "toy-behaving"])
    published = ["--snapshot", str(tmp_path / "place")]
    for kind in (["matrix"], ["ranking", IT]):
        assert main(["plot", *kind, *place, "-o", str(tmp_path / "store.svg")]) == 0
        assert main(["plot", *kind, *published, "-o", str(tmp_path / "snapshot.svg")]) == 0
        assert (tmp_path / "store.svg").read_text() == (tmp_path / "snapshot.svg").read_text()


def test_ones_own_model_is_drawn_among_the_published(lab: Path, own: list[str], tmp_path: Path, capsys: Any) -> None:
    asked = ["--snapshot", str(lab / "place"), *own, "-o", str(tmp_path / "figure.svg"), "--json"]
    assert main(["plot", "ranking", IT, *asked]) == 0
    rows = {row["model"]: (row["value"], row["rank"]) for row in json.loads(capsys.readouterr().out)["data"]}
    assert rows == {OWN: (0.9, 1), MODEL: (0.5, 2), OTHER: (0.4, 3)}
    assert OWN in svg_texts(tmp_path / "figure.svg")
    assert main(["plot", "ranking", IT, *asked, "--models", OTHER]) == 0  # a part of it: the ranks are those over the whole
    assert [(row["model"], row["rank"]) for row in json.loads(capsys.readouterr().out)["data"]] == [(OTHER, 3)]
    for kind in (["matrix"], ["scatter", IT, "Toy.V4-correlation"]):
        assert main(["plot", *kind, *asked]) == 0
        rows = json.loads(capsys.readouterr().out)["data"]
        assert {row["model"] for row in rows if row["value"] == 0.9} == {OWN}
    with pytest.raises(SystemExit, match="2"):  # layers are not in stores
        main(["plot", "profile", MODEL, *asked])


def test_profiles_are_drawn_from_beside_the_packages_and_from_snapshots(
    place: list[str],
    toys: Path,  # noqa: F811
    tmp_path: Path,
    capsys: Any,
) -> None:
    there = ["--plugins", str(toys), "-o", str(tmp_path / "profile.svg")]
    assert main(["plot", "profile", "toy-linear", *there]) == 1
    assert "`fornix commit toy-linear` makes one" in capsys.readouterr().err
    (toys / "models/toy/commitment").mkdir()
    on_toy = profile("toy-linear", 0.1, 0.2).assign(data="Toy", metric="toy-correlation")
    (toys / "models/toy/commitment/toy-linear.csv").write_bytes(profile_csv(on_toy))
    assert main(["plot", "profile", "toy-linear", *there]) == 0
    assert {"toy-linear: V4 on Toy", "layer1"} <= svg_texts(tmp_path / "profile.svg")

    store = FolderStore(tmp_path / "store")
    publish(toy_registry(toys), store, str(tmp_path / "place"), models=["toy-linear", "toy-behaving"])
    published = ["--snapshot", str(tmp_path / "place"), "-o", str(tmp_path / "published.svg")]
    assert main(["plot", "profile", "toy-linear", *published]) == 0
    assert (tmp_path / "published.svg").read_text() == (tmp_path / "profile.svg").read_text()
    assert main(["plot", "profile", "toy-behaving", *published]) == 1
    assert "has no profile of toy-behaving" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "figure.eps"], "the formats are .pdf, .svg, .png"),
        (["-o", "nowhere/figure.pdf"], "cannot be written"),
        (["-o", "f.pdf", "--store", "a", "--snapshot", "b"], "--store goes with a store, and --snapshot names a published"),
        (["-o", "f.pdf", "--mirror", "a", "--snapshot", "b"], "--mirror goes with a store"),
        (["-o", "f.pdf", "--version", "2026-01-01-0123456789"], "give --snapshot PLACE with it"),
        (["-o", "f.pdf", "--width", "0"], "not above 0"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_read(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(["plot", "matrix", *arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    assert status == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
