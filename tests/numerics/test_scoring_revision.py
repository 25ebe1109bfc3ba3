"""Golden values: when scores move, SCORING_REVISION must be raised and these digits written anew.

They are a record of whole scores, with their errors, under formula-made responses; that each number is right is shown
elsewhere. Where only a metric plugin changed, its own hash makes cells stale: then new digits are enough.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation, Score
from fornix.numerics.gram import gram_of_assembly
from fornix.numerics.normalisation import normalise
from fornix.numerics.policy import SCORING_REVISION

pytest.importorskip("sklearn")

N_STIMULI = 60
STIMULI = np.array([f"s{k:02d}" for k in range(N_STIMULI)])


def waves(rows: int, columns: int, phase: float = 0.0) -> np.ndarray:
    """(rows, columns): sines whose frequencies share no factor, so that no column depends on the others."""
    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    return np.sin(0.37 * (row + 1) * np.sqrt(column + 2) + phase) + 0.5 * np.cos(1.1 * row + column**2)


def assembly(values: np.ndarray, stimuli: np.ndarray = STIMULI, **coordinates: np.ndarray) -> xr.DataArray:
    on_rows = {name: ("presentation", column) for name, column in {"stimulus_id": stimuli, **coordinates}.items()}
    if values.ndim == 1:
        return xr.DataArray(values, dims=("presentation",), coords=on_rows)
    units = ("neuroid", np.array([f"n{k:02d}" for k in range(values.shape[1])]))
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={**on_rows, "neuroid_id": units})


SOURCE = waves(N_STIMULI, 12)
TARGET = SOURCE[:, :7] @ waves(7, 7, 1.0) + waves(N_STIMULI, 7, 2.0)


def regression(metric: str, **options: object) -> Score:
    return fornix.load_metric(metric, **options)(assembly(SOURCE), assembly(TARGET))


def from_gram() -> Score:
    wide = assembly(SOURCE @ waves(12, 90, 3.0))
    metric = fornix.load_metric("ridge", alphas=[1e-3, 1e-1, 10.0], alpha_scale="mean_diagonal")
    return metric(gram_of_assembly(wide), assembly(TARGET))


def reliability() -> Score:
    repeats = np.concatenate([TARGET + 1.5 * waves(N_STIMULI, 7, 4.0 + t) for t in range(4)])
    repeated = assembly(repeats, np.tile(STIMULI, 4), repetition=np.repeat(np.arange(4), N_STIMULI))
    return fornix.load_metric("internal_consistency")(repeated, repeated)


def consistency() -> Score:
    names = np.array(["cat", "dog"])
    subjects = np.array(["a", "b", "c"])
    trials = xr.DataArray(
        np.concatenate([names[(np.sin(1.3 * np.arange(N_STIMULI) + k) > 0).astype(int)] for k in range(3)]),
        dims=("trial",),
        coords={
            "subject": ("trial", np.repeat(subjects, N_STIMULI)),
            "condition": ("trial", np.tile(np.repeat(["easy", "hard"], N_STIMULI // 2), 3)),
            "stimulus_id": ("trial", np.tile(STIMULI, 3)),
            "category": ("trial", np.tile(names[np.arange(N_STIMULI) % 2], 3)),
        },
    )
    metric = fornix.load_metric("error_consistency")
    labels = assembly(names[(np.sin(1.3 * np.arange(N_STIMULI) + 0.4) > 0).astype(int)])
    return normalise(metric(labels, trials), metric.ceiling(trials), Normalisation.RATIO)  # type: ignore[attr-defined]


def accuracy() -> Score:
    labels = np.array(["x", "y", "z"])
    named, right = (labels[(waves(N_STIMULI, 1, p)[:, 0] * 1.4).round().astype(int) % 3] for p in (0.0, 0.5))
    score = fornix.load_metric("accuracy")(assembly(named), assembly(right))
    return normalise(score, Score(1.0, error=0.0, interval=(1.0, 1.0)), Normalisation.CHANCE, chance=1 / 3)


SCORES: dict[str, Callable[[], Score]] = {
    "ridge": lambda: regression("ridge"),
    "ridge, penalty chosen, from a Gram": from_gram,
    "pls": lambda: regression("pls", n_components=4),
    "linear": lambda: regression("linear"),
    "rdm": lambda: fornix.load_metric("rdm")(assembly(SOURCE), assembly(TARGET)),
    "pearson": lambda: fornix.load_metric("pearson")(assembly(SOURCE[:, 0]), assembly(TARGET[:, 0])),
    "internal_consistency": reliability,
    "r|r|/c": lambda: normalise(regression("ridge"), reliability(), Normalisation.SIGNED_SQUARE),
    "error_consistency / ceiling": consistency,
    "accuracy above chance": accuracy,
}

#: Revision -> score -> (value, standard error).
GOLDEN: dict[int, dict[str, tuple[float, float]]] = {
    2: {
        "ridge": (0.926302198, 0.0759937825),
        "ridge, penalty chosen, from a Gram": (0.924524957, 0.07355335),
        "pls": (0.931677201, 0.118057787),
        "linear": (0.924673166, 0.072977374),
        "rdm": (0.615851322, 0.0437125293),
        "pearson": (0.642565409, 0.0905787596),
        "internal_consistency": (0.945615698, 0.0905909476),
        "r|r|/c": (0.907383163, 0.0660662296),
        "error_consistency / ceiling": (0.446017699, 0.243233004),
        "accuracy above chance": (0.35, 0.096769865),
    },
}


@cache
def computed(name: str) -> tuple[float, float]:
    score = SCORES[name]()
    return score.value, score.error


@pytest.mark.parametrize("name", SCORES)
def test_scores_move_only_with_the_revision(name: str) -> None:
    assert SCORING_REVISION in GOLDEN, "SCORING_REVISION was raised: write the new golden values in the old ones' place"
    np.testing.assert_allclose(
        computed(name),
        GOLDEN[SCORING_REVISION][name],
        rtol=1e-6,
        err_msg=f"{name} moved: if this is meant, raise SCORING_REVISION in numerics/policy.py and write the new digits here",
    )
