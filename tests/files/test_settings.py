"""Settings name the same places wherever a process works."""

from __future__ import annotations

from pathlib import Path

import pytest

from fornix.errors import UsageError
from fornix.files.fetch import available
from fornix.files.file import File
from fornix.files.settings import cache_folder, for_another_folder, mirrors


def test_places_are_made_absolute_for_a_process_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("FORNIX_CACHE", "cache")
    monkeypatch.setenv("FORNIX_MIRROR", "here ~/there /elsewhere s3://bucket/prefix")
    settings = for_another_folder()
    monkeypatch.chdir("/")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == tmp_path / "cache"
    assert mirrors() == (f"{tmp_path}/here", "/home/ada/there", "/elsewhere", "s3://bucket/prefix")


def test_a_home_of_nobody_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORNIX_CACHE", "~no-such-user/cache")
    with pytest.raises(UsageError, match="the cache ~no-such-user/cache is below the home of a user whom this machine does not"):
        cache_folder()
    monkeypatch.delenv("FORNIX_CACHE")
    monkeypatch.setenv("FORNIX_MIRROR", "~no-such-user/mirror")
    file = File("w", "http://127.0.0.1:9/w", 3, sha256="ab" * 32)
    assert "mirror ~no-such-user/mirror is not a folder on this machine" in str(available(file))
    assert for_another_folder()["FORNIX_MIRROR"].endswith("/~no-such-user/mirror")


def test_a_mirror_is_named_as_a_store_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", "S3://Lab/x/ s3://lab here/")
    assert mirrors() == ("s3://Lab/x", "s3://lab", "here/")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (
            "s3://me:hunter2@lab/x",
            "^s3://lab/x is given with a user before it; expected s3://bucket/prefix, and credentials where",
        ),
        ("s3://me:hunt/hunter2@lab/x", "^s3://lab/x is given with a user before it"),
        ("https://me:hunter2@host/x?hunter2", "^https://host/x is no mirror; expected a folder or s3://bucket/prefix$"),
        ("s3:/me:hunter2@lab/x", "has lost a slash"),
        ("s3://", "names no place in a bucket"),
        ("s3://lab/a/../b", "names no place in a bucket"),
        ("file:///mirror", "give the folder itself"),
    ],
)
def test_what_can_be_no_mirror_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, place: str, sentence: str
) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", f"here {place}")
    with pytest.raises(UsageError, match=sentence) as caught:
        available(File("w", "http://127.0.0.1:9/w", 3, sha256="ab" * 32))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UsageError):
        for_another_folder()


def test_no_mirror_stays_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORNIX_MIRROR", raising=False)
    assert for_another_folder()["FORNIX_MIRROR"] == ""
