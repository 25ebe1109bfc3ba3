"""The part of an overlay that is asked for: what is laid over is the whole snapshot, as ranks and names are those among all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from fornix.errors import UsageError
from fornix.matrix.snapshots.tables import places_of, with_children
from fornix.registry.discovery import Registry


@dataclass(frozen=True)
class Part:
    """Some rows and columns of a snapshot with a store over it.

    Parameters
    ----------
    models, benchmarks : list of str, optional
        Identifiers as they are in the overlay; None: all. A parent brings what is below it.
    and_own : bool
        Whether they are names of the snapshot alone, and the store's own models and benchmarks are in it besides.
    """

    models: list[str] | None = None
    benchmarks: list[str] | None = None
    and_own: bool = False

    def of(self, whole: xr.Dataset, published: xr.Dataset, registry: Registry) -> xr.Dataset:
        """This part of the overlay of a whole snapshot.

        Parameters
        ----------
        published : Dataset
            The snapshot, whole.
        registry : Registry
            The cards of both.

        Raises
        ------
        SnapshotError
            If the overlay has no such model or benchmark.
        """
        of_both = "the snapshot with this store over it"
        columns: list[str] = whole["benchmark"].values.tolist()
        wanted = with_children(registry, self.benchmarks)
        if wanted is not None and self.and_own:
            there = set(published["benchmark"].values.tolist())
            wanted += with_children(registry, [name for name in columns if name not in there]) or []
        part = whole.isel(benchmark=places_of("benchmark", columns, wanted, of_both))
        models = self.models
        if models is not None and self.and_own:
            local = ((part["origin"].values == "local") & (part["status"].values == "ok")).any(axis=1)
            own = local | ~np.isin(part["model"].values, published["model"].values)
            models = [*models, *part["model"].values[own].tolist()]
        return part.isel(model=places_of("model", part["model"].values.tolist(), models, of_both))


def part_of(pulled: xr.Dataset) -> Part:
    """The part that a matrix is of the snapshot that it was pulled from.

    Raises
    ------
    UsageError
        If a store was laid over it already.
    """
    if "origin" in pulled:
        raise UsageError(
            "a store was laid over this matrix already, and one store at a time is ranked among the published; give the place, "
            "or what fornix.pull returned"
        )
    models, benchmarks = (np.atleast_1d(pulled[name].values).tolist() for name in ("model", "benchmark"))
    return Part(models, benchmarks, and_own=True)
