"""``fornix.compare`` and ``fornix.rank``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import xarray as xr

from fornix.errors import UsageError
from fornix.matrix.comparing.children import MissingCells
from fornix.matrix.comparing.pairwise import compare_models
from fornix.matrix.comparing.result import Comparison
from fornix.matrix.comparing.sources import SNAPSHOT, Source, of_assembled, of_published, of_snapshot, of_store
from fornix.matrix.given import given_names, given_registry, given_store
from fornix.matrix.snapshots.sources import is_place
from fornix.store.interface import Store

NO_PLUGINS: Final = "plugins are those of a store's results, and what is published has its own cards; leave them out"
OVERLAY: Final = "this matrix says where its scores are, so leave the store out; to lay a store over it use fornix.overlay"


def compare(
    a: str,
    b: str,
    store: Store | str | Path | None = None,
    *,
    matrix: xr.Dataset | None = None,
    benchmarks: Sequence[str] | str | None = None,
    missing: MissingCells | str = MissingCells.COMPLETE,
    plugins: Sequence[str | Path] = (),
    seed: int = 0,
) -> Comparison:
    """Which of two models is better, on each benchmark and over all of them.

    Scores of both under the same draws of stimuli, neuroids and subjects are paired, so what the models share cancels out of the
    error of their difference (docs/comparing.md says how, and how far that was checked).

    Parameters
    ----------
    a, b : str
        Models.
    store : Store, path or str, optional
        Where their scores are (default: ``FORNIX_STORE``, else ``fornix-store`` in the working folder); or the place of a
        snapshot.
    matrix : Dataset, optional
        What :func:`fornix.pull`, :func:`fornix.overlay` or :func:`fornix.run` returned; what :func:`fornix.run` returned needs
        the store, too, and the others take none.
    benchmarks : sequence of str, or str, optional
        These, with the children of parents; None: all on which either has a value. p values are adjusted over all that could be
        compared.
    missing : {"complete", "common"}
        Of a parent, compare only models that have all of its children, or compare on the children that both have.
    plugins, seed
        As :func:`fornix.run` takes them; of a store alone, and of what :func:`fornix.run` returned the plugins.

    Returns
    -------
    Comparison
        It prints as a table; ``.to_dataframe()`` has a row for each benchmark, with why two models could not be compared there.

    Raises
    ------
    UsageError
        If a name is unknown, the matrix does not say where its scores are, or a store, plugins or a seed are given that it cannot
        heed.
    SnapshotError, StoreError
        If the place of the scores does not answer.
    """
    place = matrix is None and isinstance(store, str | Path) and is_place(store)
    if plugins and place:
        raise UsageError(NO_PLUGINS)
    if seed and (place or matrix is not None):
        raise UsageError("seed chooses among the results of a store, which a matrix or a snapshot has done; leave it out")
    names = given_names("benchmarks", benchmarks)
    if matrix is not None:
        source = _of_matrix(matrix, store, plugins)
    elif isinstance(store, str | Path) and is_place(store):
        source = of_snapshot(store, "latest", [a, b], names)
    else:
        source = of_store(given_registry(plugins), given_store(store, read_only=True), [a, b], names, seed=seed)
    return compare_models(a, b, source, benchmarks=names, missing=missing)


def rank(
    matrix: xr.Dataset,
    store: Store | str | Path | None = None,
    *,
    missing: MissingCells | str = MissingCells.COMPLETE,
    plugins: Sequence[str | Path] = (),
) -> xr.Dataset:
    """The matrix with the ranks of its models, anew: of a part of a published matrix, say, or of one with local models in it.

    Parameters
    ----------
    matrix, store, missing, plugins
        As :func:`compare` takes them.

    Returns
    -------
    Dataset
        The matrix, with the variables of :func:`fornix.matrix.comparing.ranking.ranks`.

    Raises
    ------
    UsageError
        If the matrix does not say where its scores are, or a store or plugins are given for one that brings its own.
    """
    return _of_matrix(matrix, store, plugins, units=False).ranked(missing)


def _of_matrix(
    matrix: xr.Dataset, store: Store | str | Path | None, plugins: Sequence[str | Path], *, units: bool = True
) -> Source:
    """What was pulled or overlaid brings its own cards, and no plugin is looked for; another matrix has those of its plugins."""
    if SNAPSHOT in matrix.attrs:
        if store is not None:
            raise UsageError(OVERLAY)
        if plugins:
            raise UsageError(NO_PLUGINS)
        return of_published(matrix, units=units)
    if store is None:
        raise UsageError("this matrix does not say where its scores are: give the store that it was assembled from (store=...)")
    return of_assembled(matrix, given_registry(plugins), given_store(store, read_only=True))
