"""The arrays of published scores: for each leaf a file of replicates and one of units, with a group for each model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import xarray as xr

from fornix.engine.exchange import score_from
from fornix.interfaces import Score
from fornix.matrix.snapshots.format import UNIT_ARRAYS, SnapshotError, array_files
from fornix.store.interface import ArrayFileError
from fornix.store.netcdf import read_group, writing_groups

#: What a score is made of: its scalars, and its arrays.
Parts = tuple[Mapping[str, Any], Mapping[str, xr.DataArray]]


def write_scores(folder: Path, benchmark: str, scores: Iterable[tuple[str, Parts]]) -> None:
    """Write the files of a leaf (:func:`fornix.matrix.snapshots.format.array_files`), one score in memory at a time.

    The group of a model in the file of replicates also has the scalars of its score, so that it can be made anew from the two.

    Parameters
    ----------
    folder : path
        Of the version.
    scores : iterable of (model, (scalars, arrays))
    """
    paths = {name: folder / path for name, path in array_files(benchmark).items()}
    for path in paths.values():
        path.parent.mkdir(exist_ok=True)
    with ExitStack() as files:
        put = {name: files.enter_context(writing_groups(path)) for name, path in paths.items()}
        for model, (scalars, arrays) in scores:
            put["units"](model, {}, {name: array for name, array in arrays.items() if name in UNIT_ARRAYS})
            rest = {name: array for name, array in arrays.items() if name not in UNIT_ARRAYS}
            put["replicates"](model, {"scalars": scalars}, rest)


def read_score(file: Callable[[str], Path], model: str, benchmark: str, *, units: bool = True) -> Score:
    """The score of a cell, whole, as it was stored.

    Parameters
    ----------
    file : callable
        The path, on this machine, of a file of the snapshot.
    units : bool
        False: without the values of single units, whose file is then not asked for.

    Raises
    ------
    SnapshotError
        If the snapshot has none, or a file is damaged.
    """
    groups = list(_groups(file, model, benchmark, ("replicates", "units") if units else ("replicates",)))
    scalars = next(about["scalars"] for about, _ in groups if "scalars" in about)
    return score_from(scalars, {name: array for _, arrays in groups for name, array in arrays.items()})


def _groups(
    file: Callable[[str], Path], model: str, benchmark: str, names: Sequence[str]
) -> Iterator[tuple[dict[str, Any], dict[str, xr.DataArray]]]:
    for path in (array_files(benchmark)[name] for name in names):
        try:
            group = read_group(file(path), model)
        except ArrayFileError as error:
            raise SnapshotError(f"the arrays of {benchmark} in the snapshot cannot be read: {error}") from error
        if group is None:
            raise SnapshotError(f"the snapshot has no score of {model} on {benchmark}")
        yield group
