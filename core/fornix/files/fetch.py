"""Getting a file: what was provided, else the cache, then the mirrors, then the network; verified before anyone reads it."""

from __future__ import annotations

import errno
import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fornix.errors import FornixError
from fornix.files.download import Progress, download, forget, part_path
from fornix.files.file import File
from fornix.files.places import cache_path, folder_path, look_into_mirror, paths, size_of
from fornix.files.settings import cache_folder, is_bucket, mirrors
from fornix.files.source import Interrupted, OtherFile, Source, SourceTrouble

if TYPE_CHECKING:
    from filelock import FileLock

#: What is said where a place holds a file under this name that is not the one the card means.
_OTHER: Final = (
    ". If that is the file that is meant, correct bytes and hash in the card (`fornix doctor` says what a file in a mirror has); "
    "else put the right one there"
)

_provided: Mapping[str, Path] | None = None
#: Path -> (hash, size, time of change in ns, inode) of what this process has verified.
_verified: dict[Path, tuple[str, int, int, int]] = {}


class FileUnavailable(FornixError):
    """A file cannot be had; the message says what was tried and what to do."""


def provide(files: Mapping[str, Path]) -> None:
    """Restrict this process to the given files: no cache, mirror or network from now on.

    Parameters
    ----------
    files : mapping of sha256 or git blob to path
    """
    global _provided
    _provided = {hash_: Path(path).absolute() for hash_, path in files.items()}


def fetch(file: File, progress: Progress | None = None) -> Path:
    """The path of a verified copy of the file: provided, in the cache, in a mirror folder (used in place), or downloaded.

    Safe for several processes at once: the second waits for the first and uses what it fetched. A download that broke
    off is resumed by the next call. What a mirror or the cache holds under the file's name and is not the file is passed
    over, with a warning where another place has it.

    Parameters
    ----------
    file : File
    progress : callable, optional
        Called during a download with the bytes that are there and the bytes of the whole file.

    Raises
    ------
    FileUnavailable
    """
    if _provided is not None:
        return _from_provided(file, _provided)
    if _cached(file):
        return cache_path(file)
    reasons: list[str] = []
    others: list[str] = []
    for mirror in mirrors():
        try:
            return _past(others, file, _from_mirror(mirror, file, progress))
        except SourceTrouble as trouble:
            reasons.append(f"mirror {mirror} {trouble}")
            if isinstance(trouble, OtherFile):
                others.append(f"mirror {mirror} {trouble}")
    from fornix.files.network import Network, unreachable

    down = unreachable(file.url)
    if down is None:
        try:
            return _past(others, file, _into_cache(file, Network(), progress))
        except SourceTrouble as trouble:
            if isinstance(trouble, Interrupted):
                down = unreachable(file.url, ask_again=True)
            if down is None:
                reasons.append(f"{file.host} {trouble}")
                other = bool(others) or isinstance(trouble, OtherFile)
                raise FileUnavailable(_sentence(file, reasons) + (_OTHER if other else "")) from None
    reasons.append(f"{file.host} {down}")
    raise FileUnavailable(_sentence(file, reasons) + _OTHER if others else _offline_sentence(file, reasons))


def fetch_from(source: Source, file: File, progress: Progress | None = None) -> Path:
    """The path of a verified copy of a file that one source alone has: in the cache, or downloaded into it; see :func:`fetch`.

    Raises
    ------
    SourceTrouble
        If the source cannot give it; the message is a clause about the source.
    FileUnavailable
        If the cache cannot be used.
    """
    if _provided is not None:
        return _from_provided(file, _provided)
    return cache_path(file) if _cached(file) else _into_cache(file, source, progress)


def _past(others: list[str], file: File, path: Path) -> Path:
    """The path; warns of the places before it that hold another file."""
    for other in others:
        warnings.warn(f"{other} for {file.name}, at {file.mirror_path}; it is taken from elsewhere", stacklevel=3)
    return path


def available(file: File) -> str | None:
    """None if the file is somewhere, else the sentence that says why it cannot be had. Downloads nothing.

    The cache and the mirrors are looked at (existence and size); the url's host is probed once per process. A file that is there
    and is not what the card says is no missing file but a fault: it counts as being somewhere, and :func:`fetch` refuses it.
    """
    if _provided is not None:
        return None if file.hash in _provided else _not_provided(file)
    reasons = obstacles(file)
    return _offline_sentence(file, reasons) if reasons else None


