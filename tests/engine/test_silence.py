"""What work in this process says of itself while it takes long."""

from __future__ import annotations

import io
import sys
import threading

import pytest

import fornix
from fornix.engine import silence
from fornix.engine.silence import FIRST_PAUSE_S, breaking_silence
from fornix.interfaces import Responses, Score


class Heard(io.StringIO):
    """A stream that tells when a line with certain words was written to it."""

    def __init__(self, words: str = "") -> None:
        super().__init__()
        self.words, self.heard = words, threading.Event()

    def flush(self) -> None:
        if self.words in self.getvalue():
            self.heard.set()


class Asleep:
    """A benchmark whose score takes until somebody has said that it takes long."""

    def __init__(self, stream: Heard) -> None:
        self.stream = stream

    def experiments(self, so_far: object = ()) -> tuple[()]:
        return ()

    def score(self, responses: object) -> Score:
        assert self.stream.heard.wait(60)
        return Score(0.5, error=0.1)

    def ceiling(self) -> None:
        return None


class Any:
    def respond(self, experiment: object) -> Responses:
        raise AssertionError


def test_a_score_that_takes_long_says_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert FIRST_PAUSE_S == 30
    stream = Heard(" s: Any on Asleep\n")
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(silence, "FIRST_PAUSE_S", 0.001)
    assert fornix.score(Any(), Asleep(stream)).value == 0.5
    assert stream.getvalue().startswith("fornix: after ")


def test_what_is_quick_passes_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Heard()
    monkeypatch.setattr(sys, "stderr", stream)
    with breaking_silence() as tell:
        tell("something")
    assert stream.getvalue() == ""
    assert "fornix-silence" not in [thread.name for thread in threading.enumerate()]
