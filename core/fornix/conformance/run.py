"""Running the suite and the plugin's own tests for one plugin folder, in an interpreter that meets its requirements."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fornix.engine.processes import KEPT_MEMORY
from fornix.errors import FornixError, UsageError
from fornix.files.settings import for_another_folder
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.distribution import Distribution
from fornix.registry.environments import interpreter, unmet

#: pytest's exit status when it found nothing to run.
_NO_TESTS = 5


@dataclass(frozen=True)
class Verdict:
    """Whether a plugin passed, the first reason why it did not, and what pytest printed."""

    folder: Path
    passed: bool
    reason: str = ""
    output: str = ""


def plugin_folders(registry: Registry, folder: Path) -> list[Path]:
    """The plugin at a folder, or all plugins below it.

    Raises
    ------
    UsageError
        If there is none.
    """
    place = folder.resolve()
    if (place / "pyproject.toml").exists() and list(place.glob("*/plugin.toml")):
        return [place]
    roots = {d.root.resolve() for d in registry.distributions if d.root is not None}
    below = sorted(root for root in roots if place in root.parents)
    if not below:
        raise UsageError(f"{folder} is no plugin and holds none: expected a pyproject.toml and one <package>/plugin.toml")
    return below


def lacking(registry: Registry, folder: Path) -> list[str]:
    """What the running interpreter lacks of the requirements of a plugin and of those its cards name; empty where nothing.

    A folder that is no sound plugin lacks nothing that an environment would give it: testing it says what is wrong.
    """
    try:
        distribution = _find(registry, folder.resolve())
        needed = _needed(registry, distribution, _cards(registry, distribution))
    except FornixError:
        return []
    return list(dict.fromkeys(requirement for each in needed for requirement in unmet(each)))


def run_plugin(registry: Registry, folder: Path, plugins: Sequence[Path], pytest_arguments: Sequence[str]) -> Verdict:
    """Test one plugin folder.

    Parameters
    ----------
    plugins : sequence of Path
        Plugin folders that the tests discover besides what is installed and in the checkout.
    """
    root = folder.resolve()
    try:
        distribution = _find(registry, root)
        cards = _cards(registry, distribution)
        python = interpreter([*_needed(registry, distribution, cards), _PYTEST], _tell)
    except FornixError as error:
        return Verdict(folder, False, str(error))
    if not any((root / "tests").glob("**/test_*.py")):
        return Verdict(folder, False, "it has no tests of its own; add tests/test_*.py")
    environment = {**KEPT_MEMORY, **os.environ, **for_another_folder(), "FORNIX_PLUGINS": _joined(plugins)}
    suite = Path(__file__).parent
    modules = [str(suite / f"test_{name}.py") for name in ("card", *sorted({card.kind for card in cards}))]
    base = ["-p", "fornix.conformance.pytest_plugin", "--import-mode=importlib", "-q", "-rs"]
    base += ["-p", "no:cacheprovider", f"--fornix-plugin={root}", *pytest_arguments]
    parts = {
        "the conformance suite": [*base, f"--rootdir={suite}", "-c", os.devnull, *modules],
        "its own tests": [*base, f"--rootdir={root}", "-c", str(root / "pyproject.toml"), str(root / "tests")],
    }
    with tempfile.TemporaryDirectory(prefix="fornix-test-") as name:
        job, statuses = Path(name) / "job.json", Path(name) / "statuses.json"
        job.write_text(json.dumps({"plugin": distribution.name, "parts": parts}), encoding="utf-8")
        command = [str(python), "-m", "fornix.conformance.session", str(job)]
        done = subprocess.run(command, env=environment, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ended: dict[str, int] = json.loads(statuses.read_text(encoding="utf-8")) if statuses.exists() else {}
    for part in parts:
        status = ended.get(part)
        if status is None:
            return Verdict(folder, False, f"{part} ended pytest's process (exit status {done.returncode})", done.stdout)
        if status == _NO_TESTS:
            return Verdict(folder, False, f"{part}: no test was run", done.stdout)
        if status != 0:
            return Verdict(folder, False, f"{part} failed (pytest's exit status {status})", done.stdout)
    return Verdict(folder, True, "", done.stdout)


def _tell(sentence: str) -> None:
    """To whoever waits; standard output is for verdicts."""
    print(sentence, file=sys.stderr, flush=True)


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
    """The folders as FORNIX_PLUGINS, before those that are in it already; the tests run in another working folder."""
    named = [Path(os.path.expanduser(name)) for name in os.environ.get("FORNIX_PLUGINS", "").split(os.pathsep) if name]
    return os.pathsep.join(str(Path(folder).resolve()) for folder in (*plugins, *named))
