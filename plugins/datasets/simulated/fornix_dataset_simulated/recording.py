"""Noisy recordings of the simulated brain."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import StimulusSet
from fornix_dataset_simulated.brain import N_UNITS, REGIONS, Brain, textures

N_STIMULI: Final = 600
N_REPETITIONS: Final = 8
#: Standard deviation of the noise of one repetition, relative to the signal's; each neuroid has its own, between these.
NOISE: Final = (0.6, 1.2)


class SimulatedBrain:
    """600 textures, each shown eight times; in every region 20 neuroids (arbitrary unit).

    Parameters
    ----------
    seed : int
        Draws textures and noise; the brain itself is always the same.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def stimuli(self) -> StimulusSet:
        return StimulusSet(self._identifiers, image=list(self._images))

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """By region: (presentation, neuroid), one row for each repetition of each stimulus."""
        signal = Brain().responses(self._images)
        return {region: self._noisy(region, signal[region]) for region in REGIONS}

    @cached_property
    def _images(self) -> NDArray[np.uint8]:
        return textures(N_STIMULI, seed=self._seed)

    @property
    def _identifiers(self) -> NDArray[np.str_]:
        return np.array([f"simulated-{self._seed}-{k:03d}" for k in range(N_STIMULI)])

    def _noisy(self, region: str, signal: NDArray[np.float64]) -> xr.DataArray:
        random = np.random.default_rng([self._seed, REGIONS.index(region)])
        deviation = random.uniform(*NOISE, size=N_UNITS)
        noise = random.standard_normal((N_REPETITIONS, N_STIMULI, N_UNITS)) * deviation
        return xr.DataArray(
            (signal + noise).reshape(-1, N_UNITS),
            dims=("presentation", "neuroid"),
            coords={
                "stimulus_id": ("presentation", np.tile(self._identifiers, N_REPETITIONS)),
                "repetition": ("presentation", np.repeat(np.arange(N_REPETITIONS), N_STIMULI)),
                "neuroid_id": ("neuroid", np.array([f"{region}-{k:02d}" for k in range(N_UNITS)])),
            },
            attrs={"simulated": 1},
        )
