"""The published MATLAB files as stimuli and vectors of dissimilarities.

The files list the images by category. Here a stimulus is named by its content and the stimuli are sorted by name, so that
neither tells the category.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.spatial.distance import squareform

from fornix.interfaces import StimulusSet, content_hash


class _Dissimilarities:
    """What the datasets share: 92 images, and matrices over them in the order of the files.

    Parameters
    ----------
    supplement : Path
        The paper's supplement, with the images.
    dissimilarities : Path
        The file with the matrices.
    """

    def __init__(self, supplement: Path, dissimilarities: Path) -> None:
        self._supplement = supplement
        self._dissimilarities = dissimilarities

    def stimuli(self) -> StimulusSet:
        """92 images of 175 x 175 x 3 pixels, sorted by identifier."""
        identifiers, order = self._identifiers
        return StimulusSet(identifiers[order], image=[self._images[row] for row in order])

    @cached_property
    def _images(self) -> list[NDArray[np.uint8]]:
        return [np.asarray(entry.image, dtype=np.uint8) for entry in _load(self._supplement)["stimuli_92objs"]]

    @cached_property
    def _identifiers(self) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
        """Identifiers in the order of the files, and the rows that sort them."""
        identifiers = np.array([f"kriegeskorte2008-{content_hash(image)[:12]}" for image in self._images])
        return identifiers, np.argsort(identifiers)

    def _vectors(self, matrices: NDArray[np.floating[Any]], **coordinates: NDArray[np.str_]) -> xr.DataArray:
        """(..., 92, 92) in the order of the files -> dims (subject, pair) or (pair,), pairs a before b in sorted order."""
        identifiers, order = self._identifiers
        a, b = np.triu_indices(len(order), k=1)
        values = np.asarray(matrices, dtype=np.float64)[..., order[a], order[b]]
        names = identifiers[order]
        return xr.DataArray(
            values,
            dims=("subject", "pair") if values.ndim == 2 else ("pair",),
            coords={
                **{name: ("subject", column) for name, column in coordinates.items()},
                "stimulus_a": ("pair", names[a]),
                "stimulus_b": ("pair", names[b]),
            },
        )


class MonkeyIT(_Dissimilarities):
    """1 - Pearson between response patterns of 674 cells of monkey IT, as in Figure 1 of the paper."""

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """``IT``: (pair,); no subject axis, for the cells of both animals are pooled."""
        figure = {entry.name: entry.RDM for entry in _load(self._dissimilarities)["RDMs_mIT_hIT_fig1"]}
        return {"IT": self._vectors(squareform(figure["mIT_674neurons"]))}


class HumanIT(_Dissimilarities):
    """1 - Pearson between response patterns of 316 voxels of human IT."""

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """``IT``: (subject, pair), a subject's mean over two sessions; ``IT.figure1``: (pair,), the matrix of the paper."""
        table = _load(self._dissimilarities)["RDMs"]
        subjects = np.array([row[0].name.split("|")[1].strip() for row in table])
        sessions = np.array([[np.asarray(entry.RDM, dtype=np.float64) for entry in row] for row in table])
        figure = {entry.name: entry.RDM for entry in _load(self._supplement)["RDMs_mIT_hIT_fig1"]}
        return {
            "IT": self._vectors(sessions.mean(axis=1), subject=subjects),
            "IT.figure1": self._vectors(squareform(figure["hITvisStim_316vx"])),
        }


class Judgements(_Dissimilarities):
    """Dissimilarities that people judged by arranging the images (arbitrary unit, scaled by subject)."""

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """``similarity``: (subject, pair)."""
        entries = _load(self._dissimilarities)["rdms_behav_92"]
        subjects = np.array([entry.name.split("|")[1].strip() for entry in entries])
        return {"similarity": self._vectors(np.array([entry.RDM for entry in entries]), subject=subjects)}


class PublishedModels(_Dissimilarities):
    """Dissimilarities of the eight models that rsatoolbox publishes beside the data; not measurements."""

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """By model (``animacy``, ``HMAX``, ``monkeyIT``, ...): (pair,)."""
        return {str(entry.name): self._vectors(entry.RDM) for entry in _load(self._dissimilarities)["Models"]}


def _load(path: Path) -> dict[str, Any]:
    return dict(loadmat(path, struct_as_record=False, squeeze_me=True))
