"""``fornix doctor``: what is wrong with the plugins, files and mirrors of this machine, and what to do about it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from textwrap import indent

from fornix.cli.arguments import add_json, add_mirror, add_plugins, print_json, registry


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("doctor", help="say what is wrong and what to do", description=__doc__)
    add_plugins(parser)
    add_mirror(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.registry.doctor import diagnose

    findings = diagnose(registry(parsed))
    if parsed.json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.level}: {finding.subject}: {finding.sentence}")
            if finding.details:
                print(indent(finding.details.rstrip(), "    "))
        if not findings:
            print("nothing wrong was found")
    return 1 if any(finding.level == "error" for finding in findings) else 0
