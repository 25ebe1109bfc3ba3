"""Random images, and responses that are a linear function of them plus noise."""

import numpy as np
import xarray as xr

from fornix.interfaces import StimulusSet

NOISE = 0.1


class Toy:
    def stimuli(self):
        rng = np.random.default_rng(7)
        images = [rng.integers(0, 256, size=(4, 4, 3), dtype=np.uint8) for _ in range(40)]
        return StimulusSet([f"toy-{i:02d}" for i in range(40)], image=images)

    def recordings(self):
        stimuli = self.stimuli()
        images = np.stack([image.ravel() / 255 for image in stimuli.contents["image"]])
        rng = np.random.default_rng(0)
        responses = images @ rng.normal(size=(48, 8))
        responses = responses + NOISE * np.random.default_rng(1).normal(size=responses.shape)
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "neuroid_id": ("neuroid", np.arange(8).astype(str)),
        }
        array = xr.DataArray(responses, dims=("presentation", "neuroid"), coords=coords)
        return {"IT": array, "V4": array + 1}
