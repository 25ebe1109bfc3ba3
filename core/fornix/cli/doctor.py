"""``fornix doctor``: what is wrong with the plugins, files and mirrors of this machine, and what to do about it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from textwrap import indent
from typing import TYPE_CHECKING

from fornix.cli.arguments import add_json, add_mirror, add_plugins, print_json, registry
from fornix.registry.problems import listed

if TYPE_CHECKING:
    from fornix.registry.doctor import Finding


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("doctor", help="say what is wrong and what to do", description=__doc__)
    parser.add_argument("--hash", action="store_true", help="read and hash files of every size (default: up to 1 MB)")
    add_plugins(parser)
    add_mirror(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.registry.doctor import diagnose

    findings = diagnose(registry(parsed), hash_all=parsed.hash)
    if parsed.json:
        print_json([asdict(finding) for finding in findings])
        return _status(findings)
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.level, finding.sentence), []).append(finding)
    for (level, sentence), found in alike.items():
        print(f"{level}: {listed([finding.subject for finding in found])}: {sentence}")
        if len(found) == 1 and found[0].details:
            print(indent(found[0].details.rstrip(), "    "))
    if not findings:
        print("nothing wrong was found")
    elif len(alike) < len(findings):
        print("(--json names all that have the same trouble, and the files)")
    return _status(findings)


def _status(findings: Sequence[Finding]) -> int:
    return 1 if any(finding.level == "error" for finding in findings) else 0
