"""What a plugin author imports: data types and protocols. No computation on scores, no discovery, no files lives here."""

from fornix.errors import FornixError, NotAble, UsageError
from fornix.interfaces.assembly import DIMS, AssemblyError, check_assembly
from fornix.interfaces.contents import Content, Member, OnDisk, content_hash
from fornix.interfaces.experiment import Experiment, Recording, TrialTable
from fornix.interfaces.plugins import Benchmark, Dataset, Metric, Model, SinglePassModel
from fornix.interfaces.responses import Gram, Responses
from fornix.interfaces.score import Normalisation, Score
from fornix.interfaces.stimuli import CONDITIONS, MODALITIES, StimulusSet
from fornix.interfaces.tasks import (
    TASKS,
    Choice,
    Fitting,
    Label,
    NextWord,
    OddOneOut,
    Probabilities,
    ReadingTimes,
    Similarity,
    Surprisal,
    Task,
    task_from_json,
)

__all__ = [
    "CONDITIONS",
    "DIMS",
    "MODALITIES",
    "TASKS",
    "AssemblyError",
    "Benchmark",
    "Choice",
    "Content",
    "Dataset",
    "Experiment",
    "Fitting",
    "FornixError",
    "Gram",
    "Label",
    "Member",
    "Metric",
    "Model",
    "NextWord",
    "Normalisation",
    "NotAble",
    "OddOneOut",
    "OnDisk",
    "Probabilities",
    "ReadingTimes",
    "Recording",
    "Responses",
    "Score",
    "Similarity",
    "SinglePassModel",
    "StimulusSet",
    "Surprisal",
    "Task",
    "TrialTable",
    "UsageError",
    "check_assembly",
    "content_hash",
    "task_from_json",
]
