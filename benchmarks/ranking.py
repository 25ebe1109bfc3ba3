"""What ranking many models costs: all pairs from products of matrices, beside a loop over pairs.

    python benchmarks/ranking.py [--models 1000] [--neuroids 100] [--replicates 1000]

Prints, for one benchmark with stimuli and neuroids resampled, the CPU seconds of one thread and the memory beyond what it
took before. The loop is timed on some pairs and scaled up to all of them.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from fornix.numerics.comparison.bent import bent_differences, straight
from fornix.numerics.comparison.differences import pairs
from fornix.numerics.comparison.standing import different, standing
from fornix.numerics.uncertainty.draws import neuroid_draws
from fornix.numerics.uncertainty.intervals import replicates_array, variance

#: Pairs that the loop is timed on.
SOME = 200


def scores(n_models: int, n_neuroids: int, n_replicates: int) -> tuple[np.ndarray, list[xr.DataArray]]:
    """Models that share most of their noise, with values and replicates."""
    rng = np.random.default_rng(0)
    draws = neuroid_draws(np.arange(n_neuroids), n_replicates)
    units, groups, both = 0.5 * rng.normal(size=n_neuroids), 0.05 * rng.normal(size=20), 0.05 * rng.normal(size=n_replicates)
    values = 0.4 + 0.1 * rng.normal(size=n_models)
    found = []
    for value in values:
        neuroids = value + (units + 0.1 * rng.normal(size=n_neuroids))[draws].mean(axis=1)
        stimuli, jointly = (value + noise + 0.01 * rng.normal(size=len(noise)) for noise in (groups, both))
        rows = {"stimuli": (stimuli, "jackknife"), "neuroids": (neuroids, "bootstrap", n_neuroids)}
        found.append(replicates_array({**rows, "both": (jointly, "bootstrap")}))
    return values, found


def together(values: np.ndarray, replicates: list[xr.DataArray]) -> None:
    """As fornix does it."""
    of_pairs = pairs(replicates)
    difference = bent_differences(values, straight)
    standing(difference, different(difference, of_pairs.variance, of_pairs.freedom))


def one_by_one(replicates: list[xr.DataArray]) -> None:
    """The variances of some differences, each by itself."""
    for k in range(SOME):
        a, b = replicates[k % len(replicates)], replicates[(7 * k + 1) % len(replicates)]
        variance(a.copy(data=a.values - b.values))


def cost(function: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """CPU seconds, and MB beyond the peak before."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    function(*arguments)
    return time.process_time() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--neuroids", type=int, default=100)
    parser.add_argument("--replicates", type=int, default=1000)
    arguments = parser.parse_args()
    values, replicates = scores(arguments.models, arguments.neuroids, arguments.replicates)
    n_pairs = arguments.models * (arguments.models - 1) // 2
    loop, _ = cost(one_by_one, replicates)
    seconds, memory = cost(together, values, replicates)
    print(f"{n_pairs:,} pairs: loop {loop / SOME * n_pairs:.0f} s, fornix {seconds:.2f} s and {memory:.0f} MB")


if __name__ == "__main__":
    main()
