"""Split plans against scikit-learn, and what they promise: order does not matter, copies and groups stay together."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fornix.numerics.splits import SplitPlan, given_split, split_plan

model_selection = pytest.importorskip("sklearn.model_selection")
IDS = np.array([f"s{k:03d}" for k in np.random.default_rng(3).permutation(60)])
LABELS = np.array([f"class{int(name[1:]) % 3}" for name in IDS])
GROUPS = np.array([f"group{int(name[1:]) // 5}" for name in IDS])


def same(plan: SplitPlan, drawn: Any) -> None:
    for (train, test), (expected_train, expected_test) in zip(plan, drawn, strict=True):
        np.testing.assert_array_equal(train, expected_train)
        np.testing.assert_array_equal(test, expected_test)


@pytest.mark.parametrize(
    ("splitter", "options"),
    [
        (lambda m: m.ShuffleSplit(10, train_size=0.9, random_state=1), {}),
        (lambda m: m.StratifiedShuffleSplit(10, train_size=0.9, random_state=1), {"stratify": LABELS}),
        (lambda m: m.StratifiedShuffleSplit(10, test_size=0.9, random_state=1), {"stratify": LABELS, "test_size": 0.9}),
        (lambda m: m.KFold(10, shuffle=True, random_state=1), {"kind": "kfold"}),
        (lambda m: m.StratifiedKFold(10, shuffle=True, random_state=1), {"kind": "kfold", "stratify": LABELS}),
        (lambda m: m.GroupKFold(10), {"kind": "group_kfold", "groups": GROUPS}),
        (lambda m: m.GroupShuffleSplit(10, train_size=0.9, random_state=1), {"kind": "group_shuffle", "groups": GROUPS}),
    ],
)
def test_brain_scores_plan_is_scikit_learns_over_rows(splitter: Callable[[Any], Any], options: dict[str, Any]) -> None:
    plan = split_plan(IDS, definition="brainscore", **options)
    same(plan, splitter(model_selection).split(np.zeros(60), options.get("stratify"), options.get("groups")))


@pytest.mark.parametrize("options", [{}, {"kind": "kfold", "stratify": LABELS}, {"kind": "group_kfold", "groups": GROUPS}])
def test_the_default_plan_does_not_depend_on_the_order_of_rows(options: dict[str, Any]) -> None:
    order = np.random.default_rng(0).permutation(60)
    moved = {name: value[order] if isinstance(value, np.ndarray) else value for name, value in options.items()}
    for (train, test), (train_moved, test_moved) in zip(split_plan(IDS, **options), split_plan(IDS[order], **moved), strict=True):
        assert set(IDS[train]) == set(IDS[order][train_moved])
        assert set(IDS[test]) == set(IDS[order][test_moved])


def test_copies_of_a_stimulus_stay_together() -> None:
    ids = IDS[np.random.default_rng(1).integers(0, 60, size=300)]
    for train, test in split_plan(ids, n_splits=20):
        assert not set(ids[train]) & set(ids[test])
        assert len(train) + len(test) == 300


def test_groups_are_never_cut() -> None:
    for kind in ("group_kfold", "group_shuffle"):
        for train, test in split_plan(IDS, kind=kind, n_splits=4, groups=GROUPS):
            assert not set(GROUPS[train]) & set(GROUPS[test])


def test_a_given_split() -> None:
    plan = given_split(["test", "train", "held out", "train"])
    same(plan, [([1, 3], [0])])
    with pytest.raises(ValueError, match="2 rows marked 'train' and 0 marked 'test'"):
        given_split(["train", "train"])


def test_a_given_split_may_not_cut_what_is_to_stay_whole() -> None:
    parts, stimuli = ["train", "test", "train", "neither"], ["a", "b", "c", "a"]
    same(given_split(parts, {"stimulus": stimuli}), [([0, 2], [1])])
    with pytest.raises(ValueError, match=r"rows of 'x' in train and in test, as of 1 in all: mark all rows of a story"):
        given_split(parts, {"stimulus": stimuli, "story": ["x", "x", "y", "y"]})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kind": "kfold", "n_splits": 61}, "there are 60 stimuli for 61 folds"),
        ({"kind": "kfold", "n_splits": 1}, "n_splits is 1; expected at least 2"),
        ({"kind": "group_kfold"}, "'group_kfold' needs the group of each row"),
        ({"kind": "group_kfold", "groups": GROUPS, "stratify": LABELS}, "'group_kfold' cannot be stratified as well"),
        ({"groups": GROUPS}, "the split kind 'shuffle' cuts groups in two: give 'group_shuffle', or no groups"),
        ({"kind": "kfold", "groups": GROUPS}, "the split kind 'kfold' cuts groups in two: give 'group_kfold', or no groups"),
        (
            {"stratify": np.maximum(np.arange(60), 1)},
            r"cannot be split as asked \(shuffle, 10 splits\): 58 of 59 strata have one stimulus only, for example 2, and each",
        ),
        ({"kind": "kfold", "stratify": np.arange(60)}, "60 stimuli cannot be split as asked"),
        ({"kind": "leave_one_out"}, "there is no split kind 'leave_one_out'; the kinds are shuffle, kfold"),
        ({"stratify": LABELS[:5]}, "there are 5 stratum labels for 60 rows"),
    ],
)
def test_a_plan_that_cannot_be_drawn_says_why(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        split_plan(IDS, **options)


def test_rows_of_one_stimulus_in_two_strata_are_refused() -> None:
    with pytest.raises(ValueError, match="lie in more than one stratum"):
        split_plan(np.r_[IDS, IDS], stratify=np.r_[LABELS, LABELS[::-1]])


def test_rows_without_a_group_are_refused_as_that() -> None:
    with pytest.raises(ValueError, match=f"1 of {len(IDS)} rows have NaN for their group; give each row one"):
        split_plan(IDS, kind="group_shuffle", groups=np.r_[np.nan, np.arange(len(IDS) - 1) // 5])
