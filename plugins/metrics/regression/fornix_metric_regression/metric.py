"""The metric: cross-validated correlation of predictions with measured responses, for each neuroid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import AssemblyError, Gram, Score, check_assembly
from fornix.numerics.bins import matching_bins
from fornix.numerics.correlation import pearson
from fornix.numerics.linear.banded import bands_of
from fornix.numerics.linear.decomposition import Array, Rows, Source, source_of
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.rows import match_rows, source_stimuli, stimuli_of, take_rows
from fornix.numerics.uncertainty.crossed import median_replicates
from fornix.numerics.uncertainty.intervals import grouping, replicates_array, stimulus_groups
from fornix.numerics.uncertainty.jackknife import influence
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix_metric_regression.banded import BandedRidge
from fornix_metric_regression.estimator import Estimator
from fornix_metric_regression.matched import Matched
from fornix_metric_regression.neuron_to_neuron import NeuronToNeuron
from fornix_metric_regression.pls import PLS
from fornix_metric_regression.ridge import Ridge
from fornix_metric_regression.splitting import Splitting
from fornix_metric_regression.timed import (
    drop_whole_splits,
    factors_over_bins,
    in_bins,
    permuted_predictions,
    predictions,
    times,
)
from fornix_metric_regression.timing import Timing, check_source, fits

#: How far the weight of a group of stimuli is lowered to see what the group does. Simulated correlations of small test parts
#: (6 of 60 stimuli) have the right error with a half; to first order in the weight it is too small, left out too large.
STEP: Final = 0.5


@dataclass(frozen=True)
class RegressionMetric:
    """How well a regression from a source predicts each neuroid of a target, on stimuli that it was not fitted to.

    Parameters
    ----------
    estimator : Estimator
    definition : {"default", "brainscore"}
        Default: splits over sorted unique stimuli, error from replicates. Brain-Score: splits over presentations in the
        target's order, error ``std(splits)/sqrt(n splits)``.
    splitting : Splitting
        Over stimuli, or groups of them.
    direction : {"forward", "reverse"}
        Reverse: the target predicts the source.
    timing : Timing
        Fits by time bin or across bins, and delays.
    alpha_per : tuple of str
        Coordinates of the target's neuroids (subject, region): those that agree in all share a penalty chosen for them
        alone. Empty: one penalty for all. For ridge.
    replicates : bool
        Whether the error is estimated (default definition): otherwise the point value alone is computed.
    """

    estimator: Estimator
    definition: Literal["default", "brainscore"] = "default"
    splitting: Splitting = field(default_factory=Splitting)
    direction: Literal["forward", "reverse"] = "forward"
    alpha_per: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)
    replicates: bool = True

    @property
    def accepts(self) -> frozenset[Literal["values", "gram"]]:
        return (
            frozenset({"values"}) if isinstance(self.estimator, NeuronToNeuron | BandedRidge) else frozenset({"values", "gram"})
        )

    def __call__(self, source: xr.DataArray | Gram, target: xr.DataArray) -> Score:
        """The score of a source.

        Parameters
        ----------
        source : DataArray, dims (presentation, neuroid[, time_bin]), or Gram
            One row for each stimulus of the target, in any order; time bins are matched by their start and end.
        target : DataArray, dims (presentation, neuroid), or (presentation, neuroid, time_bin) with the option ``time``
            Coordinate ``stimulus_id``; rows that repeat a stimulus also have ``repetition``.

        Returns
        -------
        Score
            The median over neuroids of Pearson r, averaged over splits, then over time bins; ``units`` has dims (split,
            neuroid[, time_bin]). Replicates of
            the default definition: a delete-group jackknife over stimuli, or over the groups that splits keep whole (a group
            weighs less in training and test rows; a penalty stays as chosen on all training rows), a bootstrap over neuroids,
            and both.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, do not match, or have too few stimuli.
        ValueError
            If the stimuli cannot be split as asked.
        """
        matched = self._match(source, target)
        estimated = self.replicates and self.definition == "default"
        groups = stimulus_groups(matched.resampled)
        members = [np.flatnonzero(groups == g) for g in range(groups.max() + 1)] if estimated else []
        q, n_splits = matched.targets.shape[1], len(matched.plan)
        units, change = np.empty((n_splits, q)), np.empty((len(members), n_splits, q))
        joint = np.zeros((len(members) * (len(members) - 1) // 2, q))
        for predicted in predictions(self._estimator(matched.neuroids), matched.fits, matched.plan, members, STEP):
            split, columns, test = predicted.split, predicted.columns, matched.plan.test[predicted.split]
            measured = matched.targets[np.ix_(test, columns)]
            if not members:
                units[split, columns] = pearson(predicted.values, measured)
                continue
            trained = 1.0 if predicted.left_out else STEP
            found = influence(
                predicted.values, predicted.lightened, measured, groups[test], len(members), tested=STEP, trained=trained
            )
            units[split, columns], change[:, split, columns] = found.r, found.change
            joint[:, columns] += found.joint / n_splits
        score = self._score(units, matched)
        if self.definition == "brainscore":
            per_split = matched.value(units[:, None])
            error = float(per_split.std() / np.sqrt(len(per_split))) if len(per_split) > 1 else math.nan
            return score.with_(error=error)
        if not estimated or math.isnan(score.value):
            return score
        drop_whole_splits(units, change, members, matched.plan)
        factors = factors_over_bins(
            [
                median_replicates(units[:, b], change[:, :, b], matched.neuroids.values, joint[:, b], correlations=True)
                for b in matched.bins
            ]
        )
        of_stimuli = grouping(matched.resampled, groups)
        score = score.with_(unit_replicates=matched.unit_replicates(units, change, joint, of_stimuli))
        return with_stated_uncertainty(score, replicates_array(factors).assign_attrs(grouping=of_stimuli))

    def permuted(
        self, source: xr.DataArray | Gram, target: xr.DataArray, permutations: Sequence[NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """What the source scores when its rows are paired with others: a null distribution in one pass.

        Splits and decompositions of the source are shared by all permutations, so twenty cost little more than one.

        Parameters
        ----------
        permutations : sequence of (n,) int
            Row i of the target's stimuli is given the responses of row ``permutation[i]``, counting the rows as the
            definition orders them (default: by stimulus_id, then repetition; Brain-Score: as given).

        Returns
        -------
        (len(permutations),)
        """
        matched = self._match(source, target)
        units = np.empty((len(permutations), len(matched.plan), matched.targets.shape[1]))
        for predicted in permuted_predictions(self._estimator(matched.neuroids), matched.fits, matched.plan, permutations):
            rows = permutations[predicted.permutation][matched.plan.test[predicted.split]]
            measured = matched.targets[np.ix_(rows, predicted.columns)]
            units[predicted.permutation, predicted.split, predicted.columns] = pearson(predicted.values, measured)
        return matched.value(units)

    def _match(self, source: xr.DataArray | Gram, target: xr.DataArray) -> Matched:
        check_assembly(target, dims=self.timing.dims, finite=True, what="the target")
        check_assembly(target, stimulus_ids=np.unique(stimuli_of(target, "the target")), what="the target")
        if self.definition == "default":
            keys = [target[name].values for name in ("repetition", "stimulus_id") if name in target.coords]
            target = take_rows(target, np.lexsort(keys))
        stimuli = stimuli_of(target, "the target")
        rows = match_rows(source_stimuli(check_source(source, self.timing)), stimuli)
        reverse = self.direction == "reverse"
        if reverse and isinstance(source, Gram):
            raise AssemblyError("direction='reverse' predicts the model's units, so it needs values; the source is a Gram")
        bins, history, here = matching_bins(source, target), self.timing.history(target), target
        if history is not None:
            here = target.isel({"time_bin" if self.timing.time == "across" else "presentation": history.rows})
            if reverse:
                raise AssemblyError(
                    "delays look back from measured responses to the model's; with direction='reverse' leave them out"
                )
        by, shown = self.timing.resampled_by(self.splitting.group_on), stimuli_of(here, "the target")
        plan = self.splitting.plan(here, shown, self.definition)
        if self.definition == "default":  # Brain-Score's regressions choose penalties by single rows, whatever splits keep whole
            plan = replace(plan, whole=here[by].values)
        self.timing.check_plan(here, plan)
        self.estimator.check(plan)
        if self.timing.time != "across" and self.timing.delays == (0,):  # else predictions for one stimulus vary, too
            self.splitting.check_tested(shown, plan, self.definition)
        if reverse:
            assert isinstance(source, xr.DataArray)
            predicted = source if bins is None else source.isel(time_bin=bins)
            measured = in_bins(predicted, rows, here)
            own_bins = None if self.timing.time == "none" else np.arange(target.sizes["time_bin"])
            found = fits(target, np.arange(len(rows)), measured, own_bins, self.timing, None, self._source)
        else:
            predicted, measured = here, in_bins(here, None, here)
            found = fits(source, rows, measured, bins, self.timing, history, self._source)
        names = predicted["neuroid_id"].values if "neuroid_id" in predicted.coords else np.arange(predicted.sizes["neuroid"])
        coordinates = {name: c for name, c in predicted.coords.items() if c.dims == ("neuroid",)}
        neuroids = xr.DataArray(names, dims=("neuroid",), coords=coordinates)
        resampled = here[by].values
        columns = measured.transpose(0, 2, 1).reshape(len(measured), -1)
        notes = self._notes(target if reverse else source, len(self.timing.delays))
        if by != "stimulus_id" and self.replicates and self.definition == "default":
            notes = (*notes, f"stimuli resampled by {by}: {len(np.unique(resampled))} groups")
        return Matched(found, columns, neuroids, times(here), resampled, plan, notes)

    def _source(self, source: xr.DataArray | Gram, rows: Rows) -> Source:
        if isinstance(self.estimator, BandedRidge) and isinstance(source, xr.DataArray):
            return bands_of(source, rows, self.estimator.band_on)
        return source_of(source, rows, self.estimator.few)

    def _estimator(self, neuroids: xr.DataArray) -> Estimator:
        """The estimator for these neuroids: with the groups that share a penalty, where ``alpha_per`` says so."""
        if not self.alpha_per or not isinstance(self.estimator, Ridge):
            return self.estimator
        missing = [name for name in self.alpha_per if name not in neuroids.coords]
        if missing:
            raise AssemblyError(f"the neuroids have no coordinate {missing[0]!r}, which alpha_per asks for")
        labels = np.stack([neuroids[name].values.astype(str) for name in self.alpha_per])
        _, group = np.unique(labels, axis=1, return_inverse=True)
        group = group.reshape(-1)
        return replace(self.estimator, together=tuple(np.flatnonzero(group == g) for g in range(group.max() + 1)))

    def _notes(self, predictors: xr.DataArray | Gram, times: int) -> tuple[str, ...]:
        """What a reader must know of a fit from these predictors, so many times side by side."""
        p = times * (predictors.n_features if isinstance(predictors, Gram) else predictors.sizes["neuroid"])
        if isinstance(self.estimator, PLS) and p < self.estimator.n_components:
            return (f"{p} PLS component{'s' * (p != 1)}, as the source has no more features",)
        return ()

    def _score(self, units: Array, matched: Matched) -> Score:
        by_bin = units.reshape(len(units), -1, len(matched.neuroids)).swapaxes(1, 2)
        timed = self.timing.time != "none"
        array = xr.DataArray(
            by_bin if timed else units,
            dims=("split", "neuroid", "time_bin") if timed else ("split", "neuroid"),
            coords={**matched.neuroids.coords, **(matched.times.coords if timed else {}), "split": np.arange(len(units))},
            attrs={
                **self.splitting.stated,
                "n_splits": len(units),
                "definition": self.definition,
                **self.timing.stated,
            },
        )
        details = {}
        if self.splitting.splits == "shuffle" and len(units) > 1:
            ratio = len(matched.plan.test[0]) / len(matched.plan.train[0])
            spread = matched.value(units[:, None]).std(ddof=1)
            details["nadeau_bengio_error"] = float(spread * math.sqrt(1 / len(units) + ratio))
        n_nan, value, notes = int(np.isnan(units).sum()), float(matched.value(units)), matched.notes
        if math.isnan(value) or (too_many(n_nan, units.size) and self.definition == "default"):
            value = math.nan
            what = (
                f"units ({' x '.join(map(str, array.dims))}) have no correlation, as the response or its prediction does not vary"
            )
            notes = (*notes, lacking(n_nan, units.size, what, "a median"))
        return Score(value=value, units=array, n_nan=n_nan, notes=notes, details=details)
