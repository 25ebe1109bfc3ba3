"""What a model answers: assemblies for recordings and tasks, and Grams where a metric needs inner products only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import fields
from fornix.interfaces.experiment import Recording
from fornix.interfaces.tasks import Task


@dataclass(frozen=True, eq=False)
class Gram:
    """Inner products between stimuli over all features, in float64, with a mean feature vector m removed.

    With features X (n, p) and a reference mean m (p,), exactly:
    ``X X' = products + a 1' + 1 a' + (m.m) 1 1'`` where ``a = mean_products``.

    Parameters
    ----------
    products : (n, n) float64
        ``(X - m)(X - m)'``.
    mean_products : (n,) float64
        ``a = (X - m) m``.
    mean_square : float
        ``m.m``.
    row_sums : (n,) float64
        ``X 1``, needed by correlation distances.
    n_features : int
        p.
    stimulus_id : (n,) str
    """

    products: NDArray[np.float64]
    mean_products: NDArray[np.float64]
    mean_square: float
    row_sums: NDArray[np.float64]
    n_features: int
    stimulus_id: NDArray[np.str_]

    def __post_init__(self) -> None:
        fields.name_array(self.stimulus_id, "stimulus_id of a Gram")
        n = len(self.stimulus_id)
        for name, shape in (("products", (n, n)), ("mean_products", (n,)), ("row_sums", (n,))):
            part = fields.instance(getattr(self, name), np.ndarray, f"{name} of a Gram", "a numpy array")
            if part.shape != shape:
                raise ValueError(f"{name} of a Gram over {n} stimuli has shape {part.shape}, expected {shape}")
            if part.dtype != np.float64:
                raise ValueError(f"{name} of a Gram has dtype {part.dtype}; expected float64, in which sums stay exact")
        if fields.number(self.mean_square, "mean_square of a Gram") < 0:
            raise ValueError(f"mean_square of a Gram is {self.mean_square:g}; expected m.m, which is at least 0")
        fields.whole_number(self.n_features, "n_features of a Gram", 1)

    def __len__(self) -> int:
        return len(self.stimulus_id)

    def take(self, rows: NDArray[np.int64]) -> Gram:
        """The Gram of the stimuli at the given row numbers (rows may repeat)."""
        return Gram(
            products=self.products[np.ix_(rows, rows)],
            mean_products=self.mean_products[rows],
            mean_square=self.mean_square,
            row_sums=self.row_sums[rows],
            n_features=self.n_features,
            stimulus_id=self.stimulus_id[rows],
        )


class Responses(Mapping[Recording | Task, "xr.DataArray | Gram"]):
    """The answers to one experiment, by recording or task.

    Layouts: a recording gives dims (presentation, neuroid[, time_bin]) with ``stimulus_id`` (and ``repetition``) on
    presentation, ``neuroid_id`` on neuroid, ``time_bin_start`` and ``time_bin_end`` in ms on time_bin, as asked. For
    ``per="token"`` and ``per="frame"`` the rows are along token or frame instead, and ``position`` numbers those of each
    stimulus from 0; tokens of a text also say in ``character_start`` and ``character_end`` which part of it they are, so
    that a benchmark can put them together into words. Each task class states its own. Rows come in any order but that of
    trials, and either once, from a deterministic model, or once for each repetition.
    """

    def __init__(self, answers: Mapping[Recording | Task, xr.DataArray | Gram]) -> None:
        fields.instance(answers, Mapping, "responses", "a dict from each Recording or Task to its answer")
        for asked, answer in answers.items():
            fields.instance(asked, Recording | Task, "what a response answers", "the Recording or Task that was asked")
            expected = "an xarray.DataArray, or a Gram where one was asked for"
            what = asked.region if isinstance(asked, Recording) else asked.name
            fields.instance(answer, xr.DataArray | Gram, f"the answer to {what}", expected)
        self._answers = dict(answers)

    def __getitem__(self, asked: Recording | Task) -> xr.DataArray | Gram:
        try:
            return self._answers[asked]
        except KeyError:
            have = ", ".join(str(key) for key in self._answers) or "nothing"
            raise KeyError(f"these responses do not hold {asked}; they hold {have}") from None

    def __iter__(self) -> Iterator[Recording | Task]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def __repr__(self) -> str:
        return f"Responses({list(self._answers)!r})"
