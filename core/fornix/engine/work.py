"""A cell under way, and what is recorded of it: attempts always, a cell when it has a score."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fornix import __version__
from fornix.engine.chosen import scoring_cards
from fornix.engine.exchange import request_descriptions
from fornix.engine.keys import CellKeys, changes, response_key
from fornix.engine.plan import PlannedCell
from fornix.engine.runners import StepOutcome
from fornix.engine.worker import printable
from fornix.errors import FornixError
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.fingerprint import sources_version
from fornix.store.interface import Attempt, Cell, Status, Store

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Finished:
    """One cell that a run is done with.

    The status is that of its attempt, or ``left``: it was not tried, because no model was to be run.
    """

    model: str
    benchmark: str
    status: str
    reason: str
    value: float | None
    done: int
    total: int


@dataclass(frozen=True)
class Failure:
    """Why a cell has no score."""

    status: Status
    reason: str
    log: str = ""

    @classmethod
    def of(cls, outcome: StepOutcome) -> Failure:
        return cls(outcome.status, outcome.reason, outcome.log)

    @classmethod
    def by(cls, error: FornixError) -> Failure:
        """By what was said before any plugin ran: the reason is its first line, what follows goes into the log."""
        text = str(error)
        reason = printable(text.partition("\n")[0])
        return cls("failed", reason, text if text != reason else "")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")


@dataclass
class Work:
    """A cell under way: its experiments so far (paths), how it fails if it does, and what it has cost.

    ``left_to`` is the key that another run has claimed, and that this cell waits for; ``lost``, whether a response that was
    stored for it was gone when it was to be scored.
    """

    cell: PlannedCell
    experiments: list[str] = field(default_factory=list)
    rounds: int = 0
    failure: Failure | None = None
    ended: bool = False
    left_to: str = ""
    lost: bool = False
    started: str = field(default_factory=_now)
    seconds: float = 0.0
    peak_rss_bytes: int = 0
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    hardware: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def charge(self, side: str, outcome: StepOutcome, share: int = 1) -> None:
        """Book a step's time (its share of it), memory, versions and log."""
        self.seconds += outcome.seconds / share
        self.peak_rss_bytes = max(self.peak_rss_bytes, outcome.peak_rss_bytes)
        self.versions[side] = outcome.versions
        self.hardware[side] = outcome.hardware
        if outcome.log:
            self.log.append(f"--- {side} side ---\n{outcome.log}")

    def requests(self) -> Iterator[tuple[str, int, str, dict[str, Any]]]:
        """Everything asked of the model so far: (experiment's path, place in it, response key, description)."""
        model = self.cell.key_parts["model"]
        for path in self.experiments:
            for place, request in enumerate(request_descriptions(Path(path))):
                yield path, place, response_key(model, request), request


class Changes:
    """Finds out whether a plugin was edited while it ran: what was computed may then not be kept under the planned key.

    Sources are read again only where a file was written since they were last found to be as planned.
    """

    def __init__(self, registry: Registry, seed: int) -> None:
        self._registry = registry
        self._seed = seed
        #: Card -> the version of its distribution's files that was found to be as planned.
        self._as_planned: dict[Card, tuple[object, ...]] = {}

    def of(self, cell: PlannedCell, *, model_only: bool = False) -> Failure | None:
        """Why nothing may be kept of this cell, if so."""
        planned = self._registry
        cards = [planned.get("model", cell.model), *scoring_cards(planned, planned.get("benchmark", cell.benchmark))]
        owners = list({d.name: d for d in map(planned.distribution, cards)}.values())
        try:
            before = {owner.name: sources_version(owner) for owner in owners}  # a write from here on is seen the next time
            versions = {card: before[planned.distribution(card).name] for card in cards}
            if all(self._as_planned.get(card) == version for card, version in versions.items()):
                return None
            registry = Registry(owners)  # with cards as they are now: a worker reads them anew, too
            keys = CellKeys(registry, self._seed)
            now = keys.parts(registry.get("model", cell.model), registry.get("benchmark", cell.benchmark))
        except (FornixError, OSError) as error:
            return Failure("failed", f"changed while it ran, so nothing was kept: {error}; run again")
        if now == cell.key_parts:
            self._as_planned.update(versions)
            return None
        if model_only and now["model"] == cell.key_parts["model"]:
            return None
        return Failure(
            "failed", f"changed while it ran, so nothing was kept: {'; '.join(changes(cell.key_parts, now))}; run again"
        )


class Recorder:
    """Writes attempts and cells into a store and reports each finished cell, from any thread, one at a time."""

    def __init__(self, store: Store, report: Callable[[Finished], None], total: int) -> None:
        self.store = store
        self._report = report
        self._total = total
        self._done = 0
        self._lock = threading.Lock()

    def failed(self, work: Work, failure: Failure) -> None:
        work.failure = failure
        self._attempt(work, failure.status, failure.reason, failure.log or "\n".join(work.log))
        self._finish(work, failure.status, failure.reason, None)

    def found(self, work: Work, cell: Cell) -> None:
        """Another run has stored the cell meanwhile: nothing was tried, nothing is recorded."""
        self._finish(work, "ok", "", cell.scalars["value"])

    def left(self, work: Work, why: str) -> None:
        """The cell stays as it was: nothing was tried, nothing is recorded."""
        self._finish(work, "left", why, None)

    def scored(self, work: Work, scalars: Mapping[str, Any], arrays: Mapping[str, xr.DataArray]) -> None:
        """Store a score."""
        cell = Cell(
            key=work.cell.key,
            model=work.cell.model,
            benchmark=work.cell.benchmark,
            options={"model": work.cell.key_parts["model"]["options"], "benchmark": {}},
            key_parts=dict(work.cell.key_parts),
            scalars=scalars,
            provenance={
                "fornix": __version__,
                "versions": {"model": self._versions_of_responses(work), **work.versions},
                "hardware": work.hardware,
                "seconds": work.seconds,
                "peak_rss_bytes": work.peak_rss_bytes,
                "responses": [key for _, _, key, _ in work.requests()],
                "rounds": work.rounds,
            },
        )
        self.store.put_cell(cell, arrays)
        self._attempt(work, "ok", "", "\n".join(work.log))
        self._finish(work, "ok", "", scalars["value"])

    def _versions_of_responses(self, work: Work) -> dict[str, str]:
        """With which libraries the model answered, whenever that was: a cell may be scored from responses stored long before."""
        records = [self.store.response_record(key) for _, _, key, _ in work.requests()]
        return {name: of for record in records if record is not None for name, of in record.about.get("versions", {}).items()}

    def _attempt(self, work: Work, status: Status, reason: str, log: str) -> None:
        attempt = Attempt(
            model=work.cell.model,
            benchmark=work.cell.benchmark,
            key=work.cell.key,
            status=status,
            reason=reason,
            started=work.started,
            seconds=work.seconds,
            resources={"peak_rss_bytes": work.peak_rss_bytes},
            versions=work.versions,
            hardware=work.hardware,
        )
        self.store.add_attempt(attempt, log)

    def _finish(self, work: Work, status: str, reason: str, value: float | None) -> None:
        with self._lock:
            work.ended = True
            self._done += 1
            self._report(Finished(work.cell.model, work.cell.benchmark, status, reason, value, self._done, self._total))
