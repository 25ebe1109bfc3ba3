"""One recording session: images in an archive, spike counts in arrays whose column k belongs to image k + 1."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Member, StimulusSet

#: The sessions whose single repeats are published too.
SESSIONS_WITH_REPEATS: Final = ("210325",)
ANIMALS: Final = {"190923": "WE", "201025": "PE", "210224": "PE", "210225": "PE", "210325": "PE"}


class V4Session:
    """Responses of V4 neurons to images, in spikes per 100 ms.

    Parameters
    ----------
    session : str
        A key of :data:`ANIMALS`.
    images : Path
        Zip archive with image0001.jpg, ..., 112 x 112 pixels, possibly inside a folder.
    responses : Path
        ``.npy``, (neurons, images): averages over repeats.
    repeats : Path, optional
        ``.npy``, (neurons, images, repeats): single repeats, NaN where an image was shown less often.
    """

    def __init__(self, session: str, images: Path, responses: Path, repeats: Path | None = None) -> None:
        self.session = session
        self._images = images
        self._responses = responses
        self._repeats = repeats

    def stimuli(self) -> StimulusSet:
        """The images in the order of the published columns, with identifiers such as ``190923-0001``."""
        with zipfile.ZipFile(self._images) as archive:
            names = sorted((name for name in archive.namelist() if name.endswith(".jpg")), key=lambda name: name[-8:])
        identifiers = [self._stimulus_id(int(name[-8:-4])) for name in names]
        return StimulusSet(identifiers, image=[Member(self._images, name) for name in names])

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """``V4``: (presentation, neuroid), averaged over repeats. Where the single repeats are published, also ``V4.repeats``:
        (presentation, neuroid), one row for each showing, with the coordinate ``repetition``; images were shown
        unequally often, so some repetitions lack some images."""
        averages = self._load(self._responses)
        n_neurons, n_images = averages.shape
        identifiers = np.array([self._stimulus_id(k + 1) for k in range(n_images)])
        neuroid = ("neuroid", np.array([f"{self.session}-{k:02d}" for k in range(n_neurons)]))
        attrs = {"unit": "spikes per 100 ms", "session": self.session, "animal": ANIMALS[self.session]}
        recordings = {
            "V4": xr.DataArray(
                averages.T,
                dims=("presentation", "neuroid"),
                coords={"stimulus_id": ("presentation", identifiers), "neuroid_id": neuroid},
                attrs=attrs,
            )
        }
        if self._repeats is not None:
            repeats = self._load(self._repeats)
            image, repetition = np.nonzero(np.isfinite(repeats).all(axis=0))
            recordings["V4.repeats"] = xr.DataArray(
                repeats[:, image, repetition].T,
                dims=("presentation", "neuroid"),
                coords={
                    "stimulus_id": ("presentation", identifiers[image]),
                    "repetition": ("presentation", repetition),
                    "neuroid_id": neuroid,
                },
                attrs=attrs,
            )
        return recordings

    def _stimulus_id(self, number: int) -> str:
        return f"{self.session}-{number:04d}"

    @staticmethod
    def _load(path: Path) -> NDArray[np.float64]:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
