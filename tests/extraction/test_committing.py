"""Writing what was selected: together or not at all, by one at a time; and which rows of an earlier profile stay."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fornix.errors import FornixError
from fornix.extraction.commitment import Selected, read_commitment
from fornix.extraction.committing import Place
from fornix.extraction.profile import joined, profile, profile_csv, read_profile
from fornix.extraction.selection import Selection
from fornix.files import durable
from fornix.interfaces import Score, StimulusSet

STIMULI = StimulusSet(["s"], image=[np.zeros((1, 1, 3), dtype=np.uint8)])


def selection(region: str, data: str, **values: float) -> Selection:
    """Layers with these scores."""
    scores = {layer: Score(value, error=0.1, interval=(value - 0.2, value + 0.2)) for layer, value in values.items()}
    return Selection(region, data, "rates", "ridge", {}, STIMULI, scores)


def drawn(table: pd.DataFrame) -> bytes:
    return f"a figure of {len(table)} layers".encode()


def write(place: Path, one: Selection, *, every_layer: bool = True, draw: Callable[[pd.DataFrame], bytes] = drawn) -> list[str]:
    selected = {one.region: Selected((one.layer,), one.data, {})}
    at = Place("toy", place / "commitment.toml", place / "commitment")
    return at.write([one], selected, every_layer=every_layer, draw=draw)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "commitment.toml").write_text('[regions.IT]\nlayers = ["a"]\n')
    return tmp_path


def test_of_many_commits_at_once_none_is_lost(place: Path) -> None:
    regions = [f"V{k}" for k in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda region: write(place, selection(region, "A", a=0.1, b=0.2)), regions))
    assert read_commitment(place).regions == {"IT": ("a",), **{region: ("b",) for region in regions}}
    table = read_profile(place / "commitment" / "toy.csv")
    assert table is not None
    assert sorted(table["region"]) == sorted(2 * regions)


@pytest.mark.parametrize("full", ["toy.csv", "toy.png", "commitment.toml"])
def test_a_full_disk_leaves_commitment_and_profile_as_they_were(place: Path, full: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, selection("V4", "A", a=0.1, b=0.2))
    files = [path for path in place.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    real = Path.write_bytes

    def write_bytes(self: Path, content: bytes) -> int:
        if self.name == f".{full}.part":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(
        FornixError, match=rf"{full} cannot be written \(No space left on device\); the commitment .* is as it was"
    ):
        write(place, selection("V4", "A", a=0.3, b=0.2))
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_a_figure_that_cannot_be_drawn_is_left_out_and_said(place: Path) -> None:
    def refuse(table: pd.DataFrame) -> bytes:
        raise FornixError("there is no ink")

    assert write(place, selection("V4", "A", a=0.1, b=0.2), draw=refuse) == ["no figure: there is no ink"]
    assert not (place / "commitment" / "toy.png").exists()
    assert write(place, selection("V4", "A", a=0.1, b=0.2, c=0.1)) == []
    assert (place / "commitment" / "toy.png").read_bytes() == b"a figure of 3 layers"


def test_what_cannot_be_written_is_said_beforehand(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "commitment").write_text("in the way of the profile's folder")
    with pytest.raises(FornixError, match=r"commitment cannot be written \(File exists\), so no layer was scored"):
        Place("toy", place / "commitment.toml", place / "commitment").check()
    (place / "commitment").unlink()

    def refuse(target: Path) -> None:  # as of a file that is immutable
        if target.name == "commitment.toml":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(target))

    monkeypatch.setattr(durable, "check_writable", refuse)
    with pytest.raises(FornixError, match=r"commitment\.toml cannot be written \(Operation not permitted\), so no layer"):
        Place("toy", place / "commitment.toml", place / "commitment").check()


@pytest.mark.parametrize(("content", "said"), [("", "cannot be read as a profile"), ("a,b\n1,2\n", "has no column model")])
def test_what_is_no_profile_is_not_overwritten(place: Path, content: str, said: str) -> None:
    (place / "commitment").mkdir()
    (place / "commitment" / "toy.csv").write_text(content)
    with pytest.raises(FornixError, match=said):
        Place("toy", place / "commitment.toml", place / "commitment").check()


def rows(table: pd.DataFrame) -> list[tuple[str, str, str, float, bool]]:
    return list(table[["region", "data", "layer", "value", "selected"]].itertuples(index=False, name=None))


class TestJoined:
    @pytest.fixture
    def before(self, tmp_path: Path) -> pd.DataFrame:
        """Three layers scored for V4 and two for IT, as read back from a file."""
        table = profile("toy", [selection("V4", "A", a=0.1, b=0.3, c=0.2), selection("IT", "A", a=0.2, b=0.1)])
        (tmp_path / "toy.csv").write_bytes(profile_csv(table))
        read = read_profile(tmp_path / "toy.csv")
        assert read is not None
        return read

    IT = (("IT", "A", "a", 0.2, True), ("IT", "A", "b", 0.1, False))

    def test_rows_of_the_same_region_and_data_are_replaced(self, before: pd.DataFrame) -> None:
        table, said = joined(before, profile("toy", [selection("V4", "A", a=0.4, b=0.3)]), every_layer=True)
        assert rows(table) == [*self.IT, ("V4", "A", "a", 0.4, True), ("V4", "A", "b", 0.3, False)]
        assert said == []

    def test_a_profile_of_more_layers_stays_and_follows_what_is_selected(self, before: pd.DataFrame) -> None:
        table, said = joined(before, profile("toy", [selection("V4", "A", c=0.2)]), every_layer=False)
        assert rows(table) == [
            ("V4", "A", "a", 0.1, False),
            ("V4", "A", "b", 0.3, False),
            ("V4", "A", "c", 0.2, True),
            *self.IT,
        ]
        assert said == [
            "the profile of V4 on A stays as it was, as it has 2 more layers than were scored now; without --layers it is made "
            "anew"
        ]

    def test_named_layers_that_are_all_there_were_replace_it(self, before: pd.DataFrame) -> None:
        table, said = joined(before, profile("toy", [selection("V4", "A", a=0.4, b=0.3, c=0.2, d=0.1)]), every_layer=False)
        assert len(table) == 6
        assert said == []

    def test_there_is_one_for_each_data_and_one_layer_is_selected(self, before: pd.DataFrame) -> None:
        table, said = joined(before, profile("toy", [selection("V4", "B", a=0.4, b=0.3)]), every_layer=True)
        assert rows(table) == [
            ("V4", "A", "a", 0.1, False),
            ("V4", "A", "b", 0.3, False),
            ("V4", "A", "c", 0.2, False),
            *self.IT,
            ("V4", "B", "a", 0.4, True),
            ("V4", "B", "b", 0.3, False),
        ]
        assert said == []
