"""How much of the variance of differences of medians comparisons find, beside a bootstrap over neuroids and its linear part.

    python benchmarks/jumps.py [--neuroids 20 150 500 ...] [--correlations 0.5 0.95] [--draws 300]

Draws pairs of normal samples that correlate, resamples their medians as those of scores are, and prints a Markdown row for each
number of neuroids: variances on average, as multiples of the true one, which comes from 40,000 other pairs of samples.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from fornix.numerics.comparison.differences import pairs
from fornix.numerics.comparison.jumps import jumps
from fornix.numerics.uncertainty.draws import neuroid_draws
from fornix.numerics.uncertainty.intervals import replicates_array

#: Pairs of samples for the true variance.
OTHERS = 40_000
#: Values that are worked on at once.
AT_ONCE = 2_000_000


def samples(rng: np.random.Generator, m: int, n: int, correlation: float) -> np.ndarray:
    """Pairs of samples of n values: (2, m, n)."""
    first = rng.normal(size=(m, n))
    return np.stack([first, correlation * first + math.sqrt(1 - correlation**2) * rng.normal(size=(m, n))])


def true_variance(n: int, correlation: float) -> float:
    """Of the difference of the medians of two samples."""
    rng, at_once = np.random.default_rng(1), max(1, AT_ONCE // n)
    parts = [np.median(samples(rng, at_once, n, correlation), axis=-1) for _ in range(math.ceil(OTHERS / at_once))]
    return float(np.concatenate([a - b for a, b in parts]).var())


def found(n: int, correlation: float, n_draws: int) -> np.ndarray:
    """The variance that a bootstrap finds, what is linear of it (NaN: not told), and what is left: (n_draws, 3)."""
    rng, draws = np.random.default_rng(0), neuroid_draws(np.arange(n))
    units = [sample[0] for _ in range(n_draws) for sample in samples(rng, 1, n, correlation)]
    medians = np.stack([np.median(unit[draws], axis=-1) for unit in units])
    of_pairs = pairs([replicates_array({"neuroids": (values, "bootstrap", n)}) for values in medians]).variance
    left, beyond = (np.diag(values[::2, 1::2]) for values in (of_pairs, jumps(medians, n)))
    whole = (medians[::2] - medians[1::2]).var(axis=1, ddof=1)
    return np.stack([whole, np.where(beyond != 0, whole - beyond, math.nan), left], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neuroids", type=int, nargs="+", default=[20, 150, 500, 501, 700, 1500, 3000, 8000])
    parser.add_argument("--correlations", type=float, nargs="+", default=[0.5, 0.95])
    parser.add_argument("--draws", type=int, default=300)
    arguments = parser.parse_args()
    print("| n | correlation | bootstrap | what is linear | what is left | give or take |\n| --- | --- | --- | --- | --- | --- |")
    for n in arguments.neuroids:
        for correlation in arguments.correlations:
            ratios = found(n, correlation, arguments.draws) / true_variance(n, correlation)
            whole, linear, left = ratios.mean(axis=0).tolist()
            error = ratios[:, 0].std(ddof=1) / math.sqrt(arguments.draws)
            print(f"| {n:,} | {correlation} | {whole:.2f} | {linear:.2f} | {left:.2f} | {error:.2f} |", flush=True)


if __name__ == "__main__":
    main()
