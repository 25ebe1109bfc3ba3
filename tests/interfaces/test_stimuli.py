"""Stimulus sets: what they hold, what they refuse and in which words, and what their hashes tell apart."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fornix.engine.exchange import read_stimuli, write_stimuli
from fornix.interfaces import Member, OnDisk, StimulusSet, content_hash

WHITE = np.full((2, 2, 3), 255, dtype=np.uint8)
BLACK = np.zeros((2, 2, 3), dtype=np.uint8)
TONE = np.zeros(8, dtype=np.float32)


# content hashes


def test_a_text_hashes_by_its_utf8_bytes() -> None:
    assert content_hash("ü") == hashlib.sha256(b"text\0\xc3\xbc").hexdigest()


def test_an_array_hashes_by_dtype_shape_and_bytes() -> None:
    assert content_hash(WHITE) == hashlib.sha256(b"array\0|u1\0(2, 2, 3)\0" + b"\xff" * 12).hexdigest()
    assert content_hash(WHITE) != content_hash(WHITE.reshape(4, 1, 3))
    assert content_hash(TONE) != content_hash(TONE.astype(np.float64))
    assert content_hash(WHITE[::-1]) == content_hash(WHITE)  # whatever the memory layout


def test_a_file_and_the_same_bytes_in_an_archive_hash_alike(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("deep/b.png", b"picture")
    on_disk, member = OnDisk(tmp_path / "a.png"), Member(tmp_path / "all.zip", "deep/b.png")
    assert content_hash(on_disk) == content_hash(member) == hashlib.sha256(b"bytes\0picture").hexdigest()
    assert on_disk.read_bytes() == member.read_bytes() == b"picture"
    one, other = (StimulusSet(["a"], image=[content]) for content in (on_disk, member))
    assert one == other


def test_contents_of_different_kinds_never_hash_alike() -> None:
    kinds = ["absent", None, np.frombuffer(b"absent", dtype=np.uint8)]
    assert len({content_hash(kind) for kind in kinds}) == 3


# the table

words = st.lists(st.text(st.characters(codec="utf-8"), max_size=5), min_size=1, max_size=8)


@given(words, st.randoms())
def test_a_set_comes_back_from_any_order(texts: list[str], random: Any) -> None:
    stimuli = StimulusSet([f"s{i}" for i in range(len(texts))], text=texts, duration_ms=np.arange(len(texts)))
    order = list(range(len(texts)))
    random.shuffle(order)
    taken = stimuli.take(order)
    assert list(taken) == [f"s{i}" for i in order]
    assert taken.contents["text"] == tuple(texts[i] for i in order)
    assert taken.row_hashes == tuple(stimuli.row_hashes[i] for i in order)
    assert (taken == stimuli) == (order == sorted(order))
    assert taken.take(np.argsort(order)) == stimuli
    assert hash(taken.take(np.argsort(order))) == hash(stimuli)


@given(words, words)
def test_sets_are_equal_just_where_their_texts_are(one: list[str], other: list[str]) -> None:
    sets = [StimulusSet([f"s{i}" for i in range(len(texts))], text=texts) for texts in (one, other)]
    assert (sets[0] == sets[1]) == (one == other)


def test_mixed_stimuli_have_several_modalities_in_a_fixed_order() -> None:
    stimuli = StimulusSet(["a", "b"], text=["x", None], audio=[None, None], image=[WHITE, None], onset_ms=[0, 10])
    assert stimuli.modalities == ("image", "audio", "text")
    assert stimuli.absent  # the second has nothing at all
    assert not stimuli.take([0]).absent
    assert repr(stimuli) == "StimulusSet(2 stimuli; image, audio, text)"
    assert not stimuli.in_context


def test_stimuli_known_by_name_only_are_absent_and_told_apart() -> None:
    for stimuli in (StimulusSet(["a", "b"]), StimulusSet(["a", "b"], image=[None, None])):
        assert stimuli.absent
        assert stimuli.row_hashes[0] != stimuli.row_hashes[1]
        assert stimuli.content_hashes[0] != stimuli.content_hashes[1]


def test_a_row_is_the_same_whatever_its_name_but_not_under_other_conditions() -> None:
    base = StimulusSet(["a"], image=[WHITE], duration_ms=[100])
    renamed = StimulusSet(["b"], image=[WHITE.copy()], duration_ms=[100])
    longer = StimulusSet(["a"], image=[WHITE], duration_ms=[200])
    assert base.row_hashes == renamed.row_hashes != longer.row_hashes
    assert base != renamed
    assert base.content_hashes == renamed.content_hashes == longer.content_hashes
    assert base.content_hashes != StimulusSet(["a"], image=[BLACK], duration_ms=[100]).content_hashes


def test_what_is_shown_is_known_in_a_set_with_more_columns() -> None:
    alone = StimulusSet(["a"], image=[WHITE])
    beside = StimulusSet(["b", "c"], image=[WHITE, None], text=[None, "x"])
    assert beside.content_hashes[0] == alone.content_hashes[0]
    assert beside.content_hashes[1] == StimulusSet(["z"], text=["x"]).content_hashes[0]


def test_the_place_in_a_context_is_part_of_what_is_shown() -> None:
    """The word "bank" on a walk is not the word "bank" in town."""
    stimuli = StimulusSet(["a", "b", "c"], text=["bank"] * 3, context=["walk", "town", "town"], order=[0, 0, 1])
    assert stimuli.in_context
    assert len(set(stimuli.content_hashes)) == 3


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_infinity=False)), min_size=1, max_size=5),
    st.booleans(),
)
def test_conditions_and_contexts_survive_as_files(tmp_path_factory: Any, onsets: list[float | None], in_context: bool) -> None:
    n = len(onsets)
    place = {"context": ["story"] * n, "order": list(range(n))[::-1]} if in_context else {}
    stimuli = StimulusSet(
        [f"s{i}" for i in range(n)],
        image=[np.full((1, 1, 3), i, dtype=np.uint8) for i in range(n)],
        text=[None if i % 2 else "ü" for i in range(n)],
        onset_ms=[np.nan if onset is None else onset for onset in onsets],
        **place,  # type: ignore[arg-type]
    )
    read = read_stimuli(write_stimuli(tmp_path_factory.mktemp("sets"), stimuli))
    assert read == stimuli
    np.testing.assert_array_equal(read.columns["onset_ms"], stimuli.columns["onset_ms"])


# what is refused, and the sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(stimulus_id=[]), "a stimulus set needs at least one stimulus_id"),
        (dict(stimulus_id="abc"), "stimulus_id is 'abc'; expected a tuple or list"),
        (dict(stimulus_id={"a", "b"}), "stimulus_id is {.*}; expected a tuple or list"),
        (dict(stimulus_id=["a", None]), r"stimulus_id\[1\] is None; expected a str"),
        (dict(stimulus_id=["a", np.nan]), r"stimulus_id\[1\] is nan; expected a str"),
        (dict(stimulus_id=[1.0, 2.0]), r"stimulus_id\[0\] is 1.0; expected a str"),
        (dict(stimulus_id=["a", ""]), r"stimulus_id\[1\] is ''; expected a text that is not empty"),
        (dict(stimulus_id=np.array(["a", " "])), r"stimulus_id\[1\] is ' '; expected a text that is not empty"),
        (dict(stimulus_id=["a", "b\0"]), r"stimulus_id\[1\] is 'b\\x00'; expected a text that .* has no NUL character"),
        (dict(stimulus_id=np.array(["a", "b\0c"])), r"stimulus_id\[1\] is 'b\\x00c'; expected"),
        (dict(stimulus_id=np.array([["a"]])), r"stimulus_id has the shape \(1, 1\); expected one dimension"),
        (dict(stimulus_id=["a"], text="x"), "column 'text' is 'x'; expected a tuple or list"),
        (dict(stimulus_id=["a"], image=3), "column 'image' is 3; expected a tuple or list"),
        (dict(stimulus_id=["a"], onset_ms=5), "column 'onset_ms' is 5; expected one number for each stimulus"),
        (dict(stimulus_id=["a"], onset_ms=["5"]), r"column 'onset_ms'\[0\] is '5'; expected a number"),
        (dict(stimulus_id=["a"], onset_ms=[np.inf]), r"column 'onset_ms'\[0\] is inf; expected a finite number, or NaN where"),
        (dict(stimulus_id=["a"], duration_ms=[-1]), r"column 'duration_ms'\[0\] is -1; expected a finite number, at least 0"),
        (dict(stimulus_id=["a"], visual_degrees=[-8]), r"column 'visual_degrees'\[0\] is -8; expected .* at least 0"),
        (dict(stimulus_id=["a"], context=["s"], order=[0.5]), r"column 'order' has 0.5; expected a whole number \(int\)"),
        (dict(stimulus_id=["a"], context=["s"], order=[None]), "column 'order' has None; expected a whole number"),
        (dict(stimulus_id=["a"], context=["s"], order=[True]), "column 'order' has True; expected a whole number"),
        (dict(stimulus_id=["a"], context=["s"], order=3), "column 'order' has 3; expected a whole number"),
        (dict(stimulus_id=["a"], context=[None], order=[0]), r"context\[0\] is None; expected a str"),
        (dict(stimulus_id=["a"], context=[""], order=[0]), r"context\[0\] is ''; expected a text that is not empty"),
        (dict(stimulus_id=["a"], text=["\ud800"]), "the text of stimulus 'a' has at place 0 half of a surrogate pair"),
        (dict(stimulus_id=["a"], image=[WHITE[:0]]), r"the image of stimulus 'a' is an empty array, of shape \(0, 2, 3\)"),
        (
            dict(stimulus_id=["a"], audio=[TONE + 2], sample_rate_hz=[8000]),
            "the audio of stimulus 'a' has samples that are NaN or",
        ),
        (
            dict(stimulus_id=["a"], audio=[TONE * np.nan], sample_rate_hz=[8000]),
            r"NaN or beyond -1 and 1; scale it into \[-1, 1\]",
        ),
        (dict(stimulus_id=["a"], audio=[TONE], sample_rate_hz=[None]), "without a rate; give the column sample_rate_hz"),
        (dict(stimulus_id=["a", "b", "a"]), "stimulus_id 'a' occurs 2 times; it must be unique"),
        (dict(stimulus_id=["a"], label=["cat"]), r"has no column 'label'; it holds image, .*labels and measured values stay"),
        (dict(stimulus_id=["a", "b"], text=["x"]), "column 'text' has 1 rows, but there are 2 stimuli"),
        (dict(stimulus_id=["a", "b"], onset_ms=[1]), "column 'onset_ms' has 1 rows, but there are 2 stimuli"),
        (dict(stimulus_id=["a"], context=["story"]), "context and order go together"),
        (dict(stimulus_id=["a"], order=[0]), "context and order go together"),
        (dict(stimulus_id=["a", "b"], context=["s", "s"], order=[1, 1]), "two stimuli of one context have the same order"),
        (dict(stimulus_id=["a"], image=["a.png"]), r"the image of stimulus 'a' is a str; expected an array, or OnDisk\(path\)"),
        (dict(stimulus_id=["a"], image=[Path("a.png")]), r"the image of stimulus 'a' is a \w+Path; expected an array, or OnDisk"),
        (dict(stimulus_id=["a"], text=[7]), "the text of stimulus 'a' is a int; expected a str"),
        (
            dict(stimulus_id=["a"], image=[WHITE / 255]),
            r"has shape \(2, 2, 3\) and dtype float64; expected \(height, width, 3\) uint8",
        ),
        (dict(stimulus_id=["a"], image=[WHITE[..., 0]]), r"has shape \(2, 2\) and dtype uint8; expected \(height, width, 3\)"),
        (dict(stimulus_id=["a"], image=[WHITE[..., :1]]), r"has shape \(2, 2, 1\)"),
        (dict(stimulus_id=["a"], video=[WHITE], frame_rate_hz=[25]), r"expected \(frame, height, width, 3\) uint8"),
        (dict(stimulus_id=["a"], video=[WHITE[None]]), "without a rate; give the column frame_rate_hz"),
        (
            dict(stimulus_id=["a"], audio=[TONE]),
            "the audio of stimulus 'a' is an array without a rate; give the column sample_rate_hz",
        ),
        (
            dict(stimulus_id=["a"], audio=[TONE.astype(int)], sample_rate_hz=[8000]),
            r"expected \(sample,\) or \(sample, channel\)",
        ),
    ],
)
def test_a_malformed_set_is_refused_with_a_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        StimulusSet(**arguments)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: OnDisk(7), "the path of a content is 7; expected a Path"),  # type: ignore[arg-type]
        (lambda: Member(None, "a.png"), "the archive of a content is None; expected a Path"),  # type: ignore[arg-type]
        (lambda: Member(Path("all.zip"), ""), "the member of all.zip is ''; expected a text that is not empty"),
    ],
)
def test_a_content_that_cannot_be_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_content_may_be_named_by_a_str() -> None:
    assert OnDisk("a.png") == OnDisk(Path("a.png"))  # type: ignore[arg-type]
    assert Member("all.zip", "a.png") == Member(Path("all.zip"), "a.png")  # type: ignore[arg-type]


def test_whole_numbers_name_stimuli_by_their_digits() -> None:
    assert list(StimulusSet([7, np.int64(8)])) == ["7", "8"]


def test_contents_of_every_modality_are_taken() -> None:
    stimuli = StimulusSet(
        ["a"],
        image=[WHITE],
        video=[np.stack([WHITE, BLACK])],
        audio=[np.zeros((8, 2), dtype=np.float32)],
        text=["x"],
        sample_rate_hz=[8000],
        frame_rate_hz=[25],
        sound_level_db=[60],
        visual_degrees=[8],
    )
    assert stimuli.modalities == ("image", "video", "audio", "text")
    assert set(stimuli.columns) == {"sample_rate_hz", "frame_rate_hz", "sound_level_db", "visual_degrees"}
