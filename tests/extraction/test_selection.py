"""Choosing layers: on data set aside, disjoint from benchmarks, by groups where they are, one Gram at a time; what is written."""

from __future__ import annotations

import json
import sys
import tomllib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

from fornix.cli import commit as verb
from fornix.cli.main import main
from fornix.extraction.commitment import Commitment, read_commitment
from fornix.extraction.responder import FeatureModel
from fornix.extraction.selection import select, set_aside
from fornix.interfaces import Experiment, Gram, Recording, StimulusSet
from fornix.registry.discovery import Registry, discover

ROOT = Path(__file__).parents[2]
CARD = """
    schema = 1
    [defaults]
    version = 1
    authors = ["The fornix developers"]
    licence = "MIT"
    citation = "@misc{toys, title = {Toys for the tests of fornix}}"
    modalities = ["image"]
    regions = ["V4"]
"""
# The first row of an image says which run it is from, the others are its own.
MODEL = """
    import numpy as np
    from pathlib import Path
    from fornix import hookimpl
    from fornix.extraction.commitment import read_commitment
    from fornix.extraction.responder import FeatureModel

    LAYERS = ("run", "own", "turned", "noise", "flat", "holed", "broken")

    def extract(images, layers, seed):
        pixels = np.stack([image.reshape(-1) / 255 for image in images])
        turn = np.linalg.qr(np.random.default_rng(3).normal(size=(36, 36)))[0]
        noise = [np.random.default_rng(int(p.sum() * 1e6)).normal(size=5) for p in pixels]
        every = {
            "run": pixels[:, :12],
            "own": pixels[:, 12:],
            "turned": pixels[:, 12:] @ turn,
            "noise": np.stack(noise),
            "flat": np.ones((len(images), 3)),
            "holed": np.where(pixels > 0.999, np.nan, pixels),  # not for the first two images
            "broken": np.zeros((1 + len(images), 3)),
        }
        return {layer: every[layer].astype(np.float32) for layer in layers}

    @hookimpl
    def fornix_load_model(identifier, options):
        return FeatureModel(extract, LAYERS, read_commitment(Path(__file__).parent))
"""
DATASET = """
    import numpy as np
    import xarray as xr
    from fornix import hookimpl
    from fornix.interfaces import StimulusSet

    class Session:
        def stimuli(self):
            rng = np.random.default_rng(7)
            runs = rng.integers(0, 256, (12, 1, 4, 3), dtype=np.uint8)
            own = rng.integers(0, 256, (120, 3, 4, 3), dtype=np.uint8)
            images = [np.concatenate([runs[k // 10], own[k]]) for k in range(120)]
            return StimulusSet([f"s-{k:03d}" for k in range(120)], image=images)

        def recordings(self):
            rng = np.random.default_rng(8)
            images = np.stack([image for image in self.stimuli().contents["image"]])
            own = (images[:, 1:].reshape(120, -1) / 255 - 0.5) @ rng.normal(size=(36, 6))
            responses = own + 0.3 * rng.normal(size=(120, 6)) + 2 * np.repeat(rng.normal(size=(12, 6)), 10, axis=0)
            coords = {
                "stimulus_id": ("presentation", self.stimuli().stimulus_id),
                "run": ("presentation", np.repeat(np.arange(12), 10)),
                "neuroid_id": ("neuroid", np.arange(6).astype(str)),
            }
            return {"rates": xr.DataArray(responses, dims=("presentation", "neuroid"), coords=coords)}

    @hookimpl
    def fornix_load_dataset(identifier, options):
        return Session()
"""
BENCHMARK = """
    import fornix
    from fornix import hookimpl
    from fornix.interfaces import Experiment, Recording

    class Test:
        def experiments(self, so_far=()):
            rows = range(100, 120) if SHARES else range(0)
            stimuli = fornix.load_dataset("Toy.session").stimuli().take([*rows])
            return () if so_far else (Experiment(stimuli, (Recording("V4"),)),)

        def score(self, responses):
            raise NotImplementedError

        def ceiling(self):
            return None

    @hookimpl
    def fornix_load_benchmark(identifier, options):
        return Test()
"""
SPLITS = 'splits = "group_kfold", n_splits = 6, group_on = "run"'
COMMITMENT = """
    [regions.IT]
    layers = ["own", "turned"]

    [regions.V4]
    layers = ["noise"]

    [regions."*"]
    layers = ["run"]
    how = "selected on elsewhere"

    [behaviour]
    layer = "own"
"""


