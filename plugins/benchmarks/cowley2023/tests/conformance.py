"""What ``fornix test`` needs of these benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses
from fornix.numerics.gram import gram_of_assembly


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who answers with the recorded neurons themselves."""
    session = identifier.rpartition(".")[2]
    gram = gram_of_assembly(fornix.load_dataset(f"Cowley2023.{session}").recordings()["V4"])
    return lambda experiment: Responses({recording: gram for recording in experiment.recordings})


def best_raw(identifier: str) -> float:
    """What the recorded neurons score by themselves: 25 components cannot hold 89 or 55 neurons."""
    return {"Cowley2023.V4-pls.201025": 0.74, "Cowley2023.V4-pls.210225": 0.71}.get(identifier, 1.0)
