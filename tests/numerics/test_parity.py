"""Every value that Brain-Score's code gave for the parity inputs, by the names that users type: none may be left out.

What else holds of a metric (other orders of rows, Grams, its other definition) is in the tests of that metric.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation, Score
from fornix.numerics.ceilings.normalisation import normalise

pytest.importorskip("sklearn")

PARITY: Final = Path(__file__).parents[1] / "parity"
EXPECTED: Final[dict[str, dict[str, Any]]] = json.loads((PARITY / "expected.json").read_text())
#: What a closed form is held to, and exact PLS against scikit-learn at a tolerance of 1e-14; relative to 1.
CLOSED: Final = 1e-9
EXACT: Final = 1e-5
#: Language adds 1e-8 to norms before it divides by them.
PADDED: Final = 1e-7
#: Of what entries are made but for scores: the parts of an entry that say how its arrays were laid out.
LAYOUT: Final = {"raw_dims", "raw_shape"}


class Case(NamedTuple):
    """How a value is had here, and what it is held to."""

    score: Callable[[], Score]
    within: float = CLOSED
    of_split: float | None = None  #: where the original stops its solver early, splits differ by more than their mean


def read(name: str) -> dict[str, np.ndarray]:
    with np.load(PARITY / f"{name}.npz") as arrays:
        return dict(arrays)


def neural(side: str) -> xr.DataArray:
    data = read("neural")
    coords = {name: ("presentation", data[name]) for name in ("stimulus_id", "object_name")}
    coords["split"] = ("presentation", np.where(np.arange(120) < 90, "train", "test"))
    return xr.DataArray(data[side], dims=("presentation", "neuroid"), coords=coords)


def on_neural(name: str, **options: object) -> Score:
    return fornix.load_metric(name, **options)(neural("source"), neural("target"))


def consistency() -> Score:
    data = read("repetitions")
    coords = {name: ("presentation", data[name]) for name in ("stimulus_id", "repetition")}
    recording = xr.DataArray(data["responses"], dims=("presentation", "neuroid"), coords=coords)
    return fornix.load_metric("internal_consistency", definition="brainscore")(recording)


def bounds_of_subjects() -> Score:
    target = neural("target").assign_coords(subject=("neuroid", read("neural")["subject"]))
    return fornix.load_metric("rsa_ceiling", definition="brainscore")(target)


def explained() -> Score:
    return normalise(on_neural("pls_cv"), consistency(), Normalisation.SQUARE)


def first_columns() -> Score:
    sides = (neural(side)[:, 0] for side in ("source", "target"))
    return fornix.load_metric("pearsonr")(*sides)


def labels_and_people() -> tuple[xr.DataArray, xr.DataArray]:
    data = read("behavior")
    n_subjects, n = data["human"].shape
    names = np.array([f"image{k:04d}" for k in range(n)])
    trials = {
        "subject": np.repeat([f"subject-{k:02d}" for k in range(n_subjects)], n),
        "stimulus_id": np.tile(names, n_subjects),
        "condition": np.tile(data["condition"], n_subjects).astype(np.str_),
        "category": np.tile(data["truth"], n_subjects),
    }
    labels = xr.DataArray(data["model"], dims=("presentation",), coords={"stimulus_id": ("presentation", names)})
    return labels, xr.DataArray(data["human"].ravel(), dims=("trial",), coords={k: ("trial", v) for k, v in trials.items()})


def labelling(name: str, ceiling: bool = False, **options: object) -> Score:
    source, target = labels_and_people()
    metric: Any = fornix.load_metric(name, definition="brainscore", **options)
    return metric.ceiling(target) if ceiling else metric(source, target)


def patterns(name: str, ceiling: bool = False) -> Score:
    data = read("objectome")
    coords = {"stimulus_id": ("presentation", data["img_ids"]), "choice": data["objs"]}
    trials = {"stimulus_id": data["trial_img"], "category": data["trial_truth"], "distractor": data["dist"]}
    target = xr.DataArray(data["choice"], dims=("trial",), coords={k: ("trial", v) for k, v in trials.items()})
    metric: Any = fornix.load_metric(name, definition="brainscore")
    if ceiling:
        return metric.ceiling(target)
    return metric(xr.DataArray(data["P"], dims=("presentation", "choice"), coords=coords), target)


def number(name: str, model: float, people: list[float], baseline: list[float] | None = None) -> Score:
    """The model's own baseline is 1: its number is an elevation, where there are any."""
    subjects = np.array([f"subject-{k}" for k in range(len(people))])
    target, source = xr.DataArray(people, dims=("subject",), coords={"subject": subjects}), xr.DataArray(model)
    if baseline is not None:
        target, source = target.assign_coords(baseline=("subject", baseline)), source.assign_coords(baseline=1.0)
    return fornix.load_metric(name, definition="brainscore")(source, target)


