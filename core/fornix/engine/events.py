"""What a worker says on the way: its events, and the end of its log, however a plugin has left those files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from fornix.store.interface import Status

#: Of a log and of a worker's events, how many bytes are read: whatever a plugin prints, memory is bounded.
_LONGEST_LOG: Final = 1_000_000
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
    """What writing to a file changes; nothing where there is none."""
    try:
        status = path.lstat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns


def tail(path: Path) -> str:
    """The end of a log."""
    return _read(path, _LONGEST_LOG).decode(errors="replace")


def _read(path: Path, limit: int) -> bytes:
    """The last bytes of a file that a plugin may have put something else in the place of; nothing where it is no file."""
    try:
        if path.is_symlink() or not path.is_file():
            return b""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - limit))
            return file.read(limit)
    except OSError:
        return b""
