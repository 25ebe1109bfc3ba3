"""Time bins matched by start and end, and how notes name them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import AssemblyError
from fornix.numerics.bins import bin_coordinates, matching_bins, notes_by_bin


def timed(*bounds: tuple[float, float]) -> xr.DataArray:
    start, end = np.array(bounds).T
    coords = {
        "time_bin_start": ("time_bin", start),
        "time_bin_end": ("time_bin", end),
        "stimulus_id": ("presentation", ["a", "b"]),
    }
    return xr.DataArray(np.zeros((2, 3, len(bounds))), dims=("presentation", "neuroid", "time_bin"), coords=coords)


def test_bins_are_matched_by_both_bounds_whatever_their_order() -> None:
    source = timed((90, 110), (70, 95), (70, 90), (110, 130))
    found = matching_bins(source, timed((70, 90), (110, 130), (90, 110)))
    assert found is not None
    assert found.tolist() == [2, 3, 0]
    assert matching_bins(source[:, :, 0], timed((70, 90))) is None


def test_a_bin_that_the_source_lacks_is_named() -> None:
    with pytest.raises(AssemblyError, match=r"the source lacks 2 of 3 time bins of the target, for example \(70, 90\) ms"):
        matching_bins(timed((70, 95), (90, 110)), timed((70, 90), (90, 110), (110, 130)))
    with pytest.raises(AssemblyError, match="the target has no coordinates time_bin_start and time_bin_end"):
        matching_bins(timed((70, 90)), timed((70, 90)).drop_vars("time_bin_start"))


def test_coordinates_are_those_of_bins_alone() -> None:
    assert set(bin_coordinates(timed((70, 90)))) == {"time_bin_start", "time_bin_end"}
    assert bin_coordinates(timed((70, 90))[:, :, 0]) == {}


def test_a_note_is_there_once_with_the_bins_that_it_is_of() -> None:
    assert notes_by_bin([["a"], [], ["b", "a"]]) == ("time bins 0, 2: a", "time bin 2: b")
    assert notes_by_bin([[], []]) == ()
