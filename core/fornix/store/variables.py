"""Coordinates, values and attributes as the variables of one netCDF group, dtypes included; files are netcdf's."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final, TypeGuard

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from fornix.store.interface import ArrayFileError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
#: Attribute names that the netCDF library or this module uses itself.
_RESERVED = frozenset(("fornix", "coordinates", "CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"))
#: numpy kind and size -> the type in the file.
_STORED_AS: Final = {
    "b1": "u1", "f2": "f4", "f4": "f4", "f8": "f8",
    "i1": "i1", "i2": "i2", "i4": "i4", "i8": "i8", "u1": "u1", "u2": "u2", "u4": "u4", "u8": "u8",
}  # fmt: skip


def put_variables(group: Any, sizes: Mapping[Any, int], variables: Mapping[Any, xr.Variable], coords: Iterable[Hashable]) -> None:
    """Create the dimensions and variables of a group; other variables name the coordinates, as the CF conventions ask."""
    for name, size in sizes.items():
        group.createDimension(check_name(name), size)
    coordinates = set(coords)
    others = " ".join(sorted(str(name) for name in coordinates - set(sizes)))
    for name, variable in variables.items():
        what = f"coordinate {name!r}" if name in coordinates else f"array {name!r}"
        stored = _put_variable(group, check_name(name), variable, what)
        if others and name not in coordinates:
            stored.setncattr("coordinates", others)


def _put_variable(group: Any, name: str, variable: xr.Variable, what: str) -> Any:
    if isinstance(variable, xr.IndexVariable) and isinstance(variable.to_index(), pd.MultiIndex):
        raise ArrayFileError(f"{what} is a MultiIndex; give plain coordinates (reset_index)")
    values = np.asarray(variable.values)
    if values.dtype.kind == "U":
        stored = group.createVariable(name, str, variable.dims)
        stored[...] = _checked_text(values, what).astype(object)
    else:
        kind = _STORED_AS.get(f"{values.dtype.kind}{values.dtype.itemsize}")
        if kind is None:
            raise ArrayFileError(_refusal(values, what))
        stored = group.createVariable(name, kind, variable.dims)
        stored[...] = values.astype(kind)
    own = put_attributes(stored, variable.attrs, what)
    stored.setncattr("fornix", json.dumps({"dtype": values.dtype.str, "attrs": own}, allow_nan=False))
    return stored


def get_variable(group: Any, name: str) -> xr.Variable:
    """A variable of a group, with its attributes, as it was."""
    stored = group[name]
    stored.set_auto_maskandscale(False)
    about = about_of(stored)
    values = np.asarray(stored[...]).astype(np.dtype(about["dtype"]), copy=False)
    return xr.Variable(stored.dimensions, values, get_attributes(stored, about))


def _checked_text(values: NDArray[np.str_], what: str) -> NDArray[np.str_]:
    text = "".join(values.ravel().tolist())
    if "\0" in text or not _is_unicode(text):
        raise ArrayFileError(f"{what} holds text with a null character or half a surrogate pair, which netCDF cannot store")
    return values


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refusal(values: NDArray[Any], what: str) -> str:
    expected = "expected bool, int, uint, float (up to 64 bits) or str (numpy U)"
    if values.dtype.kind in "OT":
        missing = sum(item is None or item != item for item in values.ravel().tolist())
        if missing:
            return f"{what} has {missing} missing strings or objects; {expected}, so say what is missing in words, or drop it"
        return f"{what} has dtype {values.dtype}; {expected}: for text, give .astype(str)"
    if values.dtype.kind in "mM":
        return f"{what} has dtype {values.dtype}; {expected}: give times as numbers, in ms"
    return f"{what} has dtype {values.dtype}; {expected}"


def is_name(name: Hashable) -> TypeGuard[str]:
    """Whether this can be a name in a file."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def check_name(name: Hashable) -> str:
    """The name, if it can be one in a file."""
    if not is_name(name):
        raise ArrayFileError(f"{name!r} cannot be a name in a file; expected letters, digits, '_', '.' and '-', first a letter")
    return name


# attributes


def put_attributes(target: Any, attributes: Mapping[Any, Any], what: str) -> dict[str, Any]:
    """Set what netCDF holds natively; returns the rest, for JSON."""
    rest = {}
    for name, value in attributes.items():
        if not isinstance(name, str):
            raise ArrayFileError(f"an attribute of {what} is called {name!r}; expected a str")
        if is_name(name) and name not in _RESERVED and _is_native(value):
            target.setncattr(name, value)
        else:
            rest[name] = value
    try:
        return dict(json.loads(json.dumps(rest, allow_nan=False)))
    except (TypeError, ValueError):
        raise ArrayFileError(
            f"the attributes {sorted(rest)} of {what} cannot be stored; expected str, int, float, bool, None, and lists and "
            "dicts of those without NaN"
        ) from None


def _is_native(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value) and "\0" not in value and _is_unicode(value)
    if type(value) is int:
        return -(2**63) <= value < 2**63
    return type(value) is float


def get_attributes(stored: Any, about: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a group or variable, the native ones and those in JSON."""
    names = [name for name in stored.ncattrs() if name not in _RESERVED]
    native = {name: stored.getncattr(name) for name in names}
    return {**{n: v if isinstance(v, str) else v.item() for n, v in native.items()}, **about.get("attrs", {})}


def about_of(group: Any) -> dict[str, Any]:
    """What the attribute ``fornix`` of a group or variable says."""
    about = json.loads(group.getncattr("fornix"))
    return about if isinstance(about, dict) else {}
