"""Signals that end a run: heard even where Python would lose the exception that they raise."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` where a signal would raise KeyboardInterrupt, before it is raised.

    An exception that a signal raises is lost where Python ignores exceptions (a finaliser, a weak reference's callback);
    what ``stop`` sets is not.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is signal.default_int_handler]

    def handle(number: int, frame: FrameType | None) -> None:
        stop()
        signal.default_int_handler(number, frame)

    for number in taken:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.default_int_handler)
