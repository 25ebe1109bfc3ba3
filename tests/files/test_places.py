"""What lies where a file is looked for and is another one."""

import hashlib

import pytest

from fornix.files.file import File
from fornix.files.places import Misplaced, cache_path, folder_path, not_the_file

#: Of sha256sum: "hello\n" and "abc".
HELLO, HELLO_SHA256 = b"hello\n", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    return tmp_path / "mirror"


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def test_a_mirror_that_holds_another_file_is_said_with_what_a_card_of_it_would_say(mirror):
    meant = File("w.bin", "https://example.org/w.bin", 3, sha256=ABC_SHA256)
    assert list(not_the_file(meant, 10)) == []
    path = put(folder_path(str(mirror), meant), HELLO)
    fields = f'bytes = 6, sha256 = "{HELLO_SHA256}"'
    assert list(not_the_file(meant, 10)) == [Misplaced(path, "has 6 bytes, expected 3", fields=fields)]
    assert list(not_the_file(meant, 5)) == [Misplaced(path, "has 6 bytes, expected 3")]
    same_size = File("w.bin", meant.url, 6, sha256=ABC_SHA256)
    (lying,) = not_the_file(same_size, 6)
    assert (lying.wrong, lying.fields) == (f"has sha256 {HELLO_SHA256}, expected {ABC_SHA256}", fields)
    assert list(not_the_file(same_size, 5)) == []  # not read
    put(folder_path(str(mirror), meant), b"abc")
    assert list(not_the_file(meant, 10)) == []


def test_the_cache_is_looked_at_too(mirror):
    file = File("w.bin", "https://example.org/w.bin", 3, sha256=ABC_SHA256)
    path = put(cache_path(file), b"ab")
    (lying,) = not_the_file(file, 0)
    assert (lying.place, lying.wrong, lying.cached) == (path, "has 2 bytes, expected 3", True)


def test_a_git_blob_of_unknown_size_is_another_file_by_its_hash_alone(mirror):
    blob = hashlib.sha1(b"blob 3\0abc").hexdigest()
    file = File("w.bin", "https://example.org/w.bin", 0, git_blob=blob)
    put(folder_path(str(mirror), file), b"abcd")
    assert list(not_the_file(file, 3)) == []
    (lying,) = not_the_file(file, 4)
    assert f"expected {blob}" in lying.wrong
    put(folder_path(str(mirror), file), b"abc")
    assert list(not_the_file(file, 4)) == []
