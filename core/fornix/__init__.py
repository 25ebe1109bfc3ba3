"""Models scored against brains and behaviour: every model on every benchmark, as one matrix.

Importing this package imports no plugin and no numerical library; the names below load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "NotAble": "fornix.errors",
    "FornixError": "fornix.errors",
    "UsageError": "fornix.errors",
    "card_file": "fornix.registry.load",
    "compare": "fornix.matrix.comparing.api",
    "hookimpl": "fornix.registry.hookspecs",
    "load_benchmark": "fornix.registry.load",
    "load_dataset": "fornix.registry.load",
    "load_metric": "fornix.registry.load",
    "load_model": "fornix.registry.load",
    "overlay": "fornix.matrix.snapshots.overlay",
    "pull": "fornix.matrix.snapshots.pulling",
    "rank": "fornix.matrix.comparing.api",
    "read_matrix": "fornix.matrix.table",
    "run": "fornix.matrix.api",
    "score": "fornix.matrix.api",
    "stored_score": "fornix.matrix.stored",
    "wrap_responses": "fornix.engine.wrapped",
}

if TYPE_CHECKING:
    from fornix.engine.wrapped import wrap_responses as wrap_responses
    from fornix.errors import FornixError as FornixError
    from fornix.errors import NotAble as NotAble
    from fornix.errors import UsageError as UsageError
    from fornix.matrix.api import run as run
    from fornix.matrix.api import score as score
    from fornix.matrix.comparing.api import compare as compare
    from fornix.matrix.comparing.api import rank as rank
    from fornix.matrix.snapshots.overlay import overlay as overlay
    from fornix.matrix.snapshots.pulling import pull as pull
    from fornix.matrix.stored import stored_score as stored_score
    from fornix.matrix.table import read_matrix as read_matrix
    from fornix.registry.hookspecs import hookimpl as hookimpl
    from fornix.registry.load import card_file as card_file
    from fornix.registry.load import load_benchmark as load_benchmark
    from fornix.registry.load import load_dataset as load_dataset
    from fornix.registry.load import load_metric as load_metric
    from fornix.registry.load import load_model as load_model

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fornix' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
