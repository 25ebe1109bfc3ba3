"""Planning: which cells there are, which are computed, stale, failed or skipped, and why. Pure: runs no plugin."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from packaging.utils import canonicalize_name

from fornix.engine.chosen import choose_benchmarks, choose_models, scoring_cards
from fornix.engine.keys import CellKeys, changes, digest_json
from fornix.errors import UsageError
from fornix.files.fetch import at_hand, available
from fornix.files.file import File
from fornix.registry.card import KINDS, Card
from fornix.registry.discovery import NO_PLUGINS, Registry
from fornix.registry.problems import PluginError
from fornix.store.interface import Attempt, Listed, Store

State = Literal["ok", "missing", "stale", "failed", "skipped"]
#: Why a cell is skipped, in the order in which the reasons are tried.
SKIP_REASONS = ("visibility", "data not available", "modality", "stimuli not available", "region", "task")


@dataclass(frozen=True)
class PlannedCell:
    """One (model, benchmark leaf) pair.

    Parameters
    ----------
    model, benchmark : str
    state : {"ok", "missing", "stale", "failed", "skipped"}
    key : str
        The cell key; empty where skipped.
    key_parts : mapping
    reason : str
        For a skip one of :data:`SKIP_REASONS`; for a failure the reason of the latest attempt.
    why : str
        One sentence more: which file, which region; for a stale cell which parts of its key changed.
    seconds : float or None
        What this cell cost the last time, if it is known.
    result : Listed or None
        What the store listed of it, where the state is ok.
    """

    model: str
    benchmark: str
    state: State
    key: str = ""
    key_parts: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    why: str = ""
    seconds: float | None = None
    result: Listed | None = None

    @property
    def tried(self) -> bool:
        """Whether this model was ever tried on this benchmark, under whatever key: then it is known how long that took."""
        return self.seconds is not None


@dataclass(frozen=True)
class Plan:
    """All planned cells, in the order models x benchmarks, and what running them costs."""

    cells: tuple[PlannedCell, ...]
    download_bytes: int = 0

    def in_state(self, *states: State) -> tuple[PlannedCell, ...]:
        return tuple(cell for cell in self.cells if cell.state in states)

    @property
    def to_compute(self) -> tuple[PlannedCell, ...]:
        """The cells that a run computes (failed ones are tried again)."""
        return self.in_state("missing", "stale", "failed")

    @property
    def seconds(self) -> float | None:
        """The time these cells took before, summed over those for which it is known; None if it is for none."""
        known = [cell.seconds for cell in self.to_compute if cell.seconds is not None]
        return sum(known) if known else None


def skip_reason(
    registry: Registry,
    model: Card,
    benchmark: Card,
    *,
    model_named: bool = False,
    benchmark_named: bool = False,
    ask_model: bool = True,
    unavailable: Callable[[File], str | None] = available,
) -> tuple[str, str] | None:
    """Why this cell is not computed: (reason of the closed list, one sentence), or None. Read from the cards alone.

    Parameters
    ----------
    model_named, benchmark_named : bool
        Whether the user asked for it by name: what is private runs only then (a dataset or metric with its benchmark).
    ask_model : bool
        Whether the model is to be run; if not, its files need not be had.
    unavailable : callable
        Why a file cannot be had, or None.
    """
    scoring = scoring_cards(registry, benchmark)
    datasets = [card for card in scoring if card.kind == "dataset"]
    unnamed = [*([] if model_named else [model]), *([] if benchmark_named else scoring)]
    private = [card for card in unnamed if card.visibility == "private"]
    if private:
        return "visibility", f"{private[0].kind} {private[0].identifier} is private and was not asked for by name"
    for card in (*scoring, *([model] if ask_model else [])):
        for file in card.files:
            why = unavailable(file)
            if why is not None:
                return "data not available", f"{card.kind} {card.identifier}: {why}"
    lacking = set(benchmark.modalities) - set(model.modalities)
    if lacking:
        return (
            "modality",
            f"{benchmark.identifier} shows {sorted(lacking)[0]}, {model.identifier} takes {_join(model.modalities)}",
        )
    for dataset in datasets:
        if model.replays and dataset.identifier not in model.replays:
            return "stimuli not available", f"{model.identifier} replays responses to {_join(model.replays)} only"
        if not model.replays and dataset.stimuli == "absent":
            return "stimuli not available", f"the stimuli of {dataset.identifier} are not distributed"
    missing = set(benchmark.regions) - set(model.regions)
    if missing and "*" not in model.regions:
        other = f"; it has {_join(model.regions)}" if model.regions else ", nor any other"
        return "region", f"{model.identifier} has no region {sorted(missing)[0]}{other}"
    undone = set(benchmark.tasks) - set(model.tasks)
    if undone:
        other = f"; it does {_join(model.tasks)}" if model.tasks else ", nor any other"
        return "task", f"{model.identifier} does not do the task {sorted(undone)[0]}{other}"
    return None


def plan(
    registry: Registry,
    store: Store,
    models: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    *,
    ask_models: bool = True,
    look_for_data: bool = True,
    seed: int = 0,
) -> Plan:
    """Plan the cells of these models on these benchmarks (None: all) against a store.

    A cell that has a result is ok, whether or not its data can still be had.

    Parameters
    ----------
    ask_models : bool
        False: for a run that scores stored responses; cells are not skipped for what only their models need.
    look_for_data : bool
        False: cells are not skipped for files that cannot be had here and now; the plan follows from cards and store alone.
    seed : int
        Of the run; part of every cell key.

    Raises
    ------
    UsageError
        If an identifier is unknown, or nothing is left to plan, or the seed is negative.
    PluginError
        If the files of a plugin that was asked for by name cannot be read; of others a warning says so.
    """
    if seed < 0:
        raise UsageError(f"the seed is {seed}; expected 0 or more")
    keys = CellKeys(registry, seed)
    cards = _readable(choose_models(registry, models), keys, lambda card: [card], named=models is not None)
    targets = choose_benchmarks(registry, benchmarks)
    targets = _readable(targets, keys, lambda card: scoring_cards(registry, card), named=benchmarks is not None)
    if not cards or not targets:
        none = "no model or no benchmark was found (see `fornix list` and `fornix doctor`)"
        found = any(registry.cards(kind) for kind in KINDS)
        raise UsageError(f"there is nothing to plan: {none if found else NO_PLUGINS}")
    history = _History(store)
    unavailable = cache(available) if look_for_data else _is_had  # most files belong to many cells
    cells = []
    needed: dict[str, File] = {}
    for model in cards:
        for benchmark in targets:
            skip = skip_reason(
                registry,
                model,
                benchmark,
                model_named=models is not None,
                benchmark_named=benchmarks is not None,
                ask_model=ask_models,
                unavailable=unavailable,
            )
            if skip is None or skip[0] == "data not available":
                parts = keys.parts(model, benchmark)
                cell = history.state(model.identifier, benchmark.identifier, digest_json(parts), parts)
                if skip is None or cell.state == "ok":  # a result needs no data any more
                    cells.append(cell)
                    if cell.state != "ok":
                        cards_needed = (*scoring_cards(registry, benchmark), *([model] if ask_models else []))
                        needed.update({file.hash: file for card in cards_needed for file in card.files})
                    continue
            cells.append(PlannedCell(model.identifier, benchmark.identifier, "skipped", reason=skip[0], why=skip[1]))
    return Plan(tuple(cells), download_bytes=sum(file.bytes for file in needed.values() if not at_hand(file)))


def _readable(cards: list[Card], keys: CellKeys, needs: Callable[[Card], list[Card]], *, named: bool) -> list[Card]:
    """The cards all of whose plugins can be read; one that cannot costs no other its cells."""
    readable = []
    for card in cards:
        try:
            for needed in needs(card):
                keys.part(needed)
        except PluginError as error:
            if named:
                raise
            warnings.warn(f"the {card.kind} {card.identifier} is left out: {error}", stacklevel=2)
        else:
            readable.append(card)
    return readable


def computed_with(store: Store, cells: Iterable[PlannedCell], library: str) -> Iterator[tuple[PlannedCell, str, str]]:
    """Which version of a library each of these cells was computed with, on each side that imported it.

    Library versions are provenance and no part of a key: a cell stays ok when one is upgraded.

    Parameters
    ----------
    library : str
        The name of its distribution.

    Yields
    ------
    (cell, side, version)
        Side is ``"model"`` or ``"scoring"``.
    """
    for planned in cells:
        cell = store.cell(planned.key) if planned.state == "ok" else None
        for side, versions in (cell.provenance.get("versions", {}) if cell is not None else {}).items():
            for name, version in versions.items():
                if canonicalize_name(name) == canonicalize_name(library):
                    yield planned, side, version


class _History:
    """What a store knows of each (model, benchmark): its cells, and its latest attempt where there is no result.

    The attempts at a model are read when one of its cells has no result: there may be as many as cells, and more.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cells: dict[tuple[str, str], list[Listed]] = {}
        for cell in store.listing():
            self._cells.setdefault((cell.model, cell.benchmark), []).append(cell)
        #: In the order they were made: the last at each key, and the last of each pair, whatever its key.
        self._attempts: dict[str, Attempt] = {}
        self._seconds: dict[tuple[str, str], float] = {}
        self._asked: set[str] = set()

    def _read_attempts(self, model: str) -> None:
        if model in self._asked:
            return
        self._asked.add(model)
        for attempt in self._store.attempts(model):
            self._attempts[attempt.key] = attempt
            self._seconds[attempt.model, attempt.benchmark] = attempt.seconds

    def state(self, model: str, benchmark: str, key: str, parts: Mapping[str, Any]) -> PlannedCell:
        cells = self._cells.get((model, benchmark), [])
        result = next((cell for cell in cells if cell.key == key), None)
        if result is not None:
            return PlannedCell(model, benchmark, "ok", key, parts, seconds=result.seconds, result=result)
        self._read_attempts(model)
        latest, seconds = self._attempts.get(key), self._seconds.get((model, benchmark))
        if latest is not None and latest.status != "ok":
            return PlannedCell(model, benchmark, "failed", key, parts, latest.reason, latest.status, seconds)
        if cells:
            newest = self._store.cell(max(cells, key=lambda cell: cell.created).key)
            if newest is not None:
                why = "; ".join(changes(newest.key_parts, parts))
                return PlannedCell(model, benchmark, "stale", key, parts, why=why, seconds=seconds)
        return PlannedCell(model, benchmark, "missing", key, parts, seconds=seconds)


def _is_had(file: File) -> None:
    """Of a plan that does not look."""


def _join(words: Iterable[str]) -> str:
    return ", ".join(words)
