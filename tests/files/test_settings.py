"""Settings name the same places wherever a process works."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_no_mirror_stays_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORNIX_MIRROR", raising=False)
    assert for_another_folder()["FORNIX_MIRROR"] == ""
