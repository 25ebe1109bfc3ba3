"""Streaming a file from a source into the cache: resumed, verified, synced, and only then put in its place."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from fornix.files import durable
from fornix.files.file import File
from fornix.files.source import Interrupted, OtherFile, Source, SourceTrouble

#: Seconds to wait before asking again, by the number of attempts in a row that brought nothing new.
PAUSES_S = (0.5, 2.0)

#: A file of unknown size is given up beyond this: git hosts serve no larger ones.
LARGEST_UNSIZED = 2**30

#: Called with the bytes that are there and the bytes of the whole file.
Progress = Callable[[int, int], None]


def download(file: File, source: Source, target: Path, progress: Progress | None = None) -> None:
    """Bring ``file`` to ``target``, going on from the ``.part`` file that an earlier try left.

    The caller holds the lock of ``target``. What arrives is kept in the part file whatever happens, unless it turns
    out to be wrong.

    Raises
    ------
    SourceTrouble
        If the source cannot give the file; the message is a clause about the source.
    OSError
        If the cache cannot be written.
    """
    part = part_path(target)
    part.touch()
    resumed = part.stat().st_size > 0
    doubt = _complete(file, source, part, progress)
    wrong = file.wrong_with(part)
    if wrong is not None and resumed:
        # The fault may lie in what an earlier try left; only bytes that all came from this source tell about it.
        part.unlink()
        part.touch()
        doubt = _complete(file, source, part, progress)
        wrong = file.wrong_with(part)
    if wrong is not None:
        forget(part)
        raise SourceTrouble(f"{doubt} (what came {wrong})") if doubt else OtherFile(f"offers another file ({wrong})")
    durable.replace(part, target)
    forget(part)


def part_path(target: Path) -> Path:
    """Where a download that is not complete is kept."""
    return target.with_name(f"{target.name}.part")


def _complete(file: File, source: Source, part: Path, progress: Progress | None) -> str:
    """Ask until the part file has the file's size, or asking brings nothing new any more.

    Nothing but its hash tells a part of a file of unknown size from the whole: it is asked for in one go. Returns the source's
    doubt, if it may explain a wrong hash: what is as long as the file is no other form of it.
    """
    if not file.sized:
        return _append(file, source, part, 0, progress)
    best = part.stat().st_size
    fruitless = 0
    while (have := part.stat().st_size) != file.bytes:
        if have > file.bytes:
            os.truncate(part, 0)
            have = 0
        doubt = ""
        try:
            doubt = _append(file, source, part, have, progress)
            size = part.stat().st_size
            if size < file.bytes:
                raise Interrupted(f"gave only {size} of {file.bytes} bytes")
        except Interrupted:
            size = part.stat().st_size
            if size <= best:
                if fruitless == len(PAUSES_S):
                    if not doubt:
                        raise
                    forget(part)
                    raise SourceTrouble(doubt) from None
                time.sleep(PAUSES_S[fruitless])
            fruitless = fruitless + 1 if size <= best else 0
            best = max(best, size)
    return ""


def _append(file: File, source: Source, part: Path, have: int, progress: Progress | None) -> str:
    """Write what the source sends behind the first ``have`` bytes of the part file, or anew; returns the source's doubt."""
    note = _validator_path(part)
    stream = source.open(file, have, _validator(note) if have else "")
    with part.open("r+b") as out:
        out.seek(stream.start)
        out.truncate()
        note.write_text(stream.validator, encoding="utf-8")
        have = stream.start
        for block in stream.blocks:
            have += len(block)
            if have > (file.bytes if file.sized else LARGEST_UNSIZED):
                out.truncate(0)
                if stream.doubt and file.sized:
                    raise SourceTrouble(stream.doubt)
                raise OtherFile(f"offers another file (more than {file.bytes or LARGEST_UNSIZED} bytes)")
            out.write(block)
            if progress is not None:
                progress(have, file.bytes)
    return stream.doubt


def _validator(note: Path) -> str:
    """What an earlier try noted; nothing where it did not, or what lies there cannot be that, as after a crash."""
    try:
        noted = note.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return noted if noted.isascii() and noted.isprintable() else ""


def _validator_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def forget(part: Path) -> None:
    """Remove what is left of a download."""
    part.unlink(missing_ok=True)
    _validator_path(part).unlink(missing_ok=True)
