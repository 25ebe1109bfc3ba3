"""Tables as the pages read them: columns of compact numbers and coded words, in script files that register themselves.

A page that was opened from a file may load scripts and nothing else, so data come as scripts; their content is JSON in a string,
which cannot be anything but data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

#: Significant digits of a number on a page; a whole one is left as it is.
_DIGITS: Final = 5
_FEWER: Final = {"error": 3, "raw_error": 3, "ceiling_error": 3, "seconds": 3}


class Columns:
    """Variables of a matrix with dims (model, benchmark), from which the tables of models and of benchmarks are cut.

    Parameters
    ----------
    matrix : Dataset
    names : sequence of str
        The variables that a table may have.
    """

    def __init__(self, matrix: xr.Dataset, names: Sequence[str]) -> None:
        self._numbers: dict[str, list[list[Any]]] = {}
        self._words: dict[str, tuple[list[str], Any]] = {}
        for name in names:
            values = matrix[name].transpose("model", "benchmark").values
            if values.dtype.kind == "U":
                self._words[name] = _coded(values)
            else:
                digits = _FEWER.get(name, _DIGITS)
                self._numbers[name] = [[compact(number, digits) for number in row] for row in values.tolist()]

    def of_model(self, at: int) -> dict[str, Any]:
        """The table of a model: a row for each benchmark."""
        return self._table({n: rows[at] for n, rows in self._numbers.items()}, {n: c[at, :] for n, (_, c) in self._words.items()})

    def of_benchmark(self, at: int, names: Sequence[str]) -> dict[str, Any]:
        """The table of a benchmark, with these variables: a row for each model."""
        numbers = {n: [row[at] for row in rows] for n, rows in self._numbers.items() if n in names}
        return self._table(numbers, {n: codes[:, at] for n, (_, codes) in self._words.items() if n in names})

    def _table(self, numbers: Mapping[str, list[Any]], codes: Mapping[str, Any]) -> dict[str, Any]:
        columns: dict[str, Any] = {n: column for n, column in numbers.items() if any(each is not None for each in column)}
        for name, column in codes.items():
            used, where = np.unique(column, return_inverse=True)
            words = [self._words[name][0][code] for code in used]
            if words != [""]:
                columns[name] = {"words": words} if len(words) == 1 else {"words": words, "at": where.tolist()}
        length = len(next(iter(numbers.values()))) if numbers else len(next(iter(codes.values())))
        return {"length": length, "columns": columns}


def table(columns: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """A table of columns of words, numbers and booleans, none left out."""
    plain = {name: [compact(each, _DIGITS) if isinstance(each, float) else each for each in of] for name, of in columns.items()}
    return {"length": len(next(iter(plain.values()))), "columns": plain}


def compact(number: Any, digits: int) -> Any:
    """A number with so many significant digits; None where it is not finite, 0 and 1 for booleans."""
    if not isinstance(number, float):
        return int(number)
    if not math.isfinite(number):
        return None
    short = number if number.is_integer() else float(f"{number:.{digits}g}")
    return int(short) if short.is_integer() else short


def write_script(folder: Path, name: str, content: Any) -> None:
    """Write ``<name>.js`` below a folder, which registers its content under its name."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("\\", "\\\\").replace("'", "\\'")
    path = folder / f"{name}.js"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"fornix.register({json.dumps(name)}, JSON.parse('{text}'));\n", encoding="ascii", newline="\n")


def _coded(values: Any) -> tuple[list[str], Any]:
    numbers: dict[str, int] = {}
    codes = [[numbers.setdefault(word, len(numbers)) for word in row] for row in values.tolist()]
    return list(numbers), np.array(codes, dtype=np.int32).reshape(values.shape)
