"""Claims in a bucket, which has no locks: objects that one alone can create, or replace once they have lapsed.

A claim says who holds it and after how many seconds it lapses. They are counted from its last write, by the clock of the
endpoint, so the clocks of machines need not agree. The holder writes it anew while it holds it; who is done writes that
nobody holds it. An object is never removed by its holder, who might have been taken for dead and remove that of the next.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fornix.store import layout
from fornix.store.objects import Entry, Found
from fornix.store.requests import Trouble
from fornix.store.writing import ABANDONED_S

if TYPE_CHECKING:
    from fornix.store.bucket import Bucket

#: Seconds after which a claim lapses that its holder has not written anew; it does so three times as often.
LAPSE_S = 60.0


class Claims:
    """The claims that this process holds in a bucket, and the thread that keeps them from lapsing."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._held: dict[str, Found] = {}
        self._lock = threading.Lock()
        self._done = threading.Event()

    @contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """See :meth:`fornix.store.interface.Store.claim`."""
        with self._bucket.writing("a claim"):
            mine = self._take(name)
        if mine is None:
            yield False
            return
        with self._lock:
            self._held[name] = mine
            if len(self._held) == 1:
                self._done = threading.Event()
                threading.Thread(target=self._renew, args=(self._done,), daemon=True, name="fornix-claims").start()
        try:
            yield True
        finally:
            with self._lock:
                last = self._held.pop(name, None)
                if not self._held:
                    self._done.set()
            if last is not None:
                with suppress(Trouble):  # then it lapses
                    self._bucket.replace(name, _content(""), last.version)

    def _take(self, name: str) -> Found | None:
        content = _content(_owner())
        version = self._bucket.replace(name, content, None)
        if version is None:
            aged = self._bucket.aged(name)
            if aged is None or not _is_free(*aged):
                return None
            version = self._bucket.replace(name, content, aged[0].version)
        return None if version is None else Found(content, version)

    def _renew(self, done: threading.Event) -> None:
        while not done.wait(LAPSE_S / 3):
            for _ in self._bucket.each(self._renew_one, list(self._held)):
                pass

    def _renew_one(self, name: str) -> None:
        with self._lock:
            before = self._held.get(name)
        if before is None:
            return
        content = _content(_owner())
        try:
            version = self._bucket.replace(name, content, before.version)
        except Trouble:
            return  # the next time may come before it lapses
        with self._lock:
            if version is not None and self._held.get(name) is before:
                self._held[name] = Found(content, version)
                return
            lost = self._held.pop(name, None) is not None and version is None
        if version is not None:  # given back meanwhile, which that write did not find
            with suppress(Trouble):
                self._bucket.replace(name, _content(""), version)
        elif lost:
            warnings.warn(
                f"a claim in the store {self._bucket.place} lapsed while its work went on, and another run has taken it over: "
                "the same may be computed twice",
                stacklevel=2,
            )

    def remove_lapsed(self, now: float) -> int:
        """Remove what has been nobody's for a day; returns how many."""

        def remove(entry: Entry) -> bool:
            # Taken first: who is about to claim it meanwhile finds it held, or gone.
            if self._bucket.replace(entry.name, _content(_owner()), entry.version) is None:
                return False
            self._bucket.remove(entry.name)
            return True

        return sum(remove(e) for e in list(self._bucket.entries(layout.CLAIMS)) if now - e.changed > ABANDONED_S)


def _owner() -> str:
    """This process, in words that no other write has."""
    return f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(8)}"


def _content(owner: str) -> bytes:
    return json.dumps({"owner": owner, "lapses_after_s": LAPSE_S}).encode()


def _is_free(found: Found, age: float) -> bool:
    try:
        data = json.loads(found.content)
        return data["owner"] == "" or age > float(data["lapses_after_s"])
    except (ValueError, KeyError, TypeError):
        return age > LAPSE_S
