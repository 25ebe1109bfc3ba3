"""What workers leave, looked at before anything of it is believed: a plugin lives in a worker, and may have written anything.

Every fault is an :class:`Unusable` with one sentence, which ends the cells concerned and nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import xarray as xr

from fornix.engine.exchange import ARRAYS, request_descriptions
from fornix.engine.keys import digest_json
from fornix.errors import FornixError
from fornix.interfaces import Normalisation
from fornix.store.interface import ArrayFileError, Kind
from fornix.store.netcdf import read_array

#: Bytes of a score's scalars; those of a parent of hundreds of leaves are far from it.
_LARGEST: Final = 10_000_000
#: Characters of a note, of the name of a factor or of a detail.
_LONGEST: Final = 1000
_NAMES: Final = (*ARRAYS, *(f"ceiling_{name}" for name in ARRAYS))


class Unusable(FornixError):
    """What a worker left cannot be used; the message says what it is."""


def experiments(result: Mapping[str, Any], folder: Path) -> list[str]:
    """The paths of the experiments that a step has written into its folder; raises Unusable."""
    named = result.get("experiments")
    if not isinstance(named, list):
        raise Unusable("the benchmark's worker does not say which experiments it has written")
    for name in named:
        path = _file(folder, name, "an experiment")
        try:
            for described in request_descriptions(path):
                digest_json(described)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unusable(f"an experiment that the benchmark's worker has written cannot be read ({_short(error)})") from error
    return [str(name) for name in named]


def answers(result: Mapping[str, Any], folder: Path, counts: Sequence[int]) -> list[list[tuple[Path, Kind]]]:
    """The files of a model's answers, as many for each experiment as ``counts`` says; raises Unusable."""
    given = result.get("answers")
    if not isinstance(given, list) or [len(g) if isinstance(g, list) else None for g in given] != list(counts):
        raise Unusable("the model's worker has not left an answer to everything that was asked")
    found = []
    for group in given:
        files = []
        for answer in group:
            if not isinstance(answer, dict) or answer.get("kind") not in get_args(Kind):
                raise Unusable("the model's worker does not say what an answer is")
            files.append((_file(folder, answer.get("path"), "an answer"), answer["kind"]))
        found.append(files)
    return found


def score(folder: Path) -> tuple[dict[str, Any], dict[str, xr.DataArray]]:
    """The scalars and arrays of a score that a step has written into its folder; raises Unusable."""
    path = _file(folder, str(folder / "score.json"), "the score")
    try:
        if path.stat().st_size > _LARGEST:
            raise Unusable(f"the score has {path.stat().st_size} bytes of numbers and notes; at most {_LARGEST} were expected")
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Unusable(f"the score cannot be read ({_short(error)})") from error
    if not isinstance(data, dict) or not isinstance(data.get("scalars"), dict) or not isinstance(data.get("arrays"), list):
        raise Unusable("the score does not consist of scalars and arrays")
    return scalars(data["scalars"]), {name: _array(folder, name) for name in data["arrays"]}


def scalars(data: Mapping[str, Any]) -> dict[str, Any]:
    """The scalars of a score, if each has the type and the range that its name promises; raises Unusable."""
    for name in sorted({*_EXPECTED, *data}):
        if name not in _EXPECTED or name not in data:
            raise Unusable(f"the score {'lacks' if name in _EXPECTED else 'has an unknown'} {_quoted(name)}")
        fits, expected = _EXPECTED[name]
        if not fits(data[name]):
            raise Unusable(f"{name} of the score is {_quoted(data[name])}; expected {expected}")
    low, high = data["interval_low"], data["interval_high"]
    if low is not None and high is not None and low > high:
        raise Unusable(f"the interval of the score is from {low} to {high}; expected its lower end first")
    return dict(data)


def _number(value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, float) and math.isfinite(value)


def _number_or_none(value: Any) -> bool:
    return value is None or _number(value)


def _error(value: Any) -> bool:
    return value is None or (_number(value) and value >= 0)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _line(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _lines(value: Any) -> bool:
    return isinstance(value, list) and all(map(_line, value))


def _details(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_line, value)) and all(map(_number_or_none, value.values()))


def _normalisation(value: Any) -> bool:
    return isinstance(value, str) and value in set(Normalisation)


_NUMBER: Final = "a finite number, or nothing where it is not known"
_AN_ERROR: Final = "a finite number of at least 0, or nothing where it is not known"
_SHORT_LINES: Final = f"a list of printable lines of at most {_LONGEST} characters"
_EXPECTED: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "value": (_number, "a finite number"),
    "error": (_error, _AN_ERROR),
    "interval_low": (_number_or_none, _NUMBER),
    "interval_high": (_number_or_none, _NUMBER),
    "raw": (_number_or_none, _NUMBER),
    "raw_error": (_error, _AN_ERROR),
    "ceiling": (_number_or_none, _NUMBER),
    "ceiling_error": (_error, _AN_ERROR),
    "normalisation": (_normalisation, f"one of {', '.join(Normalisation)}"),
    "chance": (_number_or_none, _NUMBER),
    "n_nan": (_count, "a whole number of at least 0"),
    "resampled": (_lines, _SHORT_LINES),
    "notes": (_lines, _SHORT_LINES),
    "details": (_details, "finite numbers by printable names"),
    "ceiling_details": (_details, "finite numbers by printable names"),
}


#: How the name of an array of replicates ends, its dims and coordinates, and what makes it; the first that fits.
_REPLICATES: Final[tuple[tuple[str, tuple[str, ...], set[str], str], ...]] = (
    ("unit_replicates", ("replicate", "neuroid"), set(), "means.unit_replicates"),
    ("replicates", ("factor", "replicate"), {"variance_factor"}, "intervals.replicates_array"),
)


def _array(folder: Path, name: Any) -> xr.DataArray:
    if name not in _NAMES:
        raise Unusable(f"the score has an array {_quoted(name)}; expected some of {', '.join(_NAMES)}")
    path = _file(folder, str(folder / f"{name}.nc"), f"the array {name}")
    try:
        array = read_array(path)
    except ArrayFileError as error:
        raise Unusable(f"the array {name} of the score cannot be read: {error}") from error
    if array.dtype.kind not in "fiub":
        raise Unusable(f"the array {name} of the score has dtype {array.dtype}; numbers were expected")
    for ending, dims, coordinates, made_by in _REPLICATES:
        if name.endswith(ending):
            if array.dims != dims or not coordinates <= set(array.coords):
                raise Unusable(
                    f"the array {name} of the score has dims {array.dims} and coordinates {sorted(map(str, array.coords))}; "
                    f"expected what fornix.numerics.uncertainty.{made_by} makes"
                )
            break
    return array


def _file(folder: Path, name: Any, what: str) -> Path:
    """A file right in the folder of a step: no link, no pipe, nothing elsewhere that this process would read or move."""
    try:
        path = Path(name) if isinstance(name, str) else folder
        sound = path.parent == folder and not path.is_symlink() and path.is_file() and not folder.is_symlink()
    except (OSError, ValueError):  # a name that is too long, or holds a null character
        sound = False
    if not sound:
        raise Unusable(f"{what} is not in a file of its own where the worker was to leave it ({_quoted(name)})")
    return path


def _quoted(value: Any) -> str:
    text = ascii(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= 100 else text[:97] + "..."


def _short(error: Exception) -> str:
    return _quoted(str(error) or type(error).__name__)
