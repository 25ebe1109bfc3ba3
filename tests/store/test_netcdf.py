"""Round trips are identical, files are ordinary netCDF, and what cannot be stored is refused in one sentence."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fornix.interfaces import Gram
from fornix.store.interface import ArrayFileError
from fornix.store.netcdf import (
    read_array,
    read_arrays,
    read_dataset,
    read_gram,
    read_group,
    read_response,
    write_array,
    write_arrays,
    write_dataset,
    write_gram,
    writing_groups,
)

DTYPES = [np.dtype(t) for t in ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">f4", ">i8", "U1", "U7"]]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=7)


def assert_same(found: xr.DataArray, expected: xr.DataArray) -> None:
    """Identical, and of the same dtypes: xarray's identical() compares values only."""
    xr.testing.assert_identical(found, expected)
    assert found.dtype == expected.dtype
    assert {n: c.dtype for n, c in found.coords.items()} == {n: c.dtype for n, c in expected.coords.items()}
    assert set(found.indexes) == set(expected.indexes)
    assert {n: type(v) for n, v in found.attrs.items()} == {n: type(v) for n, v in expected.attrs.items()}


def assembly() -> xr.DataArray:
    rng = np.random.default_rng(1)
    return xr.DataArray(
        rng.normal(size=(4, 3, 1)).astype(np.float32),
        dims=("presentation", "neuroid", "time_bin"),
        coords={
            "stimulus_id": ("presentation", ["a", "bb", "größe", ""]),
            "repetition": ("presentation", np.array([0, 1, 0, 1], dtype=np.int16)),
            "neuroid": ["n1", "n2", "n3"],
            "good": ("neuroid", [True, False, True]),
            "depth_um": ("neuroid", [1.5, np.nan, np.inf]),
            "time_bin_start": ("time_bin", [70.0]),
            "weight": (("presentation", "neuroid"), rng.normal(size=(4, 3))),
            "region": "V4",
            "session": 210325,
        },
        name="responses",
        attrs={
            "units": "spikes/s",
            "count": 3,
            "rate": 0.1,
            "nan": float("nan"),
            "list": [1, "a", None],
            "table": {"a": {"b": True}},
        },
    )


def without_attributes(array: xr.DataArray) -> xr.DataArray:
    bare = array.copy()
    for part in (bare, *bare.coords.values()):
        part.attrs = {}
    return bare


def test_an_assembly_comes_back_as_it_was(tmp_path: Path) -> None:
    array = assembly()
    array["depth_um"].attrs = {"units": "um", "nothing": None}
    write_array(tmp_path / "a.nc", array)
    assert_same(without_attributes(read_array(tmp_path / "a.nc")), without_attributes(array))
    found = read_array(tmp_path / "a.nc")
    assert {**found.attrs, "nan": 0} == {**array.attrs, "nan": 0}
    assert np.isnan(found.attrs["nan"])
    assert found["depth_um"].attrs == {"units": "um", "nothing": None}


@pytest.mark.parametrize(
    "array",
    [
        xr.DataArray(3.5),
        xr.DataArray("text", name="answer"),
        xr.DataArray(["cat", "dog", ""], dims="presentation", name="label"),
        xr.DataArray(np.zeros((1, 1)), dims=("presentation", "neuroid")),
        xr.DataArray(np.zeros((0, 2)), dims=("presentation", "neuroid"), coords={"neuroid": ["a", "b"]}),
        xr.DataArray(np.zeros(0, "U3"), dims="presentation"),
        xr.DataArray([1.0], dims="presentation", coords={"presentation": [7]}, name="presentation_"),
        xr.DataArray([1.0], dims="values", name="values"),
        xr.DataArray([1.0], dims="presentation", coords={"stimulus_id": ("presentation", ["a"])}, name="stimulus_id"),
        xr.DataArray([1.0], dims="presentation", name="a name / with signs"),
        xr.DataArray([9.969209968386869e36, -2147483647], dims="presentation"),  # the fill value of netCDF
        xr.DataArray([True, False], dims="presentation", coords={"presentation": [True, False]}),
        xr.DataArray([2], dims="x", attrs={"scale_factor": 2.0, "add_offset": 1.0}),
        xr.DataArray([2], dims="x", attrs={"missing_value": 2, "_FillValue": 2}),
        xr.DataArray([2], dims="x", attrs={"coordinates": "q", "fornix": "x", "CLASS": "c", "dtype": "bool", "flag": True}),
        xr.DataArray([2], dims="x", attrs={"": "", "zero\0": "a\0b", "half": "\ud800", "big": 2**70, "unit of x": "ms"}),
    ],
    ids=lambda array: f"{array.name}-{array.dtype}-{array.shape}-{'-'.join(array.attrs)}".encode("ascii", "replace").decode(),
)
def test_odd_arrays_come_back_as_they_were(tmp_path: Path, array: xr.DataArray) -> None:
    write_array(tmp_path / "a.nc", array)
    assert_same(read_array(tmp_path / "a.nc"), array)


