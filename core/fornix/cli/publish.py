"""``fornix publish``: publishes the matrix of a store as a snapshot that anybody can pull, in a folder or a bucket."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fornix.cli.arguments import add_json, add_private, add_selection, print_json, registry, store
from fornix.registry.problems import counted

if TYPE_CHECKING:
    from fornix.matrix.snapshots.publishing import Published


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("publish", help="publish the matrix of a store as a snapshot", description=__doc__)
    parser.add_argument(
        "--to", required=True, metavar="PLACE", help="a folder or s3://bucket/prefix, of which snapshots are pulled"
    )
    add_selection(parser)
    add_private(
        parser, "private plugins that are published, too: models, benchmarks, and the datasets and metrics that these use"
    )
    parser.add_argument("--without-arrays", action="store_true", help="publish no units and replicates")
    parser.add_argument("--without-ranks", action="store_true", help="rank no models, which takes the replicates of all scores")
    parser.add_argument("--back", action="store_true", help="have the place point to this snapshot even if it has a newer one")
    parser.add_argument("--dry-run", action="store_true", help="say what would be published, and write nothing")
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.matrix.snapshots.format import SITE
    from fornix.matrix.snapshots.publishing import publish
    from fornix.site.build import build

    published = publish(
        registry(parsed),
        store(parsed, read_only=True),
        parsed.to,
        models=parsed.models,
        benchmarks=parsed.benchmarks,
        named=parsed.named,
        arrays=not parsed.without_arrays,
        ranks=not parsed.without_ranks,
        seed=parsed.seed,
        also=lambda folder: build(folder, folder / SITE),
        back=parsed.back,
        dry_run=parsed.dry_run,
    )
    if parsed.json:
        print_json(_summary(published))
    else:
        _say(published, dry_run=parsed.dry_run)
    return 0


def _summary(published: Published) -> dict[str, Any]:
    manifest = published.manifest
    return {
        "place": published.place,
        "version": published.version,
        "latest": published.latest,
        "created": manifest.created,
        "counts": dict(manifest.counts),
        "private": list(manifest.private),
        "bytes": sum(file.bytes for file in manifest.files.values()),
        "written": list(published.written),
        "left_out": list(published.left_out),
    }


def _say(published: Published, *, dry_run: bool) -> None:
    manifest = published.manifest
    counts, size = manifest.counts, sum(file.bytes for file in manifest.files.values())
    for sentence in published.left_out:
        print(sentence)
    print(
        f"snapshot {published.version}: {counted(counts['models'], 'model')} on {counted(counts['benchmarks'], 'benchmark')}, "
        f"{counted(counts['ok'], 'score')}, newest result of {manifest.created}"
    )
    if manifest.private:
        print(f"private plugins in it, as asked for: {', '.join(manifest.private)}")
    whole = f"{counted(len(manifest.files), 'file')}, {size / 1e6:.1f} MB"
    if dry_run:
        files = counted(len(published.written), "file")
        print(f"nothing was written to {published.place}: {files} to write (the snapshot has {whole})")
        return
    if not published.written:
        print(f"all of it was at {published.place} already ({whole})")
    else:
        print(f"written to {published.place}: {counted(len(published.written), 'file')} (the snapshot has {whole})")
    if published.latest != published.version:
        print(f"the latest snapshot there stays {published.latest}, whose results are newer; --back has this one take its place")
    version = "" if published.latest == published.version else f", version={published.version!r}"
    print(f"to pull it: fornix.pull({published.place!r}{version})")
