"""Whether models of equal truth are rarely called different: one regime, with a metric of the repository (docs/comparing.md)."""

from __future__ import annotations

import sys
from pathlib import Path
from runpy import run_path

import pytest

import fornix

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.mark.slow
def test_models_of_equal_truth_are_rarely_called_different(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hardest of rdm's regimes, of few neuroids. Of 1,000 draws the error is 1.03 times the spread of differences.

    5.9 % of them are called different. Errors added as if scores were independent are 1.56 times it, and find nothing.
    """
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    calibration = run_path(str(BENCHMARKS / "comparison_calibration.py"))
    world, metric = calibration["Neurons"](60, 20, 1.45, 10), fornix.load_metric("rdm")
    found = calibration["compare"](lambda rng, worse: calibration["scored"](world, metric, rng, worse), 0.0, draws=150, seed=1)
    assert 0.85 < found.error < 1.2
    assert 0 < found.called < 0.11
    assert found.unpaired <= found.called
    worse = calibration["compare"](lambda rng, worse: calibration["scored"](world, metric, rng, worse), 0.3, draws=40, seed=2)
    assert worse.called > 0.3