CASES: Final[dict[str, Case]] = {
    "vision.pls_cv": Case(lambda: on_neural("pls_cv"), 2e-3, 2e-2),
    "vision.pls_cv.exact": Case(lambda: on_neural("pls_cv"), EXACT),
    "vision.pls_cv.nostrat": Case(lambda: on_neural("pls", definition="brainscore"), 2e-3, 2e-2),
    "vision.pls_cv.nostrat.exact": Case(lambda: on_neural("pls", definition="brainscore"), EXACT),
    "vision.ridge_cv": Case(lambda: on_neural("ridge_cv")),
    "vision.ridge_split": Case(lambda: on_neural("ridge_split")),
    "vision.ridgecv_split": Case(lambda: on_neural("ridgecv_split")),
    "vision.linear_predictivity_cv": Case(lambda: on_neural("linear_predictivity_cv")),
    "vision.neuron_to_neuron_cv": Case(lambda: on_neural("neuron_to_neuron_cv")),
    "language.linear_pearsonr": Case(lambda: on_neural("linear_pearsonr"), PADDED),
    "language.ridge_pearsonr": Case(lambda: on_neural("ridge_pearsonr"), PADDED),
    "vision.rdm": Case(lambda: on_neural("rdm", definition="brainscore")),
    "vision.rdm_cv": Case(lambda: on_neural("rdm_cv")),
    "language.rdm": Case(lambda: on_neural("language_rdm")),
    "vision.cka": Case(lambda: on_neural("cka", definition="brainscore")),
    "vision.cka_biased": Case(lambda: on_neural("cka", definition="brainscore", estimator="biased")),
    "language.cka": Case(lambda: on_neural("language_cka")),
    "vision.internal_consistency": Case(consistency),
    "vision.rsa_ceiling": Case(bounds_of_subjects),
    "vision.explained_variance(pls_cv, internal_consistency)": Case(explained, 4e-3),
    "vision.explained_variance(pls_cv.exact, internal_consistency)": Case(explained, 2 * EXACT),
    "vision.error_consistency": Case(lambda: labelling("error_consistency")),
    "vision.error_consistency.ceiling": Case(lambda: labelling("error_consistency", ceiling=True)),
    "vision.accuracy_distance": Case(lambda: labelling("accuracy_distance")),
    "vision.accuracy_distance.by_condition": Case(lambda: labelling("accuracy_distance", cells=["condition"])),
    "vision.i1": Case(lambda: patterns("i1")),
    "vision.i1.ceiling": Case(lambda: patterns("i1", ceiling=True)),
    "vision.i2n": Case(lambda: patterns("i2n")),
    "vision.i2n.ceiling": Case(lambda: patterns("i2n", ceiling=True)),
    "vision.threshold": Case(lambda: number("threshold", 10, [10, 20, 40, 20])),
    "vision.threshold_elevation": Case(lambda: number("threshold_elevation", 3, [30, 40, 60, 100], baseline=[10, 20, 40, 20])),
    "vision.value_delta(1.5,1.0)": Case(lambda: number("value_delta", 1.5, [1.0])),
    "language.pearsonr": Case(first_columns),
}


def test_no_value_is_left_out() -> None:
    assert sorted(CASES) == sorted(EXPECTED)


@pytest.mark.parametrize("key", EXPECTED)
def test_it_is_what_brain_score_gave(key: str) -> None:
    case, left = CASES[key], dict(EXPECTED[key])
    score = case.score()
    assert score.value == pytest.approx(left.pop("value"), rel=case.within, abs=case.within)
    of_split = case.of_split or case.within
    if "per_split" in left:
        units = score.units
        assert units is not None
        per_split = units if units.dims == ("split",) else units.median("neuroid")
        np.testing.assert_allclose(per_split.values, left.pop("per_split"), rtol=0, atol=of_split)
    if "error" in left:
        error = left.pop("error")
        assert math.isnan(score.error) if math.isnan(error) else score.error == pytest.approx(error, abs=of_split)
    if "raw_mean" in left:
        assert raw_mean(key, score) == pytest.approx(left.pop("raw_mean"), abs=of_split)
    if "lower_bound_loo" in left:
        assert score.details["lower_bound"] == pytest.approx(left.pop("lower_bound_loo"), rel=case.within)
    assert set(left) <= LAYOUT, f"{key} has {sorted(set(left) - LAYOUT)}, which nothing here compares"


def raw_mean(key: str, score: Score) -> float:
    """The mean of the original's raw values: the raw score of a normalised one, else the mean over its units."""
    if key.startswith("vision.explained_variance"):
        return float(score.raw)
    assert score.units is not None
    return float(score.units.mean())