@st.composite
def arrays(draw: st.DrawFn) -> xr.DataArray:
    names = draw(st.lists(st.sampled_from(["presentation", "neuroid", "time_bin"]), unique=True, max_size=3))
    shape = tuple(draw(st.integers(0, 3)) for _ in names)

    def values(of: tuple[int, ...]) -> np.ndarray:
        dtype = draw(st.sampled_from(DTYPES))
        if dtype.kind == "U":
            return draw(hnp.arrays(dtype, of, elements=TEXT.map(lambda text: text[: dtype.itemsize // 4])))
        return draw(hnp.arrays(dtype, of))

    coords: dict[str, Any] = {}
    for dim, size in zip(names, shape, strict=True):
        if draw(st.booleans()):
            coords[f"{dim}_id"] = (dim, values((size,)))
        if draw(st.booleans()):
            coords[dim] = (
                dim,
                draw(hnp.arrays(draw(st.sampled_from([np.dtype("i8"), np.dtype("f8"), np.dtype("U4")])), size, elements=None)),
            )
    if draw(st.booleans()):
        coords["scalar"] = ((), values(()))
    json_like = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=5,
    )
    attrs = draw(st.dictionaries(st.text(max_size=5), json_like, max_size=3))
    return xr.DataArray(values(shape), dims=names, coords=coords, name=draw(st.none() | st.text(max_size=5)), attrs=attrs)


def storable(array: xr.DataArray) -> bool:
    texts = [v.values for v in (array, *array.coords.values()) if v.dtype.kind == "U"]
    joined = "".join("".join(t.ravel().tolist()) for t in texts)
    return "\0" not in joined and joined.encode("utf-8", "replace").decode() == joined


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(array=arrays())
def test_any_array_comes_back_as_it_was(tmp_path: Path, array: xr.DataArray) -> None:
    if not storable(array):
        with pytest.raises(ArrayFileError):
            write_array(tmp_path / "a.nc", array)
        return
    write_array(tmp_path / "a.nc", array)
    assert_same(read_array(tmp_path / "a.nc"), array)


def test_other_readers_see_coordinates_and_values(tmp_path: Path) -> None:
    """The independent reader is xarray's own."""
    array = assembly()
    write_array(tmp_path / "a.nc", array)
    with xr.open_dataset(tmp_path / "a.nc") as dataset:
        assert list(dataset.data_vars) == ["responses"]
        assert set(dataset.coords) == set(array.coords)
        np.testing.assert_array_equal(dataset["responses"], array)
        assert dataset["stimulus_id"].values.tolist() == ["a", "bb", "größe", ""]
        assert dataset["responses"].attrs["units"] == "spikes/s"


def test_arrays_that_share_dimension_names_and_nothing_else_fit_in_one_file(tmp_path: Path) -> None:
    several = {
        "units": xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("split", "neuroid"), coords={"neuroid": ["a", "b", "c"]}),
        "replicates": xr.DataArray(np.zeros((1, 5)), dims=("factor", "replicate"), coords={"factor": ["stimuli"]}, name="x"),
        "ceiling_replicates": xr.DataArray(np.zeros((2, 4)), dims=("factor", "replicate"), coords={"factor": ["a", "b"]}),
    }
    write_arrays(tmp_path / "a.nc", several)
    found = read_arrays(tmp_path / "a.nc")
    assert list(found) == list(several)
    for name, array in several.items():
        assert_same(found[name], array)


def test_a_dataset_comes_back_as_it_was(tmp_path: Path) -> None:
    dataset = xr.Dataset(
        {"value": (("model", "benchmark"), [[0.5, np.nan]]), "status": (("model", "benchmark"), [["ok", "skipped"]])},
        coords={"model": ["gabor"], "benchmark": ["A", "B"], "licence": ("model", ["MIT"])},
        attrs={"created": "now", "cards": {"gabor": [1, 2]}},
    )
    write_dataset(tmp_path / "d.nc", dataset)
    found = read_dataset(tmp_path / "d.nc")
    xr.testing.assert_identical(found, dataset)
    assert {n: v.dtype for n, v in found.variables.items()} == {n: v.dtype for n, v in dataset.variables.items()}


def gram(n: int = 7, p: int = 30) -> Gram:
    features = np.random.default_rng(3).normal(size=(n, p))
    mean = features.mean(axis=0)
    centred = features - mean
    products = np.triu(centred @ centred.T)
    return Gram(
        products=products + np.triu(products, 1).T,
        mean_products=centred @ mean,
        mean_square=float(mean @ mean),
        row_sums=features.sum(axis=1),
        n_features=p,
        stimulus_id=np.array([f"stimulus {i}" for i in range(n)]),
    )


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_a_gram_comes_back_bit_by_bit(tmp_path: Path, n: int) -> None:
    expected = gram(n)
    write_gram(tmp_path / "g.nc", expected)
    found = read_response(tmp_path / "g.nc", "gram")
    assert isinstance(found, Gram)
    for name in ("products", "mean_products", "row_sums", "stimulus_id"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), strict=True)
    assert (found.mean_square, found.n_features) == (expected.mean_square, expected.n_features)
    assert type(found.n_features) is int


def test_a_gram_is_stored_as_its_upper_triangle(tmp_path: Path) -> None:
    expected = gram(40)
    write_gram(tmp_path / "g.nc", expected)
    with netCDF4.Dataset(tmp_path / "g.nc") as root:
        np.testing.assert_array_equal(root["products"][:], expected.products[np.triu_indices(40)])
        assert sum(variable.size for variable in root.variables.values()) == 40 * 41 // 2 + 3 * 40 + 2


def test_a_gram_that_is_not_symmetric_is_refused(tmp_path: Path) -> None:
    wrong = gram()
    wrong.products[2, 1] += 0.25
    with pytest.raises(ArrayFileError, match=r"not symmetric \(they differ by up to 0.25\)"):
        write_gram(tmp_path / "g.nc", wrong)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (
            xr.DataArray(
                [0.0, 1.0], dims="presentation", coords={"label": ("presentation", np.array(["a", None], dtype=object))}
            ),
            r"coordinate 'label' has 1 missing strings",
        ),
        (xr.DataArray(np.array(["a", np.nan], dtype=object), dims="presentation"), "array 'values' has 1 missing strings"),
        (xr.DataArray(np.array(["a", "b"], dtype=object), dims="presentation"), r"dtype object; .* give .astype\(str\)"),
        (xr.DataArray(pd.to_datetime(["2020-01-01"]), dims="presentation"), "give times as numbers, in ms"),
        (xr.DataArray([1j], dims="presentation"), "has dtype complex128; expected bool, int"),
        (xr.DataArray(np.zeros(1, np.longdouble), dims="presentation"), r"expected bool, int, uint, float \(up to 64 bits\)"),
        (xr.DataArray(["a\0b"], dims="presentation"), "null character"),
        (xr.DataArray(["\ud800"], dims="presentation"), "half a surrogate pair"),
        (xr.DataArray([1.0], dims="a/b"), "'a/b' cannot be a name in a file"),
        (xr.DataArray([1.0], dims="x", coords={"größe": ("x", [1])}), "'größe' cannot be a name in a file"),
        (xr.DataArray([1.0], dims="x", name=("a", "b")), "the name of an array is"),
        (
            xr.DataArray([1.0], dims="x", attrs={"when": np.datetime64("2020-01-01")}),
            r"attributes \['when'\] of array 'values' cannot",
        ),
        (xr.DataArray([1.0], dims="x", attrs={"list": [float("nan")]}), "without NaN"),
        (xr.DataArray([1.0], dims="x", attrs={3: "x"}), "is called 3; expected a str"),
        (
            xr.DataArray(np.zeros(2), dims="p").assign_coords(
                xr.Coordinates.from_pandas_multiindex(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"]), "p")
            ),
            "MultiIndex; give plain coordinates",
        ),
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(tmp_path: Path, array: xr.DataArray, sentence: str) -> None:
    with pytest.raises(ArrayFileError, match=sentence):
        write_array(tmp_path / "a.nc", array)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    write_array(tmp_path / "a.nc", assembly())
    with pytest.raises(ArrayFileError):
        write_array(tmp_path / "a.nc", xr.DataArray([1j], dims="x"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.nc"]
    assert read_array(tmp_path / "a.nc").name == "responses"


def test_groups_of_arrays_are_written_one_by_one_while_others_are_read(tmp_path: Path) -> None:
    arrays = {"units": xr.DataArray([[1.0, np.nan]], dims=("a", "b")), "replicates": xr.DataArray(["ü", ""], dims="c")}
    write_arrays(tmp_path / "source.nc", arrays)
    with writing_groups(tmp_path / "groups.nc") as put:
        put("resnet-50.v2", {"scalars": {"value": 0.5, "notes": ["ü"]}}, read_arrays(tmp_path / "source.nc"))
        put("3d", {}, {})
    about, found = read_group(tmp_path / "groups.nc", "resnet-50.v2") or ({}, {})
    assert about == {"scalars": {"value": 0.5, "notes": ["ü"]}}
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert_same(found[name], array)
    assert read_group(tmp_path / "groups.nc", "3d") == ({}, {})
    assert read_group(tmp_path / "groups.nc", "resnet") is None
    with pytest.raises(ArrayFileError, match="holds 'arrays', expected 'groups'"):
        read_group(tmp_path / "source.nc", "units")
    with pytest.raises(ValueError, match="is no identifier"), writing_groups(tmp_path / "broken.nc") as put:
        put("a/b", {}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["groups.nc", "source.nc"]


def test_what_is_not_such_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    with pytest.raises(ArrayFileError, match="there is no file"):
        read_array(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n and nothing more")
    with pytest.raises(ArrayFileError, match=r"a.nc is damaged, or no netCDF file that fornix wrote"):
        read_array(path)
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(path)
    with pytest.raises(ArrayFileError, match="no netCDF file that fornix wrote"):
        read_array(path)
    write_gram(path, gram())
    with pytest.raises(ArrayFileError, match="holds 'gram', expected 'array'"):
        read_array(path)
    with pytest.raises(ArrayFileError, match="holds 'gram', expected 'array'"):
        read_response(path, "array")
    write_array(path, assembly())
    with pytest.raises(ArrayFileError, match="holds 'array', expected 'gram'"):
        read_gram(path)
    content = path.read_bytes()
    for keep in range(0, len(content), len(content) // 20):
        path.write_bytes(content[:keep])
        with pytest.raises(ArrayFileError):
            read_array(path)


def test_nothing_in_a_file_is_pickled(tmp_path: Path) -> None:
    write_array(tmp_path / "a.nc", assembly())
    with netCDF4.Dataset(tmp_path / "a.nc") as root:
        texts = [root.getncattr("fornix"), *(variable.getncattr("fornix") for variable in root.variables.values())]
    for text in texts:
        json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no strict JSON"))


TOO_BIG = """
import resource, signal, sys
import numpy as np, xarray as xr
from pathlib import Path
from fornix.store.netcdf import write_array
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    write_array(Path(sys.argv[1]), xr.DataArray(np.random.rand(1 << 19), dims="presentation"))
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def test_a_write_that_the_disk_refuses_is_an_oserror_and_leaves_nothing(tmp_path: Path) -> None:
    """A real refusal, of a limit on the size of files; the library beneath says nothing but "HDF error"."""
    run = subprocess.run([sys.executable, "-c", TOO_BIG, str(tmp_path / "a.nc")], capture_output=True, text=True)
    assert run.stdout.split()[:2] == ["OSError", str(errno.EIO)], run
    assert list(tmp_path.iterdir()) == []