def obstacles(file: File) -> list[str]:
    """What stands in the way of a file that is nowhere: a clause for each mirror, and one for its host. Nothing where it is
    somewhere, as :func:`available` has it."""
    if file.fits(size_of(cache_path(file))):
        return []
    reasons = []
    for mirror in mirrors():
        try:
            look_into_mirror(mirror, file)
        except OtherFile:
            return []
        except SourceTrouble as trouble:
            reasons.append(f"mirror {mirror} {trouble}")
        else:
            return []
    from fornix.files.network import unreachable

    down = unreachable(file.url)
    return [] if down is None else [*reasons, f"{file.host} {down}"]


def at_hand(file: File) -> bool:
    """Whether the file is in the cache or a mirror folder in the right size, so that fetching it transfers nothing."""
    if _provided is not None:
        return file.hash in _provided
    return any(file.fits(size_of(path)) for path in paths(file))


def _from_provided(file: File, provided: Mapping[str, Path]) -> Path:
    if file.hash not in provided:
        raise FileUnavailable(_not_provided(file))
    path = provided[file.hash]
    try:
        wrong = _wrong(file, path)
    except OSError as error:
        wrong = f"cannot be read ({error.strerror})"
    if wrong is not None:
        raise FileUnavailable(f"{file.name} was provided at {path}, and that file {wrong}; fetch it again in the parent process")
    return path


def _cached(file: File) -> bool:
    """Whether the cache holds the file; anything else in its place is discarded."""
    path = cache_path(file)
    try:
        wrong = _wrong(file, path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FileUnavailable(_cache_sentence(file, error)) from error
    if wrong is None:
        return True
    warnings.warn(f"the cache held another file for {file.name} ({wrong}); it is fetched again", stacklevel=3)
    try:
        with _lock(file):
            # Another process may have put the right file there since.
            if path.exists() and _wrong(file, path) is not None:
                path.unlink()
    except OSError as error:
        raise FileUnavailable(_cache_sentence(file, error)) from error
    return False


def _from_mirror(mirror: str, file: File, progress: Progress | None) -> Path:
    if is_bucket(mirror):
        from fornix.files.bucket import bucket

        return _into_cache(file, bucket(mirror), progress)
    look_into_mirror(mirror, file)
    path = folder_path(mirror, file)
    try:
        wrong = _wrong(file, path)
    except OSError as error:
        raise SourceTrouble(f"holds it, but it cannot be read ({error.strerror})") from None
    if wrong is not None:
        raise OtherFile(f"offers another file ({wrong})")
    return path


def _into_cache(file: File, source: Source, progress: Progress | None) -> Path:
    target = cache_path(file)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(file):
            if not (target.exists() and _wrong(file, target) is None):
                missing = file.bytes - (size_of(part_path(target)) or 0)
                if shutil.disk_usage(target.parent).free < missing:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                download(file, source, target, progress)
                _remember(file, target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            forget(part_path(target))
        raise FileUnavailable(_cache_sentence(file, error)) from error
    return target


def _lock(file: File) -> FileLock:
    from filelock import FileLock

    path = cache_path(file)
    return FileLock(path.with_name(f"{file.hash}.lock"))


def _wrong(file: File, path: Path) -> str | None:
    """None if ``path`` is the file, else what is wrong; the content is read once per process and version of the path."""
    if _verified.get(path) == _version(file, path):
        return None
    wrong = file.wrong_with(path)
    if wrong is None:
        _remember(file, path)
    return wrong


def _remember(file: File, path: Path) -> None:
    _verified[path] = _version(file, path)


def _version(file: File, path: Path) -> tuple[str, int, int, int]:
    status = path.stat()
    return file.hash, status.st_size, status.st_mtime_ns, status.st_ino


def _sentence(file: File, reasons: list[str]) -> str:
    return f"cannot get {file.name} ({file.url}): {'; '.join(reasons)}"


def _offline_sentence(file: File, reasons: list[str]) -> str:
    return f"{_sentence(file, reasons)}. Connect to the network, or set FORNIX_MIRROR to a folder that holds {file.mirror_path}"


def _not_provided(file: File) -> str:
    return (
        f"{file.name} ({file.url}) is not among the files provided to this process: a plugin is given the files of its own "
        "card, so list it there"
    )


def _cache_sentence(file: File, error: OSError) -> str:
    folder = cache_folder()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        trouble = f"the disk of the cache {folder} is full ({file.bytes} bytes are needed): free some space"
    else:
        trouble = f"the cache {folder} cannot be used ({error.strerror or error}): make it writable"
    return f"cannot get {file.name} ({file.url}): {trouble}, or set FORNIX_CACHE to another folder"
