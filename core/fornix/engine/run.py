"""Running a plan: experiments from the benchmarks, responses from the models, scores from both, cells into the store.

Work is grouped by model. A failure costs the cells that needed what failed, each with an attempt that says why.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from fornix.engine.exchange import request_descriptions
from fornix.engine.jobs import JobMaker
from fornix.engine.keys import CellKeys, changes
from fornix.engine.plan import Plan, PlannedCell
from fornix.engine.runners import Interrupted, Limits, Runner, StepOutcome
from fornix.engine.work import Failure, Finished, Recorder, Work
from fornix.engine.worker import sentence
from fornix.errors import FornixError
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.store.interface import ArrayFileError, Store, StoreError

#: An adaptive benchmark that still asks after so many rounds is taken to be broken.
MAX_ROUNDS: Final = 1000

#: One experiment and what of it is asked: its path, and (place, response key) of each request.
_Asked = tuple[str, list[tuple[int, str]]]


def run_plan(
    plan: Plan,
    registry: Registry,
    store: Store,
    runner: Runner,
    *,
    workers: int = 1,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    retry: bool = True,
    seed: int = 0,
    report: Callable[[Finished], None] = lambda finished: None,
) -> None:
    """Compute the plan's missing and stale cells, and its failed ones unless ``retry`` is False.

    Parameters
    ----------
    workers : int
        How many models are worked on at once.
    limits : Limits
        For each step, where a card's resources do not say otherwise.
    seed : int
        Added to the seed of every experiment.
    report : callable
        Called with each finished cell, from any thread, one at a time.

    Raises
    ------
    KeyboardInterrupt
        After every worker has been ended; what was finished is in the store.
    """
    todo = [cell for cell in plan.to_compute if retry or cell.state != "failed"]
    if not todo:
        return
    folder = Path(tempfile.mkdtemp(prefix="fornix-run-"))
    run = _Run(JobMaker(registry, folder, limits), Recorder(store, report, len(todo)), runner, seed)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fornix-run")

    def stop() -> None:
        run.maker.stopping.set()
        runner.stop()

    try:
        with _stopped_by_signals(stop):
            works = run.first_rounds(todo)
            models = dict.fromkeys(work.cell.model for work in works)
            # one after another in this very thread, an interrupt reaches what is being computed
            each = map if workers == 1 else pool.map
            for _ in each(run.model, models, [[w for w in works if w.cell.model == name] for name in models]):
                pass
    except Interrupted:
        raise KeyboardInterrupt from None
    except BaseException:
        stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` where a signal would raise KeyboardInterrupt, before it is raised.

    An exception that a signal raises is lost where Python ignores exceptions (a finaliser, a weak reference's callback);
    what ``stop`` sets is not.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is signal.default_int_handler]

    def handle(number: int, frame: FrameType | None) -> None:
        stop()
        signal.default_int_handler(number, frame)

    for number in taken:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.default_int_handler)


class _Run:
    def __init__(self, maker: JobMaker, recorder: Recorder, runner: Runner, seed: int) -> None:
        self.maker = maker
        self.recorder = recorder
        self.runner = runner
        self.seed = seed

    def first_rounds(self, todo: Sequence[PlannedCell]) -> list[Work]:
        """Ask each benchmark once for its first experiments, for all models; returns the cells that can go on."""
        failures: dict[str, Failure] = {}
        by_interpreter: dict[Path, list[str]] = {}
        for name in dict.fromkeys(cell.benchmark for cell in todo):
            try:
                cards = self.maker.scoring_cards(name)
                for card in cards:
                    self.maker.fetch(card)
                by_interpreter.setdefault(self.maker.interpreter(cards), []).append(name)
            except FornixError as error:
                failures[name] = Failure("failed", str(error))
        outcomes: dict[str, StepOutcome] = {}
        for number, names in enumerate(by_interpreter.values()):
            place = self.maker.folder / "experiments"
            steps = [{"op": "experiments", "benchmark": name, "seed": self.seed, "out": str(place / name)} for name in names]
            outcomes.update(zip(names, self._scoring_job(f"experiments-{number}", names, steps), strict=True))
        active = []
        for cell in todo:
            work, name = Work(cell), cell.benchmark
            outcome = outcomes.get(name)
            if outcome is not None:
                work.charge("scoring", outcome, share=sum(other.benchmark == name for other in todo))
                if outcome.status != "ok":
                    failures[name] = Failure.of(outcome)
                elif not outcome.result.get("experiments"):
                    failures[name] = Failure("failed", f"{name} asks for no experiment")
            if name in failures:
                self.recorder.failed(work, failures[name])
            else:
                assert outcome is not None
                work.experiments = list(outcome.result["experiments"])
                active.append(work)
        return active

    def model(self, name: str, works: list[Work]) -> None:
        """All cells of one model; whatever plugins do to what they leave for this process costs those cells alone.

        Raises
        ------
        StoreError
            If the store cannot be written, which would befall every cell.
        """
        try:
            self._rounds(name, works)
        except (Interrupted, StoreError) as error:
            if not isinstance(error, ArrayFileError):
                raise
            self._give_up(works, error)
        except Exception as error:
            self._give_up(works, error)

    def _give_up(self, works: Sequence[Work], error: Exception) -> None:
        log = "".join(traceback.format_exception(error))
        for work in works:
            if not work.ended:
                self.recorder.failed(work, Failure("failed", f"what its workers left cannot be used: {sentence(error)}", log))

    def _rounds(self, name: str, works: list[Work]) -> None:
        """All cells of one model, round after round."""
        card = self.maker.registry.get("model", name)
        try:
            self.maker.interpreter([card])
            files = self.maker.model_files(card)
        except FornixError as error:
            for work in works:
                self.recorder.failed(work, Failure("failed", str(error)))
            return
        while works := self._not_stored(works):
            answered = self._not_stored(self._respond(card, works, files))
            works = self._score(answered)

    def _not_stored(self, works: Sequence[Work]) -> list[Work]:
        """The cells that no other run has stored since they were planned."""
        left = []
        for work in works:
            cell = self.recorder.store.cell(work.cell.key)
            if cell is None:
                left.append(work)
            else:
                self.recorder.found(work, cell)
        return left

    def _respond(self, card: Card, works: Sequence[Work], files: Mapping[str, str]) -> list[Work]:
        """Get every missing response into the store, all in one pass, or one by one if that fails.

        Returns the cells that have all their responses.
        """
        owners: dict[str, list[Work]] = {}
        asked: dict[str, list[tuple[int, str]]] = {}
        for work in works:
            for path, place, key, _ in work.requests():
                if key not in owners and not self.recorder.store.has_response(key):
                    asked.setdefault(path, []).append((place, key))
                owners.setdefault(key, []).append(work)
        failures: dict[int, Failure] = {}
        batches: list[list[_Asked]] = [list(asked.items())] if asked else []
        while batches:
            again: list[list[_Asked]] = []
            for batch, outcome in zip(batches, self._ask(card, works[0], batches, files), strict=True):
                needing = {id(work): work for _, parts in batch for _, key in parts for work in owners[key]}
                for work in needing.values():
                    work.charge("model", outcome, share=len(needing))
                changed = self._changed(works[0].cell, model_only=True)
                if outcome.status == "ok" and changed is None:
                    self._keep_responses(card, batch, outcome)
                elif changed is not None:
                    failures.update({number: changed for number in needing})
                elif len(batch) > 1:
                    again = [[one] for one in batch]
                else:
                    failures.update({number: Failure.of(outcome) for number in needing})
            batches = again
        for work in works:
            if id(work) in failures:
                self.recorder.failed(work, failures[id(work)])
        return [work for work in works if work.failure is None]

    def _ask(self, card: Card, first: Work, batches: Sequence[Sequence[_Asked]], files: Mapping[str, str]) -> list[StepOutcome]:
        """One job with a step for each batch of experiments."""
        name = f"model-{card.identifier}/respond-{first.rounds}-{len(batches)}"
        steps = [
            {
                "op": "respond",
                "model": {"identifier": card.identifier, "options": first.cell.key_parts["model"]["options"]},
                "experiments": [{"path": path, "asked": [place for place, _ in parts]} for path, parts in batch],
                "out": str(self.maker.folder / name / f"answers-{number}"),
            }
            for number, batch in enumerate(batches)
        ]
        limits = [self.maker.step_limits(card)] * len(steps)
        return self.runner.run(self.maker.job(name, [card], steps, limits, files))

    def _changed(self, cell: PlannedCell, *, model_only: bool = False) -> Failure | None:
        """Why what was computed may not be kept under the planned key: a plugin was edited while it ran."""
        planned = self.maker.registry
        cards = [planned.get("model", cell.model), *self.maker.scoring_cards(cell.benchmark)]
        try:  # with cards as they are now: a worker reads them anew, too
            registry = Registry(list({d.name: d for d in map(planned.distribution, cards)}.values()))
            keys = CellKeys(registry, self.seed)
            now = keys.parts(registry.get("model", cell.model), registry.get("benchmark", cell.benchmark))
        except FornixError as error:
            return Failure("failed", f"changed while it ran, so nothing was kept: {error}; run again")
        if now == cell.key_parts or (model_only and now["model"] == cell.key_parts["model"]):
            return None
        return Failure(
            "failed", f"changed while it ran, so nothing was kept: {'; '.join(changes(cell.key_parts, now))}; run again"
        )

    def _keep_responses(self, card: Card, batch: Sequence[_Asked], outcome: StepOutcome) -> None:
        for (path, parts), answers in zip(batch, outcome.result["answers"], strict=True):
            described = request_descriptions(Path(path))
            for (place, key), answer in zip(parts, answers, strict=True):
                about = {"model": card.identifier, "request": described[place], "versions": outcome.versions}
                self.recorder.store.put_response_file(key, Path(answer["path"]), answer["kind"], about)

    def _score(self, works: Sequence[Work]) -> list[Work]:
        """Score cells whose responses are all there; returns those whose benchmark asks for another round."""
        by_interpreter: dict[Path, list[Work]] = {}
        for work in works:
            cards = self.maker.scoring_cards(work.cell.benchmark)
            by_interpreter.setdefault(self.maker.interpreter(cards), []).append(work)
        further = []
        for number, group in enumerate(by_interpreter.values()):
            name = f"score-{group[0].cell.model}-{group[0].rounds}-{number}"
            steps = [self._score_step(work, self.maker.folder / name) for work in group]
            for work, outcome in zip(group, self._scoring_job(name, [w.cell.benchmark for w in group], steps), strict=True):
                work.charge("scoring", outcome)
                work.rounds += 1
                if outcome.status != "ok":
                    self.recorder.failed(work, Failure.of(outcome))
                elif (changed := self._changed(work.cell)) is not None:
                    self.recorder.failed(work, changed)
                elif "score" in outcome.result:
                    self.recorder.scored(work, Path(outcome.result["score"]))
                elif work.rounds >= MAX_ROUNDS:
                    reason = f"{work.cell.benchmark} still asks for experiments after {MAX_ROUNDS} rounds"
                    self.recorder.failed(work, Failure("failed", reason))
                else:
                    work.experiments.extend(outcome.result["experiments"])
                    further.append(work)
        return further

    def _score_step(self, work: Work, place: Path) -> dict[str, Any]:
        answers: dict[str, list[dict[str, str]]] = {path: [] for path in work.experiments}
        for path, _, key, _ in work.requests():
            record = self.recorder.store.response_record(key)
            file = self.recorder.store.response_path(key)  # says so if it was lost meanwhile
            answers[path].append({"path": str(file), "kind": record.kind if record is not None else "array"})
        return {
            "op": "score",
            "model": work.cell.model,
            "benchmark": work.cell.benchmark,
            "experiments": [{"path": path, "answers": answers[path]} for path in work.experiments],
            "seed": self.seed,
            "out": str(place / f"{work.cell.benchmark}-{work.rounds}"),
        }

    def _scoring_job(self, name: str, benchmarks: Sequence[str], steps: Sequence[Mapping[str, Any]]) -> list[StepOutcome]:
        cards = [card for benchmark in benchmarks for card in self.maker.scoring_cards(benchmark)]
        limits = [self.maker.step_limits(self.maker.registry.get("benchmark", benchmark)) for benchmark in benchmarks]
        return self.runner.run(self.maker.job(name, cards, steps, limits))
