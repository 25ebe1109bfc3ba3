"""Where the scores that are compared come from: a store or a published matrix, each as a matrix, its cards and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from fornix.engine.exchange import score_from
from fornix.engine.plan import plan
from fornix.errors import FornixError
from fornix.interfaces.score import Score
from fornix.matrix.assemble import assemble
from fornix.matrix.comparing.measured import ScoreOf
from fornix.registry.discovery import Registry
from fornix.store.interface import Store


@dataclass(frozen=True, eq=False)
class Source:
    """A matrix with what is needed to compare its models.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
    score_of : function (model, leaf) -> Score
    registry : Registry
        The cards of its benchmarks, and of what they use.
    """

    matrix: xr.Dataset
    score_of: ScoreOf
    registry: Registry


def of_store(
    registry: Registry, store: Store, models: Sequence[str] | None, benchmarks: Sequence[str] | None = None, *, seed: int = 0
) -> Source:
    """What a store holds of these models, None: all, as their plugins are now.

    Raises
    ------
    UsageError
        If a name is unknown.
    """
    matrix = assemble(registry, store, plan(registry, store, models, benchmarks, seed=seed))
    return Source(matrix, scores_of(matrix, store), registry)


def scores_of(matrix: xr.Dataset, store: Store) -> ScoreOf:
    """The whole scores of a matrix that was assembled from a store."""
    keys = matrix["key"]

    def score_of(model: str, leaf: str) -> Score:
        key = str(keys.sel(model=model, benchmark=leaf).item())
        cell = store.cell(key) if key else None
        if cell is None:
            raise FornixError("it has no result in the store")
        return score_from(cell.scalars, store.units(key))

    return score_of
