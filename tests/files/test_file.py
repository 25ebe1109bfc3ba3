"""What a file is: hashes against published values, and fields that cannot be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from fornix.files.file import File

URL = "https://example.org/data/a%20b/images.tar.gz"
SHA256_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, example of the standard
BLOB_HELLO = "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object of "hello\n"
BLOB_EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"  # git's empty blob


@pytest.mark.parametrize(
    ("content", "hashes"),
    [(b"abc", {"sha256": SHA256_ABC}), (b"hello\n", {"git_blob": BLOB_HELLO}), (b"", {"git_blob": BLOB_EMPTY})],
)
def test_content_is_known_by_published_hashes(tmp_path: Path, content: bytes, hashes: dict[str, str]) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert File("x", URL, len(content), **hashes).wrong_with(path) is None


def test_other_content_is_told_by_size_first_then_by_hash(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abd")
    file = File("x", URL, 3, sha256=SHA256_ABC)
    wrong = file.wrong_with(path)
    assert wrong is not None
    assert wrong.startswith("has sha256 a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9, expected ba7816bf")
    path.write_bytes(b"abcd")
    assert file.wrong_with(path) == "has 4 bytes, expected 3"


def test_a_mirror_keeps_it_under_host_and_decoded_path() -> None:
    file = File("x", "https://user@Example.org:8443/data/a%20b/images.tar.gz?download=1", 3, sha256=SHA256_ABC)
    assert str(file.mirror_path) == "example.org/data/a b/images.tar.gz"
    assert file.suffix == ".gz"
    assert file.hash == SHA256_ABC


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sha256": ""}, "has no hash"),
        ({"git_blob": BLOB_HELLO}, "has two hashes"),
        ({"sha256": SHA256_ABC[:-1]}, "expected lower-case hexadecimal digits"),
        ({"sha256": SHA256_ABC.upper()}, "expected lower-case hexadecimal digits"),
        ({"bytes": -1}, "expected its size"),
        ({"bytes": True}, "expected its size"),
        ({"name": ""}, "has no name"),
        ({"url": "ftp://example.org/x"}, "starts with https:// or http://"),
        ({"url": "file:///etc/passwd"}, "starts with https:// or http://"),
        ({"url": "https://example.org/"}, "does not name a file"),
        ({"url": "https://example.org/a/../../etc/passwd"}, "does not name a file"),
        ({"url": "https://example.org/a/%2e%2e/%2E%2E/x"}, "does not name a file"),
    ],
)
def test_what_cannot_be_a_file_is_refused(changes: dict[str, object], sentence: str) -> None:
    fields = {"name": "x", "url": URL, "bytes": 3, "sha256": SHA256_ABC, **changes}
    with pytest.raises(ValueError, match=sentence):
        File(**fields)  # type: ignore[arg-type]
