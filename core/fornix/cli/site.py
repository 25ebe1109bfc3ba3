"""``fornix site``: writes the pages of a store's matrix, or of a snapshot's, into a folder that any browser opens."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import webbrowser
from pathlib import Path

from fornix.cli.arguments import add_json, add_private, add_selection, add_snapshot, print_json, registry, snapshot, store
from fornix.errors import UsageError


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("site", help="write the pages of a matrix", description=__doc__)
    add_snapshot(parser)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("fornix-site"), metavar="FOLDER", help="where to (default: fornix-site)"
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")
    add_private(parser, "private plugins of the store to show")
    add_selection(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.site.build import build, is_site, put

    published = snapshot(parsed, of_store=("models", "benchmarks", "named"))
    output: Path = parsed.output
    if output.exists() and not is_site(output) and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} is there and is no site; give another folder with -o")
    with tempfile.TemporaryDirectory(prefix="fornix-site-") as folder:
        within = Path(folder) / "snapshot"
        within.mkdir()
        left_out: tuple[str, ...] = ()
        if published is None:
            left_out = _stage(parsed, within)
        else:
            _copy(*published, within)
        parent = output.resolve().parent
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{output.resolve().name}-", dir=parent) as beside:
            built = Path(beside) / "site"  # whole on the same disk before anything of the old one goes
            build(within, built)
            put(built, output)
    page = output.resolve() / "index.html"
    opened = parsed.open and webbrowser.open(page.as_uri())
    if parsed.json:
        print_json({"page": str(page), "opened": opened, "left_out": left_out})
        return 0
    for sentence in left_out:
        print(sentence)
    print(f"written: {page}")
    if parsed.open and not opened:
        print("no browser was found to open it in; open that file in yours")
    return 0


def _stage(parsed: argparse.Namespace, folder: Path) -> tuple[str, ...]:
    """The files of a snapshot of the store, without the arrays, which no page shows; says what is not in it."""
    from fornix.engine.silence import breaking_silence
    from fornix.matrix.snapshots.contents import Selection, stage
    from fornix.matrix.snapshots.format import MANIFEST

    selection = Selection(parsed.models, parsed.benchmarks, parsed.named, arrays=False, seed=parsed.seed)
    with breaking_silence() as tell:
        staged = stage(registry(parsed), store(parsed, read_only=True), selection, folder, tell)
    (folder / MANIFEST).write_bytes(staged.manifest.to_bytes())
    return staged.left_out


def _copy(place: str, version: str, folder: Path) -> None:
    """The files of a published snapshot, verified, without the arrays; those that it need not have, where it has them."""
    from fornix.matrix.snapshots.format import CARDS, CELLS, CITATION, LAYERS, MANIFEST, MATRIX
    from fornix.matrix.snapshots.pulling import open_snapshot

    opened = open_snapshot(place, version)
    (folder / MANIFEST).write_bytes(opened.manifest.to_bytes())
    for name in (CELLS, CARDS, *(each for each in (MATRIX, LAYERS, CITATION) if each in opened.manifest.files)):
        shutil.copyfile(opened.file(name), folder / name)
