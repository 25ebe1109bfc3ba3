"""What ``fornix test`` needs of these benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses
from fornix.numerics.linear.gram import gram_of_assembly


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who answers with the recorded neurons themselves."""
    session = identifier.rpartition(".")[2]
    gram = gram_of_assembly(fornix.load_dataset(f"Cowley2023.{session}").recordings()["V4"])
    return lambda experiment: Responses({recording: gram for recording in experiment.recordings})


def best_raw(identifier: str) -> float:
    """What the recorded neurons score by themselves.

    By ridge all of it. 25 components cannot hold 89 or 55 neurons (0.74 and 0.71): what they hold is what scikit-learn's PLS
    predicts of these neurons from these neurons, in the splits of the benchmark.
    """
    from scipy.stats import pearsonr
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.model_selection import ShuffleSplit

    metric, session = identifier.removeprefix("Cowley2023.V4-").split(".")
    if metric == "ridge":
        return 1.0
    v4 = fornix.load_dataset(f"Cowley2023.{session}").recordings()["V4"].values
    by_split = []
    for train, test in ShuffleSplit(n_splits=10, train_size=0.9, random_state=1).split(v4):
        predicted = PLSRegression(n_components=25, scale=False, max_iter=5000).fit(v4[train], v4[train]).predict(v4[test])
        by_split.append(np.median([pearsonr(p, r).statistic for p, r in zip(predicted.T, v4[test].T, strict=True)]))
    return float(np.mean(by_split))
