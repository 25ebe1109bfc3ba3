"""Generated plugins. Real discovery is refused: no test here sees what is installed or in the checkout."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fornix.registry import discovery
from fornix.registry.discovery import Registry, discover
from fornix.registry.distribution import Distribution
from fornix.registry.load import use_registry

CITATION = "@misc{someone2026, title = {Something}, author = {Someone}, year = {2026}}"
ABOUT = {"version": 1, "title": "A title", "authors": ["Someone"], "licence": "MIT", "citation": CITATION}
NEEDED: Mapping[str, dict[str, Any]] = {
    "model": {"modalities": ["image"], "regions": ["V4"]},
    "dataset": {"modalities": ["image"]},
    "metric": {"accepts": ["values"]},
    "benchmark": {"modalities": ["image"], "regions": ["V4"], "uses": {}},
}
#: A plugin of every kind that imports nothing; what it loads remembers how it was asked for.
PLUGIN = """
from fornix.registry.hookspecs import hookimpl


class Thing:
    accepts = frozenset({"values"})

    def __init__(self, identifier, options):
        self.identifier, self.options, self.owner = identifier, dict(options), __name__

    def respond(self, experiment): ...
    def stimuli(self): ...
    def recordings(self): ...
    def __call__(self, source, target): ...
    def experiments(self, so_far=()): return []
    def score(self, responses): ...
    def ceiling(self): ...


@hookimpl
def fornix_load_model(identifier, options):
    return Thing(identifier, options)


@hookimpl
def fornix_load_dataset(identifier, options):
    return Thing(identifier, options)


@hookimpl
def fornix_load_metric(identifier, options):
    return Thing(identifier, options)


@hookimpl
def fornix_load_benchmark(identifier, options):
    return Thing(identifier, options)
"""


def _toml(value: Any) -> str:
    """A value as TOML; tables are written inline."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def _card_toml(kind: str, identifier: str, **fields: Any) -> str:
    """A card with everything that is required; a field given as None is left out."""
    stated = {"identifier": identifier, **ABOUT, **NEEDED[kind], **fields}
    lines = [f"{name} = {_toml(value)}" for name, value in stated.items() if value is not None]
    return "\n".join([f"[[{kind}]]", *lines, ""])


@dataclass(frozen=True)
class Plugin:
    """A generated plugin folder."""

    root: Path
    name: str
    package: str

    @property
    def folder(self) -> Path:
        return self.root / self.package

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def distribution(self) -> Distribution:
        (distribution,) = discover([self.root]).distributions
        return distribution


_numbers = itertools.count()


def _write_plugin(
    folder: Path, *cards: str, code: str = PLUGIN, name: str = "", version: str = "1.0", dependencies: tuple[str, ...] = ()
) -> Plugin:
    """Write a plugin below ``folder``; its package has a name of its own, as imported packages stay for the process."""
    name = name or f"fornix-generated-{next(_numbers)}"
    package = name.replace("-", "_")
    plugin = Plugin(folder / name, name, package)
    plugin.write("__init__.py", '"""A generated plugin."""\n')
    plugin.write("plugin.py", code)
    plugin.write("plugin.toml", "\n".join(["schema = 1", *cards]))
    (plugin.root / "pyproject.toml").write_text(
        f"""
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "{version}"
dependencies = {_toml(dependencies)}
[project.entry-points.fornix]
generated = "{package}.plugin"
[tool.setuptools]
packages = ["{package}"]
[tool.setuptools.package-data]
{package} = ["*.toml"]
"""
    )
    return plugin


@pytest.fixture(autouse=True)
def no_real_discovery(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(discovery, "_checkout", list)
    monkeypatch.setattr(discovery, "among_installed", lambda problems: iter(()))
    monkeypatch.delenv("FORNIX_PLUGINS", raising=False)
    monkeypatch.delenv("FORNIX_MIRROR", raising=False)
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def card_toml() -> Callable[..., str]:
    return _card_toml


@pytest.fixture
def write_plugin() -> Callable[..., Plugin]:
    return _write_plugin


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """An empty plugin folder."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


@pytest.fixture
def in_use(plugins: Path) -> Iterator[Callable[[], Registry]]:
    """Called once the plugins are written: names are looked up among them until the test ends."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(use_registry(discover([plugins])))