def write_plugin(place: Path, kind: str, card: str, code: str) -> None:
    package = f"fornix_{kind}_toylayers"
    folder = place / f"{kind}s" / "toylayers" / package
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('"""A toy."""\n')
    (folder / "plugin.toml").write_text(dedent(CARD) + f"[[{kind}]]\n" + dedent(card))
    (folder / "plugin.py").write_text(dedent(code))
    (folder.parent / "pyproject.toml").write_text(
        f'[project]\nname = "fornix-{kind}-toylayers"\nversion = "1"\ndependencies = []\n'
        f'[project.entry-points.fornix]\ntoylayers = "{package}.plugin"\n'
    )


def write_dataset(place: Path, options: str) -> None:
    card = f"""
        identifier = "Toy.session"
        title = "A toy session"
        commitment.V4 = {{ metric = "ridge", recording = "rates", options = {{ {options} }} }}
    """
    write_plugin(place, "dataset", card, DATASET)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A model with layers of known worth, as a plugin in a folder of its own."""
    write_plugin(tmp_path, "model", 'identifier = "toy-layers"\ntitle = "Toy"\nselected_on = ["Toy.session"]\n', MODEL)
    (tmp_path / "models/toylayers/fornix_model_toylayers/commitment.toml").write_text(dedent(COMMITMENT))
    yield tmp_path
    for name in [name for name in sys.modules if "_toylayers" in name]:
        del sys.modules[name]


def registry_of(place: Path) -> Registry:
    """The toys and the regressions, and nothing else."""
    found = discover([place, ROOT / "plugins" / "metrics"]).distributions
    return Registry([d for d in found if d.name.endswith("-toylayers") or d.name == "fornix-metric-regression"])


def chosen(place: Path) -> tuple[str, dict[str, float]]:
    registry = registry_of(place)
    card = registry.get("model", "toy-layers")
    (dataset,) = set_aside(registry, card)
    from fornix.registry.load import load_model, use_registry

    with use_registry(registry):
        model = load_model("toy-layers")
    assert isinstance(model, FeatureModel)
    (selection,) = select(registry, model, card, dataset)
    return selection.layer, {layer: score.value for layer, score in selection.scores.items()}


@pytest.mark.parametrize(("options", "layer"), [(SPLITS, "own"), ("", "run")])
def test_a_layer_that_knows_the_run_wins_only_where_splits_cut_runs(place: Path, options: str, layer: str) -> None:
    write_dataset(place, options)
    best, scores = chosen(place)
    assert best == layer
    assert (scores["run"] > 0.5) == (layer == "run")
    assert scores["own"] == pytest.approx(scores["turned"], abs=1e-5)


def test_each_gram_is_handed_over_once_and_forgotten() -> None:
    n, layers = 300, [f"l{k:02d}" for k in range(40)]
    rng = np.random.default_rng(0)
    stimuli = StimulusSet([f"s{k}" for k in range(n)], image=[rng.integers(0, 256, (1, 2, 3), dtype=np.uint8) for _ in range(n)])
    shown = 0

    def extract(images: list[np.ndarray], wanted: list[str], seed: int) -> dict[str, np.ndarray]:
        nonlocal shown
        shown += len(images)
        return {
            layer: np.stack([image.reshape(-1) * float(layer[1:]) for image in images]).astype(np.float32) for layer in wanted
        }

    model = FeatureModel(extract, layers, Commitment({"V4": ("l00",)}))  # type: ignore[arg-type]
    sums: dict[str, float] = {}
    tracemalloc.start()
    model.layer_grams(stimuli, layers, lambda layer, gram: sums.update({layer: float(gram.products.trace())}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert shown == n
    assert list(sums) == layers
    gram = model.respond(Experiment(stimuli, (Recording("layer:l07", form="gram"),)))[Recording("layer:l07", form="gram")]
    assert isinstance(gram, Gram)
    assert sums["l07"] == pytest.approx(gram.products.trace(), rel=1e-12)
    assert peak < 8 * 8 * n**2  # forty kept at once would be 40


class TestCommand:
    @pytest.fixture(autouse=True)
    def only_toys(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verb, "registry", lambda parsed: registry_of(place))

    def test_it_writes_the_map_with_what_it_rests_on_and_the_profile(
        self, place: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        pytest.importorskip("matplotlib")
        write_dataset(place, SPLITS)
        write_plugin(place, "benchmark", BENCHMARK_CARD, BENCHMARK.replace("SHARES", "1 / 0"))
        file = place / "models/toylayers/fornix_model_toylayers/commitment.toml"
        before = read_commitment(file)
        assert main(["commit", "toy-layers"]) == 0
        out, err = capfd.readouterr()
        assert out.startswith("V4: own, 0.")
        assert "not told apart from it: turned\n" in out
        assert "no score: broken: the model gave 3 rows for layer 'broken' of a batch of 2 images" in err
        assert "no score: flat: 3" in err
        assert "holed: layer 'holed' gave NaN or infinity in 1 of 48 features of stimulus 's-0" in err
        assert "not compared with the stimuli of 1 benchmark, such as Toy.test: ZeroDivisionError" in err
        after = read_commitment(file)
        assert after.regions == {**before.regions, "V4": ("own",)}
        assert after.how == {**before.how, "V4": "selected on Toy.session"}
        assert after.behaviour == before.behaviour
        said = tomllib.loads(file.read_text())["regions"]["V4"]["selection"]
        assert (said["data"], said["recording"], said["metric"], said["n_stimuli"]) == ("Toy.session", "rates", "ridge", 120)
        assert (said["options"]["splits"], said["options"]["group_on"], said["options"]["seed"]) == ("group_kfold", "run", 1)
        assert said["interval"][0] < said["value"] < said["interval"][1]
        assert said["error"] > 0
        assert said["not_compared"] == ["Toy.test"]
        assert main(["commit", "toy-layers"]) == 0  # again, from what it wrote
        profile = pd.read_csv(place / "models/toylayers/commitment/toy-layers.csv")
        assert profile["layer"].tolist()[:4] == ["run", "own", "turned", "noise"]
        assert profile.loc[profile["selected"], "layer"].tolist() == ["own"]
        assert profile.loc[profile["layer"] == "own", "value"].item() == pytest.approx(said["value"], abs=2e-6)
        assert (place / "models/toylayers/commitment/toy-layers.png").read_bytes().startswith(b"\x89PNG")

    def test_only_layers_that_were_named_are_chosen_among(self, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
        write_dataset(place, SPLITS)
        assert main(["commit", "toy-layers", "--layers", "n*", "run", "--json"]) == 0
        (selected,) = json.loads(capfd.readouterr().out)["selected"]
        assert list(selected["scores"]) == ["run", "noise"]

    def test_layers_that_were_named_do_not_take_the_place_of_the_whole_profile(
        self, place: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_dataset(place, SPLITS)
        assert main(["commit", "toy-layers"]) == 0
        capfd.readouterr()
        assert main(["commit", "toy-layers", "--layers", "n*", "run"]) == 0
        assert "the profile of V4 on Toy.session stays as it was, as it has 2 more layers" in capfd.readouterr().err
        profile = pd.read_csv(place / "models/toylayers/commitment/toy-layers.csv")
        assert profile["layer"].tolist() == ["run", "own", "turned", "noise"]
        file = place / "models/toylayers/fornix_model_toylayers/commitment.toml"
        assert (profile.loc[profile["selected"], "layer"].item(),) == read_commitment(file).regions["V4"]

    def test_what_makes_scoring_vain_is_said_before_and_nothing_is_written(
        self, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_dataset(place, SPLITS)
        monkeypatch.setattr(FeatureModel, "respond", None)  # no layer is looked at
        file = place / "models/toylayers/fornix_model_toylayers/commitment.toml"
        before = file.read_bytes()
        (place / "models/toylayers/commitment").write_text("")
        assert main(["commit", "toy-layers"]) == 1
        assert capfd.readouterr().err == (
            f"fornix: {place / 'models/toylayers/commitment'} cannot be written (File exists), so no layer was scored: make it "
            "and its folder writable\n"
        )
        assert file.read_bytes() == before

    def test_a_scratch_folder_that_cannot_be_used_is_no_fault_of_a_layer(
        self, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_dataset(place, SPLITS)
        monkeypatch.setenv("FORNIX_SCRATCH", "")  # so that what the command sets is taken back
        (place / "file").write_text("")
        assert main(["commit", "toy-layers", "--scratch", str(place / "file/below")]) == 1
        assert capfd.readouterr().err == (
            f"fornix: the scratch folder {place / 'file/below'} cannot be made (Not a directory); name another by --scratch or "
            "FORNIX_SCRATCH\n"
        )

    def test_a_commitment_to_a_layer_that_the_model_lacks_is_one_sentence(
        self, place: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_dataset(place, SPLITS)
        file = place / "models/toylayers/fornix_model_toylayers/commitment.toml"
        file.write_text(file.read_text().replace('"noise"', '"nose"'))
        assert main(["commit", "toy-layers"]) == 1
        assert capfd.readouterr().err == (
            "fornix: toy-layers cannot be loaded: ValueError: the model has no layer 'nose'; did you mean 'noise'?\n"
        )

    def test_an_interrupted_one_has_written_nothing(
        self, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_dataset(place, SPLITS)

        def interrupt(*arguments: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(FeatureModel, "layer_grams", interrupt)
        file = place / "models/toylayers/fornix_model_toylayers/commitment.toml"
        before = file.read_bytes()
        assert main(["commit", "toy-layers"]) == 130
        assert capfd.readouterr().err == "fornix: interrupted; nothing was written\n"
        assert file.read_bytes() == before

    def test_stimuli_that_a_benchmark_shows_are_refused_and_nothing_is_written(
        self, place: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_dataset(place, SPLITS)
        write_plugin(place, "benchmark", BENCHMARK_CARD, BENCHMARK.replace("SHARES", "True"))
        file = place / "models/toylayers/fornix_model_toylayers/commitment.toml"
        before = file.read_bytes()
        assert main(["commit", "toy-layers"]) == 1
        assert "stimuli of Toy.session are shown by the benchmark Toy.test" in capfd.readouterr().err
        assert file.read_bytes() == before
        assert not (place / "models/toylayers/commitment").exists()

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["toy-layer"], "did you mean 'toy-layers'?"),
            (["toy-layers", "--layers", "conv*"], "no layer matches 'conv*'; the layers are run, own, turned"),
            (["toy-layers", "--data", "Toy.sesion"], "did you mean 'Toy.session'?"),
            (["toy-layers", "--into", "other.toml"], "toy-layers does not have the commitment in other.toml"),
        ],
    )
    def test_what_makes_no_sense_is_said(
        self, place: Path, arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        write_dataset(place, SPLITS)
        monkeypatch.chdir(place)
        (place / "other.toml").write_text('[regions.V4]\nlayers = ["own"]\n')
        assert main(["commit", *arguments]) == 2
        assert sentence in capfd.readouterr().err

    def test_without_data_set_aside_there_is_nothing_to_choose_on(self, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(["commit", "toy-layers"]) == 2
        assert "no dataset is set aside for choosing layers of V4" in capfd.readouterr().err

    def test_a_model_without_regions_has_no_layers_to_choose(self, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
        write_dataset(place, SPLITS)
        card = place / "models/toylayers/fornix_model_toylayers/plugin.toml"
        card.write_text(card.read_text().replace('regions = ["V4"]', 'tasks = ["label"]'))
        for data in ([], ["--data", "Toy.session"]):
            assert main(["commit", "toy-layers", *data]) == 2
            assert "toy-layers offers no region, so there is none to choose layers for" in capfd.readouterr().err


BENCHMARK_CARD = """
    identifier = "Toy.test"
    title = "A toy benchmark"
    uses.datasets = ["Toy.session"]
"""
