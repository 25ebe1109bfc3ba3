"""Running a plan: experiments from the benchmarks, responses from the models, scores from both, cells into the store.

Work is grouped by model. A failure costs the cells that needed what failed, each with an attempt that says why. What another
run over the same store is computing is left to it; in the end it is waited for, and taken over if that run has died.
"""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fornix.engine.interrupts import stopped_by_signals
from fornix.engine.jobs import JobMaker
from fornix.engine.model_side import ModelSide
from fornix.engine.plan import Plan
from fornix.engine.run_folder import lacks_room, run_folder
from fornix.engine.runners import Interrupted, Limits, Runner
from fornix.engine.scoring_side import ScoringSide
from fornix.engine.work import Changes, Failure, Finished, Recorder, Work
from fornix.engine.worker import sentence
from fornix.errors import FornixError
from fornix.registry.discovery import Registry
from fornix.store.interface import ArrayFileError, Store, StoreError

#: How often it is looked whether another run is done with what this one waits for, in seconds.
_LOOK_S: Final = 1.0


def run_plan(
    plan: Plan,
    registry: Registry,
    store: Store,
    runner: Runner,
    *,
    workers: int = 1,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    retry: bool = True,
    ask_models: bool = True,
    seed: int = 0,
    report: Callable[[Finished], None] = lambda finished: None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> None:
    """Compute the plan's missing and stale cells, and its failed ones unless ``retry`` is False.

    Parameters
    ----------
    workers : int
        How many models are worked on at once.
    limits : Limits
        For each step, where a card's resources do not say otherwise.
    ask_models : bool
        False: cells are scored from the responses in the store and no model is run; a cell that lacks one is left as it is,
        and reported as ``left``.
    seed : int
        Added to the seed of every experiment.
    report : callable
        Called with each finished cell, from any thread, one at a time.
    tell : callable
        Called with a sentence about what takes its time and is no job, from any thread.

    Raises
    ------
    KeyboardInterrupt
        After every worker has been ended; what was finished is in the store.
    """
    todo = [cell for cell in plan.to_compute if retry or cell.state != "failed"]
    if not todo:
        return
    with run_folder() as folder:
        maker, recorder = JobMaker(registry, folder, limits, tell), Recorder(store, report, len(todo))
        changes = Changes(registry, seed)
        scoring = ScoringSide(maker, recorder, runner, changes, seed=seed, workers=workers)
        run = _Run(maker, recorder, ModelSide(maker, recorder, runner, changes, ask=ask_models), scoring)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="fornix-run")

        def stop() -> None:
            maker.stopping.set()
            runner.stop()

        try:
            with stopped_by_signals(stop):
                works = scoring.first_rounds(todo)
                while works:
                    models = _longest_first(works, registry)
                    # one after another in this very thread, an interrupt reaches what is being computed
                    each = map if workers == 1 else pool.map
                    left: list[Work] = []
                    for some in each(run.model, models, [[w for w in works if w.cell.model == name] for name in models]):
                        left += some
                    works = run.freed(left)
        except Interrupted:
            raise KeyboardInterrupt from None
        except BaseException:
            stop()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _longest_first(works: Sequence[Work], registry: Registry) -> list[str]:
    """The models, those first that may take longest, by their cards and their last attempts: none is left alone at the end."""

    def seconds(model: str) -> tuple[float, float]:
        stated = registry.get("model", model).resources.time_limit_s or 0.0
        return stated, sum(work.cell.seconds or 0.0 for work in works if work.cell.model == model)

    return sorted(dict.fromkeys(work.cell.model for work in works), key=seconds, reverse=True)


class _Run:
    def __init__(self, maker: JobMaker, recorder: Recorder, models: ModelSide, scoring: ScoringSide) -> None:
        self._maker = maker
        self._recorder = recorder
        self._models = models
        self._scoring = scoring
        self._left: list[Work] = []

    def model(self, name: str, works: list[Work]) -> list[Work]:
        """All cells of one model; returns those that are left to another run.

        Whatever plugins do to what they leave for this process costs those cells alone.

        Raises
        ------
        StoreError
            If the store cannot be written, which would befall every cell.
        OSError
            If there is no room for temporary files, which would, too.
        """
        for work in works:
            work.left_to = ""
        try:
            self._rounds(name, works)
        except (Interrupted, StoreError) as error:
            if not isinstance(error, ArrayFileError):
                raise
            self._give_up(works, error)
        except Exception as error:
            if isinstance(error, OSError) and lacks_room(error):
                raise  # which would befall every cell
            self._give_up(works, error)
        return [work for work in works if not work.ended]

    def freed(self, left: Sequence[Work]) -> list[Work]:
        """Wait, holding no claim, until another run is done with some of the cells that are left to it, or dead.

        Returns all that can be looked at again, and keeps the others for the next time.
        """
        self._left += left
        if left:
            warnings.warn(
                f"{len(self._left)} of the cells are being computed by another run over the same store; waiting for it",
                stacklevel=3,
            )
        while self._left:
            free = {key for key in {work.left_to for work in self._left} if self._is_free(key)}
            ready = [work for work in self._left if work.left_to in free]
            if ready:
                self._left = [work for work in self._left if work.left_to not in free]
                return ready
            if self._maker.stopping.wait(_LOOK_S):
                raise Interrupted
        return []

    def _is_free(self, key: str) -> bool:
        with self._recorder.store.claim(key) as mine:
            return mine

    def _give_up(self, works: Sequence[Work], error: Exception) -> None:
        log = "".join(traceback.format_exception(error))
        for work in works:
            if not work.ended and not work.left_to:
                self._recorder.failed(work, Failure("failed", f"what its workers left cannot be used: {sentence(error)}", log))

    def _rounds(self, name: str, works: list[Work]) -> None:
        """All cells of one model, round after round."""
        card = self._maker.registry.get("model", name)
        try:
            self._models.prepare(card)
        except FornixError as error:
            for work in works:
                self._recorder.failed(work, Failure.by(error))
            return
        while works := self._not_stored(works):
            works = self._scoring.score(self._not_stored(self._models.respond(card, works)))

    def _not_stored(self, works: Sequence[Work]) -> list[Work]:
        """The cells that no other run has stored since they were planned."""
        left = []
        for work in works:
            cell = self._recorder.store.cell(work.cell.key)
            if cell is None:
                left.append(work)
            else:
                self._recorder.found(work, cell)
        return left
