"""The examples as plugin folders, and a registry of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fornix.registry.discovery import Registry, discover
from fornix.registry.load import use_registry

EXAMPLES = Path(__file__).parent / "examples"
#: The model and the benchmark of each example.
PAIRS = {
    "absent": ("toy-replay", "ToySecret-surprisal"),
    "audio": ("toy-cochlea", "ToyTones.A1-ridge"),
    "closed_loop": ("toy-matcher", "ToyThresholds-staircase"),
    "eeg_time_course": ("toy-two_waves", "ToyFlashes.scalp-time_course"),
    "few_shot_labels": ("toy-prototypes", "ToyCategories-few_shot"),
    "fmri_passage": ("toy-gist", "ToyPassages.language-ridge"),
    "mixed": ("toy-binding", "ToyCaptions.ATL-ridge"),
    "movie_trs": ("toy-motion", "ToyMovies.V1-delayed_ridge"),
    "odd_one_out": ("toy-colour_judge", "ToyTriplets-odd_one_out"),
    "reading_times": ("toy-spillover", "ToyStories-reading_times"),
    "repetitions": ("toy-noisy", "ToySpikes.LGN-mean"),
    "seeg_windows": ("toy-afterglow", "ToyClips.VTC-windows"),
    "tokens": ("toy-pieces", "ToySentences.language-words"),
    "two_alternative": ("toy-matcher", "ToyMatching-choice"),
}
SHARED = """schema = 1

[defaults]
version = 1
authors = ["The fornix developers"]
licence = "MIT"
citation = "@misc{toys, title = {Toys for the tests of fornix}}"
"""
PROJECT = """[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "fornix-example-{name}"
version = "0.1"
dependencies = ["fornix"]

[project.entry-points.fornix]
{name} = "fornix_example_{name}.plugin"

[tool.setuptools]
packages = ["fornix_example_{name}"]

[tool.setuptools.package-data]
fornix_example_{name} = ["*.toml"]
"""


def write_examples(folder: Path) -> Path:
    """Write each example as a plugin folder of its own: the module is its ``plugin.py``, its cards are its ``plugin.toml``."""
    for name in PAIRS:
        code = (EXAMPLES / f"{name}.py").read_text()
        cards = code.split('CARDS = """')[1].split('"""')[0]
        package = folder / name / f"fornix_example_{name}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f'"""The example {name}."""\n')
        (package / "plugin.py").write_text(code)
        (package / "plugin.toml").write_text(SHARED + cards)
        (folder / name / "pyproject.toml").write_text(PROJECT.format(name=name))
    return folder


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The examples, and the metrics of the checkout."""
    found = discover([write_examples(tmp_path_factory.mktemp("examples"))])
    mine = [problem for problem in found.problems if "example" in str(problem)]
    assert not mine, mine
    return found


@pytest.fixture
def examples(registry: Registry) -> Iterator[Registry]:
    """Names are looked up among the examples until the test ends."""
    with use_registry(registry):
        yield registry
