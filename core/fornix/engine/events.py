"""What a worker says on the way: its events, and the ends of its log, however a plugin has left those files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from fornix.store.interface import Status

#: Of a log and of a worker's events, how many bytes are read: whatever a plugin prints, memory is bounded.
_LONGEST_LOG: Final = 1_000_000
#: A log of more bytes than this is cut while it is written.
_LARGEST_LOG: Final = 20_000_000
_CUT: Final = b"\n... fornix: here a part of the log is left out, as it has grown so long ...\n"
_LARGEST_EVENTS: Final = 100_000_000
_PARTS_OF_END: Final = {
    "reason": str, "result": dict, "seconds": float, "peak_rss_bytes": int, "versions": dict, "hardware": dict,
}  # fmt: skip


def read_events(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """The ``end`` events in order, and whether the worker came to its close.

    A plugin lives in the worker and may have written here, too: what is no event counts for nothing.
    """
    ended: list[dict[str, Any]] = []
    done = False
    for line in _read(path, _LARGEST_EVENTS).split(b"\n")[:-1]:  # the last line of a worker that died may be cut short
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and event.get("event") == "end" and event.get("step") == len(ended) and _is_whole(event):
            ended.append(event)
        done = done or event == {"event": "done"}
    return ended, done


def _is_whole(event: Mapping[str, Any]) -> bool:
    """Whether an ``end`` event has all that an outcome is made of."""
    return (
        event.get("status") in get_args(Status)
        and all(isinstance(event.get(name, {} if name == "result" else None), kind) for name, kind in _PARTS_OF_END.items())
        and all(isinstance(version, str) for version in event["versions"].values())
        and all(isinstance(fact, str | int | float | None) for fact in event["hardware"].values())
    )


def version(path: Path) -> tuple[int, ...]:
    """What writing to a file changes, its time of change above all, which nobody can set; nothing where there is none."""
    try:
        status = path.lstat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def ends(path: Path) -> str:
    """A log; of a long one its beginning and its end."""
    return _ends(path).decode(errors="replace")


def bound(path: Path) -> None:
    """Cut the middle out of a log that has grown too large, so that what a plugin prints cannot fill the disk.

    Its writer appends and goes on; what it writes at this very moment may be lost.
    """
    try:
        if path.lstat().st_size > _LARGEST_LOG and (kept := _ends(path)):
            with path.open("r+b") as file:
                file.write(kept)
                file.truncate()
    except OSError:
        return  # a plugin has removed it


def _ends(path: Path) -> bytes:
    half = _LONGEST_LOG // 2
    last = _read(path, _LONGEST_LOG)
    if len(last) < _LONGEST_LOG:
        return last
    return _read(path, half, first=True) + _CUT + last[half + len(_CUT) :]


def _read(path: Path, limit: int, *, first: bool = False) -> bytes:
    """The last bytes, or the first, of a file that a plugin may have put something else in the place of: that has none."""
    try:
        if path.is_symlink() or not path.is_file():
            return b""
        with path.open("rb") as file:
            file.seek(0 if first else max(0, path.stat().st_size - limit))
            return file.read(limit)
    except OSError:
        return b""
