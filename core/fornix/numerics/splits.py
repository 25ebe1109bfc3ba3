"""Split plans: which rows train and which test, as data. Made once from stimuli and a seed, the same for every model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.numerics.definition import Definition

Kind = Literal["shuffle", "kfold", "group_shuffle", "group_kfold", "given"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, eq=False)
class SplitPlan:
    """Row numbers of each split.

    Parameters
    ----------
    train, test : tuple of (m,) int, one for each split
    whole : (n,), optional
        The stimulus or group of each row, which no split cuts in two: where training parts are divided again (to choose a
        penalty), these stay together too. None: rows are taken to stand for themselves.
    """

    train: tuple[NDArray[np.int64], ...]
    test: tuple[NDArray[np.int64], ...]
    whole: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.train)

    def __iter__(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        return iter(zip(self.train, self.test, strict=True))

    def whole_of(self, rows: NDArray[np.int64]) -> NDArray[Any] | None:
        """The stimulus or group of each of some rows (k,); None where rows stand for themselves."""
        return None if self.whole is None else self.whole[rows]

    def take(self, n_splits: int) -> SplitPlan:
        """The first splits of the plan."""
        return SplitPlan(self.train[:n_splits], self.test[:n_splits], self.whole)


def split_plan(
    stimulus_id: ArrayLike,
    *,
    kind: Kind = "shuffle",
    n_splits: int = 10,
    train_size: float = 0.9,
    test_size: float | None = None,
    seed: int = 1,
    stratify: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    definition: Definition = "default",
) -> SplitPlan:
    """A split plan, drawn by scikit-learn's splitters.

    Parameters
    ----------
    stimulus_id : (n,) str
        Of each row.
    kind : {"shuffle", "kfold", "group_shuffle", "group_kfold"}
        Random train and test parts; or folds, shuffled from the same seed (those of groups are as even as they can be,
        whatever the seed). A group is never cut in two.
    n_splits : int
    train_size : float
        Part of the stimuli that trains (shuffle kinds). Ignored where ``test_size`` is given.
    test_size : float, optional
    seed : int
    stratify : (n,), optional
        A label for each row whose frequencies train and test share.
    groups : (n,), optional
        The group of each row, which the group kinds need and the others refuse.
    definition : {"default", "brainscore"}
        Default: drawn over the sorted unique stimuli, so that the order of rows does not matter and all rows of a stimulus
        lie on one side. Brain-Score: drawn over rows in the order given.

    Raises
    ------
    ValueError
        If the stimuli, strata or groups are too few for the plan.
    """
    identifiers = np.asarray(stimulus_id)
    if definition == "brainscore":
        first, row_of = np.arange(len(identifiers)), np.arange(len(identifiers))
    else:
        _, first, row_of = np.unique(identifiers, return_index=True, return_inverse=True)
        row_of = row_of.reshape(-1)
    labels = None if stratify is None else _by_stimulus(stratify, first, row_of, "stratum")
    group = None if groups is None else _by_stimulus(groups, first, row_of, "group")
    n = len(first)
    if n_splits < 1 or (kind.endswith("kfold") and n_splits < 2):
        raise ValueError(f"n_splits is {n_splits}; expected at least {2 if kind.endswith('kfold') else 1} for {kind!r}")
    if kind.endswith("kfold") and n < n_splits:
        raise ValueError(f"there are {n} stimuli for {n_splits} folds; give more stimuli or fewer splits")
    if kind.startswith("group") and group is not None and len(np.unique(group)) < 2:
        raise ValueError(
            f"all {n} stimuli are of one group, {group[0]}, and a group is never cut in two: give at least two groups"
        )
    if kind == "shuffle" and labels is not None:
        _check_strata(labels, f"{n} stimuli cannot be split as asked ({kind}, {n_splits} splits)")
    splitter = _splitter(kind, n_splits, None if test_size is not None else train_size, test_size, seed, labels, group)
    try:
        drawn = list(splitter.split(np.zeros((n, 1)), labels, group))
    except ValueError as error:
        raise ValueError(f"{n} stimuli cannot be split as asked ({kind}, {n_splits} splits): {error}") from None
    if definition == "brainscore":
        return SplitPlan(tuple(a.astype(np.int64) for a, _ in drawn), tuple(b.astype(np.int64) for _, b in drawn))
    return SplitPlan(
        tuple(np.flatnonzero(np.isin(row_of, a)).astype(np.int64) for a, _ in drawn),
        tuple(np.flatnonzero(np.isin(row_of, b)).astype(np.int64) for _, b in drawn),
    )


def given_split(parts: ArrayLike, whole: Mapping[str, ArrayLike] | None = None) -> SplitPlan:
    """The one split that a column (n,) of ``"train"`` and ``"test"`` states; rows with another word are in neither part.

    Parameters
    ----------
    parts : (n,) str
    whole : what -> (n,), optional
        What the split may not cut in two: for each row its stimulus, or its group.

    Raises
    ------
    ValueError
        If one of the parts is empty, or both have rows of one stimulus or group.
    """
    column = np.asarray(parts)
    train, test = (np.flatnonzero(column == part).astype(np.int64) for part in ("train", "test"))
    if not len(train) or not len(test):
        raise ValueError(f"the given split has {len(train)} rows marked 'train' and {len(test)} marked 'test'; both are needed")
    for what, labels in (whole or {}).items():
        names = np.asarray(labels)
        if len(cut := np.intersect1d(names[train], names[test])):
            raise ValueError(
                f"the given split has rows of {str(cut[0])!r} in train and in test, as of {len(cut)} in all: mark all rows of a "
                f"{what} 'train', or all of them 'test', as what was fitted to a {what} is not tested by it"
            )
    return SplitPlan((train,), (test,))


def _by_stimulus(column: ArrayLike, first: NDArray[Any], row_of: NDArray[Any], what: str) -> NDArray[Any]:
    values = np.asarray(column)
    if len(values) != len(row_of):
        raise ValueError(f"there are {len(values)} {what} labels for {len(row_of)} rows")
    if values.dtype.kind == "f" and (lacking := int(np.isnan(values).sum())):
        raise ValueError(f"{lacking} of {len(values)} rows have NaN for their {what}; give each row one")
    if (values[first][row_of] != values).any():
        raise ValueError(f"the rows of one stimulus lie in more than one {what}; give each stimulus one {what}")
    return np.asarray(values[first])


def _check_strata(labels: NDArray[Any], what: str) -> None:
    """Raises ValueError where a stratum (n,) has one stimulus, which cannot be in train and test alike."""
    names, counts = np.unique(labels, return_counts=True)
    if len(alone := names[counts < 2]):
        raise ValueError(
            f"{what}: {len(alone)} of {len(names)} strata have one stimulus only, for example {alone[0]}, and each needs one to "
            "train and one to test: stratify by something coarser, or not at all"
        )


def _splitter(
    kind: str,
    n_splits: int,
    train_size: float | None,
    test_size: float | None,
    seed: int,
    labels: NDArray[Any] | None,
    group: NDArray[Any] | None,
) -> Any:
    from sklearn import model_selection  # an extra of fornix, and slow to import

    if group is not None and kind in ("shuffle", "kfold"):
        raise ValueError(f"the split kind {kind!r} cuts groups in two: give 'group_{kind}', or no groups")
    if kind.startswith("group") and (group is None or labels is not None):
        why = "needs the group of each row" if group is None else "cannot be stratified as well"
        raise ValueError(f"the split kind {kind!r} {why}")
    shuffled = {"n_splits": n_splits, "train_size": train_size, "test_size": test_size, "random_state": seed}
    if kind == "shuffle":
        name = "ShuffleSplit" if labels is None else "StratifiedShuffleSplit"
        return getattr(model_selection, name)(**shuffled)
    if kind == "kfold":
        name = "KFold" if labels is None else "StratifiedKFold"
        return getattr(model_selection, name)(n_splits=n_splits, shuffle=True, random_state=seed)
    if kind == "group_shuffle":
        return model_selection.GroupShuffleSplit(**shuffled)
    if kind == "group_kfold":
        return model_selection.GroupKFold(n_splits=n_splits)
    raise ValueError(f"there is no split kind {kind!r}; the kinds are {', '.join(k for k in KINDS if k != 'given')}")
