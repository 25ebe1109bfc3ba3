"""The model side of a run: every response that is missing, in one pass of the model, into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fornix.engine import received
from fornix.engine.exchange import request_descriptions
from fornix.engine.jobs import JobMaker
from fornix.engine.keys import pass_key
from fornix.engine.runners import Runner, StepOutcome
from fornix.engine.work import Changes, Failure, Recorder, Work
from fornix.registry.card import Card
from fornix.store.interface import ArrayFileError

#: One experiment and what of it is asked: its path, and (place, response key) of each request.
_Asked = tuple[str, list[tuple[int, str]]]


class ModelSide:
    """Gets the responses of models, each in one process at a time over the whole store.

    Parameters
    ----------
    ask : bool
        False: no model is run, nor its environment built or its files fetched; cells that lack a response are left.
    """

    def __init__(self, maker: JobMaker, recorder: Recorder, runner: Runner, changes: Changes, *, ask: bool = True) -> None:
        self._maker = maker
        self._recorder = recorder
        self._runner = runner
        self._changes = changes
        self._asks = ask

    def prepare(self, card: Card) -> None:
        """Make ready what a model needs to be run, now, so that what cannot be had is said once; raises FornixError."""
        if self._asks:
            self._maker.interpreter([card])
            self._maker.model_files(card)

    def respond(self, card: Card, works: Sequence[Work]) -> list[Work]:
        """Get every missing response of one model into the store; returns the cells that have all of theirs.

        Whoever computes responses of a model claims it for as long as its pass takes, so that two runs that need different
        responses cannot each wait for the other's. Cells that lack what another run is computing are left to that run.
        """
        lacking = [work for work in works if self._missing([work])]
        if not lacking:
            return list(works)
        if not self._asks:
            for work in lacking:
                self._recorder.left(work, self._lack(card, work))
            return [work for work in works if not work.ended]
        key = pass_key(works[0].cell.key_parts["model"])
        with self._recorder.store.claim(key) as mine:
            if mine:
                return self._answer(card, works)
        for work in lacking:
            work.left_to = key
        return [work for work in works if not work.left_to]

    def _missing(self, works: Sequence[Work]) -> dict[str, list[tuple[int, str]]]:
        """What of which experiment (its path) has no response in the store: place and response key of each request."""
        missing: dict[str, list[tuple[int, str]]] = {}
        seen: set[str] = set()
        for work in works:
            for path, place, key, _ in work.requests():
                if key not in seen and not self._recorder.store.has_response(key):
                    missing.setdefault(path, []).append((place, key))
                seen.add(key)
        return missing

    def _lack(self, card: Card, work: Work) -> str:
        """Why a cell cannot be scored without its model."""
        keys = {key for parts in self._missing([work]).values() for _, key in parts}
        asked = {key: request for _, _, key, request in work.requests()}
        names = [
            request["recording"]["region"] if "recording" in request else request["task"]["name"] for request in asked.values()
        ]
        lacking = dict.fromkeys(name for name, key in zip(names, asked, strict=True) if key in keys)
        because = f"; {work.cell.why}" if work.cell.state == "stale" and work.cell.why else ""
        return f"needs {card.identifier} to be run: the store lacks its answer for {', '.join(lacking)}{because}"

    def _answer(self, card: Card, works: Sequence[Work]) -> list[Work]:
        """Have the model answer all in one pass, or one by one if that fails."""
        owners: dict[str, list[Work]] = {}
        for work in works:
            for _, _, key, _ in work.requests():
                owners.setdefault(key, []).append(work)
        asked = self._missing(works)
        failures: dict[int, Failure] = {}
        batches: list[list[_Asked]] = [list(asked.items())] if asked else []
        while batches:
            again: list[list[_Asked]] = []
            place = self._maker.place(f"model-{card.identifier}/respond")
            for number, (batch, outcome) in enumerate(zip(batches, self._ask(card, works[0], batches, place), strict=True)):
                needing = {id(work): work for _, parts in batch for _, key in parts for work in owners[key]}
                for work in needing.values():
                    work.charge("model", outcome, share=len(needing))
                changed = self._changes.of(works[0].cell, model_only=True)
                failure = Failure.of(outcome) if outcome.status != "ok" else None
                if failure is None and changed is None:
                    failure = self._keep(card, batch, outcome, place / f"answers-{number}")
                if changed is not None:
                    failures.update({one: changed for one in needing})
                elif failure is not None and len(batch) > 1:
                    again = [[one] for one in batch]
                elif failure is not None:
                    failures.update({one: failure for one in needing})
            batches = again
        for work in works:
            if id(work) in failures:
                self._recorder.failed(work, failures[id(work)])
        return [work for work in works if work.failure is None]

    def _ask(self, card: Card, first: Work, batches: Sequence[Sequence[_Asked]], place: Path) -> list[StepOutcome]:
        """One job with a step for each batch of experiments."""
        steps = [
            {
                "op": "respond",
                "model": {"identifier": card.identifier, "options": first.cell.key_parts["model"]["options"]},
                "experiments": [{"path": path, "asked": [request for request, _ in parts]} for path, parts in batch],
                "out": str(place / f"answers-{number}"),
            }
            for number, batch in enumerate(batches)
        ]
        limits = [self._maker.step_limits(card)] * len(steps)
        return self._runner.run(self._maker.model_job(place, card, steps, limits))

    def _keep(self, card: Card, batch: Sequence[_Asked], outcome: StepOutcome, folder: Path) -> Failure | None:
        """Put the answers into the store; why that cannot be, if so."""
        try:
            answers = received.answers(outcome.result, folder, [len(parts) for _, parts in batch])
            for (path, parts), files in zip(batch, answers, strict=True):
                described = request_descriptions(Path(path))
                for (place, key), (file, kind) in zip(parts, files, strict=True):
                    about = {"model": card.identifier, "request": described[place], "versions": outcome.versions}
                    self._recorder.store.put_response_file(key, file, kind, about)
        except (received.Unusable, ArrayFileError) as error:
            return Failure("failed", f"what its workers left cannot be used: {error}", outcome.log)
        return None
