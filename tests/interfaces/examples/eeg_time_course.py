"""An EEG time course: images are flashed, sensors on the scalp follow for half a second.

The time bins count from the onset of each image and begin before it: whatever is predicted in the baseline is wrong. The model
gives one response for each bin; each bin has a regression of its own. The images were shown eight times, so the data tell
their own reliability: the score is the median over sensors and bins of r / sqrt(reliability).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Normalisation, Recording, Responses, Score, StimulusSet
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.correlation import pearson
from fornix.numerics.uncertainty.crossed import median_replicates
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups, with_uncertainty

CARDS = """
[[model]]
identifier = "toy-two_waves"
title = "A wave of luminance, then one of contrast"
modalities = ["image"]
regions = ["scalp"]

[[dataset]]
identifier = "ToyFlashes"
title = "Simulated EEG responses to eighty images"
modalities = ["image"]
regions = ["scalp"]
technique = "EEG"
simulated = true

[[benchmark]]
identifier = "ToyFlashes.scalp-time_course"
title = "Predictivity of sensors, time bin by time bin"
modalities = ["image"]
regions = ["scalp"]
normalisation = "r/sqrt(c)"
uses = { datasets = ["ToyFlashes"], metrics = ["internal_consistency"] }
"""

IMAGES, SENSORS, REPETITIONS = 80, 4, 8
BINS = tuple((float(start), start + 50.0) for start in range(-100, 400, 50))
EVOKED = Recording("scalp", time_bins=BINS, clock="onset")
#: The waves arrive after 50 ms.
SCORED = np.array([start >= 50 for start, _ in BINS])


class TwoWaves:
    """Luminance arrives first (peak at 100 ms), contrast second (peak at 200 ms); before onset there is nothing."""

    def respond(self, experiment: Experiment) -> Responses:
        if experiment.task is not None or any(r.region != "scalp" or r.clock != "onset" for r in experiment.recordings):
            raise NotAble("region", "this model has the region scalp only, by the clock of the onset")
        images = [np.asarray(image, dtype=np.float64) / 255 for image in experiment.stimuli.contents["image"]]
        features = np.array([[image.mean(), 4 * image.std()] for image in images])
        return Responses({r: self._course(features, r, experiment.stimuli) for r in experiment.recordings})

    def _course(self, features, recording, stimuli):
        if recording.time_bins is None:
            raise NotAble("region", "this model answers in time bins")
        start, end = np.array(recording.time_bins).T
        middle = np.maximum((start + end) / 2, 0)
        waves = np.array([(middle / peak) ** 4 * np.exp(4 * (1 - middle / peak)) for peak in (100.0, 200.0)])
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "neuroid_id": ("neuroid", np.array(["luminance", "contrast"])),
            "time_bin_start": ("time_bin", start),
            "time_bin_end": ("time_bin", end),
        }
        return xr.DataArray(features[:, :, None] * waves, dims=("presentation", "neuroid", "time_bin"), coords=coords)


class Flashes:
    """Images of random luminance and contrast, and sensors that mix the two waves."""

    def stimuli(self) -> StimulusSet:
        rng = np.random.default_rng(0)
        level, contrast = rng.uniform(80, 170, IMAGES), rng.uniform(5, 75, IMAGES)
        pictures = level[:, None, None, None] + contrast[:, None, None, None] * rng.choice([-1, 1], size=(IMAGES, 8, 8, 1))
        pixels = np.repeat(pictures, 3, axis=3).astype(np.uint8)
        return StimulusSet(
            [f"image-{i:02d}" for i in range(IMAGES)],
            image=list(pixels),
            onset_ms=np.zeros(IMAGES),
            duration_ms=np.full(IMAGES, 100.0),
            visual_degrees=np.full(IMAGES, 8.0),
        )

    def recordings(self) -> dict[str, xr.DataArray]:
        answer = TwoWaves().respond(Experiment(self.stimuli(), (EVOKED,)))[EVOKED]
        rng = np.random.default_rng(1)
        mean = np.einsum("iut,us->ist", answer.values, rng.normal(size=(2, SENSORS)))
        values = np.concatenate([mean + 0.25 * rng.normal(size=mean.shape) for _ in range(REPETITIONS)])
        coords = {
            "stimulus_id": ("presentation", np.tile(answer["stimulus_id"].values, REPETITIONS)),
            "repetition": ("presentation", np.repeat(np.arange(REPETITIONS), IMAGES)),
            "neuroid_id": ("neuroid", np.array([f"sensor-{s}" for s in range(SENSORS)])),
            "time_bin_start": answer["time_bin_start"],
            "time_bin_end": answer["time_bin_end"],
        }
        return {"scalp": xr.DataArray(values, dims=("presentation", "neuroid", "time_bin"), coords=coords)}


class TimeCourse:
    """Pearson r of sensors and bins after onset, by fits to the other half of the images, over the root of reliability."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyFlashes")
        self._consistency = fornix.load_metric("internal_consistency")

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (EVOKED,)),)

    def score(self, responses):
        measured = self._dataset.recordings()["scalp"].isel(time_bin=SCORED)
        mean = measured.groupby("stimulus_id").mean("presentation").transpose("stimulus_id", "neuroid", "time_bin")
        images = mean["stimulus_id"].values
        answer = responses[0][EVOKED].isel(time_bin=SCORED).set_index(presentation="stimulus_id")
        features = answer.sel(presentation=images).values
        groups = stimulus_groups(images)
        units = self._units(features, mean.values)
        without = [self._units(features[groups != g], mean.values[groups != g]) for g in range(groups.max() + 1)]
        channels = self._channels(measured)["neuroid_id"].values
        array = xr.DataArray(units, dims=("neuroid",), coords={"neuroid_id": ("neuroid", channels)})
        raw = Score(float(np.nanmedian(units)), units=array, n_nan=int(np.isnan(units).sum()))
        factors = median_replicates(units[None], np.array(without)[:, None], channels)
        return normalise(with_uncertainty(raw, replicates_array(factors)), self.ceiling(), Normalisation.ROOT)

    def ceiling(self):
        """The reliability of the mean over repetitions: the median over sensors and bins after onset."""
        return self._reliability

    @cached_property
    def _reliability(self):
        return self._consistency(self._channels(self._dataset.recordings()["scalp"].isel(time_bin=SCORED)))

    def _units(self, features, measured):
        """r (sensor x bin,), the mean of two folds."""
        even = np.arange(len(features)) % 2 == 0
        folds = [self._held_out(features, measured, train) for train in (even, ~even)]
        return np.mean(folds, axis=0).ravel()

    def _held_out(self, features, measured, train):
        """r (sensor, bin) on the images that do not train, by least squares in each bin."""
        x, y = features.transpose(2, 0, 1), measured.transpose(2, 0, 1)
        mean_x, mean_y = x[:, train].mean(axis=1, keepdims=True), y[:, train].mean(axis=1, keepdims=True)
        predicted = mean_y + (x[:, ~train] - mean_x) @ np.linalg.pinv(x[:, train] - mean_x) @ (y[:, train] - mean_y)
        return pearson(predicted.transpose(1, 2, 0), y[:, ~train].transpose(1, 2, 0))

    def _channels(self, measured):
        """Sensors and bins side by side, as neuroids (presentation, sensor x bin)."""
        names = [
            f"{sensor} {start:g} ms" for sensor in measured["neuroid_id"].values for start in measured["time_bin_start"].values
        ]
        coords = {name: measured[name] for name in ("stimulus_id", "repetition")}
        values = measured.values.reshape(len(measured), -1)
        return xr.DataArray(
            values, dims=("presentation", "neuroid"), coords={**coords, "neuroid_id": ("neuroid", np.array(names))}
        )


@hookimpl
def fornix_load_model(identifier, options):
    return TwoWaves()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Flashes()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return TimeCourse()
