"""The tests of one plugin: ``python -m fornix.conformance.session <job.json>``, which :mod:`fornix.conformance.run` starts.

The conformance suite and the plugin's own tests are two sessions of pytest, each with its own configuration and its own exit
status, in one process: what is slow about a session is importing what is tested.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest


def main(job: Path) -> None:
    """Run parts one after the other, until one does not pass, and write the exit status of each into the job's folder.

    Parameters
    ----------
    job : Path
        JSON: ``plugin``, its name; ``parts``, name of a part -> arguments for pytest.
    """
    told = json.loads(job.read_text(encoding="utf-8"))
    statuses: dict[str, int] = {}
    for part, arguments in told["parts"].items():
        print(f"== {told['plugin']}: {part}", flush=True)
        statuses[part] = int(pytest.main(arguments))
        (job.parent / "statuses.json").write_text(json.dumps(statuses), encoding="utf-8")
        if statuses[part] != pytest.ExitCode.OK:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
