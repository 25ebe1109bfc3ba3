"""Parents from children: nested means, errors, coverage, what takes no part."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from fornix.errors import UsageError
from fornix.matrix.aggregate import Entry, aggregate
from fornix.matrix.flags import flags, notes
from fornix.registry.card import Aggregate, Card, Defect, Training, Uses


def card(kind: str, identifier: str, **fields: Any) -> Card:
    about = {"version": 1, "title": "t", "authors": ("a",), "licence": "MIT", "citation": "@misc{x}"}
    return Card(kind=kind, identifier=identifier, **{**about, **fields})  # type: ignore[arg-type]


class Cards:
    """As much of a registry as aggregation needs."""

    def __init__(self, *cards: Card) -> None:
        self._cards = {(c.kind, c.identifier): c for c in cards}

    def get(self, kind: str, identifier: str) -> Card:
        if (kind, identifier) not in self._cards:
            raise UsageError(f"there is no {kind} {identifier!r}")
        return self._cards[kind, identifier]


def leaf(identifier: str, dataset: str = "data", **fields: Any) -> Card:
    return card("benchmark", identifier, uses=Uses(datasets=(dataset,)), parent="parent", **fields)


def ok(value: float, error: float = 0.1, *, raw: float | None = None, t: float = 2.0, normalisation: str = "s/c") -> Entry:
    raw = value if raw is None else raw
    return Entry(
        "ok", value, error, (value - t * error, value + t * error), raw, error / 2, 0.9, 0.01, normalisation, coverage=(1, 1)
    )


def parent(children: tuple[Any, ...], of: str = "value") -> Card:
    return card("benchmark", "parent", aggregate=Aggregate(of, children))  # type: ignore[arg-type]


DATA = card("dataset", "data")


def test_a_parent_is_the_mean_of_its_children_with_independent_errors() -> None:
    registry = Cards(DATA, leaf("a"), leaf("b"))
    found = aggregate(registry, parent(("a", "b")), {"a": ok(0.2, 0.3), "b": ok(0.6, 0.4)})  # type: ignore[arg-type]
    assert found.value == pytest.approx(0.4)
    assert found.error == pytest.approx(math.hypot(0.15, 0.2))
    assert found.interval == pytest.approx((0.4 - 2 * 0.25, 0.4 + 2 * 0.25))
    assert found.coverage == (2, 2)
    assert found.normalisation == "s/c"


def test_sessions_are_averaged_within_an_animal_first() -> None:
    registry = Cards(DATA, *(leaf(name) for name in "abcd"))
    entries = {name: ok(value) for name, value in zip("abcd", (1.0, 0.3, 0.6, 0.9), strict=True)}
    found = aggregate(registry, parent(("a", ("b", "c", "d"))), entries)  # type: ignore[arg-type]
    assert found.value == pytest.approx((1.0 + 0.6) / 2)
    assert found.error == pytest.approx(0.1 * math.sqrt(1 / 4 + 3 / 36))


def test_a_parent_of_raw_values_is_unceiled() -> None:
    registry = Cards(DATA, leaf("a"), leaf("b"))
    entries = {"a": ok(0.9, raw=0.5, normalisation="r|r|/c"), "b": ok(0.3, raw=0.3, normalisation="none")}
    found = aggregate(registry, parent(("a", "b"), "raw"), entries)  # type: ignore[arg-type]
    assert found.value == pytest.approx(0.4)
    assert found.error == pytest.approx(math.hypot(0.025, 0.025))
    assert found.normalisation == "none"
    assert math.isnan(found.ceiling)


@pytest.mark.parametrize("of", ["value", "raw"])
def test_what_must_be_known_of_a_child_must_be_known_of_the_mean(of: str) -> None:
    registry = Cards(DATA, leaf("a"), leaf("b"))
    first = dataclasses.replace(ok(0.9, normalisation="none"), notes=("ceiling unreliable", "jackknife over 4 subjects"))
    second = dataclasses.replace(ok(0.3, normalisation="none"), notes=("jackknife over 4 subjects",))
    found = aggregate(registry, parent(("a", "b"), of), {"a": first, "b": second})  # type: ignore[arg-type]
    assert found.notes == ("ceiling unreliable", "jackknife over 4 subjects")


def test_children_of_two_normalisations_have_no_mean() -> None:
    registry = Cards(DATA, leaf("a"), leaf("b"))
    entries = {"a": ok(0.9), "b": ok(0.3, normalisation="none")}
    found = aggregate(registry, parent(("a", "b")), entries)  # type: ignore[arg-type]
    assert found.status == "failed"
    assert math.isnan(found.value)
    assert "children of different normalisations: none, s/c" in found.reason


@pytest.mark.parametrize("status", ["missing", "failed", "skipped", "oom"])
def test_an_empty_child_leaves_the_parent_without_a_value_but_with_its_coverage(status: str) -> None:
    registry = Cards(DATA, leaf("a"), leaf("b"))
    entries = {"a": ok(0.9), "b": Entry(status, reason="region", why="no V4")}
    found = aggregate(registry, parent(("a", "b")), entries)  # type: ignore[arg-type]
    assert (found.status, found.reason, found.coverage) == (status, "region", (1, 2))
    assert math.isnan(found.value)


def test_a_failure_outweighs_a_skip() -> None:
    registry = Cards(DATA, leaf("a"), leaf("b"))
    entries = {"a": Entry("skipped", reason="region"), "b": Entry("failed", reason="it raised")}
    assert aggregate(registry, parent(("a", "b")), entries).reason == "it raised"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "out",
    [
        {"superseded_by": "c"},
        {"visibility": "private"},
        {"dataset": "broken"},
    ],
)
def test_retired_private_and_defective_children_take_no_part(out: dict[str, Any]) -> None:
    broken = card("dataset", "broken", defect=Defect("misaligned", "https://example.org"))
    registry = Cards(DATA, broken, leaf("a"), leaf("b", **out))
    found = aggregate(registry, parent(("a", "b")), {"a": ok(0.2), "b": ok(0.8)})  # type: ignore[arg-type]
    assert found.value == pytest.approx(0.2)
    assert found.coverage == (1, 1)


def test_a_model_trained_on_the_responses_or_the_subjects_is_flagged() -> None:
    registry = Cards(DATA, leaf("a"), card("dataset", "other"))
    trained = card("model", "m", training=(Training("data", "responses"), Training("other", "same-subject")))
    assert flags(registry, trained, leaf("a")) == ["trained on the responses it is scored on (data)"]  # type: ignore[arg-type]
    subject = card("model", "m", training=(Training("data", "same-subject"),))
    assert flags(registry, subject, leaf("a")) == ["trained on the same subjects (data)"]  # type: ignore[arg-type]
    stimuli = card("model", "m", training=(Training("data", "stimuli"), Training("data", "labels")))
    assert flags(registry, stimuli, leaf("a")) == []  # type: ignore[arg-type]


def test_defects_flag_every_model_and_a_map_chosen_on_the_same_subject_is_noted() -> None:
    broken = card("dataset", "study.broken", defect=Defect("misaligned", "https://example.org"), subjects=("PE",), simulated=True)
    chosen = card("dataset", "study.chosen", subjects=("PE",))
    registry = Cards(broken, chosen)
    model = card("model", "m", selected_on=("study.chosen",))
    assert flags(registry, model, leaf("a", "study.broken")) == ["defect: misaligned"]  # type: ignore[arg-type]
    assert notes(registry, model, leaf("a", "study.broken")) == ["simulated", "map selected on same subject"]  # type: ignore[arg-type]


def test_a_dataset_that_is_not_installed_is_no_hindrance_to_notes() -> None:
    model = card("model", "m", selected_on=("absent",))
    assert notes(Cards(DATA), model, leaf("a")) == []  # type: ignore[arg-type]


def test_a_dataset_is_flagged_however_its_name_is_written() -> None:
    trained = card("model", "m", training=(Training("DATA", "responses"),))
    assert flags(Cards(DATA), trained, leaf("a")) == ["trained on the responses it is scored on (data)"]  # type: ignore[arg-type]


def test_the_mean_agrees_with_numpy_on_random_trees() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        groups = [[f"{g}-{i}" for i in range(rng.integers(1, 5))] for g in range(rng.integers(1, 5))]
        values = {name: float(rng.normal()) for group in groups for name in group}
        registry = Cards(DATA, *(leaf(name) for name in values))
        found = aggregate(registry, parent(tuple(map(tuple, groups))), {n: ok(v) for n, v in values.items()})  # type: ignore[arg-type]
        assert found.value == pytest.approx(np.mean([np.mean([values[n] for n in group]) for group in groups]))


def test_a_model_trained_on_another_recording_of_the_same_subject_is_flagged() -> None:
    """Whether its card says so or not: the cards of the two datasets name the subject."""
    registry = Cards(*(card("dataset", name, subjects=("PE",)) for name in ("study.1", "study.2", "elsewhere.1")))
    tested = leaf("a", "study.1")
    trained = card("model", "m", training=(Training("study.2", "responses"),))
    assert flags(registry, trained, tested) == ["trained on the same subjects (study.1)"]  # type: ignore[arg-type]
    for harmless in (Training("study.2", "stimuli"), Training("elsewhere.1", "responses")):
        assert flags(registry, card("model", "m", training=(harmless,)), tested) == []  # type: ignore[arg-type]


def test_a_child_that_takes_no_part_flags_no_parent() -> None:
    broken = card("dataset", "broken", defect=Defect("misaligned", "https://example.org"))
    registry = Cards(DATA, broken, leaf("a"), leaf("b", "broken"))
    model = card("model", "m")
    assert flags(registry, model, leaf("b", "broken")) == ["defect: misaligned"]  # type: ignore[arg-type]
    assert flags(registry, model, parent(("a", "b"))) == []  # type: ignore[arg-type]
