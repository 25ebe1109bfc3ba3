"""A model from a function "batch of images -> features of layers": recordings, Grams and tasks in one pass over the stimuli.

Which features are needed for which answer is worked out here; showing stimuli is in ``presenting``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import NotAble
from fornix.extraction.commitment import Commitment
from fornix.extraction.presenting import present
from fornix.extraction.readout import choice_probabilities
from fornix.extraction.scratch import Scratch
from fornix.extraction.sinks import GramSink, Presentation, Sink, ValueSink
from fornix.interfaces import (
    Experiment,
    Gram,
    Label,
    Probabilities,
    Recording,
    Responses,
    Similarity,
    StimulusSet,
    Task,
)
from fornix.numerics.linear.gram import correlation_distances
from fornix.registry.options import did_you_mean

#: ``extract(images, layers, seed)`` -> {layer: (batch, ...) float32}; an image is what ``prepare`` made of (h, w, 3) uint8.
Extract = Callable[[list[Any], Sequence[str], int], Mapping[str, NDArray[np.float32]]]
_LAYER = "layer:"


class FeatureModel:
    """A model of images that is read out at layers.

    Parameters
    ----------
    extract : callable
        ``extract(images, layers, seed)``: a list of (height, width, 3) uint8 arrays (or of what ``prepare`` made of them),
        the layers wanted, a seed -> for each layer an array of float32, one row for each image; rows are flattened.
        Equal calls give equal answers, and the answer to an image does not depend on the batch around it.
    layers : sequence of str
        Every layer that can be asked for, in the order of the forward pass.
    commitment : Commitment
        Regions -> layers, and the behavioural readout.
    batch_size : int
        Images in a batch; the last batch is smaller, never padded.
    deterministic : bool
        False: repetition t of a stimulus is shown with a seed made of ``experiment.seed + t`` and the stimulus, one
        presentation at a time, so that no answer depends on what else is shown. True: each stimulus is shown once.
    prepare : callable, optional
        Applied to each decoded image in the background threads, for example a resize.
    scratch : Scratch, optional
        Where Grams spill whole layers.

    Raises
    ------
    ValueError
        If the commitment names a layer that is not among ``layers``.
    """

    def __init__(
        self,
        extract: Extract,
        layers: Sequence[str],
        commitment: Commitment,
        *,
        batch_size: int = 32,
        deterministic: bool = True,
        prepare: Callable[[NDArray[np.uint8]], Any] | None = None,
        scratch: Scratch | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError("batch_size is at least 1")
        self._extract = extract
        self._layers = tuple(layers)
        self.commitment = commitment
        self.batch_size = batch_size
        self.deterministic = deterministic
        self._prepare = prepare or _as_is
        self._scratch = scratch or Scratch()
        for layer in commitment.layers:
            self._check_layer(layer)

    def layers(self) -> Sequence[str]:
        """The dotted paths that ``Recording("layer:<dotted path>")`` accepts, in the order of the forward pass."""
        return self._layers

    def respond(self, experiment: Experiment) -> Responses:
        """The answers to one experiment; raises :class:`fornix.NotAble` for what this model cannot give."""
        return self.respond_all([experiment])[0]

    def respond_all(self, experiments: Sequence[Experiment]) -> Sequence[Responses]:
        """The answers to many experiments, each distinct stimulus shown once for all of them together."""
        asked = [self._ask(experiment) for experiment in experiments]
        self._present([sink for answers in asked for answer in answers for sink in answer.sinks])
        return [Responses({answer.key: answer.finish() for answer in answers}) for answers in asked]

    def layer_grams(self, stimuli: StimulusSet, layers: Sequence[str], take: Callable[[str, Gram], None]) -> None:
        """Hand over the Gram of each layer, one after another: memory O(n^2), whatever the number and width of layers.

        The stimuli are shown once (see :class:`Scratch` for layers that do not fit on the disk together).

        Parameters
        ----------
        stimuli : StimulusSet
        layers : sequence of str
        take : function of a layer and its Gram
        """
        experiment = Experiment(stimuli, tuple(Recording(f"{_LAYER}{layer}", form="gram") for layer in layers))
        shown = self._presentations(stimuli, experiment)
        sinks = [
            GramSink(self._layers_for(recording), shown, stimuli.stimulus_id, partial(take, layer))
            for layer, recording in zip(layers, experiment.recordings, strict=True)
        ]
        self._present(sinks)

    def _present(self, sinks: Sequence[Sink]) -> None:
        present(
            sinks,
            self._extract,
            batch_size=self.batch_size if self.deterministic else 1,
            prepare=self._prepare,
            scratch=self._scratch,
        )

    def _ask(self, experiment: Experiment) -> list[_Answer]:
        answers: list[_Answer] = []
        for recording in experiment.recordings:
            layers = self._layers_for(recording)
            shown = self._presentations(experiment.stimuli, experiment)
            form = _GramAnswer if recording.form == "gram" else _ValueAnswer
            answers.append(form(recording, layers, experiment.stimuli, shown))
        if experiment.task is not None:
            answers.append(self._ask_task(experiment.task, experiment))
        return answers

    def _ask_task(self, task: Task, experiment: Experiment) -> _Answer:
        if self.commitment.behaviour is None:
            raise NotAble(
                "task",
                f"the task {task.name!r} is read from a behavioural layer, and this model declares none; name one by "
                "behaviour='<layer>' beside layers=, or as layer of [behaviour] in its commitment.toml",
            )
        layers = (self.commitment.behaviour,)
        shown = self._presentations(experiment.stimuli, experiment)
        if isinstance(task, Similarity):
            return _SimilarityAnswer(task, layers, experiment.stimuli, shown)
        if not isinstance(task, Label | Probabilities):
            raise NotAble("task", f"this model performs similarity, label and probabilities, not {task.name!r}")
        if task.fitting is None:
            raise NotAble("task", f"this model learns the task {task.name!r} from fitting stimuli, and none are given")
        fitting = self._presentations(task.fitting.stimuli, experiment)[:1]
        return _ChoiceAnswer(task, layers, experiment.stimuli, shown, fitting)

    def _layers_for(self, recording: Recording) -> tuple[str, ...]:
        if recording.time_bins is not None or recording.per != "stimulus":
            raise NotAble("region", f"this model gives one value for each stimulus, without time bins: {recording}")
        if recording.region.startswith(_LAYER):
            layer = recording.region.removeprefix(_LAYER)
            try:
                self._check_layer(layer)
            except ValueError as error:
                raise NotAble("region", str(error)) from None
            return (layer,)
        layers = self.commitment.layers_of(recording.region)
        if layers is None:
            offered = ", ".join(self.commitment.regions) or "none"
            raise NotAble("region", f"region {recording.region!r} is not in this model's layer commitment; it offers {offered}")
        return layers

    def _check_layer(self, layer: str) -> None:
        """Raise ValueError where there is no such layer."""
        if layer not in self._layers:
            raise ValueError(missing_layer(layer, self._layers))

    def _presentations(self, stimuli: StimulusSet, experiment: Experiment) -> list[list[Presentation]]:
        """What is shown: one list of presentations over the stimuli for each repetition."""
        if stimuli.modalities != ("image",):
            raise NotAble("stimuli", f"this model sees images, and the stimuli hold {', '.join(stimuli.modalities) or 'nothing'}")
        images = stimuli.contents["image"]
        if any(image is None for image in images):
            raise NotAble("stimuli", "the images of these stimuli are not available")
        repetitions = 1 if self.deterministic else experiment.repetitions
        return [
            [
                Presentation(identity, None if self.deterministic else experiment.seed + t, image, name)
                for identity, image, name in zip(stimuli.row_hashes, images, stimuli.stimulus_id.tolist(), strict=True)
            ]
            for t in range(repetitions)
        ]


class _Answer:
    """One recording or task of one experiment: where its features go, and the answer made of them."""

    def __init__(
        self, key: Recording | Task, layers: tuple[str, ...], stimuli: StimulusSet, shown: list[list[Presentation]]
    ) -> None:
        self.key, self.layers, self.stimuli, self.shown = key, layers, stimuli, shown
        self.sinks: list[Sink] = [self.make_sink()]

    def make_sink(self) -> Sink:
        self.values = ValueSink(self.layers, [presentation for repetition in self.shown for presentation in repetition])
        return self.values

    def finish(self) -> xr.DataArray | Gram:
        raise NotImplementedError

    def presentation_coordinates(self) -> dict[str, Any]:
        n, repetitions = len(self.stimuli), len(self.shown)
        return {
            "stimulus_id": ("presentation", np.tile(self.stimuli.stimulus_id, repetitions)),
            "repetition": ("presentation", np.repeat(np.arange(repetitions), n)),
        }


class _ValueAnswer(_Answer):
    key: Recording

    def finish(self) -> xr.DataArray:
        sizes = self.values.sizes
        names = np.array([f"{layer}:{i}" for layer, size in sizes.items() for i in range(size)])
        return xr.DataArray(
            self.values.features,
            dims=("presentation", "neuroid"),
            coords={
                **self.presentation_coordinates(),
                "neuroid_id": ("neuroid", names),
                "layer": ("neuroid", np.repeat(list(sizes), list(sizes.values()))),
                "region": ("neuroid", np.broadcast_to(np.array(self.key.region), len(names))),
            },
        )


class _GramAnswer(_Answer):
    def make_sink(self) -> Sink:
        self.gram = GramSink(self.layers, self.shown, self.stimuli.stimulus_id)
        return self.gram

    def finish(self) -> xr.DataArray | Gram:
        return self.gram.finish()


class _SimilarityAnswer(_GramAnswer):
    def finish(self) -> xr.DataArray:
        first, second = np.triu_indices(len(self.stimuli), k=1)
        return xr.DataArray(
            correlation_distances(self.gram.finish())[first, second],
            dims=("pair",),
            coords={
                "stimulus_a": ("pair", self.stimuli.stimulus_id[first]),
                "stimulus_b": ("pair", self.stimuli.stimulus_id[second]),
            },
        )


class _ChoiceAnswer(_Answer):
    key: Label | Probabilities

    def __init__(
        self,
        key: Label | Probabilities,
        layers: tuple[str, ...],
        stimuli: StimulusSet,
        shown: list[list[Presentation]],
        fitting: list[list[Presentation]],
    ) -> None:
        super().__init__(key, layers, stimuli, shown)
        self.fitting = ValueSink(layers, fitting[0])
        self.sinks.append(self.fitting)

    def finish(self) -> xr.DataArray:
        assert self.key.fitting is not None
        choices = self.key.choices
        chances = choice_probabilities(self.fitting.features, self.key.fitting.labels, self.values.features, choices)
        coordinates = self.presentation_coordinates()
        if isinstance(self.key, Label):
            return xr.DataArray(np.asarray(choices)[chances.argmax(axis=1)], dims=("presentation",), coords=coordinates)
        return xr.DataArray(
            chances, dims=("presentation", "choice"), coords={**coordinates, "choice": ("choice", np.asarray(choices))}
        )


def missing_layer(layer: str, layers: Sequence[str]) -> str:
    """The sentence for a layer that a model does not have, with the nearest names it has."""
    hint = did_you_mean(layer, list(layers)) or f"; its layers are {', '.join(layers)}"
    return f"the model has no layer {layer!r}{hint}"


def _as_is(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image
