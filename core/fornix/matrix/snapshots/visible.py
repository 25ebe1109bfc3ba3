"""What may leave: the plugins that are public, and those private ones that were asked for by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from fornix.engine.chosen import leaves, scoring_cards
from fornix.errors import UsageError
from fornix.registry.card import Aggregate, Card, Children, Kind
from fornix.registry.discovery import Registry
from fornix.registry.options import did_you_mean

#: What stands for the name of a private plugin where a public card or note has it.
WITHHELD: Final = "(private)"

#: Which parts of a JSON value are no free text and name no other plugin, by their names (``*``: any other): None stands for all
#: of a part, as a private plugin may be called like a region or a field.
AsItIs: TypeAlias = "Mapping[str, AsItIs | None]"
_OF_CARD: Final[AsItIs] = {
    **dict.fromkeys(("identifier", "licence", "visibility", "modalities", "regions", "tasks", "species", "technique")),
    **dict.fromkeys(("subjects", "stimuli", "accepts", "normalisation", "aliases")),
    "training": {"kind": None},
    "options": {"*": {"name": None, "type": None, "default": None, "choices": None}},
    "files": {"name": None, "sha256": None, "git_blob": None},
    "commitment": {"*": {"recording": None, "options": None}},
    "aggregate": {"of": None},
}
OF_CARDS: Final[AsItIs] = {"*": {"*": _OF_CARD}}
OF_LAYERS: Final[AsItIs] = {"*": {"regions": {"region": None, "layers": None}, "behaviour": None, "profile": None}}
OF_SCALARS: Final[AsItIs] = {"notes": {}, "*": None}
OF_REFERENCE: Final[AsItIs] = {"type": None}


class Visible:
    """The cards that may leave, out of a registry.

    A leaf may if it and every dataset and metric that it uses may, a parent if one of its children may; a parent that leaves
    has only those children that do.

    Parameters
    ----------
    registry : Registry
    named : sequence of str
        The private plugins that were asked for, by their identifiers.

    Raises
    ------
    UsageError
        If nothing private is called so, or what is asked for uses something private that is not.

    Attributes
    ----------
    registry : Registry
        The cards that may leave, and beside them datasets that may not, as whether a model saw their subjects is told by them.
    planned : Registry
        The same cards for a plan, which leaves out what is private.
    named : tuple of str
    """

    def __init__(self, registry: Registry, named: Sequence[str] = ()) -> None:
        private = [card for card in registry.cards() if card.visibility == "private"]
        self._private = {card.identifier for card in private}
        self.named = tuple(sorted(set(named)))
        for name in self.named:
            if name not in self._private:
                hint = did_you_mean(name, sorted(self._private)) or "; what is public needs no --with"
                raise UsageError(f"there is no private plugin {name!r}{hint}")
        hidden = {_of(card) for card in private if card.identifier not in self.named}
        for card in registry.cards("benchmark"):
            within = [using for leaf in leaves(registry, card) for using in scoring_cards(registry, leaf)]
            if card.aggregate is None and any(_of(using) in hidden for using in within):
                if card.identifier in self.named:
                    using = next(using for using in within if _of(using) in hidden)
                    raise UsageError(
                        f"{card.identifier} uses the {using.kind} {using.identifier}, which is private, too: "
                        f"add --with {using.identifier}, or leave {card.identifier} out"
                    )
                hidden.add(_of(card))
        for card in registry.cards("benchmark"):
            if all(_of(leaf) in hidden for leaf in leaves(registry, card)):
                hidden.add(_of(card))
        self._benchmarks = {name for kind, name in hidden if kind == "benchmark"}
        shown = [self._without_hidden(card) for card in registry.cards() if _of(card) not in hidden]
        unseen = [card for card in registry.cards("dataset") if _of(card) in hidden]
        self.registry = Registry.of_cards([*shown, *unseen])
        public = [replace(card, visibility="public") for card in shown]
        self.planned = Registry.of_cards(public, {card: registry.distribution(_original(registry, card)) for card in public})
        self._shown = {_of(card) for card in shown}
        self._shown_names = {(card.kind, name) for card in shown for name in _names(card)}
        told = {name.casefold() for card in shown for name in _names(card)}
        self._withheld = _words({name for name in _names_of(registry, private, hidden) if name.casefold() not in told})

    def check_named(self, names: Iterable[str] | None) -> None:
        """Raise UsageError if one of the models or benchmarks chosen is private and was not asked for as such."""
        for name in names or ():
            if name in self._private and name not in self.named:
                raise UsageError(f"{name} is private and was not asked for as such; add --with {name} to publish it")

    def shows(self, card: Card) -> bool:
        """Whether a card may leave."""
        return _of(card) in self._shown

    def shows_name(self, kind: Kind, name: str) -> bool:
        """Whether the card that has this name may leave; of a name that no card has here nobody knows that it may."""
        return (kind, name) in self._shown_names

    def text(self, text: str) -> str:
        """A text without the names of what may not leave."""
        return self._withheld.sub(WITHHELD, text) if self._withheld is not None else text

    def json(self, value: Any, as_it_is: AsItIs) -> Any:
        """The same of the texts in a JSON value, but for names of fields and the parts that are as they are."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            below = {name: as_it_is.get(name, as_it_is.get("*", {})) for name in value}
            return {name: item if (rest := below[name]) is None else self.json(item, rest) for name, item in value.items()}
        return [self.json(item, as_it_is) for item in value] if isinstance(value, list) else value

    def _without_hidden(self, card: Card) -> Card:
        """A card without the benchmarks that may not leave, above and below it."""
        if card.parent in self._benchmarks:
            card = replace(card, parent=None)
        if card.aggregate is None:
            return card
        return replace(card, aggregate=Aggregate(card.aggregate.of, self._children(card.aggregate.children)))

    def _children(self, children: Children) -> Children:
        kept = (child if isinstance(child, str) else self._children(child) for child in children)
        return tuple(child for child in kept if child and child not in self._benchmarks)


def _of(card: Card) -> tuple[str, str]:
    return card.kind, card.identifier


def _original(registry: Registry, card: Card) -> Card:
    return registry.get(card.kind, card.identifier)


def _names(card: Card) -> set[str]:
    return {card.identifier, *card.aliases}


def _names_of(registry: Registry, private: Sequence[Card], hidden: set[tuple[str, str]]) -> set[str]:
    """All names of the private cards that may not leave, and of distributions that have no other."""
    unnamed = [card for card in private if _of(card) in hidden]
    elsewhere = {registry.distribution(card).name for card in registry.cards() if card not in unnamed}
    owners = [owner for owner in map(registry.distribution, unnamed) if owner.name not in elsewhere]
    return {name for card in unnamed for name in _names(card)} | {word for o in owners for word in (o.name, o.package)}


def _words(names: set[str]) -> re.Pattern[str] | None:
    """What finds these names where they stand by themselves, in any case."""
    if not names:
        return None
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    found = "|".join(re.escape(name) for name in longest_first)
    return re.compile(rf"(?<![A-Za-z0-9_-])(?<![A-Za-z0-9]\.)(?:{found})(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9])", re.IGNORECASE)
