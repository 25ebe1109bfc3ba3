"""``fornix test``: the conformance suite of its kind and a plugin's own tests, in an environment of the plugin's own."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from fornix.cli.arguments import add_json, add_mirror, add_plugins, count, print_json, registry
from fornix.errors import UsageError

if TYPE_CHECKING:
    from fornix.conformance.run import Verdict


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("test", help="test plugins as contributors and CI do", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="a plugin's folder, or a folder of plugins")
    parser.add_argument("--jobs", type=count, default=1, metavar="N", help="plugins tested at once (default: 1)")
    parser.add_argument(
        "--here", action="store_true", help="build no environment: leave out plugins that need one, and say what they lack"
    )
    parser.add_argument("--pytest", action="append", default=[], metavar="ARGUMENT", help="passed to pytest (repeatable)")
    add_plugins(parser)
    add_mirror(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.conformance.run import lacking, plugin_folders, run_plugin

    parsed.plugins = [*parsed.plugins, *parsed.folders]
    found = registry(parsed)
    folders = list(dict.fromkeys(root for folder in parsed.folders for root in plugin_folders(found, folder)))
    lack = {folder: missing for folder in folders if parsed.here and (missing := lacking(found, folder))}
    folders = [folder for folder in folders if folder not in lack]
    for folder, missing in lack.items():
        print(f"left out {folder}: this environment lacks {', '.join(missing)}", file=sys.stderr)
    if not folders:
        raise UsageError("every plugin here needs an environment of its own; leave out --here to have it built")
    with ThreadPoolExecutor(parsed.jobs) as pool:
        verdicts = []
        for verdict in pool.map(lambda folder: run_plugin(found, folder, parsed.plugins, parsed.pytest), folders):
            verdicts.append(verdict)
            if not parsed.json:
                print(verdict.output, end="", flush=True)
                print(_line(verdict), flush=True)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if parsed.json:
        fields = ("folder", "passed", "reason", "output")
        print_json([{name: getattr(verdict, name) for name in fields} for verdict in verdicts])
    elif len(verdicts) > 1:
        print(f"{len(verdicts) - len(failed)} of {len(verdicts)} plugins passed")
        for verdict in failed:
            print(_line(verdict))
    return 1 if failed else 0


def _line(verdict: Verdict) -> str:
    state = "passed" if verdict.passed else "FAILED"
    return f"{state} {verdict.folder}{': ' + verdict.reason if verdict.reason else ''}"
