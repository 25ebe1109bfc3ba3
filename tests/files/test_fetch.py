"""Where a file is looked for, in which order, and what is said when it is not there."""

from __future__ import annotations

import errno
import hashlib
import shutil
import socket
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fornix.files import download, network
from fornix.files.fetch import FileUnavailable, at_hand, available, cache_path, fetch, provide
from fornix.files.file import File
from fornix.files.source import SourceTrouble


def mirrored(folder: Path, file: File, content: bytes) -> Path:
    path = folder / file.mirror_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def leftovers(cache: Path) -> list[str]:
    """Files in the cache, but for locks."""
    return sorted(path.name for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock")


def unreachable_file(content: bytes = b"abc") -> File:
    """A file whose host refuses connections: its port was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return File("x.bin", f"http://127.0.0.1:{port}/x.bin", len(content), sha256=hashlib.sha256(content).hexdigest())


# order


def test_the_network_fills_the_cache_and_is_asked_once(site, content, fresh_process) -> None:
    file = site.publish("/data/x.bin", content)
    path = fetch(file)
    assert path == cache_path(file)
    assert path.read_bytes() == content
    assert fetch(file) == path
    assert len(site.gets) == 1
    assert leftovers(fresh_process) == [f"{file.sha256}.bin"]


def test_a_git_blob_of_unknown_size_is_fetched_and_verified_by_its_hash(site, content, fresh_process) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    published = site.publish("/data/x.tsv", content)
    file = File("x.tsv", published.url, 0, git_blob=blob)
    assert available(file) is None
    assert not at_hand(file)
    assert fetch(file).read_bytes() == content
    assert at_hand(file)
    assert fetch(file) == cache_path(file)
    assert len(site.gets) == 1


def test_a_git_blob_of_unknown_size_that_is_another_file_is_refused(site, content, fresh_process) -> None:
    file = File("x.tsv", site.publish("/data/x.tsv", content).url, 0, git_blob="0" * 40)
    with pytest.raises(FileUnavailable, match="offers another file"):
        fetch(file)
    assert leftovers(fresh_process) == []


def test_a_git_blob_of_unknown_size_is_taken_from_a_mirror(tmp_path, content, monkeypatch, fresh_process) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    file = File("x.tsv", "https://example.org/x.tsv", 0, git_blob=blob)
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    path = mirrored(tmp_path / "mirror", file, content)
    assert available(file) is None
    assert fetch(file) == path


def test_a_redirect_is_followed(site, content) -> None:
    target = site.publish("/moved/x.bin", content)

    def redirect(handler: Any, _: bytes) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/moved/x.bin")
        handler.end_headers()

    site.contents["/x.bin"] = b"?"
    site.faults = [redirect]
    file = File("x.bin", f"{site.url}/x.bin", target.bytes, sha256=target.sha256)
    assert fetch(file).read_bytes() == content


def test_a_mirror_folder_is_used_in_place(site, content, tmp_path, monkeypatch, fresh_process) -> None:
    file = site.publish("/data/x.bin", content)
    path = mirrored(tmp_path / "mirror", file, content)
    monkeypatch.setenv("FORNIX_MIRROR", f" {tmp_path / 'nothing'}\n\t{tmp_path / 'mirror'} ")
    assert at_hand(file)
    assert fetch(file) == path
    assert site.gets == []
    assert site.heads == 0
    assert not fresh_process.exists()


def test_the_cache_comes_before_the_mirror(site, content, tmp_path, monkeypatch) -> None:
    file = site.publish("/data/x.bin", content)
    cached = fetch(file)
    mirrored(tmp_path / "mirror", file, content)
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    assert fetch(file) == cached


def test_the_cache_goes_by_hash_not_by_name(site, content) -> None:
    old = site.publish("/data/x.bin", content)
    old_path = fetch(old)
    new = site.publish("/data/x.bin", content[::-1])
    assert fetch(new).read_bytes() == content[::-1]
    assert fetch(old) == old_path
    assert old_path.read_bytes() == content


def test_a_git_blob_is_fetched_and_kept_like_any_file(site) -> None:
    site.contents["/hello.txt"] = b"hello\n"
    file = File("hello", f"{site.url}/hello.txt", 6, git_blob="ce013625030ba8dba906f756967f9e9ca394464a")
    assert fetch(file).read_bytes() == b"hello\n"
    site.contents["/hello.txt"] = b"hullo\n"
    assert fetch(file).read_bytes() == b"hello\n"


def test_an_empty_file_can_be_fetched(site) -> None:
    assert fetch(site.publish("/empty.txt", b"")).read_bytes() == b""


def test_content_is_read_once_per_process_and_version(tmp_path, content, monkeypatch, site) -> None:
    file = site.publish("/data/x.bin", content)
    path = mirrored(tmp_path / "mirror", file, content)
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    read = []
    original = File.wrong_with
    monkeypatch.setattr(File, "wrong_with", lambda self, path: (read.append(path), original(self, path))[1])
    for _ in range(3):
        fetch(file)
    assert read == [path]
    path.write_bytes(content[::-1])
    with pytest.warns(UserWarning, match="offers another file"):
        fetch(file)
    assert path in read[1:]


def test_progress_ends_at_the_whole_file(site, content) -> None:
    seen: list[tuple[int, int]] = []
    fetch(site.publish("/data/x.bin", content), lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[-1] == (len(content), len(content))


# wrong files


def test_a_wrong_file_in_the_cache_is_discarded_and_fetched_again(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    cached = cache_path(file)
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"\0" * len(content))
    with pytest.warns(UserWarning, match=r"the cache held another file for x.bin \(has sha256 .*; it is fetched again"):
        assert fetch(file) == cached
    assert cached.read_bytes() == content


@pytest.mark.parametrize(("wrong", "told"), [(b"short", "5 bytes, expected 524288"), (None, "has sha256 ")])
def test_a_wrong_file_in_a_mirror_is_passed_over_and_reported(site, content, tmp_path, monkeypatch, wrong, told) -> None:
    file = site.publish("/data/x.bin", content)
    mirrored(tmp_path / "mirror", file, wrong or content[::-1])
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    with pytest.warns(UserWarning, match="offers another file") as caught:
        assert fetch(file) == cache_path(file)
    assert str(tmp_path / "mirror") in str(caught[0].message)
    assert told in str(caught[0].message)


def test_a_wrong_hash_from_the_network_names_the_host_and_both_hashes(site, content, fresh_process) -> None:
    file = site.publish("/data/x.bin", content[::-1], meant=content)
    with pytest.raises(FileUnavailable) as caught:
        fetch(file)
    assert str(caught.value) == (
        f"cannot get x.bin ({file.url}): 127.0.0.1 offers another file (has sha256 "
        f"{hashlib.sha256(content[::-1]).hexdigest()}, expected {file.sha256}). If that is the file that is meant, correct "
        "bytes and hash in the card (`fornix doctor` says what a file in a mirror has); else put the right one there"
    )
    assert leftovers(fresh_process) == []


def test_a_wrong_size_from_the_network_is_told_before_the_transfer(site, content, fresh_process) -> None:
    file = site.publish("/data/x.bin", content + b"!", meant=content)
    with pytest.raises(FileUnavailable, match=r"127.0.0.1 offers another file \(524289 bytes, expected 524288\)"):
        fetch(file)
    assert len(site.gets) == 1


def test_a_server_that_sends_without_end_is_stopped(site, content, fresh_process) -> None:
    def endless(handler: Any, body: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body + body)

    file = site.publish("/data/x.bin", content)
    site.faults = [endless]
    with pytest.raises(FileUnavailable, match=r"offers another file \(more than 524288 bytes\)"):
        fetch(file)


# the network fails


def test_a_missing_file_is_asked_for_once(site) -> None:
    file = site.publish("/data/x.bin", b"abc")
    site.contents.clear()
    with pytest.raises(FileUnavailable, match=r"cannot get x.bin \(http.*/data/x.bin\): 127.0.0.1 answers 404 Not Found$"):
        fetch(file)
    assert len(site.gets) == 1


def busy(handler: Any, _: bytes) -> None:
    handler.send_error(503)


def test_a_busy_server_is_asked_again(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    site.faults = [busy, busy]
    assert fetch(file).read_bytes() == content


def test_a_server_that_stays_busy_is_given_up(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    site.faults = [busy] * 20
    with pytest.raises(FileUnavailable, match=r"127.0.0.1 answers 503 Service Unavailable"):
        fetch(file)
    assert len(site.gets) == 1 + len(download.PAUSES_S)


def test_a_refusing_host_is_probed_once_for_all_its_files(monkeypatch) -> None:
    probes = []
    original = network._probe
    monkeypatch.setattr(network, "_probe", lambda where: (probes.append(where), original(where))[1])
    first = unreachable_file()
    site = first.url.removesuffix("/x.bin")
    files = [first, *(File(f"{i}", f"{site}/{i}", 3, sha256=f"{i:064x}") for i in range(50))]
    for file in files:
        with pytest.raises(FileUnavailable, match=r"127.0.0.1 cannot be reached \(Connection refused\)"):
            fetch(file)
        sentence = available(file)
        assert sentence is not None
        assert sentence.endswith(f"Connect to the network, or set FORNIX_MIRROR to a folder that holds {file.mirror_path}")
    assert probes == [site]


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".org"])
def test_a_name_that_no_host_can_have_is_a_sentence(host) -> None:
    file = File("x", f"https://{host}/x", 3, sha256="ab" * 32)
    assert f"{host} cannot be a host (a label" in str(available(file))
    with pytest.raises(FileUnavailable, match=r"cannot be a host \(a label"):
        fetch(file)
    with pytest.raises(SourceTrouble, match=r"cannot be a host \(a label"):
        network.Network().open(file, 0, "")


def test_a_silent_host_and_a_silent_name_server_are_given_up(monkeypatch) -> None:
    monkeypatch.setattr(network, "PROBE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        file = File("x", f"http://127.0.0.1:{silent.getsockname()[1]}/x", 3, sha256="0" * 64)
        assert "cannot be reached (no answer within" in str(available(file))
    done = threading.Event()

    def dead_name_server(*_: Any, **__: Any) -> None:
        done.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", dead_name_server)
    try:
        sentence = available(File("x", "http://nowhere.invalid/x", 3, sha256="0" * 64))
        assert "nowhere.invalid cannot be reached (no answer within 0.2 s)" in str(sentence)
    finally:
        done.set()


def test_a_host_that_goes_silent_is_given_up_for_all_its_files(site, content, monkeypatch) -> None:
    monkeypatch.setattr(network, "STALL_S", 0.2)
    quiet = threading.Event()
    files = [site.publish(f"/data/{i}.bin", content + bytes([i])) for i in range(3)]
    site.faults = [lambda *_: quiet.wait(30)] * 20
    assert available(files[0]) is None
    monkeypatch.setattr(network, "_probe", lambda _: "cannot be reached (cable cut)")
    try:
        for file in files:
            with pytest.raises(FileUnavailable, match=r"cannot be reached \(cable cut\)"):
                fetch(file)
    finally:
        quiet.set()
    assert {get["path"] for get in site.gets} == {"/data/0.bin"}


# breaking off and going on


def cut_after(n: int) -> Any:
    from functools import partial

    def cut(handler: Any, body: bytes, *, n: int) -> None:
        sent = handler.headers.get("Range")
        start = int(sent[6:-1]) if sent else 0
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        handler.send_header("Content-Length", str(len(body) - start))
        handler.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        handler.end_headers()
        handler.wfile.write(body[start : start + n])
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    return partial(cut, n=n)


def test_a_transfer_that_breaks_off_goes_on_where_it_was(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    site.faults = [cut_after(100_000)] * 4  # more often than it is asked again in vain
    assert fetch(file).read_bytes() == content
    assert [get.get("Range") for get in site.gets] == [None, *(f"bytes={i}00000-" for i in range(1, 5))]
    assert site.gets[1]["If-Range"] == f'"{hashlib.md5(content).hexdigest()}"'


def test_a_server_without_ranges_starts_anew(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    site.ranges = False
    site.faults = [cut_after(100_000)]
    assert fetch(file).read_bytes() == content
    assert site.gets[1]["Range"] == "bytes=100000-"


def test_a_transfer_that_always_breaks_off_at_the_same_place_is_given_up_and_kept(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    site.ranges = False

    def short(handler: Any, body: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body[:1000])

    site.faults = [short] * 20
    with pytest.raises(FileUnavailable, match=r"127.0.0.1 gave only 1000 of 524288 bytes"):
        fetch(file)
    site.faults, site.ranges = [], True
    assert fetch(file).read_bytes() == content
    assert site.gets[-1]["Range"] == "bytes=1000-"


def test_a_file_that_changed_since_it_broke_off_is_not_mixed_with_the_new_one(site, content) -> None:
    file = site.publish("/data/x.bin", content[::-1], meant=content)
    site.faults = [cut_after(100_000), busy, busy, busy]
    with pytest.raises(FileUnavailable, match="503"):
        fetch(file)
    site.contents["/data/x.bin"] = content
    assert fetch(file).read_bytes() == content
    assert "Range" in site.gets[-1]  # refused by If-Range, so that one request was enough
    assert len(site.gets) == 5


def test_a_spoilt_part_is_dropped_and_everything_fetched_once_more(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    part = download.part_path(cache_path(file))
    part.parent.mkdir(parents=True)
    part.write_bytes(b"\0" * 1000)
    assert fetch(file).read_bytes() == content
    part.write_bytes(b"\0" * (len(content) + 1))
    cache_path(file).unlink()
    assert fetch(file).read_bytes() == content


def test_a_published_file_that_became_shorter_than_what_is_there_is_told(site, content) -> None:
    file = site.publish("/data/x.bin", content[:1000], meant=content)
    part = download.part_path(cache_path(file))
    part.parent.mkdir(parents=True)
    part.write_bytes(content[:5000])
    with pytest.raises(FileUnavailable, match=r"offers another file \(1000 bytes, expected 524288\)"):
        fetch(file)


def test_a_server_that_resumes_elsewhere_is_not_believed(site, content) -> None:
    def elsewhere(handler: Any, body: bytes) -> None:
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 7-{len(body) - 1}/{len(body)}")
        handler.end_headers()
        handler.wfile.write(body[7:])

    file = site.publish("/data/x.bin", content)
    part = download.part_path(cache_path(file))
    part.parent.mkdir(parents=True)
    part.write_bytes(content[:1000])
    site.faults = [elsewhere]
    with pytest.raises(FileUnavailable, match="answers with bytes from 7 on, asked for those from 1000 on"):
        fetch(file)


# several processes

FETCH = """
import sys
from fornix.files.fetch import fetch
from fornix.files.file import File
print(fetch(File("x.bin", sys.argv[1], int(sys.argv[2]), sha256=sys.argv[3])))
"""


def in_a_process(file: File) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCH, file.url, str(file.bytes), file.sha256]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_fetch_a_file_once(site, content) -> None:
    file = site.publish("/data/x.bin", content)
    both_run = threading.Event()

    def slow(handler: Any, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:1000])
        both_run.wait(30)
        handler.wfile.write(body[1000:])

    site.faults = [slow]
    first, second = in_a_process(file), in_a_process(file)
    end = time.monotonic() + 30
    while site.heads < 2 and time.monotonic() < end:  # both have probed the host, so both are about to download
        time.sleep(0.01)
    both_run.set()
    outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert {Path(out.strip()) for out, _ in outputs} == {cache_path(file)}
    assert cache_path(file).read_bytes() == content
    assert len(site.gets) == 1


def test_a_killed_process_leaves_what_the_next_one_goes_on_from(site, content, fresh_process) -> None:
    file = site.publish("/data/x.bin", content)
    killed = threading.Event()

    def half(handler: Any, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        handler.end_headers()
        handler.wfile.write(body[: 1 << 18])
        handler.wfile.flush()
        killed.wait(30)

    site.faults = [half]
    process = in_a_process(file)
    part = download.part_path(cache_path(file))
    end = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 0) and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=30)
    killed.set()
    have = part.stat().st_size
    assert 0 < have < len(content)
    assert not cache_path(file).exists()
    assert fetch(file).read_bytes() == content
    assert site.gets[-1]["Range"] == f"bytes={have}-"
    assert leftovers(fresh_process) == [f"{file.sha256}.bin"]


# the disk


def test_a_disk_too_small_is_told_before_the_transfer(site, content, monkeypatch, fresh_process) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(FileUnavailable, match=f"the disk of the cache {fresh_process} is full .524288 bytes are needed.: free"):
        fetch(site.publish("/data/x.bin", content))
    assert site.gets == []


def test_a_disk_that_fills_up_leaves_nothing(site, content, monkeypatch, fresh_process) -> None:
    original = Path.open

    def filling(self: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        stream = original(self, mode, *rest, **named)
        if self.suffix == ".part" and "+" in mode:

            class Full:
                def __enter__(self) -> Any:
                    return self

                def __exit__(self, *_: object) -> None:
                    stream.close()

                def __getattr__(self, name: str) -> Any:
                    return getattr(stream, name)

                def write(self, block: bytes) -> int:
                    stream.write(block[:10])
                    raise OSError(errno.ENOSPC, "No space left on device")

            return Full()
        return stream

    monkeypatch.setattr(Path, "open", filling)
    file = site.publish("/data/x.bin", content)
    with pytest.raises(FileUnavailable, match=r"is full .* or set FORNIX_CACHE to another folder"):
        fetch(file)
    assert leftovers(fresh_process) == []


def test_a_cache_that_cannot_be_used_is_named(site, content, tmp_path, monkeypatch) -> None:
    (tmp_path / "in the way").write_text("a file")
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "in the way"))
    with pytest.raises(FileUnavailable, match=r"the cache .*in the way cannot be used \(Not a directory\): make it writable"):
        fetch(site.publish("/data/x.bin", content))


def test_a_read_only_cache_is_named(site, content, monkeypatch) -> None:
    def refuse(self: Path, *_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(FileUnavailable, match=r"cannot be used \(Read-only file system\): make it writable"):
        fetch(site.publish("/data/x.bin", content))


# mirrors


def test_a_missing_mirror_folder_is_named_among_the_reasons(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "gone"))
    file = unreachable_file()
    with pytest.raises(FileUnavailable) as caught:
        fetch(file)
    assert str(caught.value) == (
        f"cannot get x.bin ({file.url}): mirror {tmp_path / 'gone'} is not a folder on this machine; 127.0.0.1 cannot be reached "
        "(Connection refused). Connect to the network, or set FORNIX_MIRROR to a folder that holds 127.0.0.1/x.bin"
    )


def test_a_mirror_that_no_path_can_name_is_no_folder(monkeypatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", "x" * 5000)
    file = File("w", "http://127.0.0.1:9/w", 3, sha256="ab" * 32)
    assert "is not a folder on this machine" in str(available(file))


def test_a_mirror_without_the_file_is_named_among_the_reasons(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path))
    with pytest.raises(FileUnavailable, match=f"mirror {tmp_path} does not hold it; 127.0.0.1 cannot be reached"):
        fetch(unreachable_file())


# available


def test_available_looks_and_downloads_nothing(site, content, tmp_path, monkeypatch) -> None:
    file = site.publish("/data/x.bin", content)
    assert available(file) is None
    assert site.gets == []
    assert not at_hand(file)
    missing = unreachable_file(content)
    assert available(missing) is not None
    mirrored(tmp_path, missing, content[:-1])
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path))
    assert available(missing) is None  # another file is there, which is no lack of data: fetching fails
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the sentence says it all
        with pytest.raises(
            FileUnavailable, match=r"offers another file \(524287 bytes, expected 524288\); .* correct bytes and hash"
        ):
            fetch(missing)
    mirrored(tmp_path, missing, content)
    assert available(missing) is None
    assert at_hand(missing)


def test_what_is_cached_is_available_without_a_network(site, content, monkeypatch) -> None:
    file = site.publish("/data/x.bin", content)
    fetch(file)
    monkeypatch.setattr(network, "_sites", {site.url: "cannot be reached"})
    assert available(file) is None
    assert at_hand(file)


# provided files


def test_a_process_with_provided_files_has_these_and_nothing_else(site, content, tmp_path, monkeypatch) -> None:
    given, kept_back = site.publish("/given.bin", content), site.publish("/kept_back.bin", content[::-1])
    fetch(kept_back)  # in the cache, at the network and in a mirror
    mirrored(tmp_path / "mirror", kept_back, content[::-1])
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    seen = len(site.gets)
    path = tmp_path / "job" / "given"
    path.parent.mkdir()
    path.write_bytes(content)
    provide({given.sha256: path})
    assert fetch(given) == path
    assert available(given) is None
    with pytest.raises(FileUnavailable, match=r"kept_back.bin .* is not among the files provided to this process"):
        fetch(kept_back)
    assert "is not among the files provided" in str(available(kept_back))
    assert not at_hand(kept_back)
    assert len(site.gets) == seen
    path.write_bytes(content[:-1])
    with pytest.raises(FileUnavailable, match=r"was provided at .* has 524287 bytes, expected 524288"):
        fetch(given)
    path.unlink()
    with pytest.raises(FileUnavailable, match=r"cannot be read .No such file or directory."):
        fetch(given)


def test_nothing_is_warned_of_when_all_is_well(site, content, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "gone"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fetch(site.publish("/data/x.bin", content))


def test_the_room_is_light() -> None:
    code = "import sys, fornix.files.fetch, fornix.files.file; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    heavy = {
        "numpy",
        "pandas",
        "xarray",
        "netCDF4",
        "pyarrow",
        "scipy",
        "sklearn",
        "torch",
        "boto3",
        "botocore",
        "urllib.request",
    }
    assert loaded & heavy == set()
