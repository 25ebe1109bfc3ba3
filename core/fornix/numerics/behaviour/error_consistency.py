"""Error consistency: whether a model errs on the images that people err on, and people on those of each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError
from fornix.interfaces.score import Score
from fornix.numerics.behaviour.decisions import Decisions, decisions, model_labels, no_label_known
from fornix.numerics.definition import Definition
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.resampling import Array, crossed_replicates, mean_of_units, pair_weights


def kappas(x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cohen's kappa between right and wrong decisions, for each resample of the images.

    ``kappa = (observed - chance) / (1 - chance)``, where observed is how often both are right or both wrong and
    ``chance = a b + (1 - a)(1 - b)`` with the accuracies a and b (Geirhos et al. 2020, arXiv:2006.16736). NaN where chance
    is 1: both are right, or both wrong, on every image.

    Parameters
    ----------
    x, y : (pair, image) float64
        1, 0 or NaN; images that either did not see are left out.
    weights : (resample, image) float64
        How often each image is drawn.

    Returns
    -------
    (resample, pair) float64
    """
    seen = np.isfinite(x) & np.isfinite(y)
    x, y = (np.where(seen, v, 0.0) for v in (x, y))
    with np.errstate(divide="ignore", invalid="ignore"):
        n = weights @ seen.T.astype(np.float64)
        a, b, joint = (weights @ v.T / n for v in (x, y, x * y))
        observed = 1 - a - b + 2 * joint
        chance = a * b + (1 - a) * (1 - b)
        return np.asarray(np.where(1 - chance > 1e-12, (observed - chance) / (1 - chance), np.nan))


def error_consistency(source: xr.DataArray, target: xr.DataArray, definition: Definition = "default") -> Score:
    """Whether a model errs on the images that people err on, beyond what the accuracies explain.

    Cohen's kappa (:func:`kappas`) between the model and each subject within each condition, averaged over conditions,
    then subjects. The error is for new images, drawn within conditions, and new subjects.

    Parameters
    ----------
    source : DataArray of str, dims (presentation,)
        The model's label for each stimulus of the target, with ``stimulus_id``.
    target : DataArray of str, dims (trial,)
        See :func:`decisions`.
    definition : {"default", "brainscore"}
        Brain-Score reports the absolute value of the mean, and the standard deviation over cells as the error.

    Returns
    -------
    Score
        ``units`` has dims (condition, subject); ``n_nan`` counts kappas whose chance is 1, or of a subject who saw
        no image of a condition, and a note does. Another says where none of the model's labels is a category of the target.

    Raises
    ------
    AssemblyError
        If the model lacks a stimulus of the target, or has another one.
    ValueError
        If more than 20 % of the kappas have no value.
    """
    table = decisions(target)
    label = model_labels(source, table.stimulus_id)
    model = (label == table.category).astype(np.float64)[None, :]
    pairs = _Pairs(np.broadcast_to(model, table.correct.shape), table.correct)
    score = _score(table, pairs, {"subject": ("subject", table.subject)}, definition)
    return score.with_(notes=(*no_label_known(label, table.category), *score.notes))


def error_consistency_ceiling(target: xr.DataArray, definition: Definition = "default") -> Score:
    """Error consistency between subjects: kappa of each pair within each condition, averaged over conditions, then pairs.

    Takes the same draws of images and subjects as :func:`error_consistency`, so that both can be resampled together. When
    subjects are drawn with replacement, a subject is never paired with its own copy. ``units`` has dims (condition, pair).
    """
    table = decisions(target)
    if len(table.subject) < 2:
        raise AssemblyError("the ceiling of error consistency compares subjects; the trials have only one")
    members = np.array(list(itertools.combinations(range(len(table.subject)), 2))).T
    coordinates = {f"subject_{side}": ("pair", table.subject[member]) for side, member in zip("ab", members, strict=True)}
    return _score(table, _Pairs(table.correct[members[0]], table.correct[members[1]], members), coordinates, definition)


@dataclass(frozen=True)
class _Pairs:
    """What is compared: x and y (pair, image), and the two subjects (2, pair) of each pair, unless x is the model's."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    members: NDArray[np.int64] | None = None

    def weights(self, subjects: Array) -> Array:
        """How often each pair occurs when each subject counts so often."""
        return subjects if self.members is None else pair_weights(subjects, self.members)


def _score(table: Decisions, pairs: _Pairs, coordinates: dict[str, Any], definition: Definition) -> Score:
    conditions = np.unique(table.condition)
    of = [table.condition == condition for condition in conditions]

    def cells(weights: Array) -> Array:
        """Kappas (condition, r, pair) under weights of the images (r, image)."""
        return np.array([kappas(pairs.x[:, images], pairs.y[:, images], weights[:, images]) for images in of])

    def score(weights: Array) -> Callable[[Array], Array]:
        found = cells(weights)
        return lambda subjects: mean_of_units(found, pairs.weights(subjects))

    given = cells(np.ones((1, len(table.condition))))
    n_nan = int(np.isnan(given).sum())
    both = np.isfinite(pairs.x) & np.isfinite(pairs.y)
    unseen = sum(int((~both[:, images].any(axis=1)).sum()) for images in of)
    why = {
        "both of a pair were right (or wrong) on every image of a condition": n_nan - unseen,
        "there is no image of a condition that both of a pair saw": unseen,
    }
    reasons = " or ".join(f"{reason} ({n})" if 0 < unseen < n_nan else reason for reason, n in why.items() if n)
    said = lacking(n_nan, given.size, f"kappas have no value, because {reasons}", "a mean")
    if too_many(n_nan, given.size):
        raise ValueError(said)
    notes = (said,) if n_nan else ()
    dim = "subject" if pairs.members is None else "pair"
    units = xr.DataArray(given[:, 0], dims=("condition", dim), coords={"condition": conditions, **coordinates})
    value = float(mean_of_units(given, np.ones((1, given.shape[2])))[0])
    if definition == "brainscore":
        return Score(value=abs(value), error=float(np.nanstd(given)), units=units, n_nan=n_nan, notes=notes)
    compared = 1 if pairs.members is None else 2
    replicates = crossed_replicates(score, table.condition, len(table.subject), compared=compared)
    return with_stated_uncertainty(Score(value=value, units=units, n_nan=n_nan, notes=notes), replicates)
