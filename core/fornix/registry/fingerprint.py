"""What identifies a plugin's behaviour: a hash over its source and cards, and the part of a key that a card gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any

from fornix.registry.card import Card
from fornix.registry.cardfile import read_cards
from fornix.registry.discovery import Registry
from fornix.registry.distribution import CARD_FILE, Distribution
from fornix.registry.options import complete_options
from fornix.registry.problems import PluginError


def behaviour_hash(distribution: Distribution, card: Card | None = None) -> str:
    """Sha256 (hex) over a distribution's behaviour: its package's files, and the behavioural fields of its cards.

    The same for a wheel, an editable install and a folder, and on every system: paths are relative and sorted, and the
    line ends of text do not matter. READMEs, tests, compiled files and hidden files are left out.

    Parameters
    ----------
    distribution : Distribution
    card : Card, optional
        Count the fields of this card alone: its siblings in the same file are no part of what it does.

    Raises
    ------
    PluginError
        If a file or folder of the package cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for path in _source_files(distribution.folder):
            relative = path.relative_to(distribution.folder).as_posix()
            line = f"{relative}\0{_content_hash(path, _version(path))}\n"
            digest.update(line.encode(errors="surrogateescape"))  # not on every system is a name UTF-8
    except OSError as error:
        raise PluginError(
            f"{distribution.name} cannot be used, as {error.filename or distribution.folder} cannot be read ({error.strerror}): "
            "make it readable, or remove it"
        ) from error
    cards = read_cards(distribution.card_path) if card is None else (card,)
    for fields in sorted(canonical(each.behavioural()) for each in cards):
        digest.update(f"{fields}\n".encode())
    return digest.hexdigest()


def sources_version(distribution: Distribution) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """What changes when anything is written that :func:`behaviour_hash` covers: each file's path, inode, size and times.

    Reads no content, so that it can be asked often: as long as two answers are equal, the hash is.

    Raises
    ------
    OSError
        If a file cannot be looked at.
    """
    files = [*_source_files(distribution.folder), distribution.card_path]
    return tuple((str(path), _version(path)) for path in files)


def fingerprint(registry: Registry, card: Card, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a card contributes to a key, as JSON: identifier, version, options, behaviour and the hashes of its files.

    Raises
    ------
    UsageError
        If an option is none of the card's.
    """
    return {
        "identifier": card.identifier,
        "version": card.version,
        "options": complete_options(card, options),
        "behaviour": behaviour_hash(registry.distribution(card), card),
        "files": [file.hash for file in card.files],
    }


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces and no NaN: equal values give equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _source_files(folder: Path) -> Iterator[Path]:
    """The files that count, in the order of their relative paths."""
    files = [path for path in _files(folder, set()) if path.is_file() and _counts(path.relative_to(folder))]
    return iter(sorted(files, key=lambda path: path.relative_to(folder).as_posix()))


def _files(folder: Path, above: Set[Path]) -> Iterator[Path]:
    """All files below a folder, also through links to folders, as an import finds them; none that leads back up."""
    place = folder.resolve()
    if place in above:
        return
    for path in folder.iterdir():
        if path.is_dir():
            if _counts(path.relative_to(folder)):
                yield from _files(path, {*above, place})
        else:
            yield path


def _counts(relative: Path) -> bool:
    left_out = any(part.startswith(".") or part in ("__pycache__", "tests") for part in relative.parts)
    readme = relative.stem.casefold() == "readme" and relative.suffix != ".py"
    return not (left_out or readme or relative == Path(CARD_FILE))


def _version(path: Path) -> tuple[int, ...]:
    """What a write changes; its time of change is one that nobody can set back."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@cache
def _content_hash(path: Path, version: tuple[int, ...]) -> str:
    """Sha256 of a file; a text's line ends count as one newline each. Its version is there for the cache."""
    content = path.read_bytes()
    if b"\0" not in content:
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()
