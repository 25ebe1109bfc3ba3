"""``fornix test``: the conformance suite of its kind and a plugin's own tests, in an environment of the plugin's own."""

from __future__ import annotations

import argparse
from pathlib import Path

from fornix.cli.arguments import add_json, add_mirror, add_plugins, print_json, registry


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("test", help="test plugins as contributors and CI do", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="a plugin's folder (with its pyproject.toml)")
    parser.add_argument("--pytest", action="append", default=[], metavar="ARGUMENT", help="passed to pytest (repeatable)")
    add_plugins(parser)
    add_mirror(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.conformance.run import run_plugin

    parsed.plugins = [*parsed.plugins, *parsed.folders]
    found = registry(parsed)
    verdicts = [run_plugin(found, folder, parsed.plugins, parsed.pytest) for folder in parsed.folders]
    if parsed.json:
        print_json([{"folder": str(v.folder), "passed": v.passed, "reason": v.reason} for v in verdicts])
    else:
        for verdict in verdicts:
            print(f"{'passed' if verdict.passed else 'FAILED'} {verdict.folder}{': ' + verdict.reason if verdict.reason else ''}")
    return 0 if all(verdict.passed for verdict in verdicts) else 1
