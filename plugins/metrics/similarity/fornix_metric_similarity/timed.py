"""Targets in time bins: compared bin by bin, and what the comparisons of all bins are together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, Self, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import AssemblyError, Gram, Score, check_assembly
from fornix.numerics.backends import AnyArray
from fornix.numerics.bins import bin_coordinates, matching_bins, notes_by_bin
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.similarity.dissimilarity import Array
from fornix.numerics.uncertainty.pair_effects import Effective
from fornix_metric_similarity.target import Measured

#: What the option ``time`` of a metric may be.
Time = Literal["none", "each"]
Source = xr.DataArray | Gram
Known = TypeVar("Known")

#: The note of a score that is NaN, or that Brain-Score's definition says is 0.
NOTHING_VARIES: Final = "nothing to compare, as source or target does not vary"
_DIMS: Final = ("presentation", "neuroid", "time_bin")


class Compared(Effective, Protocol):
    """Two matrices between stimuli, compared: an Agreement or an Alignment."""

    n_nan: int
    n_pairs: int

    @property
    def varies(self) -> bool: ...

    def against(self, b: AnyArray, /, exact: bool = True) -> Self: ...


@dataclass(frozen=True, eq=False)
class Bins:
    """Sources and targets without time, one of each for every time bin of a target; of a target without, one pair.

    Parameters
    ----------
    pairs : sequence of (source, target)
    times : mapping of str to DataArray, optional
        The coordinates of the bins; None where there are none.
    """

    pairs: Sequence[tuple[Source, xr.DataArray]]
    times: Mapping[str, xr.DataArray] | None = None

    @property
    def one_source(self) -> bool:
        """Whether the source is the same in all bins, so that the work on it is to be done once."""
        return all(source is self.pairs[0][0] for source, _ in self.pairs)

    def of_source(self, known: Callable[[int], Known]) -> list[Known]:
        """What is known of the source in each bin, from a function of the bin's number; of a source without bins once."""
        n = len(self.pairs)
        return [known(0)] * n if self.one_source else [known(k) for k in range(n)]

    def compare(self, measured: Sequence[Measured], first: Callable[[int], Compared]) -> list[list[Compared]]:
        """The source compared with each subject (inner) in each bin (outer).

        Parameters
        ----------
        measured : sequence of Measured
            One for each bin.
        first : function
            From a bin's number to the comparison with its first subject.
        """
        by_bin: list[list[Compared]] = []
        for k, of_bin in enumerate(measured):
            start = by_bin[0][0].against(of_bin.matrices[0]) if k and self.one_source else first(k)
            by_bin.append([start, *(start.against(other) for other in of_bin.matrices[1:])])
        return by_bin

    def units(self, values: Array, subjects: NDArray[np.str_] | None) -> xr.DataArray | None:
        """The units of a score from values (bin, subject): by subject and time bin, where there are any."""
        if self.times is None:
            return None if subjects is None else xr.DataArray(values[0], dims=("subject",), coords={"subject": subjects})
        if subjects is None:
            return xr.DataArray(values[:, 0], dims=("time_bin",), coords=self.times)
        return xr.DataArray(values.T, dims=("subject", "time_bin"), coords={"subject": subjects, **self.times})

    def notes(self, notes: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """The notes of a score from those of each bin, which they name where there are time bins."""
        return tuple(notes[0]) if self.times is None else notes_by_bin(notes)

    def counted(self, score: Score, by_bin: Sequence[Sequence[Compared]]) -> Score:
        """The score with its number of NaN, pairs or whole comparisons, and notes on them."""
        n_nan = sum(max(each.n_nan, int(not each.varies)) for compared in by_bin for each in compared)
        return score.with_(n_nan=n_nan, notes=(*score.notes, *self.notes([_notes(compared) for compared in by_bin])))

    def score(self, values: Array, empty: NDArray[np.bool_], subjects: NDArray[np.str_] | None) -> Score:
        """The score of values (bin, subject) without its error, with a note where a value is of what does not vary."""
        notes = self.notes([(NOTHING_VARIES,) if of_bin.any() else () for of_bin in empty])
        return Score(float(values.mean()), units=self.units(values, subjects), n_nan=int(empty.sum()), notes=notes)


def in_bins(source: Source, target: xr.DataArray, time: Time) -> Bins:
    """A source and a target as the option ``time`` has them compared.

    Parameters
    ----------
    source : DataArray or Gram
        With time bins, which are matched by start and end, or without: the same in all bins.
    target : DataArray, dims (presentation, neuroid, time_bin), or without time_bin
    time : {"none", "each"}

    Raises
    ------
    AssemblyError
        If the target has time bins and they are not asked for, or the other way round; if it is pairs in time bins; if the
        source lacks a bin.
    """
    timed = isinstance(target, xr.DataArray) and "time_bin" in target.dims
    if timed and "pair" in target.dims:
        raise AssemblyError(
            "the target has dissimilarities of pairs in time bins; give responses, dims (presentation, neuroid, time_bin), "
            "or score the pairs of each bin by themselves"
        )
    if time == "none":
        if timed:
            raise AssemblyError(
                "the target has time bins: give the metric the option time='each', which scores bin by bin and takes the mean "
                "over bins, or average the responses over time_bin"
            )
        return Bins([(source, target)])
    if not timed:
        raise AssemblyError("the target has no time bins, which time='each' scores one by one: leave the option out")
    check_assembly(target, dims=_DIMS, finite=True, what="the target")
    bins = matching_bins(source, target)
    if isinstance(source, Gram) or bins is None:
        pairs = [(source, target.isel(time_bin=k, drop=True)) for k in range(target.sizes["time_bin"])]
    else:
        check_assembly(source, dims=_DIMS, finite=True, what="the source")
        pairs = [(source.isel(time_bin=int(b), drop=True), target.isel(time_bin=k, drop=True)) for k, b in enumerate(bins)]
    return Bins(pairs, bin_coordinates(target))


def together(compared: Sequence[Effective]) -> Effective:
    """The comparisons of all bins as one, of their mean."""
    return compared[0] if len(compared) == 1 else _Mean(compared)


@dataclass(frozen=True, eq=False)
class _Mean:
    """The mean over time bins. What a pair of stimuli adds to it is the mean of what it adds in each.

    An error needs these, not the mean over bins of replicates, in which what is particular to a pair counts once by making
    *all* effects of a bin smaller: it averages out over bins, and what a stimulus does in all of them, which does not, would
    come out too small.
    """

    compared: Sequence[Effective]

    @property
    def value(self) -> float:
        return float(np.mean([each.value for each in self.compared]))

    def pair_effects(self) -> AnyArray:
        total = self.compared[0].pair_effects()
        for each in self.compared[1:]:
            total = total + each.pair_effects()
        return total / len(self.compared)


def value_of(compared: Compared) -> float:
    """Its value; NaN where too many of its pairs have no dissimilarity."""
    return math.nan if too_many(compared.n_nan, compared.n_pairs) else compared.value


def _notes(compared: Sequence[Compared]) -> tuple[str, ...]:
    """What a reader must know of the comparisons of one bin.

    Of several comparisons the note counts the pairs of the one that lacks most, by which it is that there is no score.
    """
    notes = () if all(each.varies for each in compared) else (NOTHING_VARIES,)
    lacks = max((each for each in compared if each.varies), key=lambda each: each.n_nan / each.n_pairs, default=None)
    if lacks is None or not lacks.n_nan:
        return notes
    what = "pairs of stimuli have no dissimilarity, as the responses to one of them are equal but for rounding"
    return (*notes, lacking(lacks.n_nan, lacks.n_pairs, what, "a correlation over the others"))
