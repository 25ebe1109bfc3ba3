"""Showing stimuli to a network: each distinct presentation once, for everything that is asked of it.

Features that an answer holds are kept in memory; those that only a Gram is made of are spilled and read back in blocks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fornix.errors import FornixError
from fornix.extraction.images import decode_ahead
from fornix.extraction.scratch import Scratch, Spill
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


class LayerNotFinite(FornixError):
    """A layer gave a number that is none.

    Attributes
    ----------
    layer : str
    """

    def __init__(self, layer: str, message: str) -> None:
        super().__init__(message)
        self.layer = layer


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


def present(
    sinks: Sequence[Sink],
    extract: Callable[[list[Any], Sequence[str], int], Features],
    *,
    batch_size: int,
    prepare: Callable[[NDArray[np.uint8]], Any],
    scratch: Scratch,
) -> None:
    """Show every presentation that the sinks name, once, and hand them their features.

    Layers to be spilled that do not fit into the scratch bound together are taken in turns; only then are stimuli shown
    again.

    Raises
    ------
    FornixError
        If one layer alone does not fit, or ``extract`` breaks its promise.
    """
    values = [sink for sink in sinks if isinstance(sink, ValueSink)]
    grams = [sink for sink in sinks if isinstance(sink, GramSink)]
    pending = tuple(dict.fromkeys(layer for sink in grams for layer in sink.layers))
    sizes: dict[str, int] = {}
    while values or pending:
        with ExitStack() as stack:
            turn = _SpillTurn([sink for sink in grams if set(sink.layers) & set(pending)], pending, scratch, stack)
            for layers, presentations in _groups(values, grams, pending):
                shown = iter(presentations)
                ahead = decode_ahead((p.image for p in presentations), ahead=batch_size, prepare=prepare)
                with closing(ahead) as images:  # type: ignore[type-var]
                    while batch := list(islice(shown, batch_size)):
                        kept = {layer for sink in values for layer in sink.layers}
                        wanted = [layer for layer in layers if layer in kept or layer not in turn.deferred]
                        if not wanted:
                            break
                        features = _features(extract, list(islice(images, len(batch))), wanted, batch, sizes)
                        for sink in values:
                            sink.receive(batch, features)
                        turn.receive(batch, features)
            turn.accumulate()
            values, pending = [], tuple(turn.deferred)


class _SpillTurn:
    """The layers that are spilled during one showing of the stimuli; those that do not fit are deferred to the next."""

    def __init__(self, grams: Sequence[GramSink], pending: Sequence[str], scratch: Scratch, stack: ExitStack) -> None:
        self._grams, self._scratch, self._stack = grams, scratch, stack
        self._budget = self._left = scratch.budget() if pending else 0
        self._spills: dict[str, Spill] = {}
        self.deferred: dict[str, None] = {}
        self._needed = {layer: {p.key for sink in grams if layer in sink.layers for p in sink.presentations} for layer in pending}
        self._rows: dict[str, dict[tuple[str, int | None], int]] = {layer: {} for layer in pending}

    def receive(self, batch: Sequence[Presentation], features: Features) -> None:
        for layer, needed in self._needed.items():
            if layer in self.deferred or layer not in features:
                continue
            here = [i for i, presentation in enumerate(batch) if presentation.key in needed]
            if not here or not self._admit(layer, features[layer].shape[1]):
                continue
            rows = self._rows[layer]
            rows.update({batch[i].key: len(rows) + k for k, i in enumerate(here)})
            self._spills[layer].append(features[layer] if len(here) == len(batch) else features[layer][here])

    def _admit(self, layer: str, size: int) -> bool:
        if layer in self._spills:
            return True
        count = len(self._needed[layer])
        needed = 4 * count * size
        if needed > self._budget:
            raise FornixError(
                f"layer {layer!r} needs {needed / 1e9:.3g} GB of scratch space for {count} stimuli, and "
                f"{self._budget / 1e9:.3g} GB may be used in {self._scratch.place()}: free space there, or set FORNIX_SCRATCH "
                "(folder) or FORNIX_SCRATCH_GB"
            )
        if needed > self._left:
            self.deferred[layer] = None
            return False
        self._left -= needed
        self._spills[layer] = self._stack.enter_context(Spill(self._scratch, count, size))
        return True

    def accumulate(self) -> None:
        for layer, spill in self._spills.items():
            wanting = [sink for sink in self._grams if layer in sink.layers]
            for block in spill.blocks():
                for sink in wanting:
                    sink.add(block, self._rows[layer])
            spill.close()
            for sink in wanting:
                sink.end_layer()


def _span(rows: list[int]) -> slice | list[int]:
    """Row numbers as a slice where they are consecutive, which spares a copy of a batch."""
    first, count = rows[0], len(rows)
    return slice(first, first + count) if rows == list(range(first, first + count)) else rows


def _groups(
    values: Iterable[ValueSink], grams: Iterable[GramSink], pending: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], list[Presentation]]]:
    """Distinct presentations with the layers needed of them, those with the same needs together."""
    needs: dict[tuple[str, int | None], dict[str, None]] = {}
    distinct: dict[tuple[str, int | None], Presentation] = {}
    asked: list[tuple[Sink, Sequence[str]]] = [(sink, sink.layers) for sink in values]
    asked += [(sink, [layer for layer in sink.layers if layer in pending]) for sink in grams]
    for sink, layers in asked:
        for presentation in sink.presentations if layers else ():
            distinct.setdefault(presentation.key, presentation)
            needs.setdefault(presentation.key, {}).update(dict.fromkeys(layers))
    groups: dict[tuple[str, ...], list[Presentation]] = {}
    for key, needed in needs.items():
        groups.setdefault(tuple(sorted(needed)), []).append(distinct[key])
    yield from groups.items()


def _features(
    extract: Callable[[list[Any], Sequence[str], int], Features],
    images: list[Any],
    layers: Sequence[str],
    batch: Sequence[Presentation],
    sizes: dict[str, int],
) -> dict[str, NDArray[np.float32]]:
    count = len(images)
    answer = extract(images, layers, batch[0].noise_seed)
    features = {}
    for layer in layers:
        if layer not in answer or len(answer[layer]) != count:
            got = "nothing" if layer not in answer else f"{len(answer[layer])} rows"
            raise FornixError(f"the model gave {got} for layer {layer!r} of a batch of {count} images; expected one row for each")
        features[layer] = np.asarray(answer[layer], dtype=np.float32).reshape(count, -1)
        size = features[layer].shape[1]
        if sizes.setdefault(layer, size) != size:
            raise FornixError(
                f"layer {layer!r} gave {size} features for some images and {sizes[layer]} for others; bring images to one size"
            )
        good = np.isfinite(features[layer])
        if not good.all():
            row = int(good.all(axis=1).argmin())
            raise LayerNotFinite(
                layer,
                f"layer {layer!r} gave NaN or infinity in {size - int(good[row].sum())} of {size} features of stimulus "
                f"{batch[row].stimulus_id!r}; look at the model's weights, and at what it is given of this image",
            )
    return features
