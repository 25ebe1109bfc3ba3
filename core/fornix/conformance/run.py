"""Running the suite and the plugin's own tests for one plugin folder, in an interpreter that meets its requirements."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fornix.errors import FornixError
from fornix.registry.card import Card
from fornix.registry.discovery import Distribution, Registry
from fornix.registry.environments import interpreter

#: pytest's exit status when it found nothing to run.
_NO_TESTS = 5


@dataclass(frozen=True)
class Verdict:
    """Whether a plugin passed, and the first reason why it did not."""

    folder: Path
    passed: bool
    reason: str = ""


def run_plugin(registry: Registry, folder: Path, plugins: Sequence[Path], pytest_arguments: Sequence[str]) -> Verdict:
    """Test one plugin folder; the tests' output goes to this process's standard output.

    Parameters
    ----------
    plugins : sequence of Path
        Plugin folders that the tests discover besides what is installed and in the checkout.
    """
    root = folder.resolve()
    try:
        distribution = _find(registry, root)
        cards = _cards(registry, distribution)
        python = interpreter([*_needed(registry, distribution, cards), _PYTEST])
    except FornixError as error:
        return Verdict(folder, False, str(error))
    environment = {**os.environ, "FORNIX_PLUGINS": _joined(plugins)}
    suite = Path(__file__).parent
    modules = [str(suite / f"test_{name}.py") for name in ("card", *sorted({card.kind for card in cards}))]
    base = [str(python), "-m", "pytest", "-p", "fornix.conformance.pytest_plugin", "--import-mode=importlib", "-q", "-rs"]
    base += ["-p", "no:cacheprovider", f"--fornix-plugin={root}", *pytest_arguments]
    for what, arguments in (
        ("the conformance suite", [f"--rootdir={suite}", "-c", os.devnull, *modules]),
        ("its own tests", [f"--rootdir={root}", "-c", str(root / "pyproject.toml"), str(root / "tests")]),
    ):
        if what == "its own tests" and not any((root / "tests").glob("**/test_*.py")):
            return Verdict(folder, False, "it has no tests of its own; add tests/test_*.py")
        print(f"== {distribution.name}: {what}", flush=True)
        status = subprocess.run([*base, *arguments], env=environment, cwd=root).returncode
        if status == _NO_TESTS:
            return Verdict(folder, False, f"{what}: no test was run")
        if status != 0:
            return Verdict(folder, False, f"{what} failed (pytest's exit status {status})")
    return Verdict(folder, True)


#: What the tests themselves need, in the form of a distribution that requires it.
_PYTEST = Distribution("fornix-tests", "0", "", "", Path(), None, ("fornix[test]",), "installed")


def _find(registry: Registry, root: Path) -> Distribution:
    for distribution in registry.distributions:
        if distribution.root is not None and distribution.root.resolve() == root:
            if not _cards(registry, distribution):
                break
            return distribution
    problems = [str(problem) for problem in registry.problems if any(root in where.resolve().parents for where in problem.where)]
    raise FornixError("; ".join(problems) or f"{root} is no plugin: expected a pyproject.toml and one <package>/plugin.toml")


def _cards(registry: Registry, distribution: Distribution) -> list[Card]:
    return [card for card in registry.cards() if registry.distribution(card) == distribution]


def _needed(registry: Registry, distribution: Distribution, cards: Sequence[Card]) -> list[Distribution]:
    """The distribution, and those of the plugins that its cards name."""
    named = [other for card in cards for other in related(registry, card)]
    return list({d.name: d for d in [distribution, *(registry.distribution(card) for card in named)]}.values())


def related(registry: Registry, card: Card) -> Iterator[Card]:
    """The cards that a card names: what a benchmark uses, what a model replays and who asks for it."""
    for name in card.uses.datasets:
        yield registry.get("dataset", name)
    for name in card.uses.metrics:
        yield registry.get("metric", name)
    for benchmark in registry.cards("benchmark"):
        if set(benchmark.uses.datasets) & set(card.replays):
            yield benchmark
            yield from related(registry, benchmark)


def _joined(plugins: Sequence[Path]) -> str:
    given = [str(Path(folder).resolve()) for folder in plugins]
    return os.pathsep.join([*given, *filter(None, [os.environ.get("FORNIX_PLUGINS", "")])])
