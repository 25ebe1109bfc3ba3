"""Speed and memory of the metrics, side by side with the naive way in the same run.

Naive is what one would write without fornix: scikit-learn per split and scipy per neuroid on plain arrays. The two alternate and
medians are compared; memory is what the largest resident set size grew by while the metric ran. One thread, float64. To add a
row, write a function that returns its :class:`Work` and mark it with :func:`row`.

Run it with ``python benchmarks/metrics.py`` (``--rows ridge,linear``, ``--repeats``); it needs scikit-learn, and nothing else
runs on the machine at best. All rows take about 40 minutes, nearly all of it the naive ways.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import xarray as xr
from scipy import stats
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.model_selection import StratifiedShuffleSplit
from threadpoolctl import threadpool_limits

import fornix

#: Brain-Score's penalties.
ALPHAS = tuple(fornix.load_metric("ridgecv_split").estimator.alphas)


@dataclass(frozen=True)
class Work:
    """What one row compares: the same work done by fornix and the naive way (None: nobody offers it).

    Work in a process of its own is done once, and its memory is the largest that any child of this process took.
    """

    ours: Callable[[], object]
    naive: Callable[[], object] | None = None
    own_process: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the table; ``due`` and ``stretch`` are the ratio to the naive way, or a bound, as they should be read."""

    title: str
    due: str
    stretch: str
    prepare: Callable[[], Work]


ROWS: dict[str, Row] = {}


def row(name: str, title: str, due: str, stretch: str) -> Callable[[Callable[[], Work]], Callable[[], Work]]:
    """Adds a function that prepares a :class:`Work` to the table."""

    def add(prepare: Callable[[], Work]) -> Callable[[], Work]:
        ROWS[name] = Row(title, due, stretch, prepare)
        return prepare

    return add


@dataclass(frozen=True)
class Data:
    """Simulated responses: plain arrays for the naive way, assemblies of the same numbers for fornix."""

    source: np.ndarray
    target: np.ndarray
    labels: np.ndarray

    def assemblies(self, **coordinates: np.ndarray) -> tuple[xr.DataArray, xr.DataArray]:
        stimuli = np.array([f"s{k:05d}" for k in range(len(self.labels))])
        on_rows = {"stimulus_id": stimuli, "object_name": self.labels, **coordinates}
        coords = {name: ("presentation", column) for name, column in on_rows.items()}
        source, target = (xr.DataArray(v, dims=("presentation", "neuroid"), coords=coords) for v in (self.source, self.target))
        return source, target


@cache
def data(n: int, p: int, q: int) -> Data:
    """n stimuli of 8 objects, p features with variances that fall as in a network's layer, q noisy neuroids."""
    rng = np.random.default_rng(0)
    source = rng.normal(size=(n, p)) * (1 + np.arange(p)) ** -0.25
    target = source @ rng.normal(size=(p, q)) / np.sqrt(p) + rng.normal(size=(n, q))
    return Data(source, target, np.array([f"object{k % 8}" for k in range(n)]))


def neural() -> Data:
    """The size of a recording with single electrodes: 3,200 stimuli, 1,000 features, 168 neuroids."""
    return data(3200, 1000, 168)


def voxels() -> Data:
    """The size of an fMRI recording: 1,000 stimuli, 4,096 features, 10,000 voxels."""
    return data(1000, 4096, 10_000)


def splits(given: Data) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(StratifiedShuffleSplit(10, train_size=0.9, random_state=1).split(given.source, given.labels))


def one_split(given: Data) -> tuple[np.ndarray, np.ndarray]:
    rows = np.arange(len(given.labels))
    return rows[rows % 10 > 0], rows[rows % 10 == 0]


def predictivity(given: Data, parts: list[tuple[np.ndarray, np.ndarray]], estimator: Callable[[], Any]) -> float:
    """The naive way: fit, predict, and correlate one neuroid at a time."""
    scores = []
    for train, test in parts:
        prediction = estimator().fit(given.source[train], given.target[train]).predict(given.source[test])
        measured = given.target[test]
        scores.append(np.median([stats.pearsonr(prediction[:, k], measured[:, k])[0] for k in range(measured.shape[1])]))
    return float(np.mean(scores))


