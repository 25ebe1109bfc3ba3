"""check_assembly: an assembly passes unchanged, or one sentence says what is wrong with it."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from fornix.interfaces import DIMS, AssemblyError, check_assembly
from fornix.interfaces.assembly import check_numbers


def assembly(rows: str = "presentation", ids: Any = ("a", "b"), **coords: Any) -> xr.DataArray:
    given = {"stimulus_id": (rows, np.array(ids)), **coords}
    return xr.DataArray(np.arange(2.0 * len(ids)).reshape(-1, 2), dims=(rows, "neuroid"), coords=given)


def test_a_good_assembly_is_returned_itself() -> None:
    good = assembly(neuroid_id=("neuroid", np.array(["x", "y"])))
    assert check_assembly(good, dims=("presentation", "neuroid"), stimulus_ids=["b", "a"], finite=True) is good


@given(st.lists(st.sampled_from(DIMS), min_size=1, max_size=4, unique=True))
def test_any_of_the_dimensions_may_be_combined(dims: list[str]) -> None:
    array = xr.DataArray(np.zeros([2] * len(dims)), dims=dims)
    assert check_assembly(array, dims=tuple(dims)) is array


@pytest.mark.parametrize("dtype", ["U3", "i4", "u1", "f4", "f8", "?"])
def test_values_and_coordinates_of_plain_dtypes_pass(dtype: str) -> None:
    plain = np.zeros(2, dtype=dtype)
    check_assembly(xr.DataArray(plain, dims=("presentation",), coords={"c": ("presentation", plain)}))


MULTI = assembly().assign_coords(
    xr.Coordinates.from_pandas_multiindex(pd.MultiIndex.from_product([["m"], ["n", "o"]]), "neuroid")
)


@pytest.mark.parametrize(
    ("array", "arguments", "sentence"),
    [
        (np.zeros(2), {}, "the assembly is a ndarray; expected an xarray.DataArray"),
        (xr.DataArray(np.zeros(2), dims=("time",)), {}, "has a dimension 'time'; the dimensions are presentation, neuroid"),
        (assembly(), {"dims": ("neuroid", "presentation")}, r"has dims \('presentation', 'neuroid'\); expected \('neuroid',"),
        (xr.DataArray(np.zeros((0, 2)), dims=("presentation", "neuroid")), {}, r"is empty: its shape is \(0, 2\)"),
        (MULTI, {}, "coordinate 'neuroid' of the assembly is a MultiIndex; give plain coordinates"),
        (
            assembly(who=("presentation", np.array(["x", None], dtype=object))),
            {},
            "coordinate 'who' .* has dtype object; expected str",
        ),
        (xr.DataArray(np.array(["x"], dtype=object), dims=("trial",)), {}, "has values of dtype object; expected str"),
        (assembly() * 1j, {}, "has values of dtype complex128"),
        (
            assembly().drop_vars("stimulus_id"),
            {"stimulus_ids": ["a"]},
            r"has no coordinate stimulus_id: give it by \.assign_coords",
        ),
        (assembly(), {"stimulus_ids": ["a", "b", "c"]}, "lacks 1 of 3 stimuli, for example 'c'"),
        (assembly(), {"stimulus_ids": ["a"]}, "has 1 stimuli that were not asked for, for example 'b'"),
        (assembly(ids=("a", "b", "a")), {"stimulus_ids": ["a", "b"]}, "answers a stimulus twice: 1 duplicate rows"),
        (
            assembly(ids=("a", "a"), repetition=("presentation", [1, 1])),
            {"stimulus_ids": ["a"]},
            "answers a stimulus twice",
        ),
        (
            assembly("token"),
            {"stimulus_ids": ["a", "b"]},
            "does not number the tokens of each stimulus: give the coordinate 'position'",
        ),
        (assembly("frame"), {"stimulus_ids": ["a", "b"]}, "does not number the frames of each stimulus"),
        (
            assembly("frame", ids=("a", "a"), position=("frame", [3, 3])),
            {"stimulus_ids": ["a"]},
            "answers a stimulus twice",
        ),
        (assembly(ids=(1, 2)), {}, "coordinate 'stimulus_id' of the assembly has dtype int64; stimuli have names"),
        (assembly(ids=("a", "")), {}, "coordinate 'stimulus_id' of the assembly has an empty name"),
        (
            xr.DataArray([1.0], dims=("pair",), coords={"stimulus_a": ("pair", [np.nan])}),
            {},
            "coordinate 'stimulus_a' of the assembly has dtype float64; stimuli have names",
        ),
        (assembly(repetition=("presentation", [0.0, np.nan])), {}, "coordinate 'repetition' .* by whole numbers .int. from 0"),
        (assembly(repetition=("presentation", [-1, 0])), {}, "coordinate 'repetition' .* by whole numbers .int. from 0"),
        (
            xr.DataArray(
                [1.0], dims="time_bin", coords={"time_bin_start": ("time_bin", [50]), "time_bin_end": ("time_bin", [0])}
            ),
            {},
            "the assembly has a time bin that does not end after it starts",
        ),
        (
            xr.DataArray(
                [1.0], dims="time_bin", coords={"time_bin_start": ("time_bin", [0]), "time_bin_end": ("time_bin", [np.nan])}
            ),
            {},
            "the assembly has a time bin that does not end after it starts",
        ),
        (
            assembly(neuroid_id=("neuroid", np.array(["x", "y"]))).where(lambda a: (a > 1) | (a == 0)),
            {"finite": True},
            r"has 1 value that is NaN or infinite, out of 4, the first at presentation 0 \('a'\), neuroid 1 \('y'\)$",
        ),
        (
            xr.DataArray([1.0, np.inf], dims=("time_bin",)),
            {"finite": True},
            "out of 2, the first at time_bin 1$",
        ),
        (
            xr.DataArray(np.array([1e30, -np.inf, np.nan], dtype=np.float32), dims=("time_bin",)),
            {"finite": True},
            "has 2 values that are NaN or infinite, out of 3, the first at time_bin 1$",
        ),
        (xr.DataArray(np.nan), {"finite": True}, "has 1 value that is NaN or infinite, out of 1$"),
        (assembly().astype(str), {"finite": True}, "the assembly has dtype <U32; numbers were expected"),
        (assembly() * 1e70, {"finite": True}, r"the largest number of the assembly is 3e\+70, .* between 1e-70 and 1e\+70"),
        (assembly() * -1e300, {"finite": True}, r"the largest number of the assembly is 3e\+300"),
        (assembly() * 1e-170, {"finite": True}, "the largest number of the assembly is 3e-170"),
        (
            xr.DataArray(np.zeros((1, 3)), dims=("trial", "neuroid"), coords={"neuroid_id": ("neuroid", ["x", "y", "x"])}),
            {},
            "the assembly has 3 neuroids and 2 names for them: 'x' is there 2 times; give each its own neuroid_id",
        ),
    ],
)
def test_a_bad_assembly_is_refused_with_a_sentence(array: Any, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AssemblyError, match=sentence):
        check_assembly(array, **arguments)


@pytest.mark.filterwarnings("ignore:Duplicate dimension names")
def test_a_dimension_twice_is_refused() -> None:
    with pytest.raises(AssemblyError, match=r"has a dimension twice: \('neuroid', 'neuroid'\)"):
        check_assembly(xr.DataArray(np.zeros((2, 2)), dims=("neuroid", "neuroid")))


@pytest.mark.parametrize("dims", [None, ("presentation", "neuroid"), ("presentation",), ("token", "neuroid"), ("trial",), ()])
def test_the_sentence_shows_how_to_make_one(dims: tuple[str, ...] | None) -> None:
    """Two plain arrays say nothing of which rows belong together; what the sentence shows, passes."""
    values = np.zeros([2] * len(("presentation", "neuroid") if dims is None else dims))
    for wrong in (values, pd.DataFrame([[1.0]]), xr.DataArray(np.zeros((2, 2, 2)))):
        with pytest.raises(AssemblyError) as caught:
            check_assembly(wrong, dims=dims)  # type: ignore[arg-type]
        shown = re.search(r"xr\.DataArray\(.*\)(?=, where names has the stimulus of each row$|$)", str(caught.value))
        assert shown is not None, str(caught.value)
        made = eval(shown.group(), {"xr": xr, "values": values, "names": ["a", "b"]})
        check_assembly(made, dims=dims, stimulus_ids=["a", "b"] if "stimulus_id" in made.coords else None)
        assert ("stimulus_id" in made.coords) == (dims is None or dims[:1] == ("presentation",))


def test_the_sentence_names_the_assembly_as_its_caller_does() -> None:
    with pytest.raises(AssemblyError, match=r"^the answer of gabor to V1 lacks"):
        check_assembly(assembly(), stimulus_ids=["z"], what="the answer of gabor to V1")


def test_repetitions_tokens_and_frames_are_no_duplicates() -> None:
    check_assembly(assembly(ids=("a", "a"), repetition=("presentation", [0, 1])), stimulus_ids=["a"])
    check_assembly(assembly("token", ids=("a", "a"), position=("token", [0, 1])), stimulus_ids=["a"])
    check_assembly(assembly("frame", ids=("a", "a"), position=("frame", [0, 1])), stimulus_ids=["a"])


def test_nan_passes_unless_told_otherwise() -> None:
    check_assembly(assembly().where(lambda a: a > 1))


@pytest.mark.parametrize("value", [0.0, 1e69, -1e69, 1e-69])
def test_numbers_of_any_size_that_can_be_computed_with_pass(value: float) -> None:
    check_numbers(xr.DataArray([0.0, 1e-300 if value else 0.0, value, math.nan, math.inf], dims=("trial",)))
    check_assembly(xr.DataArray(np.float32([0.0, 1e-45]), dims=("trial",)), finite=True)
    with pytest.raises(AssemblyError, match="the largest number"):
        check_numbers(xr.DataArray([1e71, math.inf], dims=("trial",)))
