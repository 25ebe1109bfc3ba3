"""The scoring side of a run: the experiments of the benchmarks, and scores once the responses to them are in the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from fornix.engine import received
from fornix.engine.jobs import JobMaker
from fornix.engine.plan import PlannedCell
from fornix.engine.runners import Runner, StepOutcome
from fornix.engine.work import Changes, Failure, Recorder, Work
from fornix.errors import FornixError
from fornix.store.interface import StoreError

#: An adaptive benchmark that still asks after so many rounds is taken to be broken.
MAX_ROUNDS: Final = 1000
#: Cells scored by one job: they are stored when it has ended.
_AT_ONCE: Final = 100
#: Cells claimed at once by all of a run: each claim is an open file, and a process may often have no more than 1,024 of them.
_CLAIMS: Final = 400


class ScoringSide:
    """Asks benchmarks for experiments and scores, each cell by one run at a time over the whole store.

    Parameters
    ----------
    workers : int
        How many threads score at once.
    """

    def __init__(self, maker: JobMaker, recorder: Recorder, runner: Runner, changes: Changes, *, seed: int, workers: int) -> None:
        self._maker = maker
        self._recorder = recorder
        self._runner = runner
        self._changes = changes
        self._seed = seed
        self._at_once = min(_AT_ONCE, max(1, _CLAIMS // workers))

    def first_rounds(self, todo: Sequence[PlannedCell]) -> list[Work]:
        """Ask each benchmark once for its first experiments, for all models; returns the cells that can go on."""
        failures: dict[str, Failure] = {}
        by_interpreter: dict[Path, list[str]] = {}
        names_asked = dict.fromkeys(cell.benchmark for cell in todo)
        for name in names_asked:
            try:
                cards = self._maker.scoring_cards(name)
                self._maker.scoring_files(cards)
                by_interpreter.setdefault(self._maker.interpreter(cards), []).append(name)
            except FornixError as error:
                failures[name] = Failure.by(error)
        outcomes: dict[str, StepOutcome] = {}
        written: dict[str, list[str]] = {}
        # By number: models are told these paths, and need not know by which benchmark they are asked.
        place = {name: self._maker.folder / "experiments" / str(number) for number, name in enumerate(names_asked)}
        for names in by_interpreter.values():
            steps = [{"op": "experiments", "benchmark": name, "seed": self._seed, "out": str(place[name])} for name in names]
            for name, outcome in zip(names, self._job(self._maker.place("asking"), names, steps), strict=True):
                outcomes[name] = outcome
                if outcome.status != "ok":
                    failures[name] = Failure.of(outcome)
                    continue
                try:
                    written[name] = received.experiments(outcome.result, place[name])
                except received.Unusable as error:
                    failures[name] = Failure("failed", str(error), outcome.log)
                else:
                    if not written[name]:
                        failures[name] = Failure("failed", f"{name} asks for no experiment")
        active = []
        for cell in todo:
            work, name = Work(cell), cell.benchmark
            if name in outcomes:
                work.charge("scoring", outcomes[name], share=sum(other.benchmark == name for other in todo))
            if name in failures:
                self._recorder.failed(work, failures[name])
            else:
                work.experiments = list(written[name])
                active.append(work)
        return active

    def score(self, works: Sequence[Work]) -> list[Work]:
        """Score cells whose responses are all there; returns those whose benchmark asks for another round, and those that lack
        a response, as it was lost since the model gave it.

        A cell that another run is scoring is left to that run.
        """
        by_interpreter: dict[Path, list[Work]] = {}
        for work in works:
            cards = self._maker.scoring_cards(work.cell.benchmark)
            by_interpreter.setdefault(self._maker.interpreter(cards), []).append(work)
        n = self._at_once
        groups = [group[i : i + n] for group in by_interpreter.values() for i in range(0, len(group), n)]
        further = []
        for group in groups:
            with ExitStack() as claims:
                mine = [work for work in group if self._claimed(work, claims)]
                if mine:
                    further += self._score_claimed(mine)
        return further

    def _claimed(self, work: Work, claims: ExitStack) -> bool:
        """Whether the cell is this run's to score; another run may have scored it or be about to."""
        store, key = self._recorder.store, work.cell.key
        if not claims.enter_context(store.claim(key)):
            work.left_to = key
            return False
        cell = store.cell(key)
        if cell is not None:
            self._recorder.found(work, cell)
        return cell is None

    def _score_claimed(self, works: Sequence[Work]) -> list[Work]:
        place, further = self._maker.place(f"score-{works[0].cell.model}"), []
        asked: list[tuple[Work, Path, dict[str, Any]]] = []
        for number, work in enumerate(works):
            folder = place / str(number)
            try:
                asked.append((work, folder, self._step(work, folder)))
            except StoreError as error:
                if self._again(work, error):
                    further.append(work)
        if not asked:
            return further
        outcomes = self._job(place, [work.cell.benchmark for work, _, _ in asked], [step for _, _, step in asked])
        for (work, folder, _), outcome in zip(asked, outcomes, strict=True):
            work.charge("scoring", outcome)
            work.rounds += 1
            failure = Failure.of(outcome) if outcome.status != "ok" else self._changes.of(work.cell)
            try:
                if failure is not None:
                    self._recorder.failed(work, failure)
                elif "score" in outcome.result:
                    self._recorder.scored(work, *received.score(folder))
                elif work.rounds >= MAX_ROUNDS:
                    reason = f"{work.cell.benchmark} still asks for experiments after {MAX_ROUNDS} rounds"
                    self._recorder.failed(work, Failure("failed", reason))
                else:
                    work.experiments.extend(received.experiments(outcome.result, folder))
                    further.append(work)
            except received.Unusable as error:
                self._recorder.failed(work, Failure("failed", f"what its workers left cannot be used: {error}", outcome.log))
        return further

    def _again(self, work: Work, error: StoreError) -> bool:
        """Whether a cell one of whose responses was lost is to ask for it again, which it does once."""
        if not work.lost:
            work.lost = True
            return True
        reason = (
            f"its responses were lost before they could be scored, for the second time ({error}); is something removing them?"
        )
        self._recorder.failed(work, Failure("failed", reason))
        return False

    def _step(self, work: Work, folder: Path) -> dict[str, Any]:
        answers: dict[str, list[dict[str, str]]] = {path: [] for path in work.experiments}
        for path, _, key, _ in work.requests():
            record = self._recorder.store.response_record(key)
            file = self._recorder.store.response_path(key)  # raises if it was lost meanwhile
            answers[path].append({"path": str(file), "kind": record.kind if record is not None else "array"})
        return {
            "op": "score",
            "model": work.cell.model,
            "benchmark": work.cell.benchmark,
            "experiments": [{"path": path, "answers": answers[path]} for path in work.experiments],
            "seed": self._seed,
            "out": str(folder),
        }

    def _job(self, place: Path, benchmarks: Sequence[str], steps: Sequence[dict[str, Any]]) -> list[StepOutcome]:
        cards = [card for benchmark in benchmarks for card in self._maker.scoring_cards(benchmark)]
        limits = [self._maker.step_limits(self._maker.registry.get("benchmark", benchmark)) for benchmark in benchmarks]
        return self._runner.run(self._maker.scoring_job(place, cards, steps, limits))
