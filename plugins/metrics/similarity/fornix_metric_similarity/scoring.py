"""Scores from matrices between stimuli: with replicates under new stimuli and neuroids or subjects, or over subsamples."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, Protocol, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.interfaces import AssemblyError, Score
from fornix.numerics.backends import AnyArray
from fornix.numerics.definition import Definition
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.similarity.dissimilarity import Array
from fornix.numerics.similarity.rsa import score_subjects
from fornix.numerics.splits import split_plan
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.pair_effects import Effective, pair_replicates
from fornix_metric_similarity.target import Measured, Products

#: The note of a score that is NaN, or that Brain-Score's definition says is 0.
NOTHING_VARIES: Final = "nothing to compare, as source or target does not vary"


class Compared(Effective, Protocol):
    """Two matrices between stimuli, compared: an Agreement or an Alignment."""

    n_nan: int
    n_pairs: int

    @property
    def varies(self) -> bool: ...

    def against(self, b: AnyArray, exact: bool) -> Self: ...


class Subsampling(Protocol):
    """A metric that Brain-Score takes the mean over subsamples of."""

    @property
    def definition(self) -> Definition: ...
    @property
    def n_subsamples(self) -> int: ...
    @property
    def subsample_size(self) -> float: ...


def values_alone(compared: Sequence[Compared], measured: Measured) -> Score:
    """The score without its error."""
    values = np.array([value_of(each) for each in compared])
    return counted(Score(float(values.mean()), units=by_subject_units(values, measured.subjects)), compared)


def value_of(compared: Compared) -> float:
    """Its value; NaN where too many of its pairs have no dissimilarity."""
    return math.nan if too_many(compared.n_nan, compared.n_pairs) else compared.value


def by_subject_units(values: Array, subjects: NDArray[np.str_] | None) -> xr.DataArray | None:
    """The units of a score: the values of its subjects, where there are any."""
    return None if subjects is None else xr.DataArray(values, dims=("subject",), coords={"subject": subjects})


def counted(score: Score, compared: Sequence[Compared]) -> Score:
    """The score with its number of NaN, pairs or whole comparisons, and notes on them.

    Of several comparisons the note counts the pairs of the one that lacks most, by which it is that there is no score.
    """
    n_nan = sum(max(each.n_nan, int(not each.varies)) for each in compared)
    notes = () if all(each.varies for each in compared) else (NOTHING_VARIES,)
    lacks = max((each for each in compared if each.varies), key=lambda each: each.n_nan / each.n_pairs, default=None)
    if lacks is not None and lacks.n_nan:
        what = "pairs of stimuli have no dissimilarity, as the responses to one of them are equal but for rounding"
        notes = (*notes, lacking(lacks.n_nan, lacks.n_pairs, what, "a correlation over the others"))
    return score.with_(n_nan=n_nan, notes=(*score.notes, *notes))


def with_replicates(compared: Sequence[Compared], measured: Measured, products: Products) -> Score:
    """The score with its error for new stimuli, and new subjects or neuroids."""
    alone = values_alone(compared, measured)
    if math.isnan(alone.value):
        return alone
    if measured.subjects is not None:
        effects = [each.pair_effects() for each in compared]
        score = score_subjects([each.value for each in compared], effects, measured.stimuli, measured.subjects)
        return counted(score, compared)
    rough = compared[0].against(measured.matrices[0], exact=False)
    groups = measured.neuroid_groups
    factors = pair_replicates(
        rough.value,
        rough.pair_effects(),
        stimulus_groups(measured.stimuli),
        0 if groups is None else int(groups.max()) + 1,
        lambda left_out: rough.against(products(measured.without_neuroids(left_out)), exact=False),
    )
    # The rough value differs from the exact one; only how it changes counts.
    shifted = {name: (row - rough.value + alone.value, *scheme) for name, (row, *scheme) in factors.items()}
    return with_stated_uncertainty(alone, replicates_array(shifted))


def over_subsamples(
    compare: Callable[[AnyArray, AnyArray], Compared],
    matrix: AnyArray,
    measured: Measured,
    target: xr.DataArray,
    *,
    n_subsamples: int,
    subsample_size: float,
    seed: int,
    stratify_on: str,
    fewest: int,
) -> Score:
    """Brain-Score's mean over random subsamples of the stimuli, its error ``std/sqrt(n)``.

    Parameters
    ----------
    compare : function
        From two matrices between the stimuli of a subsample, the source's and a measured one.
    matrix : (n, n)
        The source's.
    measured : Measured
        Of the same n stimuli.
    target : DataArray
        Has the coordinate to stratify by.
    n_subsamples : int
    subsample_size : float
        Part of the stimuli in each.
    seed : int
    stratify_on : str
        A coordinate of the target's presentations, or empty.
    fewest : int
        Stimuli of which there is a comparison.

    Returns
    -------
    Score
        ``units`` by split; ``details["delete_d_error"]`` is the error that a jackknife of so many left out would have.
    """
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
    kept, n = min(len(rows) for rows in plan.test), len(measured.stimuli)
    if kept < fewest:
        raise AssemblyError(
            f"subsamples of size {subsample_size:g} have {kept} of {n} stimuli; expected at least {fewest}, of which there is a "
            "comparison: raise subsample_size"
        )
    parts = [np.ix_(rows, rows) for rows in plan.test]
    compared = [[compare(matrix[part], other[part]) for part in parts] for other in measured.matrices]
    values = np.mean([[value_of(each) for each in row] for row in compared], axis=0)
    details = {}
    if len(values) > 1 and kept < n:
        details["delete_d_error"] = float(values.std(ddof=1) * math.sqrt(kept / (n - kept)))
    score = Score(
        value=float(values.mean()),
        error=float(values.std() / np.sqrt(len(values))) if len(values) > 1 else math.nan,
        units=xr.DataArray(values, dims=("split",), coords={"split": np.arange(len(values))}),
        details=details,
    )
    return counted(score, [each for row in compared for each in row])


def check_subsamples(name: str, metric: Subsampling) -> None:
    """Refuse subsamples that cannot be drawn, or that the default definition does not take, and options of none.

    Parameters
    ----------
    name : str
        Of the metric, for the sentence.
    metric : Subsampling

    Raises
    ------
    UsageError
    """
    n_subsamples, subsample_size = metric.n_subsamples, metric.subsample_size
    if n_subsamples < 0 or not 0 < subsample_size < 1:
        raise UsageError(
            f"metric {name!r} is asked for {n_subsamples} subsamples of size {subsample_size}; "
            "expected a number that is not negative and a size between 0 and 1"
        )
    if n_subsamples and metric.definition == "default":
        raise UsageError(f"metric {name!r} fits nothing, so only definition='brainscore' takes n_subsamples")
    for option in () if n_subsamples else ("subsample_size", "seed", "stratify_on"):
        if getattr(metric, option) != getattr(type(metric), option):  # not at its default
            raise UsageError(f"option {option!r} of metric {name!r} has no effect without n_subsamples: leave it out")
