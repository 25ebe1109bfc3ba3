"""The metric: cross-validated correlation of predictions with measured responses, for each neuroid."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.interfaces import AssemblyError, Gram, Score, check_assembly
from fornix.numerics.banded import bands_of
from fornix.numerics.correlation import pearson
from fornix.numerics.crossed import median_of_units, median_replicates
from fornix.numerics.decomposition import Array, Features, Rows, Source, source_of
from fornix.numerics.rows import match_rows, source_stimuli
from fornix.numerics.splits import SplitPlan, given_split, split_plan
from fornix.numerics.uncertainty import replicates_array, stimulus_groups, with_uncertainty
from fornix_metric_regression.banded import BandedRidge, BandedRidgeMetric
from fornix_metric_regression.estimator import Estimator
from fornix_metric_regression.fitting import Fitting
from fornix_metric_regression.linear import Linear
from fornix_metric_regression.neuron_to_neuron import NeuronToNeuron
from fornix_metric_regression.pls import PLS
from fornix_metric_regression.ridge import Ridge

#: How far the weight of a group of stimuli is lowered to see what the group does; the effect is scaled up to leaving it out.
#: Leaving it out in truth would empty small test parts, where a correlation is far from linear: at 60 stimuli the error
#: would come out twice too large.
STEP: Final = 0.1


@dataclass(frozen=True, eq=False)
class _Matched:
    """Source and targets with one row for each presentation, and the split plan over these rows."""

    source: Source
    targets: Array
    neuroids: xr.DataArray
    stimulus_id: NDArray[np.str_]
    plan: SplitPlan
    notes: tuple[str, ...]


@dataclass(frozen=True)
class RegressionMetric:
    """How well a regression from a source predicts each neuroid of a target, on stimuli that it was not fitted to.

    Parameters
    ----------
    estimator : Estimator
    definition : {"default", "brainscore"}
        Default: splits over sorted unique stimuli, error from replicates. Brain-Score: splits over presentations in the
        target's order, error ``std(splits)/sqrt(n splits)``.
    splits : {"shuffle", "kfold", "group_shuffle", "group_kfold", "given"}
        ``given``: the target's coordinate ``split`` says ``train`` or ``test``.
    n_splits : int
    train_size : float
    seed : int
    stratify_on, group_on : str
        A coordinate of the target's presentations, or empty.
    direction : {"forward", "reverse"}
        Reverse: the target predicts the source.
    alpha_per : tuple of str
        Coordinates of the target's neuroids (subject, region): those that agree in all share a penalty chosen for them
        alone. Empty: one penalty for all. For ridge.
    replicates : bool
        Whether the error is estimated (default definition): otherwise the point value alone is computed.
    """

    estimator: Estimator
    definition: Literal["default", "brainscore"] = "default"
    splits: Literal["shuffle", "kfold", "group_shuffle", "group_kfold", "given"] = "shuffle"
    n_splits: int = 10
    train_size: float = 0.9
    seed: int = 1
    stratify_on: str = ""
    group_on: str = ""
    direction: Literal["forward", "reverse"] = "forward"
    alpha_per: tuple[str, ...] = ()
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
        source : DataArray, dims (presentation, neuroid), or Gram
            One row for each stimulus of the target, in any order.
        target : DataArray, dims (presentation, neuroid)
            Coordinate ``stimulus_id``; rows that repeat a stimulus also have ``repetition``.

        Returns
        -------
        Score
            The median over neuroids of Pearson r, averaged over splits; ``units`` has dims (split, neuroid). Replicates of
            the default definition: a delete-group jackknife over stimuli (a group weighs less in training and test rows;
            a penalty stays as chosen on all training rows), a bootstrap over neuroids, and both.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, do not match, or have too few stimuli.
        ValueError
            If the stimuli cannot be split as asked.
        """
        matched = self._match(source, target)
        estimated = self.replicates and self.definition == "default"
        groups = stimulus_groups(matched.stimulus_id)
        members = [np.flatnonzero(groups == g) for g in range(groups.max() + 1)] if estimated else []
        shape = (len(matched.plan), matched.targets.shape[1])
        units, without = np.empty(shape), np.empty((len(members), *shape))
        for predicted in self._estimator(matched.neuroids).predict(matched.source, matched.targets, matched.plan, members, STEP):
            split, columns, test = predicted.split, predicted.columns, matched.plan.test[predicted.split]
            measured = matched.targets[test][:, columns]
            r = pearson(predicted.values, measured)
            units[split, columns] = r
            for group, (rows, light) in enumerate(zip(members, predicted.lightened, strict=False)):
                weights = np.where(np.isin(test, rows), 1 - STEP, 1.0)
                if predicted.left_out:
                    change = (pearson(predicted.values, measured, weights) - r) / STEP + pearson(light, measured) - r
                else:
                    change = (pearson(light, measured, weights) - r) / STEP
                without[group, split, columns] = r + change
        score = self._score(units, matched)
        if self.definition == "brainscore":
            per_split = median_of_units(units[:, None])
            error = float(per_split.std() / np.sqrt(len(per_split))) if len(per_split) > 1 else math.nan
            return score.with_(error=error)
        if not estimated:
            return score
        factors = median_replicates(units, without, matched.neuroids.values)
        return with_uncertainty(score, replicates_array(factors))

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
        units = []
        for predictions, test in zip(
            self._estimator(matched.neuroids).predict_permuted(matched.source, matched.targets, matched.plan, permutations),
            matched.plan.test,
            strict=True,
        ):
            units.append([pearson(p, matched.targets[rows[test]]) for p, rows in zip(predictions, permutations, strict=True)])
        return median_of_units(np.array(units).swapaxes(0, 1))

    def _match(self, source: xr.DataArray | Gram, target: xr.DataArray) -> _Matched:
        check_assembly(target, dims=("presentation", "neuroid"), finite=True, what="the target")
        if "stimulus_id" not in target.coords:
            raise AssemblyError("the target has no coordinate stimulus_id on presentation, by which rows are matched")
        check_assembly(target, stimulus_ids=np.unique(target["stimulus_id"].values), what="the target")
        if self.definition == "default":
            keys = [target[name].values for name in ("repetition", "stimulus_id") if name in target.coords]
            target = target.isel(presentation=np.lexsort(keys))
        stimuli = np.asarray(target["stimulus_id"].values, dtype=np.str_)
        rows = match_rows(source_stimuli(source), stimuli)
        plan = self._plan(target, stimuli)
        self.estimator.check(plan)
        targets = np.asarray(target.values, dtype=np.float64)
        measured: xr.DataArray = target
        if self.direction == "reverse":
            if isinstance(source, Gram):
                raise AssemblyError("direction='reverse' predicts the model's units, so it needs values; the source is a Gram")
            matched, targets, measured = self._source(target, np.arange(len(rows))), _values(source, rows), source
        else:
            matched = self._source(source, rows)
        names = measured["neuroid_id"].values if "neuroid_id" in measured.coords else np.arange(measured.sizes["neuroid"])
        coordinates = {name: c for name, c in measured.coords.items() if c.dims == ("neuroid",)}
        neuroids = xr.DataArray(names, dims=("neuroid",), coords=coordinates)
        return _Matched(matched, targets, neuroids, stimuli, plan, self._notes(matched))

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

    def _notes(self, source: Source) -> tuple[str, ...]:
        if isinstance(self.estimator, PLS) and isinstance(source, Features):
            p = source.values.shape[1]
            if p < self.estimator.n_components:
                return (f"{p} PLS components, as the source has no more features",)
        return ()

    def _plan(self, target: xr.DataArray, stimuli: NDArray[np.str_]) -> SplitPlan:
        if self.splits == "given":
            return given_split(_coordinate(target, "split", "splits='given'"))
        return split_plan(
            stimuli,
            kind=self.splits,
            n_splits=self.n_splits,
            train_size=self.train_size,
            seed=self.seed,
            stratify=_coordinate(target, self.stratify_on, "stratify_on") if self.stratify_on else None,
            groups=_coordinate(target, self.group_on, "group_on") if self.group_on else None,
            definition=self.definition,
        )

    def _score(self, units: Array, matched: _Matched) -> Score:
        array = xr.DataArray(
            units,
            dims=("split", "neuroid"),
            coords={**matched.neuroids.coords, "split": np.arange(len(units))},
            attrs={
                "splits": self.splits,
                "n_splits": len(units),
                "train_size": self.train_size,
                "seed": self.seed,
                "stratify_on": self.stratify_on,
                "group_on": self.group_on,
                "definition": self.definition,
            },
        )
        details = {}
        if self.splits == "shuffle" and len(units) > 1:
            ratio = len(matched.plan.test[0]) / len(matched.plan.train[0])
            spread = median_of_units(units[:, None]).std(ddof=1)
            details["nadeau_bengio_error"] = float(spread * math.sqrt(1 / len(units) + ratio))
        return Score(
            value=float(median_of_units(units)),
            units=array,
            n_nan=int(np.isnan(units).sum()),
            notes=matched.notes,
            details=details,
        )


