"""``fornix.run`` and ``fornix.score``: the matrix of a store, and one score in this process."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from fornix.engine.chosen import leaves
from fornix.engine.exchange import score_scalars
from fornix.engine.plan import plan
from fornix.engine.progress import Progress
from fornix.engine.reach import unanswered, within_reach
from fornix.engine.run import run_plan
from fornix.engine.runners import InProcessRunner, Limits, Runner, WorkerRunner
from fornix.engine.silence import breaking_silence
from fornix.engine.steps import answer, check_responses
from fornix.engine.work import Finished
from fornix.errors import UsageError
from fornix.interfaces import Benchmark, Model, Normalisation, Responses, Score
from fornix.matrix.aggregate import Entry, aggregate
from fornix.matrix.assemble import assemble, entry_from_scalars
from fornix.matrix.flags import flags, notes, unpublished
from fornix.matrix.given import given_names, given_registry, given_store
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import current_registry, load_benchmark, load_model, use_registry
from fornix.registry.options import did_you_mean
from fornix.store.interface import Store

if TYPE_CHECKING:
    import torch

Engine = Literal["workers", "in-process"]


def run(
    models: Sequence[str] | str | None = None,
    benchmarks: Sequence[str] | str | None = None,
    store: Store | str | Path | None = None,
    *,
    plugins: Sequence[str | Path] = (),
    engine: Engine = "workers",
    workers: int | None = None,
    retry: bool = True,
    ask_models: bool = True,
    time_limit_s: float = 3600.0,
    memory_limit_gb: float | None = None,
    seed: int = 0,
    report: Callable[[Finished], None] = lambda finished: None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute the missing cells of these models on these benchmarks, and return the matrix.

    Parameters
    ----------
    models, benchmarks : sequence of str, or str, optional
        Identifiers (a parent stands for its leaves); None: all that are public.
    store : Store, path or str, optional
        A folder, or ``s3://bucket/prefix`` (default: ``FORNIX_STORE``, else ``fornix-store`` in the working folder).
    plugins : sequence of path
        Plugin folders to discover besides what is installed.
    engine : {"workers", "in-process"}
        Worker processes on this machine, or this process (for debugging and trusted code).
    workers : int, optional
        How many models are worked on at once (default: the number of CPUs, at most 4).
    retry : bool
        Whether cells whose latest attempt failed are tried again.
    ask_models : bool
        False: no model is run. Cells whose responses are all in the store are scored; the others stay as they are. A cell
        that was never computed is looked at if ``benchmarks`` are given, or its model was ever tried on the same data.
    time_limit_s, memory_limit_gb : float
        For each step, where the card does not say otherwise.
    seed : int
        Added to the seed of every experiment, and part of every cell key.
    report : callable
        Called with each finished cell, from any thread, one at a time.
    progress : Progress, optional
        What to ask, from another thread, for what is under way.

    Returns
    -------
    Dataset with dims (model, benchmark); see :func:`fornix.matrix.assemble.assemble`.

    Raises
    ------
    UsageError
        If an identifier is unknown.
    """
    chosen, targets = given_names("models", models), given_names("benchmarks", benchmarks)
    registry, place = given_registry(plugins), given_store(store)
    planned = plan(registry, place, chosen, targets, ask_models=ask_models, seed=seed)
    count = workers or min(os.cpu_count() or 1, 4)
    runner: Runner = InProcessRunner() if engine == "in-process" else WorkerRunner(max(1, (os.cpu_count() or 1) // count))
    if progress is not None:
        runner = progress.watching(runner)
    left: set[tuple[str, str]] = set()

    def finished(cell: Finished) -> None:
        if cell.status == "left":
            left.add((cell.model, cell.benchmark))
        report(cell)

    limits = Limits(time_limit_s, None if memory_limit_gb is None else int(memory_limit_gb * 1e9))
    with use_registry(registry) if engine == "in-process" else nullcontext():
        run_plan(
            planned if ask_models else within_reach(planned, registry, place, named=targets is not None),
            registry,
            place,
            runner,
            workers=1 if engine == "in-process" else count,
            limits=limits,
            retry=retry,
            ask_models=ask_models,
            seed=seed,
            report=finished,
            tell=progress.tell if progress is not None else lambda sentence: None,
        )
    after = plan(registry, place, chosen, targets, ask_models=ask_models, seed=seed)
    return assemble(registry, after if ask_models else unanswered(after, left))


def score(
    model: str | Model | torch.nn.Module,
    benchmark: str | Benchmark,
    *,
    options: Mapping[str, Any] | None = None,
    **network: Any,
) -> Score:
    """Score a model on a benchmark in this process; nothing is stored.

    After 30 s, and then less often, a line on standard error says what is under way.

    This is for trusted code and for trying things: a model object, a network of one's own, or responses computed elsewhere
    (:func:`fornix.wrap_responses`) have no behaviour hash, so their score carries the note ``unpackaged``. What the cards
    of model and data say of a cell (a defect, training on these responses, simulated data) is among the notes, too, and
    ``no uncertainty`` where the error is not known. The score of a parent has its children's values as details, and no
    replicates: two models are compared in pairs on each child.

    Parameters
    ----------
    model : str, Model or torch.nn.Module
        An identifier, an object with ``respond``, or a network; a network needs ``preprocess`` (which is
        given each image as an array (height, width, 3) of uint8) and ``layers``.
    benchmark : str or Benchmark
        The identifier of a leaf or a parent, or an object.
    options : mapping, optional
        Options of a packaged model.
    **network
        For a network: what :class:`fornix.extraction.torch.TorchModel` takes, above all ``preprocess`` and ``layers``
        (region -> dotted name of a layer), and ``behaviour``, the layer that tasks are read from.

    Raises
    ------
    NotAble
        If the model cannot give what the benchmark asks.
    UsageError
        If an identifier is unknown, or a network comes without layers.
    """
    with breaking_silence() as tell:
        subject, packaged = _subject(model, options, network)
        if not isinstance(benchmark, str):
            tell(f"{_name(model)} on {type(benchmark).__name__}")
            return _score_leaf(subject, benchmark, model, [] if packaged else ["unpackaged"])
        registry = current_registry()
        return _score_named(registry, subject, registry.get("benchmark", benchmark), model, tell)


def _name(model: Any) -> str:
    return model if isinstance(model, str) else type(model).__name__


def _score_named(registry: Registry, subject: Model, card: Card, model: Any, tell: Callable[[str], None]) -> Score:
    if card.aggregate is not None:
        return _score_parent(registry, subject, card, model, tell)
    tell(f"{_name(model)} on {card.identifier}")
    own = registry.get("model", model) if isinstance(model, str) else None
    beside = [*flags(registry, own, card), *notes(registry, own, card), *([] if own is not None else ["unpackaged"])]
    return _score_leaf(subject, load_benchmark(card.identifier), model, beside)


def _score_leaf(subject: Model, benchmark: Benchmark, model: Any, beside: Sequence[str]) -> Score:
    """The score with these notes beside its own."""
    responses: list[Responses] = []
    while experiments := benchmark.experiments(responses):
        answers = answer(subject, experiments)
        for experiment, given in zip(experiments, answers, strict=True):
            check_responses(experiment, given, _name(model))
        responses.extend(answers)
    scored = benchmark.score(responses)
    return scored.with_(notes=tuple(dict.fromkeys([*scored.notes, *unpublished(scored.error), *beside])))


def _subject(model: Any, options: Mapping[str, Any] | None, network: Mapping[str, Any]) -> tuple[Model, bool]:
    if isinstance(model, str):
        if network:
            raise UsageError(f"{sorted(network)[0]!r} is for networks; a packaged model takes options={{...}}")
        return load_model(model, **(options or {})), True
    if isinstance(model, Model):
        return model, False
    if "layers" not in network or "preprocess" not in network:
        raise UsageError(
            f"a {type(model).__name__} is no fornix model; to score a torch network give preprocess=... and "
            "layers={'V4': 'name.of.a.layer'}, and for tasks behaviour='name.of.a.layer'"
        )
    from fornix.extraction.torch import TorchModel

    known = list(inspect.signature(TorchModel).parameters)[1:]
    if unknown := sorted(set(network) - set(known)):
        raise UsageError(f"a network takes no {unknown[0]!r}{did_you_mean(unknown[0], known) or f'; it takes {known}'}")
    return TorchModel(model, **network), False


def _score_parent(registry: Registry, subject: Model, card: Card, model: Any, tell: Callable[[str], None]) -> Score:
    entries: dict[str, Entry] = {}
    for leaf in leaves(registry, card):
        entries[leaf.identifier] = entry_from_scalars(score_scalars(_score_named(registry, subject, leaf, model, tell)))
    found = _aggregate_below(registry, card.identifier, entries)
    if found.status != "ok":
        raise UsageError(f"{card.identifier} has no value: {found.reason}; score its children one by one")
    return Score(
        found.value,
        error=found.error,
        interval=found.interval,
        raw=found.raw,
        normalisation=Normalisation(found.normalisation),
        resampled=found.resampled,
        n_nan=found.n_nan,
        notes=found.notes,
        details={name: entry.value for name, entry in entries.items()},
    )


def _aggregate_below(registry: Registry, identifier: str, entries: dict[str, Entry]) -> Entry:
    card = registry.get("benchmark", identifier)
    if card.aggregate is not None:
        for child in card.aggregate.leaves():
            entries.setdefault(child, _aggregate_below(registry, child, entries))
        return aggregate(registry, card, entries)
    return entries[identifier]
