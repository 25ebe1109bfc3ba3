"""Plugins that break one promise each, as folders, and what the conformance suite says of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from fornix.conformance.run import Verdict, run_plugin
from fornix.registry.discovery import discover

BROKEN = Path(__file__).parent / "broken"
KINDS = ("model", "dataset", "metric", "benchmark")
README = (
    "A plugin for the tests of the conformance suite, whose cards break one promise each, so that every check is seen to fail.\n"
)
CARDS = """schema = 1

[defaults]
version = 1
authors = ["The fornix developers"]
licence = "MIT"
citation = "@misc{toys, title = {Toys for the tests of fornix}}"
"""
PROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "fornix-{kind}-broken"
version = "0.1"
dependencies = ["fornix"]

[project.entry-points.fornix]
broken = "fornix_{kind}_broken.plugin"

[tool.setuptools]
packages = ["fornix_{kind}_broken"]
"""


def write_plugin(folder: Path, kind: str, code: str, cards: str, given: str = "") -> Path:
    """A plugin folder with this code and these cards, a README and a test of its own."""
    root, package = folder / f"{kind}s/broken", folder / f"{kind}s/broken/fornix_{kind}_broken"
    package.mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "pyproject.toml").write_text(PROJECT.format(kind=kind))
    (root / "README.md").write_text(README)
    (root / "tests/test_own.py").write_text("def test_of_its_own():\n    assert True\n")
    if given:
        (root / "tests/conformance.py").write_text(given)
    (package / "__init__.py").write_text('"""Broken on purpose."""\n')
    (package / "plugin.py").write_text(code)
    (package / "plugin.toml").write_text(CARDS + cards)
    return root


def broken(kind: str) -> Mapping[str, object]:
    """What ``broken/<kind>s.py`` defines."""
    names: dict[str, object] = {"__name__": f"broken_{kind}s"}
    exec(compile((BROKEN / f"{kind}s.py").read_text(), f"{kind}s.py", "exec", dont_inherit=True), names)
    return names


@dataclass(frozen=True)
class Suite:
    """What the suite said of one plugin: for each card, the tests that failed and those that passed."""

    verdict: Verdict

    def tests(self, outcome: str, identifier: str) -> set[str]:
        found = re.findall(rf"^{outcome} \S*::(\w+)\[{re.escape(identifier)}\]", self.verdict.output, re.MULTILINE)
        return set(found)

    @property
    def every_test(self) -> set[str]:
        return set(re.findall(r"^(?:PASSED|FAILED) \S*::(\w+)\[", self.verdict.output, re.MULTILINE))


@pytest.fixture(scope="session")
def suite_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Suite]:
    """The suite, run once for each kind on the broken plugins of that kind."""
    folder = tmp_path_factory.mktemp("broken")
    mirror = tmp_path_factory.mktemp("mirror")
    (mirror / "example.org").mkdir()
    (mirror / "example.org/data.csv").write_bytes(b"tampered wit")
    for kind in KINDS:
        code = (BROKEN / f"{kind}s.py").read_text()
        defined = broken(kind)
        write_plugin(folder, kind, code, str(defined["CARDS"]), str(defined.get("GIVEN", "")))

    @cache
    def run(kind: str) -> Suite:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FORNIX_MIRROR", str(mirror))
            patch.setenv("FORNIX_CACHE", str(mirror / "cache"))
            patch.delenv("CI", raising=False)
            verdict = run_plugin(discover([folder]), folder / f"{kind}s/broken", [folder], ["-rfEp", "--tb=line"])
        return Suite(verdict)

    return run
