"""What users name as a place: read in one way, and never printed with what opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fornix.errors import UsageError
from fornix.files.addresses import named_place, spoken


def named(place: Any) -> tuple[str, str]:
    return named_place(place, "store", "expected a folder")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://me:hunter2@host:8443/a/b?token=hunter2#hunter2", "https://host:8443/a/b"),
        ("s3://hunter2@bucket/prefix", "s3://bucket/prefix"),
        ("http://hunter2@[::1", "http://[::1"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("me:hunter2@https://host/x", "https://host/x"),
        ("s3:/me:hunter2@bucket/x", "bucket/x"),
    ],
)
def test_addresses_are_spoken_of_without_what_opens_them(url: str, said: str) -> None:
    assert spoken(url) == said


@given(password=st.text(st.sampled_from("/#?@:[]. ab"), max_size=8), scheme=st.sampled_from(["s3", "https", "ftp"]))
def test_a_password_may_hold_any_character(password: str, scheme: str) -> None:
    assert spoken(f"{scheme}://me:{password}@host/x") == f"{scheme}://host/x"


@pytest.mark.parametrize(
    ("place", "scheme", "written"),
    [
        ("S3://Lab/X", "s3", "s3://Lab/X"),
        ("HTTPS://host/A", "https", "https://host/A"),
        (" odd folder", "", " odd folder"),
        ("s3", "", "s3"),
        ("./s3:/x", "", "./s3:/x"),
        ("s3:x", "", "s3:x"),
        (Path("results"), "", "results"),
    ],
)
def test_a_place_is_a_folder_or_an_address(place: str | Path, scheme: str, written: str) -> None:
    assert named(place) == (scheme, written)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (None, "^None is no store; expected a folder, as a str$"),
        (b"x", "is no store"),
        ("", r"^the store is empty \(is a variable not set\?\)"),
        (" \t", "the store is empty"),
        ("s3:/lab/x", "^s3:/lab/x has lost a slash of its address; expected a folder$"),
        ("HTTPS:/host/x", "has lost a slash"),
        ("s3:", "has lost a slash"),
        (Path("s3://lab/x"), "s3:/lab/x is a path, which has lost a slash of its address; give it as a str"),
        ("file:///tmp/x", "give the folder itself"),
        ("a\nb", "a line break"),
        ("\ud800", "a line break"),
    ],
)
def test_what_can_be_none_is_refused(place: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        named(place)


@pytest.mark.parametrize("place", ["s3:/me:hunter2@b/x", "file://me:hunter2@b", "s3://me:hunter2@b\n"])
def test_a_refusal_does_not_repeat_a_password(place: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(place)
    assert "hunter2" not in str(caught.value)
