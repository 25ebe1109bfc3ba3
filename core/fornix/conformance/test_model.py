"""Models: what their card offers they give, in the right shape, the same every time and whatever is shown beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from fornix.conformance import probes
from fornix.conformance.files import need_files
from fornix.conformance.run import related
from fornix.engine.steps import check_responses
from fornix.errors import NotAble
from fornix.files.fetch import available
from fornix.interfaces import (
    Experiment,
    Fitting,
    Gram,
    Label,
    Model,
    Probabilities,
    Recording,
    Responses,
    Similarity,
    Surprisal,
    Task,
)
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import load_benchmark, load_model

#: Forward passes are in float32: batches of other sizes may be summed in another order.
TOLERANCE = 1e-3

Answer = Callable[[Experiment], Responses]


@pytest.fixture(scope="module")
def model(card: Card, registry: Registry) -> Model:
    need_files("model", card.identifier)
    return load_model(card.identifier)


@pytest.fixture(scope="module")
def experiments(card: Card, registry: Registry) -> list[Experiment]:
    """What a model of this card can be asked: probes; for one that replays, what the benchmarks of its datasets ask."""
    return list(_replayed(card, registry) if card.replays else _probes(card))


@pytest.fixture(scope="module")
def answer(model: Model) -> Answer:
    """The model's first answer to each of its experiments, computed once for all tests."""
    known: dict[int, tuple[Experiment, Responses]] = {}

    def first(experiment: Experiment) -> Responses:
        if id(experiment) not in known:
            known[id(experiment)] = (experiment, model.respond(experiment))
        return known[id(experiment)][1]

    return first


def _replayed(card: Card, registry: Registry) -> Iterator[Experiment]:
    """What is asked by up to three benchmarks of its datasets, those first whose data can be had."""
    asking = [b for b in related(registry, card) if b.kind == "benchmark" and set(b.tasks) <= set(card.tasks)]
    if not asking:
        pytest.fail(f"no benchmark asks for what {card.identifier} replays")

    def lacking(benchmark: Card) -> int:
        files = [file for name in benchmark.uses.datasets for file in registry.get("dataset", name).files]
        return sum(available(file) is not None for file in files)

    asking = sorted(asking, key=lacking)[:3]
    for benchmark in [b for b in asking if not lacking(b)] or asking:
        need_files("dataset", *benchmark.uses.datasets)
        yield from load_benchmark(benchmark.identifier).experiments(())


def _probes(card: Card) -> Iterator[Experiment]:
    shown = probes.stimuli(card.modalities, in_context=card.modalities == ("text",))
    regions = ("V1", "IT") if card.regions == ("*",) else card.regions
    if regions:
        yield Experiment(shown, tuple(Recording(region) for region in regions))
        yield Experiment(shown, tuple(Recording(region, form="gram") for region in regions))
    for name in card.tasks:
        asked = probes.task(name, card.modalities)
        if asked is not None:
            yield Experiment(shown, task=asked)


def every_answer(responses: Responses) -> Iterator[tuple[str, np.ndarray]]:
    for request, answered in responses.items():
        name = request.region if isinstance(request, Recording) else request.name
        yield name, probes.raw_products(answered) if isinstance(answered, Gram) else answered.values


def assert_same(one: Responses, other: Responses, tolerance: float = 0.0) -> None:
    assert set(one) == set(other)
    for (name, a), (_, b) in zip(every_answer(one), every_answer(other), strict=True):
        if a.dtype.kind == "f" and tolerance:
            scale = np.nanmax(np.abs(a)) or 1.0
            np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance * scale, err_msg=name)
        else:
            np.testing.assert_array_equal(b, a, err_msg=name)


def test_everything_the_card_offers_is_given_in_shape(card: Card, answer: Answer, experiments: list[Experiment]) -> None:
    assert experiments, f"the card of {card.identifier} offers no region and no task"
    for experiment in experiments:
        check_responses(experiment, answer(experiment), card.identifier)


def test_what_the_card_does_not_offer_is_refused(card: Card, model: Model, experiments: list[Experiment]) -> None:
    shown = experiments[0].stimuli
    if "*" not in card.regions:
        with pytest.raises(NotAble) as refused:
            model.respond(Experiment(shown, (Recording("no-such-region"),)))
        assert refused.value.what == "region"
    for name, task in (("similarity", Similarity()), ("surprisal", Surprisal())):
        if name not in card.tasks:
            with pytest.raises(NotAble) as refused:
                model.respond(Experiment(shown, task=task))
            assert refused.value.what == "task"


