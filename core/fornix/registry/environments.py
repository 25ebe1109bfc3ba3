"""Environments of plugins: what of a plugin's requirements is not met here, and an interpreter in which all is.

Nothing is ever installed into the running interpreter. A plugin itself is not installed either: it is imported from
its own folder, so that plugins with equal requirements share an environment and an edit rebuilds none.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fornix.files.settings import cache_folder
from fornix.registry.distribution import Distribution
from fornix.registry.problems import EnvironmentBuildError

CORE: Final = "fornix"
#: pip's settings that uv knows under another name; uv's own go first.
_SETTINGS: Final = {"PIP_FIND_LINKS": "UV_FIND_LINKS", "PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}


def unmet(distribution: Distribution) -> list[str]:
    """The requirements of a distribution that the running interpreter does not meet, each with what is there instead.

    Extras are followed: ``fornix[torch]`` is met where torch is. What an installed distribution itself requires is
    taken to be there.
    """
    return list(dict.fromkeys(_unmet(distribution.requirements, extra="")))


def _unmet(requirements: Iterable[str], extra: str, seen: frozenset[tuple[str, str]] = frozenset()) -> Iterator[str]:
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            yield f"{text} (cannot be read: {error})"
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            installed = importlib.metadata.distribution(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield f"{requirement} (not installed)"
            continue
        if not requirement.specifier.contains(installed.version, prereleases=True):
            yield f"{requirement} ({installed.version} is installed)"
            continue
        if requirement.url is not None and _installed_from(installed) != requirement.url:
            yield f"{requirement} (installed from elsewhere)"
            continue
        offered = {canonicalize_name(name) for name in installed.metadata.get_all("Provides-Extra") or ()}
        for wanted in sorted(canonicalize_name(name) for name in requirement.extras):
            step = (canonicalize_name(requirement.name), wanted)
            if wanted not in offered:
                yield f"{requirement} ({installed.name} {installed.version} has no extra {wanted!r})"
            elif step not in seen:
                only_extra = [text for text in installed.requires or () if _names_extra(text)]
                yield from _unmet(only_extra, wanted, seen | {step})


def _names_extra(text: str) -> bool:
    return "extra" in text.partition(";")[2]


def _installed_from(installed: importlib.metadata.Distribution) -> str | None:
    record = installed.read_text("direct_url.json")
    return None if record is None else json.loads(record).get("url")


def interpreter(distributions: Sequence[Distribution], tell: Callable[[str], None] = lambda sentence: None) -> Path:
    """An interpreter in which the requirements of all the distributions are met.

    The running one if it will do; else that of a virtual environment, built with uv where it is not cached yet, keyed
    by the requirements, ``FORNIX_CONSTRAINTS`` (a constraints file), interpreter, platform and fornix itself.

    Parameters
    ----------
    tell : callable
        Called with a sentence before an environment is built, which takes its time.

    Raises
    ------
    EnvironmentBuildError
        If it cannot be built; with the installer's output.
    """
    if not any(unmet(distribution) for distribution in distributions):
        return Path(sys.executable)
    requirements = _to_install(distributions)
    constraints = os.environ.get("FORNIX_CONSTRAINTS", "")
    if constraints and not Path(constraints).is_file():
        raise EnvironmentBuildError(f"FORNIX_CONSTRAINTS names {constraints}, which is no file; expected a constraints file")
    home = cache_folder() / "environments"
    place = home / _key(requirements, constraints)
    if not _python(place).exists():
        try:
            home.mkdir(parents=True, exist_ok=True)
            lock = FileLock(home / ".lock").acquire()  # one build at a time: they share downloads, and the build of fornix itself
        except OSError as error:
            raise EnvironmentBuildError(
                f"no environment can be built in {home} ({error.strerror}); mend that, or set FORNIX_CACHE"
            ) from None
        with lock:
            if not _python(place).exists():
                names = ", ".join(sorted({distribution.name for distribution in distributions}))
                tell(f"an environment for {names} is built, once: {' '.join(requirements)}")
                _build(place, requirements, constraints)
    return _python(place)


def _to_install(distributions: Sequence[Distribution]) -> list[str]:
    """The requirements of all, once each, with fornix as it is here: its source tree, or the same version."""
    extras: set[str] = set()
    others: set[str] = set()
    for distribution in distributions:
        for text in distribution.requirements:
            try:
                requirement = Requirement(text)
            except InvalidRequirement as error:
                raise EnvironmentBuildError(f"{distribution.name} requires {text!r}, which cannot be read: {error}") from None
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            if canonicalize_name(requirement.name) == CORE:
                extras |= requirement.extras
            else:
                requirement.marker = None
                others.add(str(requirement))
    listed = f"[{','.join(sorted(extras))}]" if extras else ""
    source = _source_tree()
    core = f"{CORE}{listed}=={importlib.metadata.version(CORE)}" if source is None else f"--editable={source}{listed}"
    return [core, *sorted(others)]


def _source_tree() -> Path | None:
    """The checkout that fornix runs from, if it does."""
    core = Path(__file__).resolve().parents[2]
    return core.parent if core.name == "core" and (core.parent / "setup.cfg").is_file() else None


def _key(requirements: list[str], constraints: str) -> str:
    source = _source_tree()
    parts = [
        requirements,
        Path(constraints).read_text(encoding="utf-8") if constraints else "",
        [platform.python_implementation(), platform.python_version(), sys.base_prefix, sysconfig.get_platform()],
        (source / "setup.cfg").read_text(encoding="utf-8") if source is not None else "",
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _python(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _build(place: Path, requirements: list[str], constraints: str) -> None:
    """Build under a temporary name, then rename: an environment that exists is complete.

    Only its interpreter is used, which finds its environment from where it lies, so renaming does no harm.
    """
    for abandoned in place.parent.glob(".draft-*"):  # by a build that was killed: this one holds the lock
        shutil.rmtree(abandoned, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
    try:
        _uv("venv", "--relocatable", "--allow-existing", "--python", sys.executable, str(draft))
        install = ["pip", "install", "--python", str(_python(draft)), *requirements]
        install += ["--constraint", constraints] if constraints else []
        try:
            _uv(*install, "--offline")  # what is cached needs no network, and no waiting for one that is not there
        except EnvironmentBuildError:
            _uv(*install)
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _uv(*arguments: str) -> None:
    from uv import find_uv_bin

    settings = {ours: os.environ[theirs] for theirs, ours in _SETTINGS.items() if theirs in os.environ}
    if "UV_FIND_LINKS" in settings:
        settings["UV_FIND_LINKS"] = ",".join(settings["UV_FIND_LINKS"].split())  # pip separates by white space, uv by commas
    command = [find_uv_bin(), *arguments]
    done = subprocess.run(
        command, env={**settings, **os.environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise EnvironmentBuildError(
            f"no environment could be built: {_reason(done.stdout)}\n{' '.join(command)} says:\n{done.stdout}"
        )


def _reason(said: str) -> str:
    """What uv says from its first error on, in one line and without its frame."""
    start = re.search(r"×|error:", said)
    return " ".join(re.sub(r"[×│╰├─▶]", " ", said[start.end() :] if start else said).split())
