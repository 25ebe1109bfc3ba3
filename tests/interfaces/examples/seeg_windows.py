"""161 SEEG windows of 200 ms: electrodes in the brain, while clips of three frames are watched.

The windows slide by 25 ms and count from the start of the clip (``clock="context"``), so that they span its frames. The model
answers every frame with the time course as known by then; the last frame of a clip holds all of it. Each window has a
regression of its own, fitted to half of the clips and tested on the other.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Recording, Responses, Score, StimulusSet
from fornix.numerics.correlation import pearson
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups, with_uncertainty

CARDS = """
[[model]]
identifier = "toy-afterglow"
title = "Colours that fade after each frame"
modalities = ["image"]
regions = ["VTC"]

[[dataset]]
identifier = "ToyClips"
title = "Simulated SEEG responses to forty clips"
modalities = ["image"]
regions = ["VTC"]
technique = "SEEG"
simulated = true

[[benchmark]]
identifier = "ToyClips.VTC-windows"
title = "Predictivity of electrodes, window by window"
modalities = ["image"]
regions = ["VTC"]
uses = { datasets = ["ToyClips"], metrics = [] }
"""

CLIPS, ELECTRODES = 40, 5
ONSETS_MS = (600.0, 1700.0, 2900.0)
WINDOWS = tuple((start, start + 200.0) for start in np.arange(161) * 25.0)
CLIP = Recording("VTC", time_bins=WINDOWS, clock="context")
#: Before the first frame there is nothing to predict.
SCORED = np.array([start >= ONSETS_MS[0] for start, _ in WINDOWS])


class Afterglow:
    """Three units, one for each colour: each frame starts a response that fades with a time constant of 500 ms."""

    def respond(self, experiment: Experiment) -> Responses:
        answers = {recording: self._record(recording, experiment.stimuli) for recording in experiment.recordings}
        if experiment.task is not None:
            raise NotAble("task", "this model has no behaviour")
        return Responses(answers)

    def _record(self, recording: Recording, stimuli: StimulusSet) -> xr.DataArray:
        if recording.region != "VTC" or recording.time_bins is None or recording.clock != "context":
            raise NotAble("region", "this model has the region VTC only, in time bins by the clock of the context")
        start, end = np.array(recording.time_bins).T
        course = np.zeros((len(stimuli), 3, len(start)))
        so_far: dict[str, np.ndarray] = {}
        for row in np.argsort(stimuli.columns["order"], kind="stable"):
            clip, onset = stimuli.columns["context"][row], stimuli.columns["onset_ms"][row]
            colour = stimuli.contents["image"][row].mean(axis=(0, 1)) / 255
            # the mean of exp(-t/500) over the window, from the onset on
            fading = (
                500 * (np.exp(-np.maximum(start - onset, 0) / 500) - np.exp(-np.maximum(end - onset, 0) / 500)) / (end - start)
            )
            course[row] = so_far[clip] = so_far.get(clip, 0.0) + colour[:, None] * fading
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "neuroid_id": ("neuroid", np.array(["red", "green", "blue"])),
            "time_bin_start": ("time_bin", start),
            "time_bin_end": ("time_bin", end),
        }
        return xr.DataArray(course, dims=("presentation", "neuroid", "time_bin"), coords=coords)


class Clips:
    """Clips of three plain frames, and electrodes that mix the colours; a clip is one row of the measurements."""

    def stimuli(self) -> StimulusSet:
        colours = np.random.default_rng(0).integers(0, 256, size=(CLIPS * 3, 1, 1, 3), dtype=np.uint8)
        clip, place = np.divmod(np.arange(CLIPS * 3), 3)
        return StimulusSet(
            [f"clip-{c:02d}-frame-{p}" for c, p in zip(clip, place, strict=True)],
            image=[np.tile(colour, (8, 8, 1)) for colour in colours],
            context=[f"clip-{c:02d}" for c in clip],
            order=place,
            onset_ms=np.array(ONSETS_MS)[place],
        )

    def recordings(self) -> dict[str, xr.DataArray]:
        answer = Afterglow().respond(Experiment(self.stimuli(), (CLIP,)))[CLIP]
        rng = np.random.default_rng(1)
        values = np.einsum("cut,ue->cet", answer.values[2::3], rng.normal(size=(3, ELECTRODES)))
        values += 0.05 * rng.normal(size=values.shape)
        coords = {
            "clip": ("presentation", np.array([f"clip-{c:02d}" for c in range(CLIPS)])),
            "neuroid_id": ("neuroid", np.array([f"electrode-{e}" for e in range(ELECTRODES)])),
            "time_bin_start": answer["time_bin_start"],
            "time_bin_end": answer["time_bin_end"],
        }
        return {"VTC": xr.DataArray(values, dims=("presentation", "neuroid", "time_bin"), coords=coords)}


def held_out(features: np.ndarray, measured: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Pearson r (electrode, window) on test clips of least squares fitted to training clips, window by window.

    Parameters
    ----------
    features : (clip, unit, window)
    measured : (clip, electrode, window)
    train, test : (clip,) bool
    """
    x, y = features.transpose(2, 0, 1), measured.transpose(2, 0, 1)
    mean_x, mean_y = x[:, train].mean(axis=1, keepdims=True), y[:, train].mean(axis=1, keepdims=True)
    predicted = mean_y + (x[:, test] - mean_x) @ np.linalg.pinv(x[:, train] - mean_x) @ (y[:, train] - mean_y)
    return pearson(predicted.transpose(1, 2, 0), y[:, test].transpose(1, 2, 0))


class WindowPredictivity:
    """Pearson r, averaged over two halves of the clips, electrodes, and the windows after the first frame."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyClips")

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (CLIP,)),)

    def score(self, responses):
        stimuli, measured = self._dataset.stimuli(), self._dataset.recordings()["VTC"].isel(time_bin=SCORED)
        clips = measured["clip"].values
        last = {clip: name for clip, name in zip(stimuli.columns["context"], stimuli.stimulus_id, strict=True)}
        answer = responses[0][CLIP].isel(time_bin=SCORED).set_index(presentation="stimulus_id")
        features = answer.sel(presentation=[last[clip] for clip in clips]).values
        units = self._units(features, measured.values)
        groups = stimulus_groups(clips, 10)
        without = [np.nanmean(self._units(features[groups != g], measured.values[groups != g])) for g in range(10)]
        array = xr.DataArray(units, dims=("neuroid", "time_bin"), coords=measured.isel(presentation=0, drop=True).coords)
        score = Score(float(np.nanmean(units)), units=array, n_nan=int(np.isnan(units).sum()))
        return with_uncertainty(score, replicates_array({"stimuli": (without, "jackknife")}))

    def _units(self, features, measured):
        """r (electrode, window), the mean of two folds."""
        even = np.arange(len(features)) % 2 == 0
        return (held_out(features, measured, even, ~even) + held_out(features, measured, ~even, even)) / 2

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Afterglow()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Clips()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return WindowPredictivity()
