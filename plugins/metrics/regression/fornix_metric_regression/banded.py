"""Banded ridge regression as an estimator of the metric, and the metric with its controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from fornix.interfaces import AssemblyError, Score
from fornix.numerics.backends import AnyArray
from fornix.numerics.bins import matching_bins
from fornix.numerics.linear.banded import Bands, banded_ridge
from fornix.numerics.linear.decomposition import Array, Rows, Source
from fornix.numerics.linear.regression import Smoother
from fornix.numerics.rows import match_rows, source_stimuli
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import Permuted, Predicted, need_groups, need_training
from fornix_metric_regression.fitting import FitPaired, Fitting, TargetsToChooseBy
from fornix_metric_regression.ridge import Ridge
from fornix_metric_regression.timed import in_bins, times
from fornix_metric_regression.timing import Timing, check_source


@dataclass(frozen=True)
class BandedRidge:
    """Ridge regression with one penalty for each feature space, chosen within the training rows.

    Parameters
    ----------
    alphas : tuple of float
        Tried in each space.
    mean_diagonal : bool
        Whether they are in units of the mean diagonal of each space's centred training Gram.
    band_on : str
        The coordinate of the source's neuroids that names their feature space.
    fitting : Fitting
    """

    alphas: tuple[float, ...]
    mean_diagonal: bool = True
    band_on: str = "feature_space"
    fitting: Fitting = field(default_factory=Fitting)
    few: float = 0.0

    def check(self, plan: SplitPlan) -> None:
        need_training(plan, 2, "a ridge regression")
        need_groups(plan)

    def predict(self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float) -> Iterator[Predicted]:
        paired = self._fits(source, targets, plan)
        return self.fitting.predict(targets, plan, groups, by, lambda train, test: paired(train, test)(train))

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[Permuted]:
        return self.fitting.predict_permuted(targets, plan, permutations, self._fits(source, targets, plan))

    def _fits(self, source: Source, targets: Array, plan: SplitPlan) -> FitPaired:
        bands, columns = self._bands(source), np.arange(targets.shape[1])
        stand_in = TargetsToChooseBy(targets, columns, self.fitting)

        def fit(train: Rows, test: Rows) -> Callable[[Rows], list[tuple[Rows, Smoother]]]:
            whole = plan.whole_of(train)
            return lambda rows: [(columns, self._fit(bands, train, test, stand_in.of(rows), whole))]

        return fit

    def _bands(self, source: Source) -> Bands:
        if not isinstance(source, Bands):
            raise AssemblyError("banded_ridge tells feature spaces apart, so it needs values; the source is a Gram")
        return source.on_device(self.fitting.device)

    def _fit(self, bands: Bands, train: Rows, test: Rows, targets: AnyArray, whole: Rows | None) -> Smoother:
        units = bands.mean_diagonals(train) if self.mean_diagonal else [1.0] * len(bands.names)
        return banded_ridge(bands, train, test, targets, self.alphas, units, whole)[0]


@dataclass(frozen=True)
class BandedRidgeMetric:
    """Banded ridge beside what each feature space reaches alone, its penalty tuned on the same grid.

    A gain of several spaces over an untuned one may be that of the tuning; over the best of these controls it is not.

    Parameters
    ----------
    banded : RegressionMetric
        With a :class:`BandedRidge`.
    """

    banded: Any

    @property
    def accepts(self) -> frozenset[Literal["values", "gram"]]:
        return frozenset({"values"})

    def __call__(self, source: xr.DataArray | Mapping[str, xr.DataArray], target: xr.DataArray) -> Score:
        """The score of all feature spaces together.

        Parameters
        ----------
        source : DataArray, dims (presentation, neuroid[, time_bin]), or feature space -> DataArray
            One row for each stimulus of the target, in any order. A single one names the feature space of each unit in the
            coordinate that the option ``band_on`` says. Of several, some may have time bins; the others are the same in all.
        target : DataArray, dims (presentation, neuroid), or (presentation, neuroid, time_bin) with the option ``time``

        Returns
        -------
        Score
            As of ``ridge``. ``details``: what each space scores alone (``alone: <space>``), all in one ridge regression with
            one penalty (``one penalty``), and the largest of the former (``unimodal control``), whose units are the
            coordinate ``control`` of ``units``.
        """
        estimator = self.banded.estimator
        joined = _joined(source, target, estimator.band_on, self.banded.timing) if isinstance(source, Mapping) else source
        score: Score = self.banded(joined, target)
        ridge = Ridge(estimator.alphas, estimator.mean_diagonal, fitting=estimator.fitting)
        tuned = replace(self.banded, estimator=ridge, replicates=False)
        spaces = joined[estimator.band_on].values.astype(str)
        alone = {str(name): tuned(joined[:, spaces == name], target) for name in np.unique(spaces)}
        best = max(alone.values(), key=lambda control: -np.inf if np.isnan(control.value) else control.value)
        details = {f"alone: {name}": control.value for name, control in alone.items()}
        details |= {"one penalty": tuned(joined, target).value, "unimodal control": best.value}
        assert score.units is not None
        assert best.units is not None
        units = score.units.assign_coords(control=(best.units.dims, best.units.values))
        return score.with_(units=units, details={**score.details, **details})


def _joined(sources: Mapping[str, xr.DataArray], target: xr.DataArray, coordinate: str, timing: Timing) -> xr.DataArray:
    """Several sources side by side, their names as a coordinate of the neuroids; in the target's time bins, if one has any."""
    if len(sources) < 2:
        raise AssemblyError(f"banded_ridge got {len(sources)} sources; give two feature spaces or more, else take 'ridge'")
    known = [source_stimuli(check_source(source, timing)) for source in sources.values()]
    rows = [match_rows(stimuli, known[0]) for stimuli in known]
    names = np.repeat(np.array(list(sources), dtype=np.str_), [source.sizes["neuroid"] for source in sources.values()])
    coords: dict[str, Any] = {"stimulus_id": ("presentation", known[0]), coordinate: ("neuroid", names)}
    if not any("time_bin" in source.dims for source in sources.values()):
        values = [source.values[own] for source, own in zip(sources.values(), rows, strict=True)]
        return xr.DataArray(np.concatenate(values, axis=1), dims=("presentation", "neuroid"), coords=coords)
    values = []
    for source, own in zip(sources.values(), rows, strict=True):
        bins = matching_bins(source, target)
        values.append(in_bins(source if bins is None else source.isel(time_bin=bins), own, target))
    coords |= times(target).coords
    return xr.DataArray(np.concatenate(values, axis=1), dims=timing.dims, coords=coords)
