"""What `fornix list` costs in process time, beside the naive way: importing every plugin to ask what it offers. And what
`import fornix; fornix.pull` costs, beside importing what pulling needs.

    python benchmarks/listing.py [--runs 7]

Prints the median of user + system seconds of whole processes, and the ratio. The bound of the project is 0.3 s.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys

NAIVE = """
from fornix.registry.discovery import discover
from fornix.registry.importing import import_plugin
import importlib, pathlib
for distribution in discover().distributions:
    import_plugin(distribution)
    for path in distribution.folder.glob("*.py"):
        try:
            importlib.import_module(f"{distribution.package}.{path.stem}")
        except ImportError:
            pass
"""


def process_seconds(command: list[str]) -> float:
    """User + system time of one child process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    pulling = "import fornix; fornix.pull"
    pairs = (
        {
            "fornix list": [sys.executable, "-m", "fornix.cli.main", "list"],
            "importing every plugin": [sys.executable, "-c", NAIVE],
        },
        {
            pulling: [sys.executable, "-c", pulling],
            "importing all it needs": [
                sys.executable,
                "-c",
                f"{pulling}; import fornix.matrix.snapshots.tables, pandas, pyarrow.parquet",
            ],
        },
    )
    for ways in pairs:
        medians = {}
        for name, command in ways.items():
            process_seconds(command)  # warm the disk cache
            medians[name] = statistics.median(process_seconds(command) for _ in range(runs))
            print(f"{name:<27} {medians[name]:.3f} s of process time (median of {runs})")
        fast, naive = medians.values()
        print(f"ratio                       {naive / fast:.1f}")


if __name__ == "__main__":
    main()