def regression_metric(identifier: str, options: Mapping[str, Any]) -> RegressionMetric | BandedRidgeMetric:
    """The metric of a card. Ridge regression and least squares are computed where ``FORNIX_SCORING_DEVICE`` says.

    Parameters
    ----------
    identifier : {"pls", "ridge", "linear", "neuron_to_neuron", "banded_ridge"}
    options : mapping
        As the card declares them, all given.

    Raises
    ------
    UsageError
        If a number is out of its range.
    """
    common = dict(options)
    estimator: Estimator
    fitting = Fitting(os.environ.get("FORNIX_SCORING_DEVICE", "numpy"))
    if identifier == "pls":
        n_components = common.pop("n_components")
        if n_components < 1:
            raise UsageError(f"option 'n_components' of metric 'pls' is {n_components}; expected at least 1")
        estimator = PLS(n_components)
    elif identifier == "ridge":
        estimator = Ridge(_alphas(identifier, common), common.pop("alpha_scale") == "mean_diagonal", fitting=fitting)
        common["alpha_per"] = tuple(common["alpha_per"])
    elif identifier == "banded_ridge":
        mean_diagonal = common.pop("alpha_scale") == "mean_diagonal"
        estimator = BandedRidge(_alphas(identifier, common), mean_diagonal, common.pop("band_on"), fitting)
    elif identifier == "neuron_to_neuron":
        estimator = NeuronToNeuron()
    else:
        estimator = Linear(fitting)
    if not 0 < common["train_size"] < 1:
        raise UsageError(f"option 'train_size' of metric {identifier!r} is {common['train_size']}; expected between 0 and 1")
    metric = RegressionMetric(estimator, **common)
    return BandedRidgeMetric(metric) if identifier == "banded_ridge" else metric


def _alphas(identifier: str, options: dict[str, Any]) -> tuple[float, ...]:
    alphas = options.pop("alphas")
    numbers = [a for a in alphas if isinstance(a, int | float) and not isinstance(a, bool) and a > 0 and math.isfinite(a)]
    if not numbers or len(numbers) < len(alphas):
        raise UsageError(f"option 'alphas' of metric {identifier!r} is {list(alphas)}; expected numbers above 0, at least one")
    return tuple(float(a) for a in numbers)


def _coordinate(target: xr.DataArray, name: str, option: str) -> NDArray[Any]:
    if name not in target.coords or target[name].dims != ("presentation",):
        raise AssemblyError(f"the target has no coordinate {name!r} on presentation, which {option} asks for")
    return np.asarray(target[name].values)


def _values(assembly: xr.DataArray, rows: Rows) -> Array:
    return np.asarray(assembly.values[rows], dtype=np.float64)
