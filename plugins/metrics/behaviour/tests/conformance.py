"""What ``fornix test`` needs of these metrics: behaviour has labels, trials and thresholds instead of neuroids."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

Pair = tuple[xr.DataArray, xr.DataArray]


def examples(identifier: str, rng: np.random.Generator) -> dict[str, Pair]:
    if identifier == "error_consistency":
        right = rng.random((9, 300)) > 0.4
        same = np.broadcast_to(right[0], right.shape)
        return {"identical": (labels(right[0]), trials(same)), "unrelated": (labels(rng.random(300) > 0.5), trials(right))}
    if identifier == "accuracy":
        truth, guess = (by_stimulus(rng.choice([f"name{k}" for k in range(10)], size=400)) for _ in range(2))
        return {"identical": (truth, truth), "unrelated": (guess, truth)}
    if identifier == "accuracy_distance":
        right = rng.random((9, 300)) < rng.uniform(0.7, 0.95, size=(9, 1))
        same = np.broadcast_to(right[0], right.shape)
        return {"identical": (labels(right[0]), trials(same)), "unrelated": (labels(rng.random(300) < 0.25), trials(right))}
    if identifier in ("i1", "i2n"):
        people, model = rng.uniform(-1, 2, size=(2, 60, 4))
        # So many trials that what is left of their noise is below what identity allows.
        return {
            "identical": (probabilities(people), discriminations(people, rng, 2000)),
            "unrelated": (probabilities(model), discriminations(people, rng, 40)),
        }
    if identifier in ("threshold", "threshold_elevation", "value_delta"):
        people = rng.lognormal(np.log(2.0), 0.4, size=28)
        return {"identical": (number(2.0), numbers(np.full(28, 2.0))), "unrelated": (number(3.0), numbers(people))}
    x, y = (by_stimulus(rng.normal(size=300)) for _ in range(2))
    return {"identical": (x, x), "unrelated": (x, y)}


def chance(identifier: str, unrelated: Pair) -> float:
    """What a model of nothing scores against these people, from what is known of the two apart."""
    model, people = unrelated
    if identifier == "accuracy":  # each name as often right as guess and truth, drawn independently, agree on it
        names = np.unique(people.values)
        return float(sum((model.values == name).mean() * (people.values == name).mean() for name in names))
    if identifier == "accuracy_distance":  # as far from each as a model is that is right on a quarter
        right = (people.values == people["category"].values).astype(float)
        accuracies = [right[people["subject"].values == name].mean() for name in np.unique(people["subject"].values)]
        return float(np.mean([1 - abs(0.25 - a) / max(a, 1 - a) for a in accuracies]))
    distances = [abs(float(model) - person) for person in people.values]
    if identifier == "value_delta":
        return float(np.mean([math.exp(-distance) for distance in distances]))
    return float(np.mean([max(1 - d / person, 0.0) for d, person in zip(distances, people.values, strict=True)]))


def by_stimulus(values: np.ndarray) -> xr.DataArray:
    names = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})


def labels(right: np.ndarray) -> xr.DataArray:
    return by_stimulus(np.where(right, "cat", "dog"))


def trials(right: np.ndarray) -> xr.DataArray:
    """(subject, image) decisions in three conditions."""
    n_subjects, n_images = right.shape
    columns = {
        "subject": np.repeat([f"subject-{k}" for k in range(n_subjects)], n_images),
        "stimulus_id": np.tile([f"s{k:03d}" for k in range(n_images)], n_subjects),
        "condition": np.tile([f"c{k % 3}" for k in range(n_images)], n_subjects),
        "category": np.full(right.size, "cat"),
    }
    choices = np.where(right, "cat", "dog").ravel()
    return xr.DataArray(choices, dims=("trial",), coords={name: ("trial", column) for name, column in columns.items()})


OBJECTS = np.array(["bear", "car", "dog", "face"])


def probabilities(evidence: np.ndarray) -> xr.DataArray:
    """The probabilities of (image, object) evidence; image k shows object k % 4, for which there is evidence of 1.5."""
    evidence = np.where(np.arange(len(evidence))[:, None] % 4 == np.arange(4), 1.5, evidence)
    values = np.exp(evidence) / np.exp(evidence).sum(axis=1, keepdims=True)
    names = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(
        values, dims=("presentation", "choice"), coords={"stimulus_id": ("presentation", names), "choice": OBJECTS}
    )


def discriminations(evidence: np.ndarray, rng: np.random.Generator, repeats: int) -> xr.DataArray:
    """People who choose as often as these probabilities say, each distractor so many times."""
    p = probabilities(evidence)
    image, distractor = (index.ravel() for index in np.indices(p.shape))
    kept = image % 4 != distractor
    image, distractor = np.repeat(image[kept], repeats), np.repeat(distractor[kept], repeats)
    ours, theirs = p.values[image, image % 4], p.values[image, distractor]
    wrong = rng.random(len(image)) < theirs / (ours + theirs)
    columns = {
        "stimulus_id": p["stimulus_id"].values[image],
        "category": OBJECTS[image % 4],
        "distractor": OBJECTS[distractor],
    }
    choices = np.where(wrong, OBJECTS[distractor], OBJECTS[image % 4])
    return xr.DataArray(choices, dims=("trial",), coords={name: ("trial", column) for name, column in columns.items()})


def number(value: float) -> xr.DataArray:
    return xr.DataArray(value, coords={"baseline": 1.0})


def numbers(values: np.ndarray) -> xr.DataArray:
    subjects = np.array([f"subject-{k:02d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("subject",), coords={"subject": subjects, "baseline": ("subject", np.ones(len(values)))})
