"""What was measured, as matrices between stimuli: one for each subject, or one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from array_api_compat import array_namespace
from numpy.typing import NDArray

from fornix.interfaces import AssemblyError, check_assembly
from fornix.numerics.backends import AnyArray, on_device
from fornix.numerics.rows import each_once, stimuli_of, take_rows
from fornix.numerics.similarity.dissimilarity import matrices_of_pairs, pair_stimuli
from fornix.numerics.uncertainty.intervals import stimulus_groups

#: From responses, dims (presentation, neuroid), to a matrix between stimuli.
Products = Callable[[xr.DataArray], AnyArray]


@dataclass(frozen=True, eq=False)
class Measured:
    """Matrices between stimuli (subjects or 1, n, n), and the responses they came from, if any."""

    stimuli: NDArray[np.str_]
    matrices: AnyArray
    subjects: NDArray[np.str_] | None = None
    responses: xr.DataArray | None = None

    @property
    def neuroid_groups(self) -> NDArray[np.int64] | None:
        """The group of each neuroid for a jackknife; None where neuroids are not resampled."""
        if self.responses is None or self.subjects is not None or self.responses.sizes["neuroid"] < 3:
            return None
        return stimulus_groups(neuroid_names(self.responses))

    def without_neuroids(self, left_out: tuple[int, ...]) -> xr.DataArray:
        """The responses without some groups of neuroids."""
        if self.responses is None or self.neuroid_groups is None:
            raise ValueError("these matrices were not made of responses of neuroids, so none can be left out")
        return self.responses.isel(neuroid=np.flatnonzero(~np.isin(self.neuroid_groups, left_out)))


def neuroid_names(responses: xr.DataArray) -> NDArray[np.generic]:
    """The neuroid_id of each neuroid, or its number."""
    names = responses["neuroid_id"].values if "neuroid_id" in responses.coords else np.arange(responses.sizes["neuroid"])
    return np.asarray(names)


def responses_once(target: xr.DataArray, fewest: int, in_order: bool) -> tuple[NDArray[np.str_], xr.DataArray]:
    """A target that shows each stimulus once, sorted by stimulus unless its order is to be kept, and its stimuli.

    Raises
    ------
    AssemblyError
        If it holds NaN, has other dims, repeats a stimulus, or has fewer stimuli than ``fewest``.
    """
    check_assembly(target, dims=("presentation", "neuroid"), finite=True, what="the target")
    stimuli = each_once(stimuli_of(target, "the target"), "the target")
    enough(stimuli, fewest)
    if in_order:
        return stimuli, target
    return np.sort(stimuli), take_rows(target, np.argsort(stimuli, kind="stable"))


def enough(stimuli: NDArray[np.str_], fewest: int) -> None:
    if len(stimuli) < fewest:
        raise AssemblyError(f"{len(stimuli)} stimuli are too few to compare; expected at least {fewest} stimuli")


def by_subject(target: xr.DataArray) -> tuple[NDArray[np.str_] | None, list[xr.DataArray]]:
    """The subjects, sorted, and the responses of each; None and the target where neuroids have no coordinate subject."""
    if "subject" not in target.coords or target["subject"].dims != ("neuroid",):
        return None, [target]
    names = target["subject"].values.astype(np.str_)
    subjects = np.unique(names)
    return subjects, [target.isel(neuroid=np.flatnonzero(names == subject)) for subject in subjects]


def measured_responses(stimuli: NDArray[np.str_], target: xr.DataArray, products: Products) -> Measured:
    """Matrices from responses, for each subject where there are subjects."""
    subjects, parts = by_subject(target)
    matrices = [products(part) for part in parts]
    return Measured(stimuli, array_namespace(*matrices).stack(matrices), subjects, target)


def measured_pairs(target: xr.DataArray, fewest: int, device: str) -> Measured:
    """Matrices, on a device, from measured dissimilarities, dims (pair,) or (subject, pair)."""
    stimuli = pair_stimuli(target, "the target")
    enough(stimuli, fewest)
    matrices = on_device(matrices_of_pairs(target, stimuli), device)
    if "subject" not in target.dims:
        return Measured(stimuli, matrices)
    names = target["subject"].values if "subject" in target.coords else np.arange(len(matrices))
    return Measured(stimuli, matrices, np.asarray(names, dtype=np.str_))
