"""Plugins at work: what loads models, datasets, metrics and benchmarks by name, and holds each to its own card."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fornix.errors import UsageError
from fornix.files.fetch import fetch
from fornix.registry.card import JSON, Card, Kind
from fornix.registry.discovery import Registry, discover
from fornix.registry.importing import call_hook
from fornix.registry.options import complete_options, did_you_mean
from fornix.registry.problems import PluginError

if TYPE_CHECKING:
    from fornix.interfaces import Benchmark, Dataset, Experiment, Metric, Model, Responses, Score

_lock = threading.RLock()
#: Those of :func:`use_registry`, the innermost last; and what ``discover()`` found.
_in_use: list[Registry] = []
_discovered: list[Registry] = []
_acting: ContextVar[Card | None] = ContextVar("fornix_acting", default=None)


def current_registry(*, anew: bool = False) -> Registry:
    """The registry that names are looked up in: that of :func:`use_registry`, else ``discover()``.

    Cards are read once per process, and again with ``anew``: what is stored must be of the cards as they are now.
    """
    with _lock:
        if _in_use:
            return _in_use[-1]
        if anew or not _discovered:
            _discovered[:] = [discover()]
        return _discovered[0]


@contextmanager
def use_registry(registry: Registry) -> Iterator[Registry]:
    """Look names up in ``registry`` within the block, in every thread of this process."""
    with _lock:
        _in_use.append(registry)
    try:
        yield registry
    finally:
        with _lock:
            _in_use.remove(registry)


@contextmanager
def acting_as(card: Card) -> Iterator[None]:
    """Within the block, load only what ``card`` says it uses.

    A benchmark's key holds the datasets and metrics of its card's ``uses``; one loaded beside them would change scores
    without changing keys. A model uses nothing: it is handed stimuli.
    """
    token = _acting.set(card)
    try:
        yield
    finally:
        _acting.reset(token)


def _check_use(wanted: Card, verb: str) -> None:
    actor = _acting.get()
    if actor is None or (actor.kind, actor.identifier) == (wanted.kind, wanted.identifier):
        return
    used = {"dataset": actor.uses.datasets, "metric": actor.uses.metrics}.get(wanted.kind, ())
    if not {wanted.identifier, *wanted.aliases}.isdisjoint(used):
        return
    if actor.kind == "benchmark" and wanted.kind in ("dataset", "metric"):
        remedy = f"add it to uses.{wanted.kind}s of the card, so that it becomes part of the key"
    else:
        remedy = f"a {actor.kind} may not, as nothing in its key would say so"
    raise PluginError(
        f"{actor.kind} {actor.identifier!r} {verb} {wanted.kind} {wanted.identifier!r}, which its card does not use: {remedy}"
    )


def load_model(identifier: str, /, **options: JSON) -> Model:
    """The model of this identifier, with the options of its card.

    Raises
    ------
    UsageError
        If there is no such model, or it has no such option.
    PluginError
        If its plugin cannot be imported or gives something else than a model, or if a plugin at work loads it without
        its card saying so.
    """
    registry, card, complete = _request("model", identifier, options)
    with acting_as(card):
        model: Model = _call(registry, card, complete)
    return model


def load_dataset(identifier: str, /, **options: JSON) -> Dataset:
    """The dataset of this identifier; raises as :func:`load_model`."""
    dataset: Dataset = _call(*_request("dataset", identifier, options))
    return dataset


def load_metric(identifier: str, /, **options: JSON) -> Metric:
    """The metric of this identifier; raises as :func:`load_model`."""
    registry, card, complete = _request("metric", identifier, options)
    metric: Metric = _call(registry, card, complete)
    if frozenset(metric.accepts) != frozenset(card.accepts):
        given, stated = sorted(metric.accepts), sorted(card.accepts)
        raise PluginError(f"metric {card.identifier!r} accepts {given}, but its card says {stated}; they must agree")
    return metric


def load_benchmark(identifier: str, /, **options: JSON) -> Benchmark:
    """The benchmark of this identifier, held to the datasets and metrics of its card; raises as :func:`load_model`."""
    registry, card, complete = _request("benchmark", identifier, options)
    if card.aggregate is not None:
        leaves = ", ".join(card.aggregate.leaves())
        raise UsageError(f"benchmark {card.identifier!r} is a parent, scored through its children: load one of {leaves}")
    with acting_as(card):
        return ActingBenchmark(card, _call(registry, card, complete))


def card_file(kind: Kind, identifier: str, name: str) -> Path:
    """Where the file ``name`` of a card lies on this machine, fetched and verified.

    Raises
    ------
    UsageError
        If there is no such card, or it has no such file.
    PluginError
        If a plugin at work reads it without its card saying so.
    FileUnavailable
        If it cannot be had.
    """
    registry = current_registry()
    card = registry.get(kind, identifier)
    _check_use(card, "reads a file of")
    try:
        return fetch(card.file(name))
    except KeyError:
        names = [file.name for file in card.files]
        hint = did_you_mean(name, names) or f"; it has {', '.join(names) or 'none'}"
        raise UsageError(f"{kind} {card.identifier!r} has no file {name!r}{hint}") from None


class ActingBenchmark:
    """A benchmark that acts as its card whenever it is at work."""

    def __init__(self, card: Card, benchmark: Benchmark) -> None:
        self.card = card
        self._benchmark = benchmark

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        with acting_as(self.card):
            return tuple(self._benchmark.experiments(so_far))

    def score(self, responses: Sequence[Responses]) -> Score:
        with acting_as(self.card):
            return self._benchmark.score(responses)

    def ceiling(self) -> Score | None:
        with acting_as(self.card):
            return self._benchmark.ceiling()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked for before there is a benchmark, when a proxy is copied
            raise AttributeError(name)
        return getattr(self._benchmark, name)

    def __repr__(self) -> str:
        return f"<benchmark {self.card.identifier!r}: {self._benchmark!r}>"


def _request(kind: Kind, identifier: str, options: dict[str, JSON]) -> tuple[Registry, Card, dict[str, JSON]]:
    """The card and its complete options, once it is clear that whoever is at work may load it."""
    registry = current_registry()
    card, implied = registry.resolve(kind, identifier)
    _check_use(card, "loads")
    return registry, card, complete_options(card, {**implied, **options})


def _call(registry: Registry, card: Card, options: dict[str, JSON]) -> Any:
    return call_hook(registry.distribution(card), card, options)
