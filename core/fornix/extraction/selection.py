"""Choosing the layer that stands for a region, on data set aside for it: every layer is scored, the best is chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from fornix.errors import FornixError, UsageError
from fornix.extraction.presenting import LayerNotFinite
from fornix.extraction.responder import FeatureModel
from fornix.extraction.scratch import ScratchError
from fornix.interfaces import Experiment, Gram, Recording, Score, StimulusSet
from fornix.numerics.uncertainty.intervals import with_uncertainty
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import load_dataset, load_metric, use_registry
from fornix.registry.options import complete_options

if TYPE_CHECKING:
    import xarray as xr

    from fornix.interfaces import Metric


@dataclass
class Selection:
    """How the layers of a model do on the commitment data of one region.

    Parameters
    ----------
    region, data, recording, metric : str
    options : mapping
        All options of the metric, with which it made its splits.
    stimuli : StimulusSet
    scores : dict of str to Score
        Layer -> score, in the order of the forward pass.
    unscored : dict of str to str
        Layer -> why it has no score.
    """

    region: str
    data: str
    recording: str
    metric: str
    options: Mapping[str, Any]
    stimuli: StimulusSet
    scores: dict[str, Score] = field(default_factory=dict)
    unscored: dict[str, str] = field(default_factory=dict)

    def leave_out_nan(self) -> None:
        """Take out layers with more NaN among their units than others have: what is left of a constant layer is chance."""
        fewest = min((score.n_nan for score in self.scores.values()), default=0)
        for layer in [layer for layer, score in self.scores.items() if score.n_nan > fewest or math.isnan(score.value)]:
            self.unscored[layer] = f"{self.scores.pop(layer).n_nan} units of its score are NaN, as where a layer is constant"

    @property
    def layer(self) -> str:
        """The layer with the highest score; of equals the first.

        Raises
        ------
        FornixError
            If no layer has a score.
        """
        if not self.scores:
            why = next(iter(self.unscored.items()), None)
            raise FornixError(f"no layer has a score on {self.data}{f': {why[0]!r}: {why[1]}' if why else ''}")
        return max(self.scores, key=lambda layer: self.scores[layer].value)

    @property
    def alike(self) -> tuple[str, ...]:
        """The other layers that may be as good: the 95 % interval of the difference, resampled in pairs, includes 0."""
        best = self.scores[self.layer]
        found = []
        for layer, score in self.scores.items():
            if layer == self.layer or best.replicates is None or score.replicates is None:
                continue
            difference = best.replicates.copy(data=best.replicates.values - score.replicates.values)
            low, high = with_uncertainty(Score(best.value - score.value), difference).interval
            if low <= 0 <= high:
                found.append(layer)
        return tuple(found)


def set_aside(registry: Registry, model: Card, names: Sequence[str] | None = None) -> list[Card]:
    """The datasets that choose layers for regions of a model: those named, or all.

    Raises
    ------
    UsageError
        If there is none, or one that was named is not set aside for a region of the model, or the model has no region.
    """
    if not model.regions:
        raise UsageError(f"{model.identifier} offers no region, so there is none to choose layers for: its card names no regions")
    cards = registry.cards("dataset") if names is None else [registry.get("dataset", name) for name in names]
    found = [card for card in cards if _regions(model, card)]
    left = [card.identifier for card in cards if card not in found]
    if names is not None and left:
        raise UsageError(
            f"dataset {left[0]} is not set aside for choosing layers of {', '.join(model.regions)}: its card has no "
            "commitment table for one of these regions (see docs/commitment.md)"
        )
    if not found:
        raise UsageError(f"no dataset is set aside for choosing layers of {', '.join(model.regions)} (see docs/commitment.md)")
    return found


def _regions(model: Card, dataset: Card) -> list[str]:
    return [region for region in dataset.commitment if region in model.regions or "*" in model.regions]


def candidates(model: FeatureModel, stimuli: StimulusSet, patterns: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """The layers that can be scored, in the order of the forward pass, and those that cannot, with the reason.

    Found by showing two stimuli, layer by layer.

    Parameters
    ----------
    patterns : sequence of str, optional
        Of names as the shell writes them (``layer?.?``); None: every layer.

    Raises
    ------
    UsageError
        If a pattern matches no layer.
    """
    every = list(model.layers())
    for pattern in patterns or ():
        if not any(fnmatchcase(layer, pattern) for layer in every):
            raise UsageError(f"no layer matches {pattern!r}; the layers are {', '.join(every)}")
    wanted = [layer for layer in every if patterns is None or any(fnmatchcase(layer, pattern) for pattern in patterns)]
    unscored = {}
    for layer in wanted:
        try:
            model.respond(Experiment(stimuli.take([0, 1]), (Recording(f"layer:{layer}", form="gram"),)))
        except ScratchError:
            raise  # no layer's fault
        except (FornixError, ValueError) as error:
            unscored[layer] = str(error)
    usable = set(wanted) - set(unscored)
    return [layer for layer in model.layers() if layer in usable], unscored


def select(
    registry: Registry, model: FeatureModel, card: Card, dataset: Card, patterns: Sequence[str] | None = None
) -> list[Selection]:
    """Score the layers of a model on a dataset that is set aside for it, in one pass over its stimuli.

    Memory is O(n^2) for n stimuli, whatever the number and width of layers: each is scored from its Gram, and forgotten.

    Parameters
    ----------
    card : Card
        Of the model.
    patterns : sequence of str, optional
        Of the layers that may be chosen; None: every layer.

    Returns
    -------
    list of Selection
        One for each region that the dataset chooses layers for and the model has.
    """
    with use_registry(registry):
        data = load_dataset(dataset.identifier)
        recordings = data.recordings()
        stimuli = data.stimuli()
        layers, unscored = candidates(model, stimuli, patterns)
        asked: list[tuple[Selection, Metric, xr.DataArray]] = []
        for region in _regions(card, dataset):
            by = dataset.commitment[region]
            recording = by.recording or region
            if recording not in recordings:
                raise UsageError(f"dataset {dataset.identifier} has no recording {recording!r}; it has {', '.join(recordings)}")
            if "gram" not in registry.get("metric", by.metric).accepts:
                raise UsageError(
                    f"{dataset.identifier} chooses layers by {by.metric}, which takes no Gram; name a metric that does"
                )
            options = complete_options(registry.get("metric", by.metric), by.options)
            selection = Selection(region, dataset.identifier, recording, by.metric, options, stimuli, unscored=dict(unscored))
            asked.append((selection, load_metric(by.metric, **by.options), recordings[recording]))

        def take(layer: str, gram: Gram) -> None:
            for selection, metric, target in asked:
                try:
                    selection.scores[layer] = metric(gram, target)
                except ValueError as error:  # of a layer that is constant, for one
                    selection.unscored[layer] = str(error)

        while layers:
            try:
                model.layer_grams(stimuli, layers, take)
                break
            except LayerNotFinite as error:  # the others are shown again, without it
                layers.remove(error.layer)
                for selection, _, _ in asked:
                    selection.unscored[error.layer] = str(error)
    for selection, _, _ in asked:
        selection.leave_out_nan()
    return [selection for selection, _, _ in asked]
