"""Stimulus sets: what is shown, in which order, under which conditions. Labels and measured values never live here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces import fields
from fornix.interfaces.contents import LAYOUTS, Content, fault, hash_column

MODALITIES: Final = ("image", "video", "audio", "text")
#: Presentation conditions, each with its unit in its name; ``onset_ms`` counts from the start of the context.
CONDITIONS: Final = ("onset_ms", "duration_ms", "visual_degrees", "sound_level_db", "sample_rate_hz", "frame_rate_hz")
#: The lowest value of a condition that has one.
_LEAST: Final = {"duration_ms": 0.0, "visual_degrees": 0.0, "sample_rate_hz": 0.0, "frame_rate_hz": 0.0}


def _contents(given: Any, modality: str) -> tuple[Content, ...]:
    """A column of contents: one for each stimulus."""
    return tuple(given) if isinstance(given, np.ndarray) and given.ndim else fields.ordered(given, f"column {modality!r}")


def _condition(given: Any, name: str) -> NDArray[np.float64]:
    """A column of one condition: finite numbers, or NaN and None where it is not known."""
    what = f"column {name!r}"
    column = np.asarray(given)
    if column.ndim != 1:
        raise ValueError(f"{what} is {fields.shown(given)}; expected one number for each stimulus")
    if column.dtype.kind not in "fiu":
        read = [np.nan if v is None else fields.number(v, f"{what}[{i}]", unknown=True) for i, v in enumerate(column.tolist())]
        column = np.array(read)
    column = column.astype(np.float64)
    bad = np.flatnonzero(np.isinf(column) | (column < _LEAST.get(name, -np.inf)))
    if len(bad):
        least = f", at least {_LEAST[name]:g}" if name in _LEAST else ""
        raise ValueError(f"{what}[{bad[0]}] is {column[bad[0]]:g}; expected a finite number{least}, or NaN where it is not known")
    return column


def _order(given: Any) -> NDArray[np.int64]:
    """The column of places in a context: whole numbers."""
    column = np.asarray(given)
    if column.ndim != 1 or column.dtype.kind not in "iu":
        at = next((v for v in np.ravel(column).tolist() if not isinstance(v, int) or isinstance(v, bool)), given)
        raise ValueError(f"column 'order' has {fields.shown(at)}; expected a whole number (int) for each stimulus")
    return column.astype(np.int64)


class StimulusSet:
    """An ordered table of stimuli.

    Parameters
    ----------
    stimulus_id : sequence of str, length n
        Unique within the set.
    image, video, audio, text : sequence of Content, length n, optional
        One column for each modality; several may be filled at once (mixed stimuli). A column of ``None`` says that
        the modality is known but the content absent: only a replay model can answer such a stimulus.
        Array layouts: image (height, width, 3) uint8; video (frame, height, width, 3) uint8; audio (sample,) or
        (sample, channel) float32 in [-1, 1].
    context : sequence of str, length n, optional
        Stimuli of one context (the words of a story, the windows of a movie) are shown causally: the response to a
        row may depend on rows of the same context with at most its ``order``.
    order : sequence of int, length n, optional
        Position within the context; required with ``context``.
    onset_ms, duration_ms, visual_degrees, sound_level_db, sample_rate_hz, frame_rate_hz : sequence of float, optional
        Presentation conditions, in the unit that the name states; NaN or None where one is not known.

    Raises
    ------
    ValueError
        If a column's length differs, an identifier is missing or repeated, an order is repeated within a context, a
        condition is no number of its kind, or a content is not what its modality holds.
    """

    def __init__(
        self,
        stimulus_id: ArrayLike,
        *,
        image: Sequence[Content] | None = None,
        video: Sequence[Content] | None = None,
        audio: Sequence[Content] | None = None,
        text: Sequence[Content] | None = None,
        context: ArrayLike | None = None,
        order: ArrayLike | None = None,
        **conditions: ArrayLike,
    ) -> None:
        self.stimulus_id: NDArray[np.str_] = fields.name_array(stimulus_id, "stimulus_id")
        if len(self.stimulus_id) == 0:
            raise ValueError("a stimulus set needs at least one stimulus_id, as a one-dimensional sequence")
        identifiers, counts = np.unique(self.stimulus_id, return_counts=True)
        if (counts > 1).any():
            raise ValueError(f"stimulus_id {str(identifiers[counts > 1][0])!r} occurs {counts.max()} times; it must be unique")
        given = {"image": image, "video": video, "audio": audio, "text": text}
        self.contents: Mapping[str, tuple[Content, ...]] = {k: _contents(v, k) for k, v in given.items() if v is not None}
        unknown = set(conditions) - set(CONDITIONS)
        if unknown:
            raise ValueError(
                f"a stimulus set has no column {sorted(unknown)[0]!r}; it holds {', '.join(MODALITIES)}, context, order and "
                f"{', '.join(CONDITIONS)} (labels and measured values stay in the dataset)"
            )
        columns: dict[str, NDArray[Any]] = {k: _condition(v, k) for k, v in conditions.items()}
        if (context is None) != (order is None):
            raise ValueError("context and order go together: give both or neither")
        if context is not None and order is not None:
            columns["context"] = fields.name_array(context, "context")
            columns["order"] = _order(order)
        for name, column in {**self.contents, **columns}.items():
            if len(column) != len(self.stimulus_id):
                raise ValueError(f"column {name!r} has {len(column)} rows, but there are {len(self.stimulus_id)} stimuli")
        nowhere = np.full(len(self.stimulus_id), np.nan)
        for name, contents in self.contents.items():
            rates = columns.get(LAYOUTS[name][3] or "", nowhere) if name in LAYOUTS else nowhere
            for identifier, content, rate in zip(self.stimulus_id, contents, rates, strict=True):
                wrong = fault(name, content, rate)
                if wrong is not None:
                    raise ValueError(f"the {name} of stimulus {str(identifier)!r} {wrong}")
        self.columns: Mapping[str, NDArray[Any]] = columns
        if context is not None:
            places = set(zip(columns["context"].tolist(), columns["order"].tolist(), strict=True))
            if len(places) < len(self):
                raise ValueError("two stimuli of one context have the same order")

    def __len__(self) -> int:
        return len(self.stimulus_id)

    def __iter__(self) -> Iterator[str]:
        return iter(self.stimulus_id.tolist())

    def __repr__(self) -> str:
        return f"StimulusSet({len(self)} stimuli; {', '.join(self.modalities)}{'; in context' if self.in_context else ''})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StimulusSet) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities with a column, in the fixed order image, video, audio, text."""
        return tuple(m for m in MODALITIES if m in self.contents)

    @property
    def in_context(self) -> bool:
        """Whether the stimuli are shown causally within contexts."""
        return "context" in self.columns

    @property
    def absent(self) -> bool:
        """Whether some stimulus has no content in any modality."""
        columns = self.contents.values()
        return not columns or any(all(c is None for c in row) for row in zip(*columns, strict=True))

    def take(self, rows: ArrayLike) -> StimulusSet:
        """The stimuli at the given row numbers, in that order."""
        given = np.asarray(rows)
        if given.dtype.kind not in "iu" and given.size:  # a mask would be taken for the rows 0 and 1
            raise ValueError(f"rows are given by their numbers, not as {given.dtype}; for a mask, give numpy.flatnonzero(mask)")
        index = given.astype(np.int64)
        columns: dict[str, Any] = {name: [column[i] for i in index] for name, column in self.contents.items()}
        columns.update({name: column[index] for name, column in self.columns.items()})
        return StimulusSet(self.stimulus_id[index], **columns)

    @cached_property
    def _hashes(self) -> Mapping[str, list[str]]:
        """The content hashes of each modality's column."""
        return {name: hash_column(column) for name, column in self.contents.items()}

    @cached_property
    def content_hashes(self) -> tuple[str, ...]:
        """A sha256 for each row over what it shows, whatever the conditions: its contents, and its place in its context.

        Columns without content in a row do not count; an absent stimulus is known by its identifier.
        """
        hashes = []
        for row, identifier in enumerate(self.stimulus_id):
            shown = [f"{name}\0{column[row]}\0" for name, column in self._hashes.items() if self.contents[name][row] is not None]
            place = [f"{name}\0{self.columns[name][row]}\0" for name in ("context", "order") if self.in_context]
            hashes.append(hashlib.sha256("".join([*(shown or [f"absent\0{identifier}\0"]), *place]).encode()).hexdigest())
        return tuple(hashes)

    @cached_property
    def row_hashes(self) -> tuple[str, ...]:
        """A sha256 for each row over its contents and conditions (not its identifier, unless its content is absent).

        Two context-free rows with equal hashes are the same thing shown in the same way.
        """
        hashes = []
        for row, identifier in enumerate(self.stimulus_id):
            digest = hashlib.sha256()
            for name, column in self._hashes.items():
                digest.update(f"{name}\0{column[row]}\0".encode())
                if self.contents[name][row] is None:
                    digest.update(f"{identifier}\0".encode())
            if not self.contents:
                digest.update(f"absent\0{identifier}\0".encode())
            for name in sorted(self.columns):
                digest.update(f"{name}\0{self.columns[name][row]}\0".encode())
            hashes.append(digest.hexdigest())
        return tuple(hashes)

    @cached_property
    def digest(self) -> str:
        """Sha256 (hex) over identifiers, contents, order and conditions of the whole set."""
        digest = hashlib.sha256()
        for identifier, row in zip(self.stimulus_id, self.row_hashes, strict=True):
            digest.update(f"{identifier}\0{row}\n".encode())
        return digest.hexdigest()
