"""What is wrong with the plugins found here, and with the places their files come from; ``fornix doctor`` prints it."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Literal

from fornix.files.fetch import obstacles
from fornix.files.file import File
from fornix.files.places import is_folder, not_the_file, paths, size_of
from fornix.files.settings import is_bucket, mirrors
from fornix.files.source import SourceTrouble, Unreachable
from fornix.registry.card import Card, Kind
from fornix.registry.discovery import Registry
from fornix.registry.distribution import Distribution
from fornix.registry.environments import unmet

#: Exit status of the process that imports a plugin where the plugin is at fault; its last line says how.
_AT_FAULT: Final = 3
_IMPORT: Final = f"""
import json, sys
from fornix.registry.distribution import Distribution
from fornix.registry.importing import check_hooks, import_plugin
from fornix.registry.problems import PluginError
job = json.load(sys.stdin)
try:
    check_hooks(import_plugin(Distribution.from_json(job["distribution"])), job["kinds"])
except PluginError as error:
    print()
    print(json.dumps([str(error), error.traceback]), flush=True)
    sys.exit({_AT_FAULT})
"""
_IMPORT_TIMEOUT_S: Final = 120
#: Files of so many bytes or fewer are read and hashed; of others the size alone says whether they are the right ones.
SMALL: Final = 1_000_000
#: A file that no bucket holds, to see whether one answers.
_NOWHERE: Final = File("nowhere", "https://nowhere.invalid/nowhere", 0, sha256="0" * 64)


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor found.

    Parameters
    ----------
    level : {"error", "warning", "info"}
        error: something cannot be used; warning: it can, but mend it; info: as designed, worth knowing.
    subject : str
        The distribution, card or mirror concerned.
    sentence : str
        The same for all subjects with the same trouble.
    details : str
        A traceback, or the files concerned, a line each.
    """

    level: Literal["error", "warning", "info"]
    subject: str
    sentence: str
    details: str = ""


def diagnose(registry: Registry, *, hash_all: bool = False) -> list[Finding]:
    """Everything that is wrong, the worst first.

    Each plugin whose requirements are met is imported, in a process of its own. Nothing is downloaded; each host that
    files come from is probed once.

    Parameters
    ----------
    hash_all : bool
        Whether large files in mirrors and the cache are read and hashed, too.
    """
    findings = [Finding(p.level, p.distribution or "plugins", p.sentence) for p in registry.problems]
    findings += _mirrors()  # first, as it refuses what can be no mirror
    findings += _loose_ends(registry)
    lacking = {distribution.name: unmet(distribution) for distribution in registry.distributions}
    for name, requirements in lacking.items():
        if requirements:
            sentence = f"would run in an environment of its own, as this one does not meet: {', '.join(requirements)}"
            findings.append(Finding("info", name, sentence))
    importable = [distribution for distribution in registry.distributions if not lacking[distribution.name]]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        findings += [finding for found in pool.map(lambda each: _try_import(registry, each), importable) for finding in found]
    findings += [finding for card in registry.cards() for finding in _files(card, math.inf if hash_all else SMALL)]
    order = ["error", "warning", "info"]
    return sorted(findings, key=lambda finding: (order.index(finding.level), finding.subject.casefold()))


def _loose_ends(registry: Registry) -> Iterator[Finding]:
    """Cards that name others which are not there, or which do not name them back."""
    known = {(card.kind, name): card for card in registry.cards() for name in (card.identifier, *card.aliases)}
    for card in registry.cards():
        named: list[tuple[Kind, str]] = [("dataset", name) for name in card.replays]
        named += [("benchmark", card.parent)] if card.parent is not None else []
        named += [(card.kind, card.superseded_by)] if card.superseded_by is not None else []
        subject = f"{card.kind} {card.identifier}"
        for kind, name in named:
            if (kind, name) not in known:
                yield Finding("error", subject, f"its card names the {kind} {name!r}, {registry.not_provided(kind, name)}")
        for name in card.aggregate.leaves() if card.aggregate is not None else ():
            child = known.get(("benchmark", name))
            if child is not None and child.parent != card.identifier:
                yield Finding(
                    "warning", subject, f"its child {name!r} names the parent {child.parent!r}; the two cards must agree"
                )


def _try_import(registry: Registry, distribution: Distribution) -> list[Finding]:
    kinds = sorted({card.kind for card in registry.cards() if registry.distribution(card) == distribution})
    job = json.dumps({"distribution": distribution.to_json(), "kinds": kinds})
    command = [sys.executable, "-c", _IMPORT]
    try:
        done = subprocess.run(command, input=job, capture_output=True, text=True, check=False, timeout=_IMPORT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return [Finding("error", distribution.name, f"is still being imported after {_IMPORT_TIMEOUT_S} s")]
    if done.returncode == _AT_FAULT:
        sentence, details = json.loads(done.stdout.splitlines()[-1])
        return [Finding("error", distribution.name, sentence, details)]
    if done.returncode:
        sentence = f"ends the process that imports it, with exit status {done.returncode}"
        return [Finding("error", distribution.name, sentence, done.stderr)]
    return []


def _mirrors() -> Iterator[Finding]:
    for mirror in mirrors():
        trouble = _trouble_with(mirror)
        if trouble is not None:
            yield Finding("warning", mirror, f"this mirror {trouble}; expected one laid out as <host>/<path of the url>")


def _trouble_with(mirror: str) -> str | None:
    if not is_bucket(mirror):
        return None if is_folder(mirror) else "is no folder on this machine"
    from fornix.files.bucket import bucket

    try:
        bucket(mirror).look(_NOWHERE)
    except Unreachable as trouble:
        return str(trouble)
    except SourceTrouble:
        return None  # it answered: it does not hold a file that does not exist
    return None


def _files(card: Card, read_up_to: float) -> Iterator[Finding]:
    subject = f"{card.kind} {card.identifier}"
    nowhere: dict[str, list[File]] = {}
    for file in card.files:
        yield from _others(subject, file, read_up_to)
        if reasons := obstacles(file):
            why = f"a file of {file.host} that it needs cannot be had here: {'; '.join(reasons)}"
            nowhere.setdefault(why, []).append(file)
    for why, files in nowhere.items():
        remedy = f"connect to the network, or set FORNIX_MIRROR to a folder that holds it at {files[0].host}/<path of its url>"
        yield Finding("warning", subject, f"{why}; {remedy}", "\n".join(f"{file.name} ({file.url})" for file in files))


def _others(subject: str, file: File, read_up_to: float) -> Iterator[Finding]:
    """What lies where a file is looked for and is another one."""
    others = list(not_the_file(file, read_up_to))
    wrong = {other.place for other in others}
    had = any(file.fits(size_of(path)) for path in paths(file) if str(path) not in wrong)
    for other in others:
        what = f"its file {file.name} is not what lies at {other.place} ({other.wrong})"
        if other.cached:
            yield Finding("warning", subject, f"{what}; it is fetched again when it is needed")
            continue
        says = f" should say {other.fields}" if other.fields else " is to be corrected (--hash says how)"
        sentence = f"{what}: if that is the file that is meant, the card{says}; else put the right one there"
        yield Finding("warning" if had else "error", subject, sentence)
