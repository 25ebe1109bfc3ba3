"""What takes the features of presentations: the values themselves, kept in memory, or a Gram made of them in blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fornix.interfaces import Content, Gram
from fornix.numerics.linear.gram import GramAccumulator

Features = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False, slots=True)
class Presentation:
    """One showing of a stimulus.

    Parameters
    ----------
    identity : str
        Hash of what is shown and how; presentations of equal identity and seed are one.
    seed : int or None
        None for a deterministic model.
    image : Content
    stimulus_id : str
        Of one of the stimuli that show it, for messages.
    """

    identity: str
    seed: int | None
    image: Content
    stimulus_id: str

    @property
    def key(self) -> tuple[str, int | None]:
        return self.identity, self.seed

    @property
    def noise_seed(self) -> int:
        """Seed of the forward pass: made of seed and stimulus, so that stimuli do not share their noise; 0 if there is none."""
        if self.seed is None:
            return 0
        return int.from_bytes(hashlib.sha256(f"{self.seed}:{self.identity}".encode()).digest()[:7], "big")


class ValueSink:
    """Features kept in memory: one row for each presentation given, the features of several layers side by side.

    Attributes
    ----------
    features : (rows, features) float32
    sizes : mapping of layer to number of features
    """

    def __init__(self, layers: Sequence[str], presentations: Sequence[Presentation]) -> None:
        self.layers = tuple(layers)
        self.presentations = presentations
        self.sizes: dict[str, int] = {}
        self.features: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
        self._rows: dict[tuple[str, int | None], list[int]] = {}
        for row, presentation in enumerate(presentations):
            self._rows.setdefault(presentation.key, []).append(row)

    def receive(self, batch: Sequence[Presentation], features: Features) -> None:
        """Take what belongs here from a batch."""
        places = [(i, row) for i, shown in enumerate(batch) for row in self._rows.get(shown.key, ())]
        if not places:
            return
        if not self.sizes:
            self.sizes = {layer: features[layer].shape[1] for layer in self.layers}
            self.features = np.empty((len(self.presentations), sum(self.sizes.values())), dtype=np.float32)
        source, target = (_span([place[side] for place in places]) for side in (0, 1))
        start = 0
        for layer, size in self.sizes.items():
            self.features[target, start : start + size] = features[layer][source]
            start += size


class GramSink:
    """A Gram over stimuli, accumulated from blocks of features; repetitions of a stimulus are averaged.

    Parameters
    ----------
    layers : sequence of str
    repetitions : list over repetitions of lists over stimuli of Presentation
    stimulus_id : (n,) str
    take : callable, optional
        Given the Gram as soon as it is complete; the sink then forgets it. So the Grams of many layers need the memory of one.
    """

    def __init__(
        self,
        layers: Sequence[str],
        repetitions: Sequence[Sequence[Presentation]],
        stimulus_id: NDArray[np.str_],
        take: Callable[[Gram], None] | None = None,
    ) -> None:
        self.layers = tuple(layers)
        self.presentations = [presentation for shown in repetitions for presentation in shown]
        self._left = len(self.layers)
        self._take = take
        self._shape = (len(repetitions), len(stimulus_id))
        self._stimulus_id = stimulus_id
        self._accumulator: GramAccumulator | None = None

    def add(self, block: NDArray[np.float32], rows: Mapping[tuple[str, int | None], int]) -> None:
        """Take a block of features, (presentations spilled, width), given the row of each presentation in it."""
        if self._accumulator is None:  # not before its turn: many sinks may wait for theirs
            self._accumulator = GramAccumulator(len(self._stimulus_id))
        index = np.array([rows[presentation.key] for presentation in self.presentations]).reshape(self._shape)
        if len(index) == 1:
            self._accumulator.add(block[_span(index[0].tolist())])
        else:
            self._accumulator.add(block[index].mean(axis=0, dtype=np.float64))

    def end_layer(self) -> None:
        """All features of one of the layers were added."""
        self._left -= 1
        if not self._left and self._take is not None:
            gram, self._accumulator = self.finish(), None
            self._take(gram)

    def finish(self) -> Gram:
        assert self._accumulator is not None
        return self._accumulator.gram(self._stimulus_id)


Sink = ValueSink | GramSink


def _span(rows: list[int]) -> slice | list[int]:
    """Row numbers as a slice where they are consecutive, which spares a copy of a batch."""
    first, count = rows[0], len(rows)
    return slice(first, first + count) if rows == list(range(first, first + count)) else rows
