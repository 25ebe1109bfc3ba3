"""Texts and tokens: how the stimuli of a context become one text, and which token belongs to which stimulus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fornix.interfaces import NotAble, StimulusSet

#: A stimulus that begins with one of these follows its predecessor without a space, as in written English.
ATTACHED: Final = tuple(".,!?;:")


@dataclass(frozen=True)
class Passage:
    """The stimuli of one context as one text.

    Parameters
    ----------
    rows : tuple of int
        Rows of the stimulus set, in order.
    text : str
    ends : tuple of int
        Where each stimulus ends in the text; it starts where its predecessor ends, so the space between belongs to it.
    """

    rows: tuple[int, ...]
    text: str
    ends: tuple[int, ...]


def passages(stimuli: StimulusSet) -> list[Passage]:
    """One passage for each context, or for each stimulus where there are no contexts.

    Raises
    ------
    NotAble
        If a stimulus has no text.
    """
    texts = stimuli.contents.get("text", (None,) * len(stimuli))
    for identifier, text in zip(stimuli, texts, strict=True):
        if not isinstance(text, str) or not text.strip():
            raise NotAble("stimuli", f"{identifier!r} has no text that could be read")
    if not stimuli.in_context:
        return [Passage((row,), str(text), (len(str(text)),)) for row, text in enumerate(texts)]
    context, order = stimuli.columns["context"], stimuli.columns["order"]
    joined = []
    for name in dict.fromkeys(context.tolist()):
        rows = np.flatnonzero(context == name)
        rows = rows[np.argsort(order[rows])]
        joined.append(_join(tuple(rows.tolist()), [str(texts[row]) for row in rows]))
    return joined


def _join(rows: tuple[int, ...], texts: Sequence[str]) -> Passage:
    text, ends = "", []
    for part in texts:
        separator = "" if not text or part.startswith(ATTACHED) else " "
        text += separator + part
        ends.append(len(text))
    return Passage(rows, text, tuple(ends))


def owners(passage: Passage, offsets: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Which stimulus of the passage each token belongs to: the one that has the token's first character.

    White space before a word is not counted as its token's first character, unless the token is nothing else. Each token
    has one owner, so the surprisals of all stimuli sum to that of the passage; a stimulus none of whose characters begins
    a token owns none.

    Parameters
    ----------
    passage : Passage
    offsets : n_tokens pairs
        First and last + 1 character of each token.

    Returns
    -------
    (n_tokens,) array of positions in ``passage.rows``
    """
    first = []
    for start, end in offsets:
        piece = passage.text[start:end]
        first.append(start + len(piece) - len(piece.lstrip()) if piece.strip() else start)
    owner = np.searchsorted(np.asarray(passage.ends), np.asarray(first, dtype=np.int64), side="right")
    return np.minimum(owner, len(passage.rows) - 1).astype(np.int64)


@dataclass(frozen=True)
class Window:
    """Tokens ``start`` to ``stop`` are shown, of which those from ``new`` onwards are answered for the first time."""

    start: int
    new: int
    stop: int


def windows(n_tokens: int, size: int, stride: int) -> list[Window]:
    """Windows that cover a long sequence: each but the first answers at most ``stride`` tokens, after at least
    ``size - stride`` tokens of context.

    Raises
    ------
    ValueError
        Unless 0 < stride < size.
    """
    if not 0 < stride < size:
        raise ValueError(f"the stride is {stride}; expected 1 to {size - 1}, as a window holds {size} tokens")
    cover = [Window(0, 0, min(n_tokens, size))]
    while cover[-1].stop < n_tokens:
        new = cover[-1].stop
        # Where a window starts must not depend on how much text follows, else answers would depend on the future.
        cover.append(Window(new + stride - size, new, min(new + stride, n_tokens)))
    return cover
