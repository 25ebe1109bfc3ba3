"""Finding plugins: installed distributions and plugin folders, read from their cards. No plugin is imported here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from packaging.utils import canonicalize_name

from fornix.errors import FornixError, UsageError
from fornix.registry.card import JSON, KINDS, Card, Kind
from fornix.registry.cardfile import CardError, read_cards, read_toml
from fornix.registry.hookspecs import PROJECT
from fornix.registry.options import did_you_mean
from fornix.registry.problems import PluginError, Problem

CARD_FILE: Final = "plugin.toml"
#: How many generations of benchmarks there may be.
DEEPEST: Final = 20


@dataclass(frozen=True)
class Distribution:
    """One plugin distribution.

    Parameters
    ----------
    name, version : str
    package : str
        Its top-level package.
    module : str
        The dotted name of the module with the hooks, as its entry point says.
    folder : Path
        Of the package.
    root : Path or None
        The folder with its pyproject.toml, where it was found as a plugin folder.
    requirements : tuple of str
        As PEP 508 spells them.
    source : {"folder", "installed"}
    """

    name: str
    version: str
    package: str
    module: str
    folder: Path
    root: Path | None
    requirements: tuple[str, ...]
    source: Literal["folder", "installed"]

    @property
    def card_path(self) -> Path:
        """Its plugin.toml."""
        return self.folder / CARD_FILE

    def to_json(self) -> dict[str, Any]:
        """For another process, which need not discover it again."""
        root = None if self.root is None else str(self.root)
        return asdict(self) | {"folder": str(self.folder), "root": root, "requirements": list(self.requirements)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Distribution:
        root = None if data["root"] is None else Path(data["root"])
        paths = {"folder": Path(data["folder"]), "root": root, "requirements": tuple(data["requirements"])}
        return cls(**{**data, **paths})


class Registry:
    """The cards of a set of distributions.

    Parameters
    ----------
    distributions : sequence of Distribution
        In order of precedence: of two with one name, the first wins.
    problems : sequence of Problem
        What was noticed while they were looked for.
    """

    def __init__(self, distributions: Sequence[Distribution], problems: Sequence[Problem] = ()) -> None:
        self._problems = list(problems)
        self._owners: dict[tuple[Kind, str], Distribution] = {}
        #: Case-folded identifier or alias -> the card, and the options that the alias stands for.
        self._names: dict[tuple[Kind, str], tuple[Card, Mapping[str, JSON]]] = {}
        #: Case-folded identifier -> why it cannot be used: claimed twice, or naming what cannot be; or in a malformed file.
        self._unusable: dict[tuple[Kind, str], str] = {}
        self._malformed: dict[tuple[Kind, str], str] = {}
        self.distributions: tuple[Distribution, ...] = tuple(self._without_shadowed(distributions))
        for distribution in self.distributions:
            self._add(distribution)
        self._find_loose_ends()

    def _without_shadowed(self, distributions: Sequence[Distribution]) -> Iterator[Distribution]:
        winners: dict[str, Distribution] = {}
        for distribution in distributions:
            winner = winners.setdefault(canonicalize_name(distribution.name), distribution)
            if winner is distribution:
                yield distribution
                continue
            installed = distribution.source == "installed"
            why = "a plugin folder goes before what is installed" if installed else "the folder named first is used"
            self._problems.append(
                Problem(
                    "info" if installed else "warning",
                    f"{distribution.name} is found twice, in {winner.folder} (used) and in {distribution.folder}: {why}",
                    (winner.card_path, distribution.card_path),
                    distribution.name,
                )
            )

    def _add(self, distribution: Distribution) -> None:
        try:
            cards = read_cards(distribution.card_path)
        except CardError as error:
            for sentence in error.sentences:
                self._problems.append(Problem("error", sentence, (distribution.card_path,), distribution.name))
            for kind, identifier in error.claims:
                why = f"{kind} {identifier!r} cannot be used, as the card file of {distribution.name} is malformed: "
                self._malformed.setdefault((kind, identifier.casefold()), why + "; ".join(error.sentences))
            return
        for card in cards:
            meanings = [(card.identifier, {}), *card.aliases.items()]
            if (card.kind, card.identifier.casefold()) not in self._names:
                self._owners[card.kind, card.identifier] = distribution
            for name, options in meanings:
                key = (card.kind, name.casefold())
                if key in self._names:
                    self._contest(key, name, distribution)
                else:
                    self._names[key] = (card, options)

    def _contest(self, key: tuple[Kind, str], name: str, ours: Distribution) -> None:
        theirs = self.distribution(self._names[key][0])
        sentence = (
            f"{key[0]} {name!r} is claimed by {theirs.name} ({theirs.card_path}) and by {ours.name} ({ours.card_path}), so "
            "neither can be used under it: rename one, or remove one of the two distributions"
        )
        self._unusable[key] = sentence
        self._problems.append(Problem("error", sentence, (theirs.card_path, ours.card_path), ours.name))

    def _find_loose_ends(self) -> None:
        """Make benchmarks unusable that name what is not there, or what cannot be used itself."""
        cards, founded = self.cards("benchmark"), frozenset[str]()
        for _ in range(DEEPEST):  # from the leaves up, so that a parent below itself is never reached
            founded = frozenset(card.identifier for card in cards if self._loose_end(card, founded) is None)
        for card in cards:
            loose = self._loose_end(card, founded)
            if loose is not None:
                kind, name = loose
                why = f"its card names the {kind} {name!r}, which no usable plugin provides; install or mend its plugin"
                self._unusable[card.kind, card.identifier.casefold()] = f"benchmark {card.identifier!r} cannot be used: {why}"
                ours = self.distribution(card)
                self._problems.append(Problem("error", f"benchmark {card.identifier}: {why}", (ours.card_path,), ours.name))

    def _loose_end(self, card: Card, founded: Set[str]) -> tuple[Kind, str] | None:
        """What a benchmark's card names and cannot be had, if anything; ``founded`` benchmarks are known to be usable."""
        named: list[tuple[Kind, str]] = [("dataset", name) for name in card.uses.datasets]
        named += [("metric", name) for name in card.uses.metrics]
        for kind, name in named:
            if not self._is_usable(kind, name):
                return kind, name
        for name in card.aggregate.leaves() if card.aggregate is not None else ():
            if name not in founded:
                return "benchmark", name
        return None

    def _is_usable(self, kind: Kind, name: str) -> bool:
        try:
            self.resolve(kind, name)
        except FornixError:
            return False
        return True

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was noticed and worked around, in the order it was met."""
        return tuple(self._problems)

    def cards(self, kind: Kind | None = None) -> tuple[Card, ...]:
        """The usable cards, of one kind or of all, by kind and identifier."""
        named = (card for key, (card, _) in self._names.items() if key[1] == card.identifier.casefold())
        usable = [card for card in named if kind in (None, card.kind) and not self._is_unusable(card)]
        return tuple(sorted(usable, key=lambda card: (KINDS.index(card.kind), card.identifier.casefold())))

    def _is_unusable(self, card: Card) -> bool:
        return (card.kind, card.identifier.casefold()) in self._unusable

    def get(self, kind: Kind, identifier: str) -> Card:
        """The card of an identifier or alias.

        Raises
        ------
        UsageError
            If there is none ("did you mean").
        PluginError
            If there is, but it cannot be used: two distributions claim it, or its card is malformed.
        """
        return self.resolve(kind, identifier)[0]

    def resolve(self, kind: Kind, identifier: str) -> tuple[Card, Mapping[str, JSON]]:
        """The card of an identifier or alias, and the options that the alias stands for; raises as :meth:`get`."""
        key = (kind, identifier.casefold())
        if key in self._unusable:
            raise PluginError(self._unusable[key])
        if key in self._names:
            card, options = self._names[key]
            if self._is_unusable(card):
                raise PluginError(self._unusable[card.kind, card.identifier.casefold()])
            if identifier in (card.identifier, *card.aliases):
                return card, options
        elif key in self._malformed:
            raise PluginError(self._malformed[key])
        known = [name for card in self.cards(kind) for name in (card.identifier, *card.aliases)]
        hint = did_you_mean(identifier, known) or (
            f"; `fornix list` shows all {len(known)}" if known else "; no plugin offers any"
        )
        raise UsageError(f"there is no {kind} {identifier!r}{hint}")

    def distribution(self, card: Card) -> Distribution:
        """The distribution that the card came with."""
        return self._owners[card.kind, card.identifier]


def discover(folders: Iterable[str | os.PathLike[str]] = ()) -> Registry:
    """Look for plugins, importing none.

    Parameters
    ----------
    folders : iterable of path
        Plugin folders (or single plugins) to look at first; then those of ``FORNIX_PLUGINS`` (separated as in PATH),
        then ``plugins/`` of the checkout that fornix runs from, then what is installed.
    """
    problems: list[Problem] = []
    found: dict[Path, Distribution] = {}
    named = os.environ.get("FORNIX_PLUGINS", "").split(os.pathsep)
    for folder in [*map(Path, folders), *(Path(name).expanduser() for name in named if name), *_checkout()]:
        for distribution in _scan(folder, problems):
            found.setdefault(distribution.card_path.resolve(), distribution)
    installed = []
    for distribution in _installed(problems):
        place = distribution.card_path.resolve()
        if place in found:  # an editable install of a plugin folder: one distribution, importable by name
            found[place] = replace(found[place], source="installed")
        else:
            installed.append(distribution)
    return Registry([*found.values(), *installed], problems)


def _checkout() -> list[Path]:
    """The ``plugins`` folder of the checkout that this file belongs to, if it does."""
    core = Path(__file__).resolve().parents[2]
    plugins = core.parent / "plugins"
    return [plugins] if core.name == "core" and plugins.is_dir() else []


def _scan(folder: Path, problems: list[Problem]) -> Iterator[Distribution]:
    """The plugins at ``folder``, in it, or in its ``models``, ``datasets``, ``metrics`` and ``benchmarks``."""
    if not folder.is_dir():
        problems.append(Problem("error", f"there is no plugin folder {folder}; expected a folder", (folder,)))
        return
    folder = folder.resolve()
    if any(folder.glob(f"*/{CARD_FILE}")):
        candidates = [folder]
    else:
        parents = [folder, *(folder / f"{kind}s" for kind in KINDS)]
        candidates = [child for parent in parents if parent.is_dir() for child in sorted(parent.iterdir())]
    for root in candidates:
        if root.is_dir() and not root.name.startswith("."):
            try:
                distribution = _read_root(root)
            except PluginError as error:
                problems.append(Problem("error", str(error), (root,)))
                continue
            if distribution is not None:
                yield distribution


def _read_root(root: Path) -> Distribution | None:
    """The plugin at ``root``; None where there is no plugin.

    Raises
    ------
    PluginError
        If it is a plugin, but not a well-formed one.
    """
    cards = sorted(root.glob(f"*/{CARD_FILE}"))
    pyproject = root / "pyproject.toml"
    if not pyproject.is_file():
        if cards:
            raise PluginError(f"{root} has a {cards[0].relative_to(root)} and no pyproject.toml; expected one beside the package")
        return None
    try:
        document = read_toml(pyproject)
    except ValueError as error:
        raise PluginError(f"{pyproject}: cannot be read as TOML ({error})", error) from error
    project = _table(document, "project")
    modules = list(_table(_table(project, "entry-points"), PROJECT).values())
    if not cards and not modules:
        return None
    if len(cards) != 1:
        raise PluginError(f"{root} has {len(cards)} packages with a {CARD_FILE}; expected one")
    package = cards[0].parent.name
    if len(modules) != 1 or not isinstance(modules[0], str) or modules[0].split(".")[0] != package:
        raise PluginError(
            f"{pyproject}: the entry points of group {PROJECT!r} are {modules}; expected one in the package with the card: "
            f'[project.entry-points.{PROJECT}] <name> = "{package}.plugin"'
        )
    name, version, requirements = project.get("name"), project.get("version"), project.get("dependencies", [])
    listed = isinstance(requirements, list) and all(isinstance(text, str) for text in requirements)
    if not (isinstance(name, str) and isinstance(version, str) and listed) or "dependencies" in _list(project, "dynamic"):
        raise PluginError(
            f"{pyproject}: [project] lacks a name, a version or a list of dependencies; expected all three to be stated there, "
            "as they are read without building the plugin"
        )
    return Distribution(name, version, package, modules[0], cards[0].parent, root, tuple(requirements), "folder")


def _table(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def _list(of: Mapping[str, Any], name: str) -> list[Any]:
    value = of.get(name)
    return value if isinstance(value, list) else []


def _installed(problems: list[Problem]) -> Iterator[Distribution]:
    """Installed distributions with an entry point of ours and a card."""
    seen = set()
    for entry in importlib.metadata.entry_points(group=PROJECT):
        distribution = entry.dist
        if distribution is None or distribution.name in seen:
            continue
        seen.add(distribution.name)
        package = entry.module.split(".")[0]
        folder = _package_folder(package)
        if folder is None or not (folder / CARD_FILE).is_file():
            missing = f"has no {CARD_FILE} in {folder}" if folder else f"has no package {package!r}"
            sentence = (
                f"{distribution.name} {distribution.version} is installed and {missing}; expected one: is it in its package data?"
            )
            problems.append(Problem("error", sentence, (folder,) if folder else (), distribution.name))
            continue
        requirements = tuple(distribution.requires or ())
        yield Distribution(
            distribution.name, distribution.version, package, entry.module, folder, None, requirements, "installed"
        )


def _package_folder(package: str) -> Path | None:
    """Where a top-level package would be imported from; imports nothing."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec is not None and spec.origin else None
