"""Arguments that several verbs share, and what they stand for."""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fornix.errors import UsageError
from fornix.files.settings import named_mirror
from fornix.registry.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fornix.matrix.comparing.sources import Source
    from fornix.registry.discovery import Registry
    from fornix.store.interface import Store


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def count(text: str) -> int:
    """A number of processes or plugins, at least 1; argparse names the option where it is not."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def add_plugins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plugins",
        action="append",
        default=[],
        type=Path,
        metavar="FOLDER",
        help="a plugin, or a folder of plugins (repeatable)",
    )


def add_mirror(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mirror",
        action="append",
        default=[],
        metavar="PLACE",
        help="a folder or s3:// prefix with files at <host>/<path of the url>",
    )


def add_store(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", metavar="PLACE", help="the store: a folder or s3://bucket/prefix (default: $FORNIX_STORE, else fornix-store)"
    )


def add_snapshot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--snapshot", metavar="PLACE", help="of a published matrix: a folder, s3:// or http(s):// address")
    parser.add_argument("--version", metavar="VERSION", help="of the snapshot (default: the latest)")


def add_overlay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--overlay",
        metavar="STORE",
        help="lay the results of this store over the published matrix, ranked among the published; nothing is published",
    )


def add_private(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--with", dest="named", action="extend", nargs="+", default=[], metavar="NAME", help=what)


def amount(text: str) -> float:
    """A number above 0, of seconds or GB, as argparse reads it."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def writable_file(text: str) -> Path:
    """A file that a long run can be written to in the end."""
    path = Path(text)
    if path.is_dir() or not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text} cannot be written; give a file in a folder that is there")
    return path


def add_selection(parser: argparse.ArgumentParser, *, benchmarks: bool = True) -> None:
    """``benchmarks``: whether there is a choice of these; of one that is asked for by name there is none."""
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="these models (default: all)")
    if benchmarks:
        parser.add_argument(
            "--benchmarks", nargs="+", metavar="BENCHMARK", help="these benchmarks, parents or leaves (default: all)"
        )
    parser.add_argument("--seed", type=int, default=0, help="added to the seed of every experiment (default: 0)")
    add_plugins(parser)
    add_mirror(parser)
    add_store(parser)


def registry(parsed: argparse.Namespace) -> Registry:
    """The plugins that the command line asks for; also makes ``--mirror`` known to this process and its workers."""
    if getattr(parsed, "mirror", None):
        named = [named_mirror(place) for place in parsed.mirror]
        os.environ["FORNIX_MIRROR"] = " ".join([*named, os.environ.get("FORNIX_MIRROR", "")]).strip()
    return discover(parsed.plugins)


def store(parsed: argparse.Namespace, *, read_only: bool = False) -> Store:
    """The store that the command line asks for."""
    from fornix.store.places import open_store

    return open_store(parsed.store, read_only=read_only)


def own_store(place: str) -> Store:
    """The store that ``--overlay`` lays over a snapshot; a typing error is not taken for an empty store."""
    from fornix.store.folder import FolderStore
    from fornix.store.places import open_store

    found = open_store(place, read_only=True)
    if isinstance(found, FolderStore) and not found.path.is_dir():
        raise UsageError(f"--overlay {place} is not there; give the folder of a store, or s3://bucket/prefix")
    return found


def snapshot(parsed: argparse.Namespace, *, of_store: Sequence[str] = ()) -> tuple[str, str] | None:
    """Place and version of the snapshot that the command line asks for; None where it asks for a store.

    Parameters
    ----------
    of_store : sequence of str
        What else, as ``parsed`` names it, this verb takes of a store alone.

    Raises
    ------
    UsageError
        If something is given with a snapshot that would be passed over, or a version or an overlay without one.
    """
    over = getattr(parsed, "overlay", None)
    if parsed.snapshot is None:
        if parsed.version is not None:
            raise UsageError("--version names a snapshot; give --snapshot PLACE with it")
        if over is not None:
            raise UsageError("--overlay lays a store over a published matrix; give --snapshot PLACE with it")
        return None
    of_overlay = ("seed", "plugins") if over is None else ()
    for name in ("store", "mirror", *of_overlay, *of_store):
        if getattr(parsed, name, None):
            option = "with" if name == "named" else name
            hint = "; to lay a store over it give --overlay STORE" if name == "store" and hasattr(parsed, "overlay") else ""
            raise UsageError(
                f"--{option} goes with a store, and --snapshot names a published matrix; leave one of them out{hint}"
            )
    return parsed.snapshot, parsed.version or "latest"


def source(
    parsed: argparse.Namespace,
    models: Sequence[str] | None,
    benchmarks: Sequence[str] | None,
    *,
    units: bool = False,
    ranks: bool = False,
) -> Source:
    """Scores out of the store or the snapshot that the command line asks for, or out of both where one is laid over the other.

    Parameters
    ----------
    models, benchmarks : sequence of str or None
        These; None: all.
    units : bool
        Whether the values of single units are needed, which a snapshot has in files of their own.
    ranks : bool
        Whether the ranks of an overlay are needed, for which the replicates of the published scores are read.
    """
    from fornix.matrix.comparing.sources import of_overlay, of_snapshot, of_store

    published = snapshot(parsed)
    if published is not None and parsed.overlay is not None:
        own = own_store(parsed.overlay), registry(parsed)
        return of_overlay(*published, *own, models, benchmarks, units=units, ranks=ranks, seed=parsed.seed)
    if published is not None:
        return of_snapshot(*published, models, benchmarks, units=units)
    return of_store(registry(parsed), store(parsed, read_only=True), models, benchmarks, seed=parsed.seed)


def print_json(data: Any) -> None:
    """Strict JSON on standard output."""
    print(json.dumps(data, indent=2, allow_nan=False, default=str))
