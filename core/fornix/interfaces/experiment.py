"""Everything a benchmark needs of a model, said up front: recordings, tasks, trials and experiments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces.stimuli import StimulusSet


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
    clock: Literal["onset", "context"] = "onset"
    per: Literal["stimulus", "token", "frame"] = "stimulus"
    form: Literal["values", "gram"] = "values"

    def __post_init__(self) -> None:
        if not self.region:
            raise ValueError("a recording names a region")
        if self.time_bins is not None:
            # equal bins are written alike, whatever numbers they were made of
            object.__setattr__(self, "time_bins", tuple((float(start), float(end)) for start, end in self.time_bins))
            if not self.time_bins:
                raise ValueError("a recording with time_bins needs at least one; None asks for no time axis")
        for start, end in self.time_bins or ():
            if not start < end:
                raise ValueError(f"time bin ({start:g}, {end:g}) does not end after it starts (ms)")
        if self.form == "gram" and (self.time_bins is not None or self.per != "stimulus"):
            raise ValueError("a Gram is over stimuli and has no time axis; ask for form='values'")

    def to_json(self) -> dict[str, Any]:
        bins = None if self.time_bins is None else [list(b) for b in self.time_bins]
        return {"region": self.region, "time_bins": bins, "clock": self.clock, "per": self.per, "form": self.form}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recording:
        bins = data["time_bins"]
        return cls(**{**data, "time_bins": None if bins is None else tuple((b[0], b[1]) for b in bins)})


@dataclass(frozen=True)
class Fitting:
    """Labelled stimuli a model may learn a task from: never test stimuli, never recordings.

    Parameters
    ----------
    stimuli : StimulusSet, n rows
    labels : tuple of str, length n
    """

    stimuli: StimulusSet
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        if len(self.labels) != len(self.stimuli):
            raise ValueError(f"{len(self.labels)} labels for {len(self.stimuli)} fitting stimuli")


@dataclass(frozen=True)
class Task:
    """A behaviour the model must produce. Each subclass states the layout of the answer; ``name`` is its word in cards."""

    name: ClassVar[str] = ""
    fitting: Fitting | None = field(default=None, kw_only=True)

    def to_json(self) -> dict[str, Any]:
        """Name and parameters, without the fitting stimuli (which travel as a stimulus set of their own)."""
        return {"name": self.name, **{f.name: getattr(self, f.name) for f in fields(self) if f.name != "fitting"}}


def _words(task: Task, name: str, least: int) -> tuple[str, ...]:
    """The choices or slots of a task, checked."""
    given = getattr(task, name)
    words = () if isinstance(given, str) else tuple(str(word) for word in given)
    if len(words) < least or len(set(words)) < len(words):
        raise ValueError(f"the {name} of the task {task.name!r} are {given!r}; expected at least {least} words, all different")
    return words


@dataclass(frozen=True)
class _ByChoice(Task):
    """A task whose answers are out of ``choices``; fitting stimuli, where there are any, carry some of these as labels."""

    choices: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", _words(self, "choices", 1))
        strange = set(() if self.fitting is None else self.fitting.labels) - set(self.choices)
        if strange:
            raise ValueError(f"the fitting label {sorted(strange)[0]!r} is not among the choices {self.choices}")


@dataclass(frozen=True)
class Label(_ByChoice):
    """Name each stimulus: dims (presentation,), str values out of ``choices``."""

    name: ClassVar[str] = "label"


@dataclass(frozen=True)
class Probabilities(_ByChoice):
    """A probability for each choice: dims (presentation, choice), coordinate choice, rows sum to 1."""

    name: ClassVar[str] = "probabilities"


@dataclass(frozen=True)
class Choice(Task):
    """Pick one of ``slots`` in each trial, the one that goes with what the trial's other slots show (the sample).

    Dims (trial,) in the order of the trial table, str values out of ``slots``.
    """

    name: ClassVar[str] = "choice"
    slots: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", _words(self, "slots", 2))


@dataclass(frozen=True)
class OddOneOut(Task):
    """The slot that fits least in each trial: dims (trial,) in the order of the trial table, str values out of ``slots``."""

    name: ClassVar[str] = "odd_one_out"
    slots: tuple[str, ...] = ("a", "b", "c")

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", _words(self, "slots", 3))


@dataclass(frozen=True)
class Similarity(Task):
    """Dissimilarity of each pair of stimuli: dims (pair,), coordinates stimulus_a and stimulus_b, each pair once."""

    name: ClassVar[str] = "similarity"


@dataclass(frozen=True)
class Surprisal(Task):
    """-log2 p(text | what precedes it in its context), in bits, for each stimulus: dims (presentation,)."""

    name: ClassVar[str] = "surprisal"


@dataclass(frozen=True)
class ReadingTimes(Task):
    """A predictor of the reading time of each stimulus (ms, or linear in it; NaN where there is none): dims (presentation,)."""

    name: ClassVar[str] = "reading_times"


@dataclass(frozen=True)
class NextWord(Task):
    """The most likely next word after each stimulus: dims (presentation,), str values."""

    name: ClassVar[str] = "next_word"


TASKS: dict[str, type[Task]] = {
    task.name: task for task in (Label, Probabilities, Choice, OddOneOut, Similarity, Surprisal, ReadingTimes, NextWord)
}


def task_from_json(data: Mapping[str, Any], fitting: Fitting | None = None) -> Task:
    """The inverse of :meth:`Task.to_json`."""
    parameters = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k != "name"}
    return TASKS[data["name"]](**parameters, fitting=fitting)


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
        self.slots: Mapping[str, NDArray[np.str_]] = {k: np.asarray(v, dtype=np.str_) for k, v in slots.items()}
        for name, column in self.slots.items():
            if column.ndim != 1 or len(column) == 0:
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
    repetitions : int
        Repetition t uses ``seed + t``; a deterministic model is shown each stimulus once. Rows of an answer say in the
        coordinate ``repetition`` which one they are, from 0.
    seed : int

    Raises
    ------
    ValueError
        If nothing is asked, a trial names an unknown stimulus, or a fitting stimulus shows what a test stimulus shows.
    """

    stimuli: StimulusSet
    recordings: tuple[Recording, ...] = ()
    task: Task | None = None
    trials: TrialTable | None = None
    repetitions: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "recordings", tuple(self.recordings))
        if not self.recordings and self.task is None:
            raise ValueError("an experiment asks for at least one recording or a task")
        if len(set(self.recordings)) < len(self.recordings):
            raise ValueError("an experiment asks for the same recording twice")
        if self.repetitions < 1:
            raise ValueError("repetitions is at least 1")
        if isinstance(self.task, Choice | OddOneOut):
            if self.trials is None:
                raise ValueError(f"the task {self.task.name!r} is answered by trial: give trials")
            missing = set(self.task.slots) - set(self.trials.slots)
            if missing:
                raise ValueError(f"the trials have no slot {sorted(missing)[0]!r}")
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