def ours(given: Data, name: str, **options: Any) -> Callable[[], float]:
    source, target = given.assemblies(split=np.where(np.isin(np.arange(len(given.labels)), one_split(given)[0]), "train", "test"))
    metric = fornix.load_metric(name, **options)
    return lambda: metric(source, target).value


@row("ridge", "ridge, 3,200 x 1,000 -> 168, 10 splits", "3.5x", "5x")
def ridge() -> Work:
    given, parts = neural(), splits(neural())
    return Work(ours(given, "ridge_cv"), lambda: predictivity(given, parts, lambda: Ridge(1.0)))


@row("pls", "pls (25 components), same", "38x", "80x")
def pls() -> Work:
    given, parts = neural(), splits(neural())
    return Work(ours(given, "pls_cv"), lambda: predictivity(given, parts, lambda: PLSRegression(25, scale=False)))


@row(
    "pls_layer",
    "pls on a layer of 200,000 features x 3,200 stimuli, through the scratch file (whole process)",
    "1,500 MB",
    "800 MB",
)
def pls_layer() -> Work:
    """The whole way in a process of its own, whose peak counts, imports and torch included; its time is mostly the Gram's."""
    return Work(lambda: subprocess.run([sys.executable, __file__, "--layer"], check=True), own_process=True)


def score_layer() -> None:
    """A convolution's 199,712 features of 3,200 images, spilled, made into a Gram, and scored by pls."""
    import torch

    from fornix.extraction.torch import TorchModel, preprocess
    from fornix.interfaces import Experiment, Recording, StimulusSet

    torch.manual_seed(0)
    torch.set_num_threads(1)
    images = np.random.default_rng(0).integers(0, 256, (3200, 8, 8, 3), dtype=np.uint8)
    stimuli = StimulusSet([f"s{k:05d}" for k in range(len(images))], image=list(images))
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 32, 5, padding=2), torch.nn.ReLU())
    layer = Recording("layer:1", form="gram")
    gram = TorchModel(network, preprocess(79), {}, device="cpu").respond(Experiment(stimuli, (layer,)))[layer]
    pixels = images.reshape(len(images), -1)
    target = pixels @ np.random.default_rng(1).normal(size=(pixels.shape[1], 168))
    target += 300 * np.random.default_rng(2).normal(size=target.shape)
    coords = {"stimulus_id": ("presentation", stimuli.stimulus_id)}
    fornix.load_metric("pls", replicates=False)(gram, xr.DataArray(target, dims=("presentation", "neuroid"), coords=coords))


@row("linear", "linear, same", "9x", "13x")
def linear() -> Work:
    given, parts = neural(), splits(neural())
    return Work(ours(given, "linear_predictivity_cv"), lambda: predictivity(given, parts, LinearRegression))


@row("ridge_voxels", "ridge, one split, 1,000 x 4,096 -> 10,000 voxels", "35x, 500 MB", "50x")
def ridge_voxels() -> Work:
    given, parts = voxels(), [one_split(voxels())]
    return Work(ours(given, "ridge_split"), lambda: predictivity(given, parts, lambda: Ridge(1.0)))


@row("ridge_alphas", "ridge with 99 alphas (fit), same", "40x", "80x")
def ridge_alphas() -> Work:
    """Ours also predicts and scores; the naive way is the fit alone."""
    given, (train, _) = voxels(), one_split(voxels())
    return Work(ours(given, "ridgecv_split"), lambda: RidgeCV(ALPHAS).fit(given.source[train], given.target[train]))


@row("rdm", "rdm, 3,200 stimuli", "3.5x, 500 MB", "6x")
def rdm() -> Work:
    given = neural()

    def naive() -> float:
        matrices = (np.corrcoef(side) for side in (given.source, given.target))
        pairs = np.triu_indices(len(given.source), k=1)
        return float(stats.spearmanr(*(1 - matrix[pairs] for matrix in matrices)).statistic)

    return Work(ours(given, "rdm", replicates=False), naive)


