"""Models for the tests of the engine: one that works, one that fails as told by a file beside it."""

import ctypes
import os
import signal
import time
from pathlib import Path

import numpy as np
import xarray as xr

from fornix.interfaces import NotAble, Responses


class Linear:
    """Eight fixed random projections of each image."""

    def __init__(self, gain):
        self.gain = gain

    def respond(self, experiment):
        images = np.stack([image.ravel() / 255 for image in experiment.stimuli.contents["image"]])
        features = self.gain * images @ np.random.default_rng(0).normal(size=(images.shape[1], 8))
        return Responses({recording: assembly(features, experiment.stimuli) for recording in experiment.recordings})


class Behaving(Linear):
    """Works, or does what ``how`` says. The tests write it into ``how.txt``: a change of the package, so of its hash."""

    def __init__(self, how):
        super().__init__(1.0)
        told = Path(__file__).with_name("how.txt")
        self.how = told.read_text().strip() if told.exists() else how

    def respond(self, experiment):
        print(f"about to behave: {self.how}", flush=True)
        match self.how:
            case "raise":
                raise RuntimeError("the model raised on purpose")
            case "hang":
                time.sleep(600)
            case hang_unless if hang_unless.startswith("hang-unless "):
                if not Path(hang_unless.removeprefix("hang-unless ")).exists():
                    ctypes.PyDLL(None).sleep(600)  # with the interpreter's lock: no other thread of it hears anything
            case "eat":
                hoard = []
                while True:
                    hoard.append(np.ones(4_000_000))
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crash":
                ctypes.string_at(0)
            case "exit":
                os._exit(0)
            case "refuse":
                raise NotAble("region", "the card promised too much")
            case "nan":
                return Responses(
                    {
                        r: assembly(np.full((len(experiment.stimuli), 8), np.nan), experiment.stimuli)
                        for r in experiment.recordings
                    }
                )
            case "shape":
                return Responses(
                    {r: assembly(np.zeros((3, 8)), experiment.stimuli.take([0, 1, 2])) for r in experiment.recordings}
                )
            case "only-IT" if any(r.region != "IT" for r in experiment.recordings):
                raise RuntimeError("this model breaks on V4 only")
        return super().respond(experiment)


def assembly(values, stimuli):
    coords = {
        "stimulus_id": ("presentation", stimuli.stimulus_id),
        "neuroid_id": ("neuroid", np.arange(values.shape[1]).astype(str)),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)
