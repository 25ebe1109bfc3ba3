"""The order in which a matrix is shown: models and benchmarks that share filled cells side by side."""

from __future__ import annotations

import xarray as xr

from fornix.matrix.table import blocks


def arranged(matrix: xr.Dataset, *, expand: bool = False) -> xr.Dataset:
    """The part of a matrix that has values, with models and benchmarks that share filled cells side by side.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
    expand : bool
        Whether the children of parents are shown too. A model that has values on some children only is shown with those.

    Returns
    -------
    Dataset, dims (model, benchmark)
        Coordinates ``model_block`` and ``benchmark_block`` number the blocks of :func:`fornix.matrix.table.blocks`. Attributes
        ``models_left_out`` and ``benchmarks_left_out`` name those without any value, joined by "; ".
    """
    found = blocks(matrix, expand=expand)
    shown = matrix.sel(
        model=[name for block in found for name in block.models],
        benchmark=[name for block in found for name in block.benchmarks],
    )
    offered = matrix["benchmark"].values[(matrix["parent"].values == "") | expand].tolist()
    models, benchmarks = set(shown["model"].values.tolist()), set(shown["benchmark"].values.tolist())
    return shown.assign_coords(
        model_block=("model", [number for number, block in enumerate(found) for _ in block.models]),
        benchmark_block=("benchmark", [number for number, block in enumerate(found) for _ in block.benchmarks]),
    ).assign_attrs(
        models_left_out="; ".join(name for name in matrix["model"].values.tolist() if name not in models),
        benchmarks_left_out="; ".join(name for name in offered if name not in benchmarks),
    )
