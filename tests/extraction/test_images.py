"""Decoding: layouts of arrays and encoded files, and many images in background threads, in order and within a bound."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fornix import FornixError
from fornix.extraction.images import Archives, decode, decode_ahead
from fornix.interfaces import Member, OnDisk

Image = pytest.importorskip("PIL.Image")

COLOUR = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def _png(array: np.ndarray, mode: str | None = None) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array, mode).save(buffer, format="PNG")
    return buffer.getvalue()


def test_array_layouts_become_height_width_three_bytes() -> None:
    grey = COLOUR[:, :, 0]
    as_colour = np.stack([grey] * 3, axis=2)
    for content, expected in [
        (COLOUR, COLOUR),
        (grey, as_colour),
        (grey[:, :, None], as_colour),
        (np.dstack([COLOUR, grey]), COLOUR),
        (COLOUR.astype(np.int64), COLOUR),
        (COLOUR.astype(np.float64) / 255.0, COLOUR),
        (COLOUR.astype(np.float32) / np.float32(255.0), COLOUR),
        (grey > 127, np.where(as_colour > 127, 255, 0)),
    ]:
        decoded = decode(content)
        assert decoded.dtype == np.uint8
        assert decoded.flags.c_contiguous
        np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (np.zeros((5, 7, 2)), r"has shape \(5, 7, 2\)"),
        (np.zeros((0, 7)), r"has shape \(0, 7\)"),
        (np.zeros(5), r"has shape \(5,\)"),
        (np.full((5, 7), 16.0), r"floats lies in \[16, 16\]; expected \[0, 1\]"),
        (np.full((5, 7), np.nan), r"floats lies in \[nan, nan\]"),
        (np.full((5, 7), 256), r"integers lies in \[256, 256\]; expected \[0, 255\]"),
        (np.full((5, 7), 1j), "dtype complex128"),
        ("a text", "not str"),
        (None, "not NoneType"),
    ],
)
def test_says_why_something_is_no_image(content: object, sentence: str) -> None:
    with pytest.raises(FornixError, match=sentence):
        decode(content)  # type: ignore[arg-type]


def test_files_and_members_decode_alike(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(_png(COLOUR))
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        archive.writestr("folder/a.png", _png(COLOUR))
    member = Member(tmp_path / "images.zip", "folder/a.png")
    np.testing.assert_array_equal(decode(OnDisk(tmp_path / "a.png")), COLOUR)
    np.testing.assert_array_equal(decode(member), COLOUR)
    np.testing.assert_array_equal(decode(member, Archives()), COLOUR)


def test_sixteen_bit_grey_is_scaled_and_not_clipped(tmp_path: Path) -> None:
    levels = (np.arange(35, dtype=np.uint16) * 1871).reshape(5, 7)
    (tmp_path / "deep.png").write_bytes(_png(levels))
    np.testing.assert_array_equal(decode(OnDisk(tmp_path / "deep.png"))[:, :, 0], np.rint(levels / 257.0))


def test_says_which_file_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_text("<html>")
    with pytest.raises(FornixError, match=r"page\.png could not be decoded as an image"):
        decode(OnDisk(tmp_path / "page.png"))
    (tmp_path / "cut.png").write_bytes(_png(COLOUR)[:60])
    with pytest.raises(FornixError, match=r"cut\.png could not be decoded as an image"):
        decode(OnDisk(tmp_path / "cut.png"))


def test_an_archive_is_opened_once_for_each_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(40):
            archive.writestr(f"{k}.png", _png(np.roll(COLOUR, k)))
    opened: list[int] = []
    original = zipfile.ZipFile.__init__

    def counting(self: zipfile.ZipFile, *args: object, **kwargs: object) -> None:
        opened.append(threading.get_ident())
        original(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(zipfile.ZipFile, "__init__", counting)
    contents = [Member(path, f"{k}.png") for k in range(40)]
    images = list(decode_ahead(contents, ahead=8, prepare=lambda image: image, workers=3))
    assert len(opened) == len(set(opened)) <= 3
    for k, image in enumerate(images):
        np.testing.assert_array_equal(image, np.roll(COLOUR, k))


def test_decodes_in_other_threads_no_further_ahead_than_asked() -> None:
    taken: list[int] = []
    prepared: list[int] = []
    five = threading.Event()

    def contents() -> Iterator[np.ndarray]:
        for k in range(20):
            taken.append(k)
            yield np.full((1, 1), k, dtype=np.uint8)

    def prepare(image: np.ndarray) -> int:
        assert threading.current_thread() is not threading.main_thread()
        value = int(image[0, 0, 0])
        prepared.append(value)
        if len(prepared) >= 5:
            five.set()
        return value

    ahead = decode_ahead(contents(), ahead=4, prepare=prepare, workers=2)
    assert next(ahead) == 0
    assert five.wait(60)
    assert taken == [0, 1, 2, 3, 4]  # one taken, four ahead
    assert sorted(prepared) == taken
    assert list(ahead) == list(range(1, 20))


def test_an_error_comes_at_the_place_of_its_image_and_ends_the_threads() -> None:
    contents = [COLOUR, COLOUR, np.zeros(3), COLOUR]
    ahead = decode_ahead(contents, ahead=4, prepare=lambda image: image)
    next(ahead)
    next(ahead)
    with pytest.raises(FornixError, match="has shape"):
        next(ahead)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]
