"""Whether stimuli are shown by no benchmark: layers chosen on what a benchmark shows would be judged on what chose them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fornix.files.fetch import available
from fornix.interfaces import StimulusSet
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.environments import unmet
from fornix.registry.load import load_benchmark, use_registry


@dataclass(frozen=True)
class Shown:
    """What benchmarks show of some stimuli.

    Parameters
    ----------
    sharing : tuple of str
        Benchmarks that show at least one of them, by content hash.
    clear : tuple of str
        Benchmarks that show none.
    unknown : tuple of (str, str)
        Benchmarks whose stimuli could not be looked at here, and why.
    """

    sharing: tuple[str, ...]
    clear: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]


def shown_by_benchmarks(registry: Registry, stimuli: StimulusSet) -> Shown:
    """Compare stimuli with those of the first round of every benchmark of these modalities, and with its fitting stimuli.

    The files of a benchmark's data are fetched where they can be had. A benchmark that cannot be loaded here, for want of data
    or of what it requires, is named, and is neither clear nor sharing.
    """
    ours = set(stimuli.content_hashes)
    sharing: list[str] = []
    clear: list[str] = []
    unknown: list[tuple[str, str]] = []
    with use_registry(registry):
        for card in registry.cards("benchmark"):
            if card.aggregate is not None or set(card.modalities).isdisjoint(stimuli.modalities):
                continue
            why = _out_of_reach(registry, card)
            if not why:
                try:
                    shares = any(not ours.isdisjoint(shown.content_hashes) for shown in _shown_by(card))
                except Exception as error:  # whatever a benchmark does: it is not known what it shows
                    why = f"{type(error).__name__}: {error}"
                else:
                    (sharing if shares else clear).append(card.identifier)
            if why:
                unknown.append((card.identifier, why))
    return Shown(tuple(sharing), tuple(clear), tuple(unknown))


def _out_of_reach(registry: Registry, benchmark: Card) -> str:
    """Why a benchmark cannot be asked here what it shows; empty where it can be."""
    uses = benchmark.uses
    cards = [benchmark, *(registry.get("dataset", n) for n in uses.datasets), *(registry.get("metric", n) for n in uses.metrics)]
    for card in cards:
        if card.kind == "dataset" and card.stimuli == "absent":
            return f"the stimuli of {card.identifier} are not distributed"
        missing = unmet(registry.distribution(card))
        if missing:
            return f"{card.kind} {card.identifier} requires {missing[0]}"
        for file in card.files:
            why = available(file)
            if why is not None:
                return f"{card.kind} {card.identifier}: {why}"
    return ""


def _shown_by(card: Card) -> Iterator[StimulusSet]:
    for experiment in load_benchmark(card.identifier).experiments():
        yield experiment.stimuli
        if experiment.task is not None and experiment.task.fitting is not None:
            yield experiment.task.fitting.stimuli
