"""What conformance tests show to models and metrics: small stimuli of every modality, and a model of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr

from fornix.interfaces import (
    Choice,
    Content,
    Experiment,
    Fitting,
    Gram,
    Label,
    NextWord,
    OddOneOut,
    Probabilities,
    ReadingTimes,
    Recording,
    Responses,
    Similarity,
    StimulusSet,
    Surprisal,
    Task,
)
from fornix.numerics.linear.gram import GramAccumulator

_WORDS: Final = ("the", "old", "man", "the", "boats", "while", "a", "horse", "raced", "past", "the", "barn", "fell")


def image(rng: np.random.Generator, level: float = 0.5) -> np.ndarray:
    """A smooth random picture, (64, 64, 3) uint8, of this mean level."""
    coarse = rng.normal(size=(8, 8, 3))
    picture = np.kron(coarse, np.ones((8, 8, 1)))
    shown: np.ndarray = np.clip(255 * (level + 0.15 * picture), 0, 255).astype(np.uint8)
    return shown


def stimuli(modalities: Sequence[str], n: int = 6, seed: int = 0, *, in_context: bool = False) -> StimulusSet:
    """n stimuli with content in every modality named; texts are words, in context those of two sentences."""
    rng = np.random.default_rng(seed)
    contents: dict[str, list[Content]] = {
        "image": [image(rng) for _ in range(n)],
        "video": [np.stack([image(rng) for _ in range(4)]) for _ in range(n)],
        "audio": [rng.uniform(-0.5, 0.5, 8000).astype(np.float32) for _ in range(n)],
        "text": [_WORDS[i % len(_WORDS)] for i in range(n)],
    }
    context = [f"sentence-{i % 2}" for i in range(n)] if in_context else None
    order = [i // 2 for i in range(n)] if in_context else None
    rates = {"audio": {"sample_rate_hz": [16000.0] * n}, "video": {"frame_rate_hz": [10.0] * n}}
    conditions = {k: v for modality in modalities for k, v in rates.get(modality, {}).items()}
    chosen = {modality: contents[modality] for modality in modalities}
    return StimulusSet([f"probe-{i}" for i in range(n)], context=context, order=order, **chosen, **conditions)  # type: ignore[arg-type]


def fitting(modalities: Sequence[str]) -> Fitting:
    """Twelve labelled stimuli of two kinds that any model can tell apart: dark and bright pictures, else two words."""
    rng = np.random.default_rng(1)
    labels = ["dark", "bright"] * 6
    if "image" in modalities:
        pictures = [image(rng, 0.25 if label == "dark" else 0.75) for label in labels]
        return Fitting(StimulusSet([f"fit-{i}" for i in range(12)], image=pictures), tuple(labels))
    return Fitting(
        StimulusSet([f"fit-{i}" for i in range(12)], text=[f"{label} {i}" for i, label in enumerate(labels)]), tuple(labels)
    )


def task(name: str, modalities: Sequence[str]) -> Task | None:
    """A task of this name that can be asked of any model that offers it; None where only a benchmark can ask it."""
    two = ("dark", "bright")
    made: dict[str, Task] = {
        "similarity": Similarity(),
        "surprisal": Surprisal(),
        "reading_times": ReadingTimes(),
        "next_word": NextWord(),
        "label": Label(two, fitting=fitting(modalities)),
        "probabilities": Probabilities(two, fitting=fitting(modalities)),
    }
    return made.get(name)


def raw_products(gram: Gram) -> np.ndarray:
    """X X' (n, n) of a Gram."""
    a = gram.mean_products
    return gram.products + a[:, None] + a[None, :] + gram.mean_square


def nothing(experiment: Experiment, seed: int = 0) -> Responses:
    """The answers of a model that knows nothing of its stimuli: random numbers and random choices."""
    rng = np.random.default_rng(seed)
    n = len(experiment.stimuli)
    ids: dict[str, tuple[str, np.ndarray]] = {"stimulus_id": ("presentation", experiment.stimuli.stimulus_id)}
    answers: dict[Recording | Task, xr.DataArray | Gram] = {}
    for recording in experiment.recordings:
        features = rng.normal(size=(n, 50))
        if recording.form == "gram":
            accumulator = GramAccumulator(n)
            accumulator.add(features)
            answers[recording] = accumulator.gram(experiment.stimuli.stimulus_id)
            continue
        bins = np.array(recording.time_bins or np.empty((0, 2)))
        values = rng.normal(size=(n, 50, len(bins))) if len(bins) else features
        rows = "presentation" if recording.per == "stimulus" else recording.per
        coords = {"stimulus_id": (rows, experiment.stimuli.stimulus_id), "neuroid_id": ("neuroid", np.arange(50).astype(str))}
        if rows != "presentation":
            coords["position"] = (rows, np.zeros(n, dtype=np.int64))
        if len(bins):
            coords |= {"time_bin_start": ("time_bin", bins[:, 0]), "time_bin_end": ("time_bin", bins[:, 1])}
        answers[recording] = xr.DataArray(values, dims=(rows, "neuroid", "time_bin")[: values.ndim], coords=coords)
    asked = experiment.task
    if isinstance(asked, Similarity):
        a, b = np.triu_indices(n, 1)
        names = experiment.stimuli.stimulus_id
        coords = {"stimulus_a": ("pair", names[a]), "stimulus_b": ("pair", names[b])}
        answers[asked] = xr.DataArray(rng.uniform(0, 2, len(a)), dims=("pair",), coords=coords)
    elif isinstance(asked, Choice | OddOneOut):
        assert experiment.trials is not None
        answers[asked] = xr.DataArray(rng.choice(asked.slots, len(experiment.trials)), dims=("trial",))
    elif isinstance(asked, Label):
        answers[asked] = xr.DataArray(rng.choice(asked.choices, n), dims=("presentation",), coords=ids)
    elif isinstance(asked, Probabilities):
        values = rng.dirichlet(np.ones(len(asked.choices)), n)
        coords = {**ids, "choice": ("choice", np.array(asked.choices))}
        answers[asked] = xr.DataArray(values, dims=("presentation", "choice"), coords=coords)
    elif isinstance(asked, NextWord):
        answers[asked] = xr.DataArray(rng.choice(_WORDS, n), dims=("presentation",), coords=ids)
    elif asked is not None:
        answers[asked] = xr.DataArray(rng.exponential(size=n), dims=("presentation",), coords=ids)
    return Responses(answers)
