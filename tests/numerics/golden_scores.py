"""Whole scores of formula-made responses, one for each way of scoring, for the golden values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

import fornix
from fornix.interfaces import Normalisation, Score
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.linear.gram import gram_of_assembly

N_STIMULI = 60
STIMULI = np.array([f"s{k:02d}" for k in range(N_STIMULI)])


def waves(rows: int, columns: int, phase: float = 0.0) -> np.ndarray:
    """(rows, columns): sines whose frequencies share no factor, so that no column depends on the others."""
    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    return np.sin(0.37 * (row + 1) * np.sqrt(column + 2) + phase) + 0.5 * np.cos(1.1 * row + column**2)


def assembly(
    values: np.ndarray, stimuli: np.ndarray = STIMULI, of_neuroids: dict[str, np.ndarray] | None = None, **coordinates: np.ndarray
) -> xr.DataArray:
    on_rows = {name: ("presentation", column) for name, column in {"stimulus_id": stimuli, **coordinates}.items()}
    if values.ndim == 1:
        return xr.DataArray(values, dims=("presentation",), coords=on_rows)
    names = {"neuroid_id": np.array([f"n{k:02d}" for k in range(values.shape[1])]), **(of_neuroids or {})}
    on_units = {name: ("neuroid", column) for name, column in names.items()}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={**on_rows, **on_units})


SOURCE = waves(N_STIMULI, 12)
TARGET = SOURCE[:, :7] @ waves(7, 7, 1.0) + waves(N_STIMULI, 7, 2.0)


def linear(metric: str, **options: object) -> Score:
    return fornix.load_metric(metric, **options)(assembly(SOURCE), assembly(TARGET))


def from_gram() -> Score:
    wide = assembly(SOURCE @ waves(12, 90, 3.0))
    metric = fornix.load_metric("ridge", alphas=[1e-3, 1e-1, 10.0], alpha_scale="mean_diagonal")
    return metric(gram_of_assembly(wide), assembly(TARGET))


def banded() -> Score:
    spaces = {"feature_space": np.repeat(["edges", "words"], [5, 7])}
    metric = fornix.load_metric("banded_ridge", alphas=[1e-2, 1.0])
    return metric(assembly(SOURCE, of_neuroids=spaces), assembly(TARGET))


def delayed() -> Score:
    run = {"run": np.repeat([f"r{k}" for k in range(6)], 10), "volume": np.tile(np.arange(10), 6)}
    options = {"splits": "group_kfold", "group_on": "run", "n_splits": 3, "run_on": "run", "order_on": "volume"}
    metric = fornix.load_metric("ridge", delays=[0, 1, 2], **options)
    return metric(assembly(SOURCE[:, :4]), assembly(TARGET, **run))


def groups_left_out() -> Score:
    run = {"run": np.repeat([f"r{k}" for k in range(6)], 10)}
    options = {"splits": "group_kfold", "group_on": "run", "n_splits": 3, "alphas": [1e-3, 1.0, 30.0]}
    return fornix.load_metric("ridge", **options)(assembly(SOURCE), assembly(TARGET, **run))


def repeated(n_repeats: int, coordinate: str = "repetition") -> xr.DataArray:
    repeats = np.concatenate([TARGET + 1.5 * waves(N_STIMULI, 7, 4.0 + t) for t in range(n_repeats)])
    return assembly(repeats, np.tile(STIMULI, n_repeats), **{coordinate: np.repeat(np.arange(n_repeats), N_STIMULI)})


def itself(metric: str, recording: xr.DataArray, **options: object) -> Score:
    return fornix.load_metric(metric, **options)(recording, recording)


def crossnobis() -> Score:
    return fornix.load_metric("rdm", distance="crossnobis")(assembly(SOURCE), repeated(4))


def of_subjects(n_subjects: int) -> xr.DataArray:
    """Six neuroids of each subject, who share the responses of the source with noise of their own."""
    values = [SOURCE[:, :6] + waves(N_STIMULI, 6, 5.0 + 0.7 * s) for s in range(n_subjects)]
    subject = np.repeat([f"subject-{s:02d}" for s in range(n_subjects)], 6)
    return assembly(np.concatenate(values, axis=1), of_neuroids={"subject": subject})


def over_bins() -> Score:
    """Each of three time bins with responses of its own, for source and target."""
    source, target = (
        xr.concat([assembly(values + 0.5 * waves(*values.shape, 6.0 + k)) for k in range(3)], "time_bin")
        .transpose("presentation", "neuroid", "time_bin")
        .assign_coords(time_bin_start=("time_bin", [70, 90, 110]), time_bin_end=("time_bin", [90, 110, 130]))
        for values in (SOURCE, TARGET)
    )
    return fornix.load_metric("rdm", time="each")(source, target)


def similarity(n_subjects: int) -> Score:
    return fornix.load_metric("rdm")(assembly(SOURCE), of_subjects(n_subjects))


def rsa_ceiling(n_subjects: int) -> Score:
    return fornix.load_metric("rsa_ceiling")(of_subjects(n_subjects))


def choices(n_subjects: int, unlike: float) -> xr.DataArray:
    """Everyone names every image, in two conditions."""
    names, image = np.array(["cat", "dog"]), np.arange(N_STIMULI)
    return xr.DataArray(
        np.concatenate([names[(np.sin(1.3 * image + unlike * k) > 0).astype(int)] for k in range(n_subjects)]),
        dims=("trial",),
        coords={
            "subject": ("trial", np.repeat(np.array(list("abcdefghij"))[:n_subjects], N_STIMULI)),
            "condition": ("trial", np.tile(np.repeat(["easy", "hard"], N_STIMULI // 2), n_subjects)),
            "stimulus_id": ("trial", np.tile(STIMULI, n_subjects)),
            "category": ("trial", np.tile(names[np.arange(N_STIMULI) % 2], n_subjects)),
        },
    )


def labelling(identifier: str, n_subjects: int = 3, unlike: float = 1.0) -> Score:
    labels = np.array(["cat", "dog"])[(np.sin(1.3 * np.arange(N_STIMULI) + 0.4) > 0).astype(int)]
    return ceiled(identifier, assembly(labels), choices(n_subjects, unlike))


def ceiled(identifier: str, source: xr.DataArray, target: xr.DataArray, by: str = "s/c", **options: object) -> Score:
    metric = fornix.load_metric(identifier, **options)
    return normalise(metric(source, target), metric.ceiling(target), Normalisation(by))  # type: ignore[attr-defined]


def accuracy() -> Score:
    labels = np.array(["x", "y", "z"])
    named, right = (labels[(waves(N_STIMULI, 1, p)[:, 0] * 1.4).round().astype(int) % 3] for p in (0.0, 0.5))
    score = fornix.load_metric("accuracy")(assembly(named), assembly(right))
    return normalise(score, Score(1.0, error=0.0, interval=(1.0, 1.0)), Normalisation.CHANCE, chance=1 / 3)


def discrimination(identifier: str) -> Score:
    """Three people choose between the object of each image and each of the others, four times."""
    objects, n_images, n_repeats = np.array(["bear", "car", "dog"]), 24, 4
    evidence = 1.2 * waves(n_images, 3) + 1.5 * (np.arange(n_images)[:, None] % 3 == np.arange(3))
    p = np.exp(evidence) / np.exp(evidence).sum(axis=1, keepdims=True)
    person, repeat, image, other = (index.ravel() for index in np.indices((3, n_repeats, n_images, 3)))
    kept = image % 3 != other
    person, repeat, image, other = (index[kept] for index in (person, repeat, image, other))
    preferred = evidence[image, other] - evidence[image, image % 3]
    wrong = preferred + 2 * np.sin(1.7 * np.arange(len(image)) + person) > 0
    trials = xr.DataArray(
        np.where(wrong, objects[other], objects[image % 3]),
        dims=("trial",),
        coords={
            "subject": ("trial", np.array(["a", "b", "c"])[person]),
            "stimulus_id": ("trial", STIMULI[image]),
            "category": ("trial", objects[image % 3]),
            "distractor": ("trial", objects[other]),
        },
    )
    coords = {"stimulus_id": ("presentation", STIMULI[:n_images]), "choice": objects}
    probabilities = xr.DataArray(p, dims=("presentation", "choice"), coords=coords)
    return ceiled(identifier, probabilities, trials, "r/sqrt(c)")


def numbers(identifier: str, n_subjects: int, **options: object) -> Score:
    """A model's number against everybody's."""
    people = 10.0 + 4 * np.sin(1.9 * np.arange(n_subjects))
    before = ("subject", 5.0 + np.cos(np.arange(n_subjects)))
    coords = {"subject": [f"subject-{s:02d}" for s in range(n_subjects)], "baseline": before}
    target = xr.DataArray(people, dims=("subject",), coords=coords)
    if identifier != "threshold_elevation":
        target = target.drop_vars("baseline")
    return ceiled(identifier, xr.DataArray(9.0, coords={"baseline": 6.0}), target, **options)


SCORES: dict[str, Callable[[], Score]] = {
    "ridge": lambda: linear("ridge"),
    "ridge, penalty chosen, from a Gram": from_gram,
    "ridge, penalty chosen by groups left out": groups_left_out,
    "ridge, delays": delayed,
    "banded_ridge": banded,
    "pls": lambda: linear("pls", n_components=4),
    "linear": lambda: linear("linear"),
    "neuron_to_neuron": lambda: linear("neuron_to_neuron"),
    "rdm": lambda: linear("rdm"),
    "rdm, tau-a": lambda: linear("rdm", comparison="kendall"),
    "rdm, cosine of euclidean distances": lambda: linear("rdm", comparison="cosine", distance="euclidean"),
    "rdm, crossnobis": crossnobis,
    "rdm, over time bins": over_bins,
    "rdm, 4 subjects": lambda: similarity(4),
    "rdm, 9 subjects": lambda: similarity(9),
    "cka": lambda: linear("cka"),
    "cka, biased": lambda: linear("cka", estimator="biased"),
    "procrustes": lambda: linear("procrustes"),
    "pearson": lambda: fornix.load_metric("pearson")(assembly(SOURCE[:, 0]), assembly(TARGET[:, 0])),
    "internal_consistency": lambda: itself("internal_consistency", repeated(4)),
    "internal_consistency, subjects": lambda: itself("internal_consistency", repeated(6, "subject"), over="subject"),
    "noise_ceiling": lambda: itself("noise_ceiling", repeated(4)),
    "rsa_ceiling, 2 subjects": lambda: rsa_ceiling(2),
    "rsa_ceiling, 4 subjects": lambda: rsa_ceiling(4),
    "rsa_ceiling, 9 subjects": lambda: rsa_ceiling(9),
    "r|r|/c": lambda: normalise(linear("ridge"), itself("internal_consistency", repeated(4)), Normalisation.SIGNED_SQUARE),
    "mean(r_i|r_i|/c_i)": lambda: normalise(linear("ridge"), itself("noise_ceiling", repeated(4)), Normalisation.PER_UNIT),
    "mean(r_i/sqrt(c_i))": lambda: normalise(linear("ridge"), itself("noise_ceiling", repeated(4)), Normalisation.PER_UNIT_ROOT),
    "mean(s_j/c_j)": lambda: normalise(similarity(4), rsa_ceiling(4), Normalisation.PER_SUBJECT),
    "error_consistency / ceiling": lambda: labelling("error_consistency"),
    "error_consistency / ceiling, 2 subjects": lambda: labelling("error_consistency", 2),
    "error_consistency / ceiling, 9 subjects": lambda: labelling("error_consistency", 9, 0.2),
    "accuracy above chance": accuracy,
    "accuracy_distance / ceiling": lambda: labelling("accuracy_distance"),
    "i1 / sqrt(ceiling)": lambda: discrimination("i1"),
    "i2n / sqrt(ceiling)": lambda: discrimination("i2n"),
    "threshold / ceiling, 2 subjects": lambda: numbers("threshold", 2),
    "threshold / ceiling": lambda: numbers("threshold", 5),
    "threshold / ceiling, 9 subjects": lambda: numbers("threshold", 9),
    "threshold_elevation / ceiling": lambda: numbers("threshold_elevation", 5),
    "value_delta / ceiling": lambda: numbers("value_delta", 5, scale=0.2),
}
