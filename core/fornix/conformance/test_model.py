"""Models: what their card offers they give, in the right shape, the same every time and whatever is shown beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from packaging.requirements import Requirement

from fornix.conformance import probes
from fornix.conformance.files import need_files
from fornix.conformance.run import related
from fornix.engine.steps import check_responses
from fornix.errors import NotAble
from fornix.extraction.responder import FeatureModel
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
        pytest.fail(
            f"no benchmark asks for what {card.identifier} replays: name in replays of its card datasets that benchmarks use"
        )

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


def assert_same(one: Responses, other: Responses, sentence: str, tolerance: float = 0.0) -> None:
    """Fail with the name of the answer and the sentence where two answers to the same requests differ."""
    assert set(one) == set(other), f"two answers are to different requests: {sentence}"
    for (name, a), (_, b) in zip(every_answer(one), every_answer(other), strict=True):
        said = f"the answer to {name}: {sentence}"
        if a.dtype.kind == "f" and tolerance:
            scale = np.nanmax(np.abs(a)) or 1.0
            np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance * scale, err_msg=said)
        else:
            np.testing.assert_array_equal(b, a, err_msg=said)


def test_everything_the_card_offers_is_given_in_shape(card: Card, answer: Answer, experiments: list[Experiment]) -> None:
    assert experiments, f"the card of {card.identifier} offers no region and no task: add what it answers to regions or tasks"
    for experiment in experiments:
        check_responses(experiment, answer(experiment), card.identifier)


def test_what_the_card_does_not_offer_is_refused(card: Card, model: Model, experiments: list[Experiment]) -> None:
    shown = experiments[0].stimuli
    if "*" not in card.regions:
        assert_refused(
            model, Experiment(shown, (Recording("no-such-region"),)), "region", 'write regions = ["*"] if it answers every region'
        )
    for name in ("similarity", "label", "surprisal"):
        asked = probes.task(name, card.modalities)
        if name not in card.tasks and asked is not None:
            assert_refused(model, Experiment(shown, task=asked), "task", f"add {name!r} to tasks")


def assert_refused(model: Model, experiment: Experiment, what: str, otherwise: str) -> None:
    """Fail unless the model raises NotAble with this ``what``; ``otherwise`` is what to do with the card if it answers."""
    request = experiment.task if experiment.task is not None else experiment.recordings[0]
    asked = request.region if isinstance(request, Recording) else request.name
    try:
        given = model.respond(experiment)
    except Exception as error:
        if not isinstance(error, NotAble) or error.what != what:
            raise AssertionError(
                f"asked for {asked!r}, which its card does not list, the model raised {error!r}: it is to raise "
                f"NotAble({what!r}, why)"
            ) from error
    else:
        does, remedy = ("answers", f"{otherwise}, or have it") if request in given else ("says nothing to", "have it")
        pytest.fail(f"the model {does} {asked!r}, which its card does not list: {remedy} raise NotAble({what!r}, why)")


def test_what_a_readout_needs_is_among_the_dependencies(card: Card, model: Model, registry: Registry) -> None:
    """A FeatureModel reads images and learns labels by libraries that are extras of fornix, in an environment of its own too."""
    if not isinstance(model, FeatureModel) or card.replays:
        pytest.skip("this model is no FeatureModel of any image: what it needs, it imports itself")
    brought_by: dict[str, tuple[str, ...]] = {"pillow": ("image", "torch")}
    if {"label", "probabilities"} & set(card.tasks):
        brought_by["scikit-learn"] = ("sklearn",)
    declared = [Requirement(text) for text in registry.distribution(card).requirements]
    names = {requirement.name.lower() for requirement in declared}
    extras = {extra for requirement in declared if requirement.name == "fornix" for extra in requirement.extras}
    lacking = [library for library, bringing in brought_by.items() if library not in names and not extras & set(bringing)]
    wanted = ",".join(sorted({*extras, *(brought_by[library][0] for library in lacking)}))
    assert not lacking, (
        f"it needs {' and '.join(lacking)}, which its pyproject.toml does not ask for, so that it fails in an environment of its "
        f'own: write "fornix[{wanted}]" among the dependencies there'
    )


def test_equal_experiments_get_equal_answers(card: Card, model: Model, answer: Answer, experiments: list[Experiment]) -> None:
    fresh = load_model(card.identifier)
    again = "asked the same twice, it answers differently; draw random numbers from the experiment's seed, and keep no state"
    anew = "loaded twice, it answers differently; draw weights and all else that is random from a fixed seed"
    for experiment in experiments:
        assert_same(answer(experiment), model.respond(experiment), again)
        assert_same(answer(experiment), fresh.respond(experiment), anew)


def test_answers_do_not_depend_on_what_is_shown_beside(model: Model, answer: Answer, experiments: list[Experiment]) -> None:
    """Showing half of the context-free stimuli gives half of the answers: batch size and neighbours change nothing."""
    for experiment in _such(experiments, lambda e: not e.stimuli.in_context and e.trials is None, "without context and trials"):
        half = np.arange(0, len(experiment.stimuli), 2)
        whole = answer(experiment)
        part = model.respond(replace(experiment, stimuli=experiment.stimuli.take(half)))
        same = Responses({k: _rows(k, v, half, len(experiment.stimuli)) for k, v in whole.items()})
        assert_same(
            same,
            part,
            "with fewer stimuli beside it a stimulus is answered differently; answer each from itself alone",
            TOLERANCE,
        )


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
        same = Responses({k: _rows(k, v, order, len(order)) for k, v in whole.items()})
        assert_same(
            same, turned, "shown in another order stimuli are answered differently; let no answer depend on its row", TOLERANCE
        )


def test_within_a_context_later_stimuli_change_nothing(
    card: Card, model: Model, answer: Answer, experiments: list[Experiment]
) -> None:
    """Causality: cutting the end of every context off leaves the answers to its beginning as they were."""
    for experiment in _such(experiments, lambda e: e.stimuli.in_context and not card.replays, "in context that it computes"):
        order = experiment.stimuli.columns["order"]
        kept = np.flatnonzero(order < order.max())
        whole = answer(experiment)
        part = model.respond(replace(experiment, stimuli=experiment.stimuli.take(kept)))
        same = Responses({k: _rows(k, v, kept, len(order)) for k, v in whole.items()})
        assert_same(
            same,
            part,
            "without the end of its context a stimulus is answered differently; answer from what came before",
            TOLERANCE,
        )


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
    assert named(("night", "day"), renamed) == [renamed[label] for label in first], (
        "it does not use the names it was taught: answer with task.choices, as the labels of task.fitting have them"
    )
    swapped = {"dark": "bright", "bright": "dark"}
    assert named(("dark", "bright"), swapped) == [swapped[label] for label in first], (
        "with labels swapped it answers as before: learn from the stimuli and labels of task.fitting, anew for each experiment"
    )
    if "probabilities" in card.tasks:
        asked = Probabilities(("dark", "bright"), fitting=learned)
        given = model.respond(Experiment(shown, task=asked))[asked]
        said = "its probabilities do not sum to 1 over the choices: divide each row by its sum"
        np.testing.assert_allclose(given.sum("choice"), 1, atol=1e-5, err_msg=said)  # type: ignore[union-attr]
