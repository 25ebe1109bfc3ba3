"""Showing stimuli to a network: each distinct presentation once, for everything that is asked of it.

What becomes of its features is :mod:`~fornix.extraction.sinks`'s; those that only a Gram is made of are spilled and read back in
blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fornix.errors import FornixError
from fornix.extraction.images import decode_ahead
from fornix.extraction.scratch import Scratch, Spill
from fornix.extraction.sinks import Features, GramSink, Presentation, Sink, ValueSink


class LayerNotFinite(FornixError):
    """A layer gave a number that is none.

    Attributes
    ----------
    layer : str
    """

    def __init__(self, layer: str, message: str) -> None:
        super().__init__(message)
        self.layer = layer


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

    Parameters
    ----------
    sinks : sequence of ValueSink or GramSink
    extract : function of prepared images, layers and a seed
        The features (image, ...) of each of the layers.
    batch_size : int
        Images shown at once, at most.
    prepare : function of a (height, width, 3) uint8 image
        What ``extract`` takes; it is called ahead of the forward pass, in other threads.
    scratch : Scratch

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