@row("cka", "cka unbiased, same", "3.5x, 250 MB", "5x")
def cka() -> Work:
    given = neural()

    def hsic(k: np.ndarray, other: np.ndarray) -> float:
        n, cross = len(k), k.sum(axis=0) @ other.sum(axis=1)
        return float((k * other).sum() + k.sum() * other.sum() / ((n - 1) * (n - 2)) - 2 * cross / (n - 2))

    def naive() -> float:
        k, other = (side @ side.T for side in (given.source, given.target))
        for products in (k, other):
            np.fill_diagonal(products, 0)
        return hsic(k, other) / float(np.sqrt(hsic(k, k) * hsic(other, other)))

    return Work(ours(given, "cka", replicates=False), naive)


@row("internal_consistency", "internal consistency, 3,200 x 168 x 28 repeats, 10 splits", "7x", "10x")
def internal_consistency() -> Work:
    """The naive way gets its array in order; ours also sorts the rows of the recording."""
    rng = np.random.default_rng(0)
    cube = rng.normal(size=(1, 3200, 168)) + 2 * rng.normal(size=(28, 3200, 168))
    coords = {
        "stimulus_id": ("presentation", np.tile([f"s{k:05d}" for k in range(3200)], 28)),
        "repetition": ("presentation", np.repeat(np.arange(28), 3200)),
    }
    recording = xr.DataArray(cube.reshape(-1, 168), dims=("presentation", "neuroid"), coords=coords)
    metric = fornix.load_metric("internal_consistency", definition="brainscore")

    def naive() -> float:
        shuffles, scores = np.random.RandomState(1), []
        for _ in range(10):
            order = shuffles.permutation(28)
            x, y = (cube[half].mean(axis=0) for half in (order[:14], order[14:]))
            r = np.array([stats.pearsonr(x[:, k], y[:, k])[0] for k in range(168)])
            scores.append(np.median(2 * r / (1 + r)))
        return float(np.mean(scores))

    return Work(lambda: metric(recording).value, naive)


@row("ridge_error", "standard error and interval (procedure) of the ridge score above", "10 s", "3 s")
def ridge_error() -> Work:
    return Work(ours(neural(), "ridge", stratify_on="object_name"))


def reset_peak() -> None:
    """Let the kernel count the peak from here on (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """The highest resident set size since :func:`reset_peak`, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds and megabytes."""
    before = psutil.Process().memory_info().rss
    reset_peak()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start, (peak() - before) / 1e6


def line(chosen: Row, repeats: int) -> str:
    work = chosen.prepare()
    if work.own_process:
        start = time.perf_counter()
        work.ours()
        seconds = time.perf_counter() - start
        megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
        return f"| {chosen.title} | - | {seconds:.3g} s, {megabytes:.0f} MB | - | {chosen.due} | {chosen.stretch} |"
    work.ours()  # imports and first pages
    mine, theirs = [], []
    for _ in range(repeats):
        mine.append(measured(work.ours))
        if work.naive:
            theirs.append(measured(work.naive))
    seconds, megabytes = (statistics.median(column) for column in zip(*mine, strict=True))
    naive, ratio = "-", "-"
    if theirs:
        naive = f"{statistics.median(t for t, _ in theirs):.2f} s, {statistics.median(m for _, m in theirs):.0f} MB"
        ratio = f"{statistics.median(b / a for (a, _), (b, _) in zip(mine, theirs, strict=True)):.1f}x"
    return f"| {chosen.title} | {naive} | {seconds:.3g} s, {megabytes:.0f} MB | {ratio} | {chosen.due} | {chosen.stretch} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", default=",".join(ROWS), help=f"of {', '.join(ROWS)}")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--layer", action="store_true", help=argparse.SUPPRESS)  # how the row pls_layer calls itself
    arguments = parser.parse_args()
    if arguments.layer:
        with threadpool_limits(1):
            return score_layer()
    names = arguments.rows.split(",")
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        parser.error(f"no row is called {', '.join(unknown)}; there are {', '.join(ROWS)}")
    print(f"| work (medians of {arguments.repeats}) | naive | fornix | ratio | due | stretch |")
    print("| --- | --- | --- | --- | --- | --- |")
    with threadpool_limits(1):
        for name in names:
            print(line(ROWS[name], arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
