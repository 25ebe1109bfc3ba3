"""Which benchmarks of a ranked matrix are shown where none is named, and what is said of those that were passed over."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from fornix.matrix.comparing.orders import LACKING_CHILDREN, passed_text, tops
from fornix.matrix.comparing.ranking import NOT_ALL_CHILDREN

#: A root with two parents below, of two leaves each, a root of one leaf, and a root that is a leaf.
PARENTS = {"R": "", "P": "R", "x": "P", "y": "P", "Q": "R", "u": "Q", "v": "Q", "S": "", "s": "S", "z": ""}


def ranked(ranked: str, flagged: str = "", unranked: Mapping[str, tuple[str, str]] | None = None) -> xr.Dataset:
    """Two models; on the benchmarks in ``ranked`` both have a rank, on those in ``flagged`` a value and none."""
    names = list(PARENTS)
    has_rank, has_value = (np.array([[name in some for name in names]] * 2) for some in (ranked, ranked + flagged))
    why = np.full((2, len(names)), "", dtype=object)
    why[:, [name in flagged for name in names]] = "out of rankings: no standard error"
    for name, reasons in (unranked or {}).items():
        why[:, names.index(name)] = reasons
    dims = ("model", "benchmark")
    return xr.Dataset(
        {
            "rank": (dims, np.where(has_rank, 1.0, np.nan)),
            "value": (dims, np.where(has_value, 0.5, np.nan)),
            "unranked": (dims, why.astype(np.str_)),
        },
        coords={"model": ["a", "b"], "benchmark": names, "parent": ("benchmark", list(PARENTS.values()))},
    )


def test_a_root_with_ranks_stands_for_its_tree() -> None:
    assert tops(ranked("RPxyQuvSsz")) == (["R", "S", "z"], {})


def test_below_a_root_without_ranks_the_highest_that_have_some_are_taken() -> None:
    shown, passed = tops(ranked("PxyuSs"))
    assert shown == ["P", "u", "S"]
    assert passed == {"R": LACKING_CHILDREN, "Q": LACKING_CHILDREN}


def test_what_has_no_score_is_not_spoken_of() -> None:
    assert tops(ranked("x")) == (["x"], {"R": LACKING_CHILDREN, "P": LACKING_CHILDREN})
    assert tops(ranked("")) == ([], {})


def test_scores_without_a_rank_are_told_with_the_reasons() -> None:
    mixed = ("it has no replicates", "out of rankings: no standard error")
    of_z = {"z": mixed, "P": (NOT_ALL_CHILDREN, ""), "R": (NOT_ALL_CHILDREN, mixed[1])}
    shown, passed = tops(ranked("y", "xz", of_z))
    assert shown == ["y"]
    assert passed["x"] == "out of rankings: no standard error"
    assert passed["z"] == "it has no replicates (1 model); out of rankings: no standard error (1 model)"
    assert passed["R"] == f"{NOT_ALL_CHILDREN} (1 model); out of rankings: no standard error (1 model)"
    assert passed["P"] == LACKING_CHILDREN


def test_one_sentence_says_it_of_all_that_were_passed_over_for_one_reason() -> None:
    passed = {"R": LACKING_CHILDREN, "x": "it has no replicates", "Q": LACKING_CHILDREN}
    first, second = passed_text(passed, common=False)
    assert first.startswith(f"no rank on R, Q: {LACKING_CHILDREN} (--common ranks on the children that all models have")
    assert second == "no rank on x: it has no replicates"
    assert passed_text(passed, common=True) == [f"no rank on R, Q: {LACKING_CHILDREN}", second]
