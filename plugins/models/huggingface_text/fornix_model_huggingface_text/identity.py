"""What a folder with a model is: one sha256 over the names and contents of its files, so that a path is no identity."""

from __future__ import annotations

import hashlib
from pathlib import Path

import fornix


def identity(folder: Path) -> str:
    """Sha256 (hex) over name and sha256 of each file of the folder, sorted by name.

    Hidden files, Markdown and subfolders are left out: nothing of them reaches the model.

    Raises
    ------
    fornix.UsageError
        If the folder holds no such file.
    """
    digest = hashlib.sha256()
    files = sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith(".") and p.suffix != ".md")
    if not files:
        raise fornix.UsageError(
            f"{folder} is no folder with a model: expected config.json, model.safetensors and tokenizer.json in it"
        )
    for path in files:
        with path.open("rb") as stream:
            digest.update(f"{path.name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def verify(folder: Path, expected: str | None) -> None:
    """Refuse a folder that is not the one that was named, or was not: then the sentence says what it is.

    Raises
    ------
    fornix.UsageError
    """
    found = identity(folder)
    if expected is None:
        raise fornix.UsageError(
            f"the folder {folder} has sha256 {found}: give that as the option sha256, as a path does not say which model it is"
        )
    if found != expected:
        raise fornix.UsageError(
            f"the folder {folder} has sha256 {found}, but the option sha256 says {expected}: not the same model"
        )
