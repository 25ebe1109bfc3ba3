"""Finding plugins: installed distributions and plugin folders, read from their cards. No plugin is imported here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from packaging.utils import canonicalize_name

from fornix.errors import UsageError
from fornix.registry.card import JSON, KINDS, Card, Kind
from fornix.registry.hookspecs import PROJECT
from fornix.registry.options import did_you_mean
from fornix.registry.problems import PluginError, Problem
from fornix.registry.schema import CardError, read_cards

CARD_FILE: Final = "plugin.toml"


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
        self._cards: dict[tuple[Kind, str], Card] = {}
        #: (kind, case-folded identifier or alias) -> the card and the options that the alias stands for
        self._names: dict[tuple[Kind, str], tuple[Card, Mapping[str, JSON]]] = {}
        #: (kind, case-folded identifier) -> why it cannot be used
        self._refused: dict[tuple[Kind, str], str] = {}
        self.distributions: tuple[Distribution, ...] = tuple(self._without_shadowed(distributions))
        for distribution in self.distributions:
            self._add(distribution)

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
                broken = (
                    f"{kind} {identifier!r} of {distribution.name} cannot be used, as its card is malformed: {error.sentences[0]}"
                )
                self._refused.setdefault((kind, identifier.casefold()), broken)
            return
        for card in cards:
            names = [(card.kind, name.casefold()) for name in (card.identifier, *card.aliases)]
            rivals = [self._owners[self._key(self._names[name][0])] for name in names if name in self._names]
            if rivals:
                self._refuse_both(card, distribution, rivals[0], [name for name in names if name in self._names])
                continue
            self._owners[self._key(card)] = distribution
            self._cards[self._key(card)] = card
            self._names[names[0]] = (card, {})
            for alias, options in card.aliases.items():
                self._names[(card.kind, alias.casefold())] = (card, options)

    def _refuse_both(self, card: Card, ours: Distribution, theirs: Distribution, names: list[tuple[Kind, str]]) -> None:
        for name in names:
            sentence = (
                f"{card.kind} {card.identifier!r} is claimed by {theirs.name} ({theirs.card_path}) and by {ours.name} "
                f"({ours.card_path}), so neither can be used: rename one, or remove one of the two distributions"
            )
            self._refused[name] = sentence
            self._problems.append(Problem("error", sentence, (theirs.card_path, ours.card_path), ours.name))

    @staticmethod
    def _key(card: Card) -> tuple[Kind, str]:
        return card.kind, card.identifier.casefold()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was noticed and worked around, in the order it was met."""
        return tuple(self._problems)

    def cards(self, kind: Kind | None = None) -> tuple[Card, ...]:
        """The usable cards, of one kind or of all, by kind and identifier."""
        usable = [card for key, card in self._cards.items() if key not in self._refused and kind in (None, card.kind)]
        return tuple(sorted(usable, key=lambda card: (KINDS.index(card.kind), card.identifier.casefold())))

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
        if key in self._refused:
            raise PluginError(self._refused[key])
        if key in self._names:
            return self._names[key]
        known = [name for k, name in self._spellings() if k == kind]
        hint = did_you_mean(identifier, known) or (
            f"; `fornix list` shows all {len(known)}" if known else "; no plugin offers any"
        )
        raise UsageError(f"there is no {kind} {identifier!r}{hint}")

    def _spellings(self) -> Iterator[tuple[Kind, str]]:
        for card in self.cards():
            yield from ((card.kind, name) for name in (card.identifier, *card.aliases))

    def distribution(self, card: Card) -> Distribution:
        """The distribution that the card came with."""
        return self._owners[self._key(card)]


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
    if (folder / "pyproject.toml").is_file():
        candidates = [folder]
    else:
        kinds = [folder / f"{kind}s" for kind in KINDS]
        candidates = [child for parent in [folder, *kinds] if parent.is_dir() for child in sorted(parent.iterdir())]
    for root in candidates:
        if root.is_dir() and not root.name.startswith("."):
            try:
                distribution = _read_root(root, problems)
            except PluginError as error:
                problems.append(Problem("error", str(error), (root,)))
                continue
            if distribution is not None:
                yield distribution


def _read_root(root: Path, problems: list[Problem]) -> Distribution | None:
    """The plugin at ``root``; None where there is no plugin.toml below it.

    Raises
    ------
    PluginError
        If it is a plugin, but not a well-formed one.
    """
    cards = sorted(root.glob(f"*/{CARD_FILE}"))
    if not cards:
        return None
    pyproject = root / "pyproject.toml"
    if len(cards) > 1:
        raise PluginError(
            f"{root} holds {len(cards)} files {CARD_FILE}; expected one package with one: {', '.join(map(str, cards))}"
        )
    if not pyproject.is_file():
        raise PluginError(f"{root} has a {cards[0].relative_to(root)} and no pyproject.toml; expected one beside the package")
    try:
        document = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PluginError(f"{pyproject}: cannot be read as TOML ({error})", error) from error
    project = document.get("project", {})
    name, requirements = project.get("name"), project.get("dependencies", [])
    if not isinstance(name, str) or not isinstance(requirements, list):
        raise PluginError(f"{pyproject}: [project] states no name or no list of dependencies; expected both")
    if "dependencies" in project.get("dynamic", []):
        raise PluginError(f"{pyproject}: dependencies is dynamic; expected a list, as it is read without building the plugin")
    package = cards[0].parent.name
    modules = list(project.get("entry-points", {}).get(PROJECT, {}).values())
    if modules:
        module = modules[0]
    else:
        module = f"{package}.plugin"
        missing = f'{pyproject}: has no entry point; expected [project.entry-points.{PROJECT}] with <name> = "{module}"'
        problems.append(Problem("warning", f"{missing}, without which it is not found once installed", (pyproject,), name))
    if module.split(".")[0] != package:
        raise PluginError(f"{pyproject}: the entry point {module!r} is not in the package {package!r} that holds {CARD_FILE}")
    version = str(project.get("version", "0"))
    return Distribution(name, version, package, module, cards[0].parent, root, tuple(requirements), "folder")


def _installed(problems: list[Problem]) -> Iterator[Distribution]:
    """Installed distributions with an entry point of ours and a card."""
    seen = set()
    for entry in importlib.metadata.entry_points(group=PROJECT):
        if entry.dist is None or (entry.dist.name, entry.module) in seen:
            continue
        seen.add((entry.dist.name, entry.module))
        package = entry.module.split(".")[0]
        folder = _package_folder(package)
        if folder is None or not (folder / CARD_FILE).is_file():
            missing = f"has no {CARD_FILE} in {folder}" if folder else f"has no package {package!r}"
            sentence = f"{entry.dist.name} {entry.dist.version} is installed and {missing}; expected one (package data?)"
            problems.append(Problem("error", sentence, (folder,) if folder else (), entry.dist.name))
            continue
        requirements = tuple(entry.dist.requires or ())
        yield Distribution(entry.dist.name, entry.dist.version, package, entry.module, folder, None, requirements, "installed")


def _package_folder(package: str) -> Path | None:
    """Where a top-level package would be imported from; imports nothing."""
    loaded = sys.modules.get(package)
    origin = getattr(loaded, "__file__", None)
    if origin is None:
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            return None
        origin = spec.origin if spec is not None else None
    return Path(origin).parent if origin else None
