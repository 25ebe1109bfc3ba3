"""What comes of comparing two models: a row for each benchmark, and all of them together."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

_NAN: Final = math.nan


@dataclass(frozen=True)
class Row:
    """Two models on one benchmark; numbers are NaN and ``why`` says why where they could not be compared.

    Parameters
    ----------
    benchmark : str
    leaf : bool
    a, b : float
        The values that are compared.
    difference : float
        ``a - b``.
    error, low, high : float
        Standard error of the difference and its 95 % interval, on the scale of the values.
    p, p_adjusted : float
        Of a difference this large where there is none (two-sided t test), and adjusted over the benchmarks compared.
    freedom : float
        Degrees of freedom.
    better : str
        The better model, where the adjusted p is at most 0.05; empty: they tie.
    effect, effect_low, effect_high : float
        The raw difference as a multiple of the standard deviation of what single units differ by, and its 95 % interval.
    units : str
        What units these are: neuroids, subjects or stimuli.
    permutation_p : float
        Of sign flips of the units, where the design allows them.
    permuted : str
        What it speaks of.
    compared_on : str
        The leaves that a parent is compared on where they are not all of it, "; " between them.
    why : str
        Why they could not be compared.
    """

    benchmark: str
    leaf: bool
    a: float = _NAN
    b: float = _NAN
    difference: float = _NAN
    error: float = _NAN
    low: float = _NAN
    high: float = _NAN
    p: float = _NAN
    p_adjusted: float = _NAN
    freedom: float = _NAN
    better: str = ""
    effect: float = _NAN
    effect_low: float = _NAN
    effect_high: float = _NAN
    units: str = ""
    permutation_p: float = _NAN
    permuted: str = ""
    compared_on: str = ""
    why: str = ""


@dataclass(frozen=True)
class Together:
    """All leaves that were compared as one test: the method of Stouffer over studies.

    Parameters
    ----------
    z, p : float
        z is above 0 where a is better; p is two-sided.
    studies : int
        How many take part. Leaves whose data are of one study share its people, animals or noise, so they count as one: with
        their mean z.
    """

    z: float
    p: float
    studies: int


@dataclass(frozen=True)
class Comparison:
    """Two models compared.

    Parameters
    ----------
    a, b : str
        The models.
    rows : tuple of Row
        In the order of the matrix.
    together : Together
    """

    a: str
    b: str
    rows: tuple[Row, ...]
    together: Together

    @property
    def compared(self) -> tuple[Row, ...]:
        """The benchmarks on which they could be compared."""
        return tuple(row for row in self.rows if not row.why)

    def to_dataframe(self) -> pd.DataFrame:
        """A row for each benchmark, with the fields of :class:`Row` as columns, and the models."""
        import pandas as pd

        frame = pd.DataFrame([asdict(row) for row in self.rows], columns=[field.name for field in fields(Row)])
        frame.insert(0, "model_a", self.a)
        frame.insert(1, "model_b", self.b)
        return frame

    def __repr__(self) -> str:
        from fornix.matrix.comparing.words import as_text

        return as_text(self)
