"""The Python of the README and of the guides runs as it stands there (the hooks' examples: registry/test_hooks.py)."""

from __future__ import annotations

import configparser
import math
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import fornix
from fornix.conformance.files import need_files
from fornix.conformance.run import run_plugin
from fornix.interfaces import Experiment, Recording, Similarity, StimulusSet
from fornix.registry.discovery import Registry, discover
from fornix.registry.load import use_registry

ROOT = Path(__file__).parents[1]
README, GUIDE, METRICS = ROOT / "README.md", ROOT / "docs" / "plugins.md", ROOT / "docs" / "metrics" / "README.md"


def block(page: Path, language: str, *, with_: str) -> str:
    """The one fenced block of a language that has these words in it."""
    fenced = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = [text for text in fenced if with_ in text]
    return str(found)


@pytest.fixture
def run_readme(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run a block of the README where it may leave files; returns the names it made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORNIX_STORE", raising=False)

    def run(with_: str, **names: Any) -> dict[str, Any]:
        exec(compile(block(README, "python", with_=with_), f"{README}: {with_}", "exec"), names)
        return names

    return run


def test_every_block_of_python_is_run_here() -> None:
    assert len(re.findall(r"^```python$", README.read_text(encoding="utf-8"), re.MULTILINE)) == 3
    assert len(re.findall(r"^```python$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)) == 2
    assert len(re.findall(r"^```python$", METRICS.read_text(encoding="utf-8"), re.MULTILINE)) == 2


@pytest.mark.slow
def test_ten_lines_of_python(run_readme: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    made = run_readme("fornix.run(")
    matrix, score = made["matrix"], made["score"]
    cell = matrix.sel(model="pixels", benchmark="Digits-accuracy")
    assert cell["status"].item() == "ok"
    assert score.value == pytest.approx(float(cell["value"]), abs=1e-12)
    assert matrix.sel(model="simulated-brain", benchmark="Simulated.V4-ridge")["status"].item() == "ok"
    assert made["ridge"].accepts
    assert made["digits"].recordings()
    assert (tmp_path / "fornix-store" / "cells").is_dir()


@pytest.mark.slow
@pytest.mark.mirror
def test_a_network_from_a_notebook(run_readme: Callable[..., dict[str, Any]], registry: Registry) -> None:
    torch = pytest.importorskip("torch", reason="a network of one's own needs torch")
    need_files("dataset", *cowley(registry, "Cowley2023.V4-ridge"))
    torch.manual_seed(0)
    network = torch.nn.Sequential(OrderedDict(layer2=torch.nn.Conv2d(3, 8, kernel_size=8, stride=8)))
    made = run_readme("fornix.extraction.torch", network=network)
    assert math.isfinite(made["score"].value)


@pytest.mark.slow
def test_a_network_on_a_task_with_a_transform_of_pictures(registry: Registry) -> None:
    torch = pytest.importorskip("torch", reason="a network of one's own needs torch")
    import PIL.Image

    said = README.read_text(encoding="utf-8")
    assert 'behaviour="layer2"' in said
    assert "preprocess=lambda image: transform(PIL.Image.fromarray(image))" in said

    def transform(picture: PIL.Image.Image) -> Any:
        return torch.tensor(np.asarray(picture.convert("L"), dtype=np.float32)[np.newaxis])

    network = torch.nn.Sequential(OrderedDict(layer2=torch.nn.Flatten()))
    score = fornix.score(
        network,
        "Digits-accuracy",
        layers={},
        behaviour="layer2",
        preprocess=lambda image: transform(PIL.Image.fromarray(image)),
    )
    assert score.value > 0.9


@pytest.mark.slow
@pytest.mark.mirror
def test_features_computed_elsewhere(run_readme: Callable[..., dict[str, Any]], registry: Registry) -> None:
    need_files("dataset", *cowley(registry, "Cowley2023.V4-ridge.210325"))
    made = run_readme("fornix.wrap_responses")
    assert made["table"].shape[1] == 3
    assert 0 < made["score"].raw < made["score"].ceiling.value  # colour is something, and far from all, of V4


@pytest.fixture(scope="module")
def plugin_of_the_guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin that the guide describes, as a contributor would copy it, with its README and tests."""
    root = tmp_path_factory.mktemp("guide") / "models" / "mean_colour"
    package, tests = root / "fornix_model_mean_colour", root / "tests"
    for folder in (package, tests):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text('"""The mean colour."""\n', encoding="utf-8")
    (package / "plugin.toml").write_text(block(GUIDE, "toml", with_="[[model]]"), encoding="utf-8")
    (package / "plugin.py").write_text(block(GUIDE, "python", with_="@hookimpl"), encoding="utf-8")
    (package / "model.py").write_text(block(GUIDE, "python", with_="def model()"), encoding="utf-8")
    (package / "commitment.toml").write_text(block(GUIDE, "toml", with_="[behaviour]"), encoding="utf-8")
    (root / "pyproject.toml").write_text(block(GUIDE, "toml", with_="[project]"), encoding="utf-8")
    (root / "README.md").write_text("The mean colour of an image, as the guide to plugins has it. " * 3, encoding="utf-8")
    (tests / "test_own.py").write_text("def test_of_its_own():\n    assert True\n", encoding="utf-8")
    return root


def test_the_model_of_the_guide(plugin_of_the_guide: Path) -> None:
    """Its three means of an image, asked for as it may be: any region, and similarity."""
    images = list(np.random.default_rng(0).integers(0, 256, size=(5, 4, 4, 3), dtype=np.uint8))
    recording, task = Recording("V4"), Similarity()
    with use_registry(discover([plugin_of_the_guide])):
        model = fornix.load_model("mean-colour")
    answers = model.respond(Experiment(StimulusSet([f"s{i}" for i in range(5)], image=images), (recording,), task))
    np.testing.assert_allclose(answers[recording].values, np.mean(images, axis=(1, 2)), rtol=1e-6)
    assert answers[task].sizes == {"pair": 10}


@pytest.mark.slow
def test_the_model_of_the_guide_passes_the_conformance_suite(plugin_of_the_guide: Path) -> None:
    verdict = run_plugin(discover([plugin_of_the_guide]), plugin_of_the_guide, [plugin_of_the_guide], [])
    assert verdict.passed, f"{verdict.reason}\n{verdict.output}"


@pytest.fixture
def called(registry: Registry) -> dict[str, Any]:
    """What the first example of the metrics' page makes."""
    names: dict[str, Any] = {}
    exec(compile(block(METRICS, "python", with_="fornix.load_metric"), str(METRICS), "exec"), names)
    return names


def test_a_metric_called_by_itself(called: dict[str, Any]) -> None:
    """Half of the spikes' variance is noise, so that a perfect fit correlates by the root of a half."""
    names = called
    assert names["score"].value == pytest.approx(0.5**0.5, abs=0.1)
    assert names["score"].error > 0
    table = pd.DataFrame(names["spikes"], index=names["stimuli"])
    assert "`assembly(table.values, table.index.astype(str).tolist())`" in METRICS.read_text(encoding="utf-8")
    again = names["ridge"](
        names["assembly"](names["features"], names["stimuli"]), names["assembly"](table.values, table.index.astype(str).tolist())
    )
    assert again.value == names["score"].value


def test_two_models_compared_by_their_replicates(called: dict[str, Any]) -> None:
    exec(compile(block(METRICS, "python", with_="poorer"), str(METRICS), "exec"), called)
    score, poorer, difference = called["score"], called["poorer"], called["difference"]
    assert difference.value == score.value - poorer.value > 0
    widths = [high - low for low, high in (score.interval, poorer.interval, difference.interval)]
    assert 0 < widths[2] < max(widths[:2])  # of independent scores it would be wider than either
    assert difference.resampled == score.resampled


def test_every_page_of_metrics_names_its_part_of_the_script_and_no_other() -> None:
    script = (ROOT / "benchmarks" / "failure_modes.py").read_text(encoding="utf-8")
    printed = {name for pages in re.findall(r'^    "([a-z_, ]+)": \w+,$', script, re.MULTILINE) for name in pages.split(", ")}
    pages = METRICS.parent.glob("*.md")
    named = {page.stem: re.findall(r"benchmarks/failure_modes\.py (\w+)", page.read_text(encoding="utf-8")) for page in pages}
    assert {page: names for page, names in named.items() if names} == {page: [page] for page in printed}


def test_the_commands_for_parts_of_the_tests_are_what_tox_takes() -> None:
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    for page in (README, ROOT / "CONTRIBUTING.md"):
        named = re.findall(r"tox run -e (\w+) -- (\S+)", page.read_text(encoding="utf-8"))
        assert named
        for environment, argument in named:
            assert "{posargs" in tox[f"testenv:{environment}"]["commands"]
            assert argument.startswith("-") or (ROOT / argument.rstrip("`")).exists()


def cowley(registry: Registry, benchmark: str) -> list[str]:
    """The datasets that a benchmark or its leaves use."""
    card = registry.get("benchmark", benchmark)
    leaves = [card] if card.aggregate is None else [registry.get("benchmark", name) for name in card.aggregate.leaves()]
    return [name for leaf in leaves for name in leaf.uses.datasets]
