"""The digits as stimuli and labels.

scikit-learn lists the digits in runs of 0 to 9. Here a digit is named by its content and the stimuli are sorted by name, so
that neither tells the label.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from fornix.interfaces import StimulusSet, content_hash

#: scikit-learn's grey levels are 0 to 16.
HIGHEST_LEVEL: Final = 16


class Digits:
    """Images of 8 x 8 x 3 pixels (grey, 0 to 255) and what digit each shows."""

    def stimuli(self) -> StimulusSet:
        """1,797 digits, sorted by identifier."""
        images, identifiers, order = self._images
        return StimulusSet(identifiers[order], image=[images[row] for row in order])

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """``label``: (presentation,), str "0" to "9", with the coordinate ``source_row``: the row in scikit-learn's table."""
        _, identifiers, order = self._images
        labels = load_digits().target[order]
        return {
            "label": xr.DataArray(
                labels.astype(np.str_),
                dims=("presentation",),
                coords={"stimulus_id": ("presentation", identifiers[order]), "source_row": ("presentation", order)},
            )
        }

    @cached_property
    def _images(self) -> tuple[NDArray[np.uint8], NDArray[np.str_], NDArray[np.int64]]:
        """Images and identifiers in scikit-learn's order, and the rows that sort the identifiers."""
        levels = load_digits().images
        grey = np.round(levels * 255 / HIGHEST_LEVEL).astype(np.uint8)
        images = np.repeat(grey[..., np.newaxis], 3, axis=-1)
        identifiers = np.array([f"digit-{content_hash(image)[:12]}" for image in images])
        return images, identifiers, np.argsort(identifiers)
