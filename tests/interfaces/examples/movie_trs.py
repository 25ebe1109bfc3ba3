"""Movie TRs with delays: people watch movies in a scanner; a model is recorded frame by frame.

Each run is a context of chunks of 2 s, one for each volume (TR). The model answers by frame (``per="frame"``) and knows nothing
of blood flow. Everything between frames and voxels belongs to the benchmark, inside each training fold: averaging frames over
a TR, standardising by the training runs, and the haemodynamic delays: the features of 1 to 4 TRs before (2 to 8 s), each
with weights of its own. Delays stay within their run, and a run is tested by a fit to the other runs.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Recording, Responses, Score, StimulusSet
from fornix.numerics.correlation import pearson
from fornix.numerics.linear.decomposition import Features
from fornix.numerics.linear.regression import ridge, select_alpha
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty

CARDS = """
[[model]]
identifier = "toy-motion"
title = "Colour of each frame, and its change since the frame before"
modalities = ["video"]
regions = ["V1"]

[[dataset]]
identifier = "ToyMovies"
title = "Simulated fMRI responses to four runs of a movie"
modalities = ["video"]
regions = ["V1"]
technique = "fMRI"
simulated = true

[[benchmark]]
identifier = "ToyMovies.V1-delayed_ridge"
title = "Predictivity of voxels on runs that were not fitted to"
modalities = ["video"]
regions = ["V1"]
uses = { datasets = ["ToyMovies"], metrics = [] }
"""

RUNS, VOLUMES, FRAMES, VOXELS = 4, 60, 4, 12
TR_MS = 2000.0
#: In volumes: from 2 to 8 s after the stimulus.
DELAYS = (1, 2, 3, 4)
FRAMES_OF_V1 = Recording("V1", per="frame")


class Motion:
    """Four units: mean red, green and blue of the frame, and the mean absolute change since the last frame of the run."""

    def respond(self, experiment: Experiment) -> Responses:
        if experiment.task is not None or set(experiment.recordings) != {FRAMES_OF_V1}:
            raise NotAble("region", "this model has the region V1 only, frame by frame")
        stimuli = experiment.stimuli
        last: dict[str, np.ndarray] = {}
        units, owner, position = [], [], []
        for row in np.argsort(stimuli.columns["order"], kind="stable"):
            run = stimuli.columns["context"][row]
            for number, frame in enumerate(stimuli.contents["video"][row].astype(np.float64)):
                change = np.abs(frame - last.get(run, frame)).mean()
                units.append([*frame.mean(axis=(0, 1)), change])
                owner.append(stimuli.stimulus_id[row])
                position.append(number)
                last[run] = frame
        coords = {
            "stimulus_id": ("frame", np.array(owner)),
            "position": ("frame", np.array(position)),
            "neuroid_id": ("neuroid", np.array(["red", "green", "blue", "change"])),
        }
        return Responses({FRAMES_OF_V1: xr.DataArray(units, dims=("frame", "neuroid"), coords=coords)})


class Movies:
    """Chunks of four frames, and voxels that follow them with a haemodynamic response."""

    def stimuli(self) -> StimulusSet:
        rng = np.random.default_rng(0)
        colours = rng.integers(0, 256, size=(RUNS * VOLUMES, 1, 1, 1, 3))
        flicker = rng.integers(-40, 41, size=(RUNS * VOLUMES, FRAMES, 4, 4, 1)) * rng.random((RUNS * VOLUMES, 1, 1, 1, 1))
        run, volume = np.divmod(np.arange(RUNS * VOLUMES), VOLUMES)
        return StimulusSet(
            [f"run-{r}-volume-{v:02d}" for r, v in zip(run, volume, strict=True)],
            video=list(np.clip(colours + flicker, 0, 255).astype(np.uint8)),
            context=[f"run-{r}" for r in run],
            order=volume,
            onset_ms=volume * TR_MS,
            duration_ms=np.full(len(run), TR_MS),
            frame_rate_hz=np.full(len(run), FRAMES / (TR_MS / 1000)),
        )

    def recordings(self) -> dict[str, xr.DataArray]:
        stimuli = self.stimuli()
        frames = Motion().respond(Experiment(stimuli, (FRAMES_OF_V1,)))[FRAMES_OF_V1]
        units = by_volume(frames, stimuli.stimulus_id)
        units = (units - units.mean(axis=0)) / units.std(axis=0)
        rng = np.random.default_rng(1)
        weights = rng.normal(size=(units.shape[1], VOXELS))
        voxels = np.zeros((len(units), VOXELS))
        for run in range(RUNS):
            rows = slice(run * VOLUMES, (run + 1) * VOLUMES)
            # a response that peaks 4 to 6 s after the stimulus
            voxels[rows] = sum(h * delayed(units[rows], [d]) @ weights for d, h in zip(DELAYS, (0.4, 1.0, 0.7, 0.3), strict=True))
        voxels += 1.0 * rng.normal(size=voxels.shape)
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "run": ("presentation", stimuli.columns["context"]),
            "neuroid_id": ("neuroid", np.array([f"voxel-{v}" for v in range(VOXELS)])),
        }
        return {"V1": xr.DataArray(voxels, dims=("presentation", "neuroid"), coords=coords)}


def by_volume(frames: xr.DataArray, volumes: np.ndarray) -> np.ndarray:
    """Frames (frame, neuroid) averaged over each volume (volume, neuroid), in the order of the volumes given."""
    means = frames.groupby("stimulus_id").mean("frame")
    return means.sel(stimulus_id=volumes).transpose("stimulus_id", "neuroid").values.astype(np.float64)


def delayed(units: np.ndarray, delays) -> np.ndarray:
    """Features (volume, neuroid) of one run at each delay, side by side; 0 (the mean) before the run began."""
    return np.hstack([np.vstack([np.zeros((d, units.shape[1])), units[: len(units) - d]]) for d in delays])


class DelayedRidge:
    """Pearson r of predicted and measured volumes: the mean over held-out runs and voxels.

    Parameters
    ----------
    delays : sequence of int, in volumes
    """

    def __init__(self, delays=DELAYS) -> None:
        self._dataset = fornix.load_dataset("ToyMovies")
        self._delays = delays

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (FRAMES_OF_V1,)),)

    def score(self, responses):
        measured = self._dataset.recordings()["V1"]
        units = by_volume(responses[0][FRAMES_OF_V1], measured["stimulus_id"].values)
        run = measured["run"].values
        names = np.unique(run)
        folds = np.array([self._held_out(units, measured.values, run, name) for name in names])
        by_run = xr.DataArray(
            folds, dims=("split", "neuroid"), coords={"run": ("split", names), "neuroid_id": measured["neuroid_id"]}
        )
        mean_r = np.nanmean(folds, axis=1)
        without_run = (mean_r.sum() - mean_r) / (len(names) - 1)
        score = Score(float(mean_r.mean()), units=by_run, n_nan=int(np.isnan(folds).sum()))
        return with_uncertainty(score, replicates_array({"stimuli": (without_run, "jackknife")}))

    def _held_out(self, units, voxels, run, tested):
        """Pearson r of each voxel in one run, by a fit to the others."""
        train, test = run != tested, run == tested
        # what standardises the features is learned from the training runs, and the delays never reach into another run
        scaled = (units - units[train].mean(axis=0)) / units[train].std(axis=0)
        features = np.zeros((len(units), units.shape[1] * len(self._delays)))
        for name in np.unique(run):
            features[run == name] = delayed(scaled[run == name], self._delays)
        decomposition = Features(features).decompose(np.flatnonzero(train), np.flatnonzero(test))
        alpha = select_alpha(decomposition, voxels[train], [1.0, 10.0, 100.0], together=run[train]).alpha
        return pearson(ridge(decomposition, alpha).predict(voxels[train]), voxels[test])

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Motion()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Movies()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return DelayedRidge()
