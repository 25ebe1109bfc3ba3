"""Which stimuli train and which are tested, as the options of a card ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import AssemblyError
from fornix.numerics.definition import Definition
from fornix.numerics.missing import too_many
from fornix.numerics.splits import SplitPlan, given_split, split_plan
from fornix_metric_regression.timing import coordinate

#: How a split comes to test more stimuli.
_TESTS_MORE: Final = {
    "shuffle": "a smaller train_size",
    "kfold": "fewer n_splits",
    "group_shuffle": "a smaller train_size",
    "group_kfold": "larger groups",
    "given": "more rows marked 'test'",
}


@dataclass(frozen=True)
class Splitting:
    """What the options ``splits``, ``n_splits``, ``train_size``, ``seed``, ``stratify_on`` and ``group_on`` ask for.

    Parameters
    ----------
    splits : {"shuffle", "kfold", "group_shuffle", "group_kfold", "given"}
        ``given``: the target's coordinate ``split`` says ``train`` or ``test``.
    n_splits : int
    train_size : float
    seed : int
    stratify_on, group_on : str
        A coordinate of the target's presentations, or empty.
    """

    splits: Literal["shuffle", "kfold", "group_shuffle", "group_kfold", "given"] = "shuffle"
    n_splits: int = 10
    train_size: float = 0.9
    seed: int = 1
    stratify_on: str = ""
    group_on: str = ""

    @property
    def stated(self) -> dict[str, Any]:
        """What a score says of it; how many splits there were is known from the plan."""
        return {
            "splits": self.splits,
            "train_size": self.train_size,
            "seed": self.seed,
            "stratify_on": self.stratify_on,
            "group_on": self.group_on,
        }

    def plan(self, target: xr.DataArray, stimuli: NDArray[np.str_], definition: Definition) -> SplitPlan:
        """The split plan over the presentations of a target, of these stimuli (n,)."""
        groups = coordinate(target, self.group_on, "group_on") if self.group_on else None
        if self.splits == "given":
            whole = {"stimulus": stimuli} if definition == "default" else {}
            if groups is not None:
                whole[self.group_on] = groups
            return given_split(coordinate(target, "split", "splits='given'"), whole)
        return split_plan(
            stimuli,
            kind=self.splits,
            n_splits=self.n_splits,
            train_size=self.train_size,
            seed=self.seed,
            stratify=coordinate(target, self.stratify_on, "stratify_on") if self.stratify_on else None,
            groups=groups,
            definition=definition,
        )

    def check_tested(self, stimuli: NDArray[np.str_], plan: SplitPlan, definition: Definition) -> None:
        """Raises AssemblyError where test parts are single stimuli, over which neither response nor prediction varies."""
        alone = sum(len(np.unique(stimuli[test])) < 2 for test in plan.test)
        if alone == len(plan) or (too_many(alone, len(plan)) and definition == "default"):
            raise AssemblyError(
                f"{alone} of {len(plan)} splits test a single one of {len(np.unique(stimuli))} stimuli, and a correlation is "
                f"taken over at least 2: give more stimuli or {_TESTS_MORE[self.splits]}"
            )
