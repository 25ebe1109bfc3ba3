"""The standard error of a ridge score for new stimuli: groups of stimuli left out, beside 500 refits of bootstrap draws.

    python benchmarks/refits.py [--draws 200] [--refits 500]

Draws data sets of new stimuli for the same neuroids, scores each, and sets the errors of both ways beside the standard deviation
of the scores. The naive way draws stimuli with replacement, their copies in one part of a split (which is made before), and
fits and scores anew. Prints a Markdown row for each world.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
from worlds import assembly

import fornix
from fornix.numerics.splits import split_plan

Array = np.ndarray
N_FEATURES, N_NEUROIDS, PENALTY = 20, 50, 10.0


def refitted(x: Array, y: Array, splits: list[tuple[Array, Array]], counts: Array) -> float:
    """The score where stimulus i was drawn ``counts[i]`` times: medians over neuroids of correlations, averaged over splits."""
    medians = []
    for train, test in splits:
        weights = counts[train, np.newaxis]
        mean_x, mean_y = (np.average(values[train], axis=0, weights=counts[train]) for values in (x, y))
        features, targets = x[train] - mean_x, y[train] - mean_y
        gram = features.T @ (weights * features) + PENALTY * np.eye(x.shape[1])
        coefficients = np.linalg.solve(gram, features.T @ (weights * targets))
        times = counts[test, np.newaxis]
        a, b = (v - (times * v).sum(axis=0) / times.sum() for v in ((x[test] - mean_x) @ coefficients, y[test]))
        r = (times * a * b).sum(axis=0) / np.sqrt((times * a**2).sum(axis=0) * (times * b**2).sum(axis=0))
        medians.append(np.median(r))
    return float(np.mean(medians))


def bootstrap(x: Array, y: Array, splits: list[tuple[Array, Array]], refits: int, rng: np.random.Generator) -> Array:
    """Scores of draws of stimuli; a draw that leaves a test part without two stimuli is drawn again."""
    scores: list[float] = []
    while len(scores) < refits:
        counts = rng.multinomial(len(x), np.full(len(x), 1 / len(x))).astype(float)
        if min((counts[test] > 0).sum() for _, test in splits) > 1:
            scores.append(refitted(x, y, splits, counts))
    return np.array(scores)


def row(n: int, gain: float, draws: int, refits: int) -> str:
    """One world: gains of 0, and those at which ridge scores about 0.2 and 0.6."""
    metric, fixed, rng = fornix.load_metric("ridge", alphas=[PENALTY]), np.random.default_rng(1), np.random.default_rng(0)
    weights = gain * fixed.normal(size=(N_FEATURES, N_NEUROIDS)) / math.sqrt(N_FEATURES)
    values, left_out, drawn, shift, seconds = [], [], [], [], np.zeros(2)
    for _ in range(draws):
        x = rng.normal(size=(n, N_FEATURES))
        y = x @ weights + rng.normal(size=(n, N_NEUROIDS))
        source, target = assembly(x), assembly(y)
        begun = time.process_time()
        score = metric(source, target)
        seconds[0] += time.process_time() - begun
        assert score.replicates is not None
        stimuli = score.replicates.sel(factor="stimuli")
        present = stimuli.values[np.isfinite(stimuli.values)]
        left_out.append(float(stimuli["variance_factor"]) * ((present - present.mean()) ** 2).sum())
        splits = list(split_plan(source["stimulus_id"].values))
        begun = time.process_time()
        again = bootstrap(x, y, splits, refits, rng)
        seconds[1] += time.process_time() - begun
        values.append(score.value)
        drawn.append(again.var(ddof=1))
        shift.append(again.mean() - score.value)
    spread = np.std(values, ddof=1)
    errors = [f"{math.sqrt(np.mean(each)) / spread:.2f}" for each in (left_out, drawn)]
    return (
        f"| {n} | {np.mean(values):.2f} | {spread:.3f} | {errors[0]} | {errors[1]} | {np.mean(shift):+.3f} "
        f"| {seconds[1] / seconds[0]:.0f}x |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--refits", type=int, default=500)
    parsed = parser.parse_args()
    print("| stimuli | score | SD | error / SD, left out | error / SD, bootstrap | bootstrap's mean - score | time |", flush=True)
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for n in (60, 300):
        for gain in (0.0, 0.36 if n == 60 else 0.28, 0.9):
            print(row(n, gain, parsed.draws, parsed.refits), flush=True)


if __name__ == "__main__":
    main()
