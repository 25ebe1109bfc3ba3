"""What a regression is fitted to: sources and targets with one row for each presentation, time bins side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xarray as xr
from numpy.typing import NDArray

from fornix.numerics.linear.decomposition import Array
from fornix.numerics.splits import SplitPlan
from fornix.numerics.uncertainty.crossed import median_of_units
from fornix.numerics.uncertainty.means import unit_replicates
from fornix_metric_regression.timed import mean_over_bins
from fornix_metric_regression.timing import Fit


@dataclass(frozen=True, eq=False)
class Matched:
    """Targets with one row for each presentation, the split plan over these rows, and the regressions to fit."""

    fits: tuple[Fit, ...]
    targets: Array  # (n, time bins * neuroids): the neuroids of one bin after those of another
    neuroids: xr.DataArray
    times: xr.DataArray  # the time bins; one without a name where the target has none
    resampled: NDArray[Any]
    plan: SplitPlan
    notes: tuple[str, ...]

    @property
    def bins(self) -> list[slice]:
        """The columns of each time bin."""
        q = len(self.neuroids)
        return [slice(start, start + q) for start in range(0, self.targets.shape[1], q)]

    def value(self, units: Array) -> Array:
        """From (..., split, column) to (...): the median over neuroids, averaged over splits, then over time bins."""
        return mean_over_bins([median_of_units(units[..., columns]) for columns in self.bins])

    def unit_replicates(self, units: Array, change: Array, joint: Array, grouping: str) -> xr.DataArray:
        """Of units (split, column), the effects (group, split, column) of groups of stimuli and (pair, column) of two of them."""
        q = len(self.neuroids)
        by_bin, changes, pairs = (values.reshape(*values.shape[:-1], -1, q) for values in (units, change, joint))
        values = xr.DataArray(by_bin, dims=("split", "time_bin", "neuroid"), coords=self.neuroids.coords)
        return unit_replicates(values, changes, pairs, grouping)
