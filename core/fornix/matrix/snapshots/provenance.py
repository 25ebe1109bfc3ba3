"""What a snapshot says of where its numbers come from: the code, and classes of hardware; no machine, user or path."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import fornix.errors

_PACKAGE: Final = Path(fornix.errors.__file__).parent
_SYSTEMS: Final = ("Linux", "Darwin", "Windows")
_MACHINE: Final = re.compile(r"[A-Za-z0-9_]{1,16}")
_GPU: Final = re.compile(r"[A-Za-z0-9 ._()/-]{1,60}")
_GIT_S: Final = 20.0


def commit() -> str | None:
    """The commit of this fornix where it runs from a checkout; it ends in "-dirty" where files of that were changed."""
    root = _PACKAGE.parents[1]
    if not (root / ".git").exists() or _PACKAGE.parent.name != "core":
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--match", ""]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_S, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return said if re.fullmatch(r"[0-9a-f]{40}(-dirty)?", said) else None


@cache
def code() -> str:
    """The first 16 digits of the sha256 over the files of this fornix: a commit says little of a checkout with changes."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


def hardware_class(provenance: Mapping[str, Any]) -> str:
    """What kind of machine a cell was computed on, by its provenance: the GPU, else system and processor; "" if unknown."""
    sides = [side for side in provenance.get("hardware", {}).values() if isinstance(side, Mapping)]
    for side in sides:
        gpu = str(side.get("gpu", ""))
        if gpu:
            return gpu if _GPU.fullmatch(gpu) else "GPU"
    for side in sides:
        system, machine = str(side.get("system", "")), str(side.get("machine", ""))
        if system in _SYSTEMS and _MACHINE.fullmatch(machine):
            return f"{system} {machine}"
    return ""
