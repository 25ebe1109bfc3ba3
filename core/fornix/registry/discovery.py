"""Finding plugins: the cards of installed distributions and plugin folders. No plugin is imported here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from fornix.errors import FornixError, UsageError
from fornix.registry.card import JSON, KINDS, Card, Kind
from fornix.registry.cardfile import CardError, read_cards
from fornix.registry.distribution import Distribution, among_installed, in_folder
from fornix.registry.loose_ends import DEEPEST, below_itself, counted_twice, founded, loose_end
from fornix.registry.options import did_you_mean
from fornix.registry.problems import PluginError, Problem, counted

#: The end of a sentence about a plugin that was not found.
WHERE_PLUGINS_ARE: Final = ". A plugin of your own is looked for in the folders that --plugins or FORNIX_PLUGINS names"

#: What to do where there are no cards at all: fornix without a clone brings none.
NO_PLUGINS: Final = (
    "no plugin was found: name a folder of plugins by --plugins or FORNIX_PLUGINS (plugins/ of a clone, say), or install one"
)


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
        self._unread = {"card file": 0, "plugin folder": sum(problem.level == "error" for problem in problems)}
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

    @classmethod
    def of_cards(cls, cards: Iterable[Card], owners: Mapping[Card, Distribution] | None = None) -> Registry:
        """A registry of cards that are at hand, such as those of a published matrix, which no plugin here need provide.

        Parameters
        ----------
        cards : iterable of Card
            No two of a kind under one name.
        owners : mapping, optional
            The distributions of those that have one.
        """
        registry = cls(())
        for card in cards:
            for name, options in {card.identifier: {}, **card.aliases}.items():
                registry._names[card.kind, name.casefold()] = (card, options)
        registry._owners = {(card.kind, card.identifier): owner for card, owner in (owners or {}).items()}
        return registry

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
            self._unread["card file"] += 1
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
        """Make benchmarks unusable that name what is not there, or what cannot be used itself, and means of one leaf twice."""
        usable = cache(self._is_usable)  # a thousand benchmarks may use one metric
        cards = self.cards("benchmark")
        known = founded(cards, usable)
        if twice := counted_twice(card for card in cards if card.identifier in known):
            for card in [card for card in cards if card.identifier in twice]:
                leaf = twice[card.identifier]
                self._refuse(
                    card,
                    f"its mean would count {leaf!r} more than once, which is in several of its children; leave all but one out",
                )
            cards = self.cards("benchmark")
            known = founded(cards, usable)
        loose = [(card, end) for card in cards if (end := loose_end(card, known, usable)) is not None]
        # all of them before a word is said: none is a name that another's card could have meant
        self._unusable.update({(card.kind, card.identifier.casefold()): "" for card, _ in loose})
        lacking = dict.fromkeys(end for _, end in loose)
        sentences = {end: f"its card names the {end[0]} {end[1]!r}, {self.not_provided(*end)}" for end in lacking}
        below = {card.identifier: name for card, (kind, name) in loose if kind == "benchmark"}
        for card, end in loose:
            self._refuse(card, below_itself(card.identifier, below) or sentences[end])

    def _refuse(self, card: Card, why: str) -> None:
        self._unusable[card.kind, card.identifier.casefold()] = f"{card.kind} {card.identifier!r} cannot be used: {why}"
        ours = self.distribution(card)
        self._problems.append(Problem("error", f"{card.kind} {card.identifier}: {why}", (ours.card_path,), ours.name))

    def _is_usable(self, kind: Kind, name: str) -> bool:
        try:
            self.resolve(kind, name)
        except FornixError:
            return False
        return True

    def not_provided(self, kind: Kind, name: str) -> str:
        """The end of a sentence about a name in a card that no usable card has."""
        key = (kind, name.casefold())
        there = key in self._unusable or key in self._malformed
        if not there and key in self._names and kind == "benchmark":
            card = self._names[key][0]
            if name in card.aliases:
                return f"an alias of {card.identifier!r}, and a mean is made of benchmarks by their identifiers; give that"
            if name == card.identifier:
                return f"below which there are {DEEPEST} levels already; leave some out"
        hint = "" if there else did_you_mean(name, self.names(kind))
        return f"which no usable plugin provides{hint or '; install or mend its plugin'}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was noticed and worked around, in the order it was met."""
        return tuple(self._problems)

    @property
    def unread(self) -> str:
        """The end of a sentence about what is not there: how much could not be read; empty where all was."""
        what = " and ".join(counted(number, noun) for noun, number in self._unread.items() if number)
        return f"; {what} could not be read, `fornix doctor` says why" if what else ""

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
        known = self.names(kind)
        hint = did_you_mean(identifier, known) or (
            (f"; `fornix list` shows all {len(known)}" if known else "; no plugin offers any") + WHERE_PLUGINS_ARE
        )
        raise UsageError(f"there is no {kind} {identifier!r}{hint}{self.unread}")

    def names(self, kind: Kind) -> list[str]:
        """The identifiers and aliases of the usable cards of a kind."""
        return [name for card in self.cards(kind) for name in (card.identifier, *card.aliases)]

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
    for folder in [*map(Path, folders), *(Path(os.path.expanduser(name)) for name in named if name), *_checkout()]:
        for distribution in in_folder(folder, problems):
            found.setdefault(distribution.card_path.resolve(), distribution)
    installed = []
    for distribution in among_installed(problems):
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
