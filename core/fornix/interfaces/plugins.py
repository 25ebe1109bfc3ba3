"""The four kinds of plugin, as the protocols that their objects satisfy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

import xarray as xr

from fornix.interfaces.experiment import Experiment
from fornix.interfaces.responses import Gram, Responses
from fornix.interfaces.score import Score
from fornix.interfaces.stimuli import StimulusSet


@runtime_checkable
class Model(Protocol):
    """An experimental subject: shown stimuli, asked for regions and tasks."""

    def respond(self, experiment: Experiment) -> Responses:
        """Equal answers to equal experiments; raises :class:`fornix.NotAble` for what it cannot give."""


@runtime_checkable
class SinglePassModel(Model, Protocol):
    """A model that answers many experiments in one pass over their stimuli (extraction models)."""

    def respond_all(self, experiments: Sequence[Experiment]) -> Sequence[Responses]:
        """The same answers as :meth:`respond` for each experiment, each stimulus shown once."""

    def layers(self) -> Sequence[str]:
        """The dotted paths that ``Recording("layer:<dotted path>")`` accepts, in the order of the forward pass."""


@runtime_checkable
class Dataset(Protocol):
    """Measured responses, and the stimuli they are responses to."""

    def stimuli(self) -> StimulusSet: ...

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """What was recorded, by name: a region (``"IT"``, ``"IT.figure1"``), else a subject, a session or what was measured.

        Subjects who saw different stimuli are recordings of their own, never one NaN-padded array. A recording of neuroids
        that is not named by their region says it in a coordinate ``region``.
        """


@runtime_checkable
class Metric(Protocol):
    """Compares a model's responses (source) with measured ones (target)."""

    accepts: frozenset[Literal["values", "gram"]]

    def __call__(self, source: xr.DataArray | Gram, target: xr.DataArray) -> Score: ...


@runtime_checkable
class Benchmark(Protocol):
    """A dataset, experiments, a metric and a ceiling."""

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        """The next round of experiments; asked again, with all responses so far, until it returns nothing."""

    def score(self, responses: Sequence[Responses]) -> Score:
        """The score of a model from its responses, in the order of the experiments."""

    def ceiling(self) -> Score | None: ...
