"""A metric that is easy to check by hand."""

import numpy as np
import xarray as xr

from fornix.interfaces import Score


class Correlation:
    accepts = frozenset({"values"})

    def __call__(self, source, target):
        source = source.sortby("stimulus_id")
        target = target.sortby("stimulus_id")
        r = [np.corrcoef(source.values[:, i], target.values[:, i])[0, 1] for i in range(target.sizes["neuroid"])]
        units = xr.DataArray(r, dims=("neuroid",), coords={"neuroid_id": target["neuroid_id"]})
        error = float(np.std(r, ddof=1) / np.sqrt(len(r)))
        value = float(np.mean(r))
        return Score(
            value, error=error, interval=(value - 2.36 * error, value + 2.36 * error), units=units, resampled=("neuroids",)
        )
