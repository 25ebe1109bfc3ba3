"""Arrays as netCDF-4 files whose round trip is ``identical()``, dtypes included.

A group holds one variable for each coordinate and each array, and the attribute ``fornix``, a JSON object, says what they
are: ``kind`` (array, arrays, dataset or gram), ``coordinates`` (names), and the attributes that netCDF cannot hold natively.
So does the attribute ``fornix`` of each variable, which also states its numpy dtype. str is stored as variable-length
strings, bool as uint8, float16 as float32. Any netCDF reader opens the files; nothing in them is pickled.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import netCDF4
import numpy as np
import xarray as xr

from fornix.files import durable
from fornix.interfaces import Gram
from fornix.store.interface import ArrayFileError, Kind
from fornix.store.layout import check_identifier
from fornix.store.variables import (
    about_of,
    check_name,
    get_attributes,
    get_variable,
    is_name,
    put_attributes,
    put_variables,
)

SCHEMA: Final = 1
# The netCDF library is not safe for threads. While a thread writes one file, it may read another.
_library = threading.RLock()


def write_array(path: Path, array: xr.DataArray) -> None:
    """Write an assembly, whole or not at all.

    Coordinates and values are bool, int, uint, float or str (numpy ``U``); attributes are str, int, float, bool, None, and
    lists and dicts of those (a tuple comes back as a list).

    Raises
    ------
    ArrayFileError
        If it holds anything else, a missing string, or a MultiIndex.
    OSError
        If the disk is full or cannot be written.
    """
    with _writing(path, array.nbytes) as root:
        _put_array(root, array)


def read_array(path: Path) -> xr.DataArray:
    """Read what :func:`write_array` wrote.

    Raises
    ------
    ArrayFileError
        If the file is missing, damaged, or something else.
    """
    with _reading(path, "array") as (root, about):
        return _get_array(root, about)


def write_arrays(path: Path, arrays: Mapping[Any, xr.DataArray]) -> None:
    """Write several arrays that share nothing, each as a group of one file; see :func:`write_array`."""
    with _writing(path, sum(array.nbytes for array in arrays.values())) as root:
        _describe(root, {"kind": "arrays", "names": [check_name(name) for name in arrays]})
        for name, array in arrays.items():
            _put_array(root.createGroup(str(name)), array)


def read_arrays(path: Path) -> dict[str, xr.DataArray]:
    """Read what :func:`write_arrays` wrote, in the same order; see :func:`read_array`."""
    with _reading(path, "arrays") as (root, about):
        return {name: _get_array(root[name], about_of(root[name])) for name in about["names"]}


@contextmanager
def writing_groups(path: Path) -> Iterator[Callable[[str, Mapping[str, Any], Mapping[Any, xr.DataArray]], None]]:
    """A new file of many groups of arrays, one after the other, so that they need not be in memory together.

    Yields
    ------
    callable (name, about, arrays)
        Puts a group of arrays under an identifier, and what is to be known of it as JSON; :func:`read_group` reads it.
    """
    names: list[str] = []
    with _writing(path, 0) as root:

        def put(name: str, about: Mapping[str, Any], arrays: Mapping[Any, xr.DataArray]) -> None:
            group = root.createGroup(check_identifier(name))
            _describe(group, {"kind": "arrays", "names": [check_name(array) for array in arrays], "about": dict(about)})
            for array_name, array in arrays.items():
                _put_array(group.createGroup(str(array_name)), array)
            names.append(name)

        yield put
        _describe(root, {"kind": "groups", "names": names})


def read_group(path: Path, name: str) -> tuple[dict[str, Any], dict[str, xr.DataArray]] | None:
    """What is known of a group, and its arrays, as :func:`writing_groups` put them; None if the file has no such group."""
    with _reading(path, "groups") as (root, about):
        if name not in about["names"]:
            return None
        own = about_of(root[name])
        return own["about"], {array: _get_array(root[name][array], about_of(root[name][array])) for array in own["names"]}


def write_dataset(path: Path, dataset: xr.Dataset) -> None:
    """Write a Dataset, such as a matrix; see :func:`write_array`."""
    with _writing(path, dataset.nbytes) as root:
        put_variables(root, dataset.sizes, dataset.variables, dataset.coords)
        own = put_attributes(root, dataset.attrs, "the dataset")
        _describe(root, {"kind": "dataset", "coordinates": [str(n) for n in dataset.coords], "attrs": own})


def read_dataset(path: Path) -> xr.Dataset:
    """Read what :func:`write_dataset` wrote; see :func:`read_array`."""
    with _reading(path, "dataset") as (root, about):
        coordinates = about["coordinates"]
        values = {name: get_variable(root, name) for name in root.variables if name not in coordinates}
        coords = {name: get_variable(root, name) for name in coordinates}
        return xr.Dataset(values, coords, attrs=get_attributes(root, about))


def write_gram(path: Path, gram: Gram) -> None:
    """Write a Gram over n stimuli: of its symmetric products only the upper triangle, n (n + 1) / 2 numbers, row by row.

    Raises
    ------
    ArrayFileError
        If its products are not symmetric.
    OSError
        If the disk is full or cannot be written.
    """
    n = len(gram)
    if not np.array_equal(gram.products, gram.products.T, equal_nan=True):
        worst = np.nanmax(np.abs(gram.products - gram.products.T))
        raise ArrayFileError(f"the products of a Gram are not symmetric (they differ by up to {worst:.3g}); expected K = K'")
    packed = np.concatenate([gram.products[row, row:] for row in range(n)])
    variables = {
        "products": xr.Variable("packed", packed),
        "mean_products": xr.Variable("stimulus", gram.mean_products),
        "row_sums": xr.Variable("stimulus", gram.row_sums),
        "stimulus_id": xr.Variable("stimulus", gram.stimulus_id),
        "mean_square": xr.Variable((), np.float64(gram.mean_square)),
        "n_features": xr.Variable((), np.int64(gram.n_features)),
    }
    with _writing(path, packed.nbytes) as root:
        put_variables(root, {"packed": len(packed), "stimulus": n}, variables, ())
        _describe(root, {"kind": "gram"})


def read_gram(path: Path) -> Gram:
    """Read what :func:`write_gram` wrote; see :func:`read_array`."""
    with _reading(path, "gram") as (root, _):
        stored = {name: get_variable(root, name).values for name in root.variables}
    n = len(stored["stimulus_id"])
    packed = stored["products"]
    products = np.empty((n, n))
    start = 0
    for row in range(n):
        products[row, row:] = products[row:, row] = packed[start : start + n - row]
        start += n - row
    return Gram(
        products=products,
        mean_products=stored["mean_products"],
        mean_square=float(stored["mean_square"]),
        row_sums=stored["row_sums"],
        n_features=int(stored["n_features"]),
        stimulus_id=stored["stimulus_id"],
    )


def read_response(path: Path, kind: Kind) -> xr.DataArray | Gram:
    """Read a response as what it is."""
    return read_gram(path) if kind == "gram" else read_array(path)


# files


@contextmanager
def _writing(path: Path, n_bytes: int) -> Iterator[Any]:
    """The root group of a new file that gets its name when it is complete and on the disk."""
    part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with _library:
            root = netCDF4.Dataset(part, "w", format="NETCDF4")
            try:
                yield root
            finally:
                root.close()
        durable.replace(part, path)
    except RuntimeError as error:
        # The library says "HDF error" for whatever went wrong beneath it.
        full = shutil.disk_usage(path.parent).free < max(n_bytes, 1 << 16)
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, os.strerror(number) if full else f"{error} while writing", str(path)) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    try:
        with _library:
            root = netCDF4.Dataset(path, "r")
            try:
                about = about_of(root)
                if about.get("kind") != kind:
                    raise ArrayFileError(f"{path} holds {about.get('kind')!r}, expected {kind!r}")
                yield root, about
            finally:
                root.close()
    except FileNotFoundError:
        raise ArrayFileError(f"there is no file {path}") from None
    except (OSError, RuntimeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise ArrayFileError(f"{path} is damaged, or no netCDF file that fornix wrote ({error})") from error


def _describe(group: Any, about: Mapping[str, Any]) -> None:
    group.setncattr("fornix", json.dumps({"schema": SCHEMA, **about}, allow_nan=False))


# arrays


def _put_array(group: Any, array: xr.DataArray) -> None:
    taken = {str(name) for name in (*array.coords, *array.dims)}
    name = str(array.name) if is_name(array.name) else "values"
    while name in taken:
        name += "_"
    if not isinstance(array.name, str | None):
        raise ArrayFileError(f"the name of an array is {array.name!r}; expected a str or None")
    variables = {**{n: c.variable for n, c in array.coords.items()}, name: array.variable}
    put_variables(group, array.sizes, variables, array.coords)
    _describe(group, {"kind": "array", "array": name, "name": array.name, "coordinates": [str(n) for n in array.coords]})


def _get_array(group: Any, about: Mapping[str, Any]) -> xr.DataArray:
    variable = get_variable(group, about["array"])
    coords = {name: get_variable(group, name) for name in about["coordinates"]}
    return xr.DataArray(variable, coords=coords, name=about["name"])
