"""Publishes in real processes, which kill themselves before some write, or race; prints a line of JSON for each.

python processes.py '{"what": "kill" | "race", "plugins": ..., "stores": [old, new], "place": ..., "from": n}'
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from fornix.engine import plan as _loaded_before_forking  # noqa: F401
from fornix.files import durable
from fornix.matrix.snapshots import provenance, publishing, pulling
from fornix.matrix.snapshots.publishing import publish
from fornix.store import requests, uploads
from fornix.store.places import open_store
from tests.engine.conftest import toy_registry

# a checkout in which somebody works changes between one process and the next
provenance.commit = lambda: None
provenance.code = lambda: "0" * 16  # type: ignore[assignment]
requests.PAUSES_S = (0.01, 0.02, 0.02, 0.02)


def in_process(call: Callable[[], Any]) -> tuple[int, Any]:
    """The exit status of a process of its own (-9: killed), and what the call gave there."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(reading)
            os.write(writing, json.dumps(call()).encode())
            os._exit(0)
        except BaseException as error:
            os.write(writing, json.dumps(repr(error)).encode())
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        answer = told.read()
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), json.loads(answer or "null")


def published(said: dict[str, Any], store: int, place: str) -> list[Any]:
    of = toy_registry(Path(said["plugins"])), open_store(said["stores"][store], read_only=True)
    found = publish(*of, place, arrays=False, ranks=False)
    return [found.version, found.latest, list(found.written)]


def killed(said: dict[str, Any], store: int, place: str, before: int) -> list[Any]:
    """Publish, and be killed before this write."""
    writes = count(1)

    def deadly(write: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if next(writes) == before:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(*arguments, **named)

        return wrapped

    if place.startswith("s3://"):
        uploads.upload = deadly(uploads.upload)  # type: ignore[assignment]
    else:
        durable.replace = deadly(durable.replace)  # type: ignore[assignment]
        durable.link = deadly(durable.link)  # type: ignore[assignment]
    return published(said, store, place)


def seen(place: str) -> list[str]:
    """What the place points to, after every file of it was read and found to be what its manifest says."""
    snapshot = pulling.open_snapshot(place)
    for path in snapshot.manifest.files:
        snapshot.file(path)
    destination = publishing.open_destination(place)
    index = destination.read("index.html")
    return [snapshot.version, "" if index is None else index.content.decode().split("<title>Snapshot ")[1].split("<")[0]]


def kill(said: dict[str, Any]) -> None:
    """Be killed before one write after the other, each time in a new place with an old snapshot, until all writes are done."""
    for before in count(said["from"]):
        place = f"{said['place']}/{before}"
        _, old = in_process(lambda place=place: published(said, 0, place))  # type: ignore[misc]
        status, _ = in_process(lambda place=place, before=before: killed(said, 1, place, before))  # type: ignore[misc]
        _, then = in_process(lambda place=place: seen(place))  # type: ignore[misc]
        again, new = in_process(lambda place=place: published(said, 1, place))  # type: ignore[misc]
        _, after = in_process(lambda place=place: seen(place))  # type: ignore[misc]
        print(json.dumps({"old": old[0], "status": status, "then": then, "again": again, "new": new, "after": after}))
        if status == 0:
            return


def race(said: dict[str, Any]) -> None:
    """Start publishers of both stores at once."""
    ready, start = os.pipe()
    processes = {}
    for number, store in enumerate((0, 1, 0, 1)):
        process = os.fork()
        if process == 0:
            os.close(start)
            os.read(ready, 1)  # until the last is started
            status, answer = in_process(lambda store=store: published(said, store, said["place"]))  # type: ignore[misc]
            print(json.dumps({"store": store, "status": status, "answer": answer}), flush=True)
            os._exit(0)
        processes[process] = number
    os.close(start)
    for process in processes:
        os.waitpid(process, 0)
    print(json.dumps({"seen": in_process(lambda: seen(said["place"]))[1]}))


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    if asked["place"].startswith("s3://"):
        import boto3  # noqa: F401 - once, before forking
    {"kill": kill, "race": race}[asked["what"]](asked)
