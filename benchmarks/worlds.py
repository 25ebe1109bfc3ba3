"""Small worlds whose truth is known, for failure_modes.py: n stimuli, p features or q neuroids, noise of variance 1."""

from __future__ import annotations

import numpy as np
import xarray as xr

Array = np.ndarray
Generator = np.random.Generator


def assembly(values: Array, **coordinates: Array) -> xr.DataArray:
    """Values (n, k) as metrics take them, with further coordinates of the presentations (n,)."""
    rows = {"stimulus_id": np.array([f"s{k:05d}" for k in range(len(values))]), **coordinates}
    names = np.array([f"u{k:05d}" for k in range(values.shape[1])])
    coords = {name: ("presentation", column) for name, column in rows.items()}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={**coords, "neuroid_id": ("neuroid", names)})


def in_bins(values: Array) -> xr.DataArray:
    """Values (n, k, t) in time bins of 20 ms."""
    start = 20.0 * np.arange(values.shape[2])
    bins = {"time_bin_start": ("time_bin", start), "time_bin_end": ("time_bin", start + 20)}
    coords = {**assembly(values[:, :, 0]).coords, **bins}
    return xr.DataArray(values, dims=("presentation", "neuroid", "time_bin"), coords=coords)


def driven(rng: Generator, n: int = 200, p: int = 400, matter: int = 50, q: int = 20) -> tuple[Array, Array]:
    """Independent normal features (n, p), and neuroids (n, q) driven by the first ones, signal and noise of variance 1 each."""
    features = rng.normal(size=(n, p))
    signal = features[:, :matter] @ rng.normal(size=(matter, q)) / np.sqrt(matter)
    return features, signal + rng.normal(size=(n, q))


def smooth(rng: Generator, k: int, stories: int = 20, windows: int = 60, width: int = 20) -> Array:
    """Stories of noise, averaged over a window that moves: (stories * windows, k), of variance 1."""
    noise = rng.normal(size=(stories, windows + width - 1, k))
    summed = np.cumsum(np.concatenate([np.zeros((stories, 1, k)), noise], axis=1), axis=1)
    return (summed[:, width:] - summed[:, :-width]).reshape(-1, k) / np.sqrt(width)


def slow(rng: Generator, k: int, runs: int = 6, volumes: int = 100) -> Array:
    """Runs of autoregressive noise, each volume 0.97 of the last and something new: (runs * volumes, k)."""
    noise, found = rng.normal(size=(volumes, runs, k)), np.empty((volumes, runs, k))
    found[0] = noise[0] / np.sqrt(1 - 0.97**2)
    for t in range(1, volumes):
        found[t] = 0.97 * found[t - 1] + noise[t]
    return found.swapaxes(0, 1).reshape(-1, k)


def stories(n: int, windows: int = 60) -> Array:
    """The story of each window (n * windows,)."""
    return np.repeat([f"story{k:02d}" for k in range(n)], windows)


def repeated(cube: Array) -> xr.DataArray:
    """A recording of (repetition, stimulus, neuroid)."""
    k, n, q = cube.shape
    found = assembly(cube.reshape(-1, q), repetition=np.repeat(np.arange(k), n))
    return found.assign_coords(stimulus_id=("presentation", np.tile(found["stimulus_id"].values[:n], k)))


OBJECTS = np.array(["bear", "car", "dog", "face"])


def choices(rng: Generator, model: Array, people: Array, repeats: int) -> tuple[xr.DataArray, xr.DataArray]:
    """A model's probabilities and people's choices from evidence (image, object); image k shows object k % 4."""
    p = [np.exp(e) / np.exp(e).sum(axis=1, keepdims=True) for e in (model, people)]
    images = np.array([f"image{k:03d}" for k in range(len(model))])
    coords = {"stimulus_id": ("presentation", images), "choice": OBJECTS}
    image, offered = (np.repeat(index.ravel(), repeats) for index in np.indices(model.shape))
    kept = image % 4 != offered
    image, offered = image[kept], offered[kept]
    ours, theirs = p[1][image, image % 4], p[1][image, offered]
    chosen = np.where(rng.random(len(image)) < theirs / (ours + theirs), OBJECTS[offered], OBJECTS[image % 4])
    columns = {"stimulus_id": images[image], "category": OBJECTS[image % 4], "distractor": OBJECTS[offered]}
    trials = xr.DataArray(chosen, dims=("trial",), coords={name: ("trial", column) for name, column in columns.items()})
    return xr.DataArray(p[0], dims=("presentation", "choice"), coords=coords), trials


def decisions(model: Array, people: Array) -> tuple[xr.DataArray, xr.DataArray]:
    """A model's labels and people's trials from who was right: (image,) and (subject, image)."""
    images = np.array([f"image{k:04d}" for k in range(len(model))])
    columns = {
        "subject": np.repeat([f"subject-{k:02d}" for k in range(len(people))], len(images)),
        "stimulus_id": np.tile(images, len(people)),
        "condition": np.full(people.size, "all"),
        "category": np.full(people.size, "cat"),
    }
    coords = {name: ("trial", column) for name, column in columns.items()}
    trials = xr.DataArray(np.where(people, "cat", "dog").ravel(), dims=("trial",), coords=coords)
    labels = xr.DataArray(np.where(model, "cat", "dog"), dims=("presentation",), coords={"stimulus_id": ("presentation", images)})
    return labels, trials
