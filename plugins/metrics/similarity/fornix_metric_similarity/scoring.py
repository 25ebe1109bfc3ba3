"""Scores from matrices between stimuli: with replicates under new stimuli and neuroids or subjects."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fornix.interfaces import Score
from fornix.numerics.similarity.rsa import score_subjects
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.pair_effects import Effective, pair_replicates
from fornix_metric_similarity.target import Measured, Products
from fornix_metric_similarity.timed import Bins, Compared, together, value_of


def values_alone(bins: Bins, compared: Sequence[Sequence[Compared]], measured: Sequence[Measured]) -> Score:
    """The score without its error, from comparisons by bin and subject."""
    values = np.array([[value_of(each) for each in of_bin] for of_bin in compared])
    return bins.counted(Score(float(values.mean()), units=bins.units(values, measured[0].subjects)), compared)


def with_replicates(
    bins: Bins, compared: Sequence[Sequence[Compared]], measured: Sequence[Measured], products: Products
) -> Score:
    """The score with its error for new stimuli, and new subjects or neuroids, which are the same in all bins.

    Parameters
    ----------
    bins : Bins
    compared : sequence of sequences of Compared
        By bin and subject.
    measured : sequence of Measured
        By bin.
    products : function
        From responses to a matrix between stimuli.
    """
    alone, first = values_alone(bins, compared, measured), measured[0]
    if math.isnan(alone.value):
        return alone
    if first.subjects is not None:
        means = [together(of_subject) for of_subject in zip(*compared, strict=True)]
        effects = [mean.pair_effects() for mean in means]
        score = score_subjects([mean.value for mean in means], effects, first.stimuli, first.subjects)
        return bins.counted(score.with_(units=alone.units), compared)
    rough = [of_bin[0].against(one.matrices[0], exact=False) for of_bin, one in zip(compared, measured, strict=True)]
    mean = together(rough)

    def without(left_out: tuple[int, ...]) -> Effective:
        matrices = (products(one.without_neuroids(left_out)) for one in measured)
        return together([each.against(matrix, exact=False) for each, matrix in zip(rough, matrices, strict=True)])

    groups = first.neuroid_groups
    n_groups = 0 if groups is None else int(groups.max()) + 1
    factors = pair_replicates(mean.value, mean.pair_effects(), stimulus_groups(first.stimuli), n_groups, without)
    # The rough value differs from the exact one; only how it changes counts.
    shifted = {name: (row - mean.value + alone.value, *scheme) for name, (row, *scheme) in factors.items()}
    return with_stated_uncertainty(alone, replicates_array(shifted))
