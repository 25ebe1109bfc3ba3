"""Tasks: the behaviours a model can be asked for, and the labelled stimuli it may learn one from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from typing import Any, ClassVar

from fornix.interfaces import fields
from fornix.interfaces.stimuli import StimulusSet


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
        fields.instance(self.stimuli, StimulusSet, "stimuli of the fitting", "a StimulusSet")
        object.__setattr__(self, "labels", fields.names(self.labels, "labels"))
        if len(self.labels) != len(self.stimuli):
            raise ValueError(f"{len(self.labels)} labels for {len(self.stimuli)} fitting stimuli")


@dataclass(frozen=True)
class Task:
    """A behaviour the model must produce. Each subclass states the layout of the answer; ``name`` is its word in cards."""

    name: ClassVar[str] = ""
    fitting: Fitting | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.fitting is not None:
            fields.instance(self.fitting, Fitting, f"fitting of the task {self.name!r}", "Fitting(stimuli, labels), or None")

    def to_json(self) -> dict[str, Any]:
        """Name and parameters, without the fitting stimuli (which travel as a stimulus set of their own)."""
        return {"name": self.name, **{f.name: getattr(self, f.name) for f in fields_of(self) if f.name != "fitting"}}


def _words(task: Task, field_name: str, least: int) -> tuple[str, ...]:
    """The choices or slots of a task, checked."""
    what = f"{field_name} of the task {task.name!r}"
    words = fields.names(getattr(task, field_name), what)
    repeated = [word for place, word in enumerate(words) if word in words[:place]]
    if repeated:
        raise ValueError(f"{what} has {repeated[0]!r} twice; all must be different")
    if len(words) < least:
        raise ValueError(f"{what} is {words!r}; expected at least {least}")
    return words


@dataclass(frozen=True)
class _ByChoice(Task):
    """A task whose answers are out of ``choices``; fitting stimuli, where there are any, carry some of these as labels."""

    choices: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
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
        super().__post_init__()
        object.__setattr__(self, "slots", _words(self, "slots", 2))


@dataclass(frozen=True)
class OddOneOut(Task):
    """The slot that fits least in each trial: dims (trial,) in the order of the trial table, str values out of ``slots``."""

    name: ClassVar[str] = "odd_one_out"
    slots: tuple[str, ...] = ("a", "b", "c")

    def __post_init__(self) -> None:
        super().__post_init__()
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
    if data["name"] not in TASKS:
        raise ValueError(f"there is no task {data['name']!r}; the tasks are {', '.join(TASKS)}")
    parameters = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k != "name"}
    return TASKS[data["name"]](**parameters, fitting=fitting)
