"""Of all who want to work on a key one may, and it is free again when the work is done or the worker dead."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest
from tests.store.endpoint import Endpoint, losing_the_answer
from tests.store.places import InBucket, Place

from fornix.store import claims
from fornix.store.interface import StoreError
from fornix.store.kept import KeptStore

KEY = "5f" * 32
OTHER_KEY = "a0" * 32

HOLDER = """
import subprocess, sys
from fornix.store import claims
from fornix.store.places import open_store
claims.LAPSE_S = 5.0
with open_store(sys.argv[1]).claim(sys.argv[2]) as mine:
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)  # a program that the holder started holds nothing
    print(mine, child.pid, flush=True)
    sys.stdin.readline()
"""


def holder(place: Place) -> tuple[subprocess.Popen[str], int]:
    """A process that claims KEY until it is written to, and what it has started."""
    command = [sys.executable, "-c", HOLDER, place.named, KEY]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    mine, child = process.stdout.readline().split()
    assert mine == "True"
    return process, int(child)


def claimable(store: KeptStore) -> bool:
    with store.claim(KEY) as mine:
        return mine


def test_one_holds_a_claim_until_it_is_done(place: Place, store: KeptStore) -> None:
    other = place.open()
    with store.claim(KEY) as mine:
        assert mine
        with other.claim(KEY) as also, store.claim(KEY) as again, other.claim(OTHER_KEY) as another:
            assert (also, again, another) == (False, False, True)
    with other.claim(KEY) as mine:
        assert mine


def test_a_claim_ends_with_what_is_raised_in_it(store: KeptStore) -> None:
    with pytest.raises(RuntimeError, match="the work failed"), store.claim(KEY):
        raise RuntimeError("the work failed")
    with store.claim(KEY) as mine:
        assert mine


@pytest.mark.parametrize("killed", [True, False])
def test_a_process_that_ends_or_is_killed_leaves_its_claim_to_others(place: Place, store: KeptStore, killed: bool) -> None:
    process, child = holder(place)
    try:
        with store.claim(KEY) as mine:
            assert not mine
        if killed:
            process.kill()
        process.communicate("\n")
        if killed and place.kind == "bucket":  # nothing tells a bucket that the holder is dead, so the claim has to lapse
            with store.claim(KEY) as mine:
                assert not mine
        until = time.monotonic() + 60
        while not claimable(store) and time.monotonic() < until:
            time.sleep(0.05)
        assert claimable(store)
    finally:
        os.kill(child, 9)


def test_of_many_threads_one_is_first(store: KeptStore) -> None:
    start, done = threading.Barrier(8), threading.Barrier(8)
    told = []

    def ask() -> None:
        start.wait()
        with store.claim(KEY) as mine:
            told.append(mine)
            done.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]


def test_a_claimed_place_is_a_store(place: Place) -> None:
    """The second run opens it before the first has stored anything."""
    with place.open().claim(KEY), place.open().claim(KEY) as also:
        assert not also


def test_a_read_only_store_gives_no_claim(place: Place) -> None:
    with pytest.raises(StoreError, match=r"a claim was not stored: the store .* was opened read-only"):
        place.open(read_only=True).claim(KEY).__enter__()
    assert place.names() == []


def test_a_key_is_hexadecimal(store: KeptStore) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        store.claim("../../etc").__enter__()


def test_a_claim_in_a_bucket_does_not_lapse_while_it_is_held(bucket: InBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LAPSE_S", 5.0)
    store, other = bucket.open(), bucket.open()
    name = f"claims/{KEY[:2]}/{KEY}.lock"
    with store.claim(KEY):
        first = bucket.read(name)
        until = time.monotonic() + 8  # the endpoint counts whole seconds: well beyond the time of lapse
        while time.monotonic() < until:
            assert not claimable(other)
            time.sleep(0.2)
        assert bucket.read(name) != first
    assert claimable(other)


def test_a_claim_that_lapsed_is_taken_over_by_one_and_its_holder_is_told(
    bucket: InBucket, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "LAPSE_S", 0.3)
    store, others = bucket.open(), [bucket.open() for _ in range(4)]
    with monkeypatch.context() as asleep, ExitStack() as held:
        awake = claims.Claims._renew_one
        asleep.setattr(claims.Claims, "_renew_one", lambda self, name: None)  # a machine that sleeps
        assert held.enter_context(store.claim(KEY))
        monkeypatch.setattr(claims, "LAPSE_S", 60.0)  # of those who take it over, however slow this machine is
        until = time.monotonic() + 60
        told: list[bool] = []
        while not any(told) and time.monotonic() < until:
            told = [held.enter_context(other.claim(KEY)) for other in others]
        assert sum(told) == 1
        name = f"claims/{KEY[:2]}/{KEY}.lock"
        with pytest.warns(UserWarning, match="a claim in the store s3://.* lapsed while its work went on"):
            awake(store.objects._claims, name)  # it wakes, and finds another holder
        holder = bucket.read(name)
    # The first has not given back what it no longer held.
    assert json.loads(holder)["owner"]


def test_a_claim_whose_answer_was_lost_is_had(bucket: InBucket, endpoint: Endpoint) -> None:
    store = bucket.open()
    with store.claim(OTHER_KEY):
        pass
    endpoint.order(losing_the_answer, lambda request: request.method == "PUT", times=1)
    with store.claim(KEY) as mine:
        assert mine
