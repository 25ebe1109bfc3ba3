"""Everything a benchmark needs of a model, said up front: recordings, a task, trials, and the experiment they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces import fields
from fornix.interfaces.stimuli import StimulusSet
from fornix.interfaces.tasks import Choice, OddOneOut, Task

Clock = Literal["onset", "context"]
Per = Literal["stimulus", "token", "frame"]
Form = Literal["values", "gram"]


def _time_bins(given: Any) -> tuple[tuple[float, float], ...]:
    """Time bins as pairs of floats: equal bins are written alike, whatever numbers they were made of."""
    bins = []
    for place, pair in enumerate(given if isinstance(given, np.ndarray) else fields.ordered(given, "time_bins")):
        edges = fields.ordered(pair, f"time_bins[{place}]") if np.ndim(pair) == 1 else ()
        if len(edges) != 2:
            raise ValueError(
                f"time_bins[{place}] is {fields.shown(pair)}; expected (start, end) in ms, as in ((0, 50), (50, 100))"
            )
        # adding 0 makes -0.0, which is written otherwise, 0.0
        start, end = (
            fields.number(edge, f"{name} of time bin {place}") + 0.0 for name, edge in zip(("start", "end"), edges, strict=True)
        )
        if not (start < end and math.isfinite(end - start)):
            raise ValueError(f"time bin ({start:g}, {end:g}) does not end after it starts (ms), at a finite time")
        bins.append((start, end))
    if not bins:
        raise ValueError("a recording with time_bins needs at least one; None asks for no time axis")
    repeated = [pair for place, pair in enumerate(bins) if pair in bins[:place]]
    if repeated:
        raise ValueError(f"time_bins has the bin ({repeated[0][0]:g}, {repeated[0][1]:g}) twice; ask for it once")
    return tuple(bins)


@dataclass(frozen=True)
class Recording:
    """A request to record one region.

    Parameters
    ----------
    region : str
        ``"V4"``, ``"IT"``, ``"whole_brain"``; ``"layer:<dotted path>"`` is for layer commitment only.
    time_bins : tuple of (start, end) in ms, or None
        None: one value for each row, no time axis. Bins may overlap, and may lie before onset.
    clock : {"onset", "context"}
        Whether time_bins count from the stimulus's onset or from the start of its context. By the clock of the context,
        a row tells what is known of every bin once its stimulus has been shown: a bin that ends before its onset
        is as in the row before, and the last row of a context holds the whole time course.
    per : {"stimulus", "token", "frame"}
        The unit that the rows of the answer stand for: stimuli, or the tokens or frames into which the model takes them
        apart.
    form : {"values", "gram"}
        An assembly, or a :class:`~fornix.interfaces.responses.Gram`; the metric's ``accepts`` decides.
    """

    region: str
    time_bins: tuple[tuple[float, float], ...] | None = None
    clock: Clock = "onset"
    per: Per = "stimulus"
    form: Form = "values"

    def __post_init__(self) -> None:
        object.__setattr__(self, "region", fields.name(self.region, "region"))
        if self.region == "layer:":
            raise ValueError("region is 'layer:'; expected the dotted path of a layer after it: 'layer:layer2.1'")
        for field, literal in (("clock", Clock), ("per", Per), ("form", Form)):
            object.__setattr__(self, field, fields.one_of(getattr(self, field), field, get_args(literal)))
        if self.time_bins is not None:
            object.__setattr__(self, "time_bins", _time_bins(self.time_bins))
        if self.form == "gram" and (self.time_bins is not None or self.per != "stimulus"):
            raise ValueError("a Gram is over stimuli and has no time axis; ask for form='values'")

    def to_json(self) -> dict[str, Any]:
        bins = None if self.time_bins is None else [list(b) for b in self.time_bins]
        return {"region": self.region, "time_bins": bins, "clock": self.clock, "per": self.per, "form": self.form}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recording:
        bins = data["time_bins"]
        return cls(**{**data, "time_bins": None if bins is None else tuple((b[0], b[1]) for b in bins)})


class TrialTable:
    """What is shown together: one row for each trial, one column for each slot, values are stimulus ids.

    Parameters
    ----------
    **slots : sequence of str, length n_trials
        For example ``TrialTable(sample=[...], left=[...], right=[...])``.
    """

    def __init__(self, **slots: ArrayLike) -> None:
        if not slots:
            raise ValueError("a trial table needs at least one slot")
        self.slots: Mapping[str, NDArray[np.str_]] = {
            fields.name(k, "the name of a slot"): fields.name_array(v, f"slot {k!r} of the trials") for k, v in slots.items()
        }
        for name, column in self.slots.items():
            if len(column) == 0:
                raise ValueError(f"slot {name!r} of the trials needs one stimulus_id for each trial, and at least one trial")
        lengths = {len(column) for column in self.slots.values()}
        if len(lengths) != 1:
            raise ValueError(f"the slots of a trial table differ in length: { {k: len(v) for k, v in self.slots.items()} }")

    def __len__(self) -> int:
        return len(next(iter(self.slots.values())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TrialTable) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(tuple((name, tuple(column.tolist())) for name, column in self.slots.items()))

    def to_json(self) -> dict[str, list[str]]:
        return {name: column.tolist() for name, column in self.slots.items()}


@dataclass(frozen=True)
class Experiment:
    """One experiment: stimuli, what to record, what to do.

    Parameters
    ----------
    stimuli : StimulusSet
    recordings : tuple of Recording
    task : Task, optional
    trials : TrialTable, optional
        Required by tasks whose answer is by trial.
    repetitions : int, at least 1
        Repetition t uses ``seed + t``; a deterministic model is shown each stimulus once. Rows of an answer say in the
        coordinate ``repetition`` which one they are, from 0.
    seed : int, at least 0

    Raises
    ------
    ValueError
        If nothing is asked, a field holds something else than said here, a trial names an unknown stimulus, or a fitting
        stimulus shows what a test stimulus shows.
    """

    stimuli: StimulusSet
    recordings: tuple[Recording, ...] = ()
    task: Task | None = None
    trials: TrialTable | None = None
    repetitions: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        fields.instance(self.stimuli, StimulusSet, "stimuli of the experiment", "a StimulusSet")
        if self.task is not None:
            fields.instance(self.task, Task, "task", "a Task such as Label(choices) or Similarity(), or None")
        if self.trials is not None:
            fields.instance(self.trials, TrialTable, "trials", "a TrialTable, or None")
        recordings = fields.ordered(self.recordings, "recordings")
        for place, recording in enumerate(recordings):
            fields.instance(recording, Recording, f"recordings[{place}]", "a Recording: Recording('IT')")
        object.__setattr__(self, "recordings", recordings)
        object.__setattr__(self, "repetitions", fields.whole_number(self.repetitions, "repetitions", 1))
        object.__setattr__(self, "seed", fields.whole_number(self.seed, "seed", 0))
        if not self.recordings and self.task is None:
            raise ValueError("an experiment asks for at least one recording or a task")
        if len(set(self.recordings)) < len(self.recordings):
            raise ValueError("an experiment asks for the same recording twice")
        if not self.stimuli.in_context and any(r.clock == "context" for r in self.recordings):
            raise ValueError("a recording's clock is 'context', but the stimuli are in none: give them context and order")
        if isinstance(self.task, Choice | OddOneOut):
            if self.trials is None:
                raise ValueError(f"the task {self.task.name!r} is answered by trial: give trials")
            missing = set(self.task.slots) - set(self.trials.slots)
            if missing:
                raise ValueError(f"the trials have no slot {sorted(missing)[0]!r}")
        elif self.trials is not None:
            raise ValueError("trials are given, but nothing is answered by trial: that is for the tasks Choice and OddOneOut")
        if self.trials is not None:
            known = set(self.stimuli)
            for name, column in self.trials.slots.items():
                unknown = set(column.tolist()) - known
                if unknown:
                    raise ValueError(f"slot {name!r} of the trials names {sorted(unknown)[0]!r}, which is not among the stimuli")
        if self.task is not None and self.task.fitting is not None:
            shared = set(self.task.fitting.stimuli.content_hashes) & set(self.stimuli.content_hashes)
            if shared:
                raise ValueError(f"{len(shared)} fitting stimuli are also test stimuli; a model may not be told their labels")
