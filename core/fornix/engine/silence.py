"""Breaking a long silence: after how long, and for work in this process also how."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

#: Seconds of silence before a line says what is under way; twice as many after each such line, up to the longest.
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 300.0


@contextmanager
def breaking_silence() -> Iterator[Callable[[str], None]]:
    """Within the block a line on standard error says now and then what is under way; gives what is to be told so.

    What is over before the first pause passes without a word.
    """
    over, stream, under_way = threading.Event(), sys.stderr, ["it begins"]
    began = time.monotonic()

    def speak() -> None:
        pause = FIRST_PAUSE_S
        while not over.wait(pause):
            pause = min(2 * pause, LONGEST_PAUSE_S)
            with suppress(OSError, ValueError):  # nobody listens any more
                print(f"fornix: after {time.monotonic() - began:.0f} s: {under_way[0]}", file=stream, flush=True)

    def tell(what: str) -> None:
        under_way[0] = what

    thread = threading.Thread(target=speak, name="fornix-silence", daemon=True)
    if stream is not None:
        thread.start()
    try:
        yield tell
    finally:
        over.set()
        if stream is not None:
            thread.join()
