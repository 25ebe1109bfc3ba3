"""What ``fornix test`` needs of these benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """The network that generated the recordings."""
    return fornix.load_model("simulated-brain").respond