def test_equal_experiments_get_equal_answers(card: Card, model: Model, answer: Answer, experiments: list[Experiment]) -> None:
    fresh = load_model(card.identifier)
    for experiment in experiments:
        assert_same(answer(experiment), model.respond(experiment))
        assert_same(answer(experiment), fresh.respond(experiment))


def test_answers_do_not_depend_on_what_is_shown_beside(model: Model, answer: Answer, experiments: list[Experiment]) -> None:
    """Showing half of the context-free stimuli gives half of the answers: batch size and neighbours change nothing."""
    for experiment in _such(experiments, lambda e: not e.stimuli.in_context and e.trials is None, "without context and trials"):
        half = np.arange(0, len(experiment.stimuli), 2)
        whole = answer(experiment)
        part = model.respond(replace(experiment, stimuli=experiment.stimuli.take(half)))
        assert_same(Responses({k: _rows(k, v, half, len(experiment.stimuli)) for k, v in whole.items()}), part, TOLERANCE)


def _such(experiments: list[Experiment], of_the_kind: Callable[[Experiment], bool], what: str) -> list[Experiment]:
    """Those experiments that a check is about; where there is none, it is skipped rather than passed."""
    found = [experiment for experiment in experiments if of_the_kind(experiment)]
    if not found:
        pytest.skip(f"this model is asked nothing {what}")
    return found


def _rows(request: Recording | Task, answered: xr.DataArray | Gram, rows: np.ndarray, n: int) -> xr.DataArray | Gram:
    if isinstance(answered, Gram):
        return answered.take(rows)
    if "pair" in answered.dims:
        a, b = np.triu_indices(n, 1)
        return answered.isel(pair=np.flatnonzero(np.isin(a, rows) & np.isin(b, rows)))
    return answered.isel({answered.dims[0]: rows})


def test_the_order_of_stimuli_changes_nothing(model: Model, answer: Answer, experiments: list[Experiment]) -> None:
    for experiment in _such(
        experiments, lambda e: not (e.stimuli.in_context or isinstance(e.task, Similarity)), "without context and pairs"
    ):
        order = np.arange(len(experiment.stimuli))[::-1]
        whole = answer(experiment)
        turned = model.respond(replace(experiment, stimuli=experiment.stimuli.take(order)))
        assert_same(Responses({k: _rows(k, v, order, len(order)) for k, v in whole.items()}), turned, TOLERANCE)


def test_within_a_context_later_stimuli_change_nothing(
    card: Card, model: Model, answer: Answer, experiments: list[Experiment]
) -> None:
    """Causality: cutting the end of every context off leaves the answers to its beginning as they were."""
    for experiment in _such(experiments, lambda e: e.stimuli.in_context and not card.replays, "in context that it computes"):
        order = experiment.stimuli.columns["order"]
        kept = np.flatnonzero(order < order.max())
        whole = answer(experiment)
        part = model.respond(replace(experiment, stimuli=experiment.stimuli.take(kept)))
        assert_same(Responses({k: _rows(k, v, kept, len(order)) for k, v in whole.items()}), part, TOLERANCE)


def test_labels_are_learned_from_the_fitting_stimuli(card: Card, model: Model) -> None:
    """A model that was shown what dark and bright pictures are called uses these names, and swaps them where they were."""
    if card.replays or "image" not in card.modalities or "label" not in card.tasks:
        pytest.skip("this model does not learn labels of images")
    learned = probes.fitting(card.modalities)
    rng = np.random.default_rng(2)
    shown = type(learned.stimuli)(["d", "b"], image=[probes.image(rng, 0.2), probes.image(rng, 0.8)])

    def named(choices: tuple[str, str], names: Mapping[str, str]) -> list[str]:
        """What it calls both pictures, having learned these names of dark and bright ones."""
        told = Fitting(learned.stimuli, tuple(names[label] for label in learned.labels))
        task = Label(choices, fitting=told)
        return list(model.respond(Experiment(shown, task=task))[task].values.tolist())  # type: ignore[union-attr]

    first = named(("dark", "bright"), {"dark": "dark", "bright": "bright"})
    renamed = {"dark": "night", "bright": "day"}
    assert named(("night", "day"), renamed) == [renamed[label] for label in first], "it does not use the names it was taught"
    swapped = {"dark": "bright", "bright": "dark"}
    assert named(("dark", "bright"), swapped) == [swapped[label] for label in first], "it does not learn from what it is shown"
    if "probabilities" in card.tasks:
        asked = Probabilities(("dark", "bright"), fitting=learned)
        given = model.respond(Experiment(shown, task=asked))[asked]
        np.testing.assert_allclose(given.sum("choice"), 1, atol=1e-5)  # type: ignore[union-attr]
