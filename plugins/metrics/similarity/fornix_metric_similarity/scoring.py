"""Scores from matrices between stimuli: with replicates under new stimuli and neuroids or subjects, or over subsamples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import numpy as np
import xarray as xr

from fornix.errors import UsageError
from fornix.interfaces import AssemblyError, Score
from fornix.numerics.pair_effects import Effective, crossed_replicates
from fornix.numerics.rsa import score_subjects
from fornix.numerics.similarity import Array
from fornix.numerics.splits import split_plan
from fornix.numerics.uncertainty import replicates_array, stimulus_groups, with_uncertainty
from fornix_metric_similarity.target import Measured, Products


class Compared(Effective, Protocol):
    """Two matrices between stimuli, compared: an Agreement or an Alignment."""

    n_nan: int

    def against(self, b: Array, exact: bool) -> Self: ...


def values_alone(compared: Sequence[Compared], measured: Measured) -> Score:
    """The score without its error."""
    values = np.array([each.value for each in compared])
    n_nan = sum(each.n_nan for each in compared)
    if measured.subjects is None:
        return Score(value=float(values[0]), n_nan=n_nan)
    units = xr.DataArray(values, dims=("subject",), coords={"subject": measured.subjects})
    return Score(value=float(values.mean()), units=units, n_nan=n_nan)


def with_replicates(compared: Sequence[Compared], measured: Measured, products: Products) -> Score:
    """The score with its error for new stimuli, and new subjects or neuroids."""
    alone = values_alone(compared, measured)
    if measured.subjects is not None:
        effects = [each.pair_effects() for each in compared]
        score = score_subjects([each.value for each in compared], effects, measured.stimuli, measured.subjects)
        return score.with_(n_nan=alone.n_nan)
    rough = compared[0].against(measured.matrices[0], exact=False)
    groups = measured.neuroid_groups
    factors = crossed_replicates(
        rough.value,
        rough.pair_effects(),
        stimulus_groups(measured.stimuli),
        0 if groups is None else int(groups.max()) + 1,
        lambda left_out: rough.against(products(measured.without_neuroids(left_out)), exact=False),
    )
    # The rough value differs from the exact one; only how it changes counts.
    shifted = {name: (row - rough.value + alone.value, *scheme) for name, (row, *scheme) in factors.items()}
    return with_uncertainty(alone, replicates_array(shifted))


def over_subsamples(
    compare: Callable[[Array, Array], Compared],
    matrix: Array,
    measured: Measured,
    target: xr.DataArray,
    *,
    n_subsamples: int,
    subsample_size: float,
    seed: int,
    stratify_on: str,
) -> Score:
    """Brain-Score's mean over random subsamples of the stimuli, its error ``std/sqrt(n)``."""
    stratify = None
    if stratify_on:
        if stratify_on not in target.coords or target[stratify_on].dims != ("presentation",):
            raise AssemblyError(f"the target has no coordinate {stratify_on!r} on presentation, which stratify_on asks for")
        stratify = target[stratify_on].values
    plan = split_plan(
        measured.stimuli,
        n_splits=n_subsamples,
        test_size=subsample_size,
        seed=seed,
        stratify=stratify,
        definition="brainscore",
    )
    parts = [np.ix_(rows, rows) for rows in plan.test]
    compared = [[compare(matrix[part], other[part]) for part in parts] for other in measured.matrices]
    values = np.mean([[each.value for each in row] for row in compared], axis=0)
    kept, n = len(plan.test[0]), len(measured.stimuli)
    details = {}
    if len(values) > 1 and kept < n:
        details["delete_d_error"] = float(values.std(ddof=1) * math.sqrt(kept / (n - kept)))
    return Score(
        value=float(values.mean()),
        error=float(values.std() / np.sqrt(len(values))) if len(values) > 1 else math.nan,
        units=xr.DataArray(values, dims=("split",), coords={"split": np.arange(len(values))}),
        n_nan=sum(each.n_nan for row in compared for each in row),
        details=details,
    )


def check_subsamples(name: str, definition: str, n_subsamples: int, subsample_size: float) -> None:
    """Refuse subsamples that cannot be drawn, or that the default definition does not take.

    Raises
    ------
    UsageError
    """
    if n_subsamples < 0 or not 0 < subsample_size < 1:
        raise UsageError(
            f"metric {name!r} is asked for {n_subsamples} subsamples of size {subsample_size}; "
            "expected a number that is not negative and a size between 0 and 1"
        )
    if n_subsamples and definition == "default":
        raise UsageError(f"metric {name!r} fits nothing, so only definition='brainscore' takes n_subsamples")
