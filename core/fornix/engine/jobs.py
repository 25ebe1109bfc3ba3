"""From cards to jobs: what a job's process may see, where it runs, and within which limits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from fornix.engine.chosen import scoring_cards
from fornix.engine.copies import Copies
from fornix.engine.runners import Interrupted, Job, Limits
from fornix.files.fetch import fetch
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.distribution import Distribution
from fornix.registry.environments import interpreter


class JobMaker:
    """Makes the jobs of one run.

    Parameters
    ----------
    registry : Registry
    folder : Path
        The run's own folder: stimuli, jobs and what they write go below it.
    limits : Limits
        For each step, where a card's resources do not say otherwise.
    tell : callable
        Called with a sentence about what takes its time and is no job.
    """

    def __init__(
        self, registry: Registry, folder: Path, limits: Limits, tell: Callable[[str], None] = lambda sentence: None
    ) -> None:
        self.registry = registry
        self.folder = folder
        self.limits = limits
        self._tell = tell
        self._places = count()
        self._building = threading.Lock()
        #: By the names of the distributions whose requirements it meets.
        self._interpreters: dict[frozenset[str], Path] = {}
        self._copying = threading.Lock()
        self._model_copies: dict[str, Copies] = {}
        self._scoring_copies = Copies(folder / "data")
        #: Set to give up what is being downloaded.
        self.stopping = threading.Event()

    def place(self, name: str) -> Path:
        """A folder of the run for one job: no other job of the run gets it, whatever it is asked again."""
        return self.folder / f"{name}-{next(self._places)}"

    def scoring_cards(self, benchmark: str) -> list[Card]:
        """A leaf's card, and those of the datasets and metrics it uses."""
        return scoring_cards(self.registry, self.registry.get("benchmark", benchmark))

    def interpreter(self, cards: Iterable[Card]) -> Path:
        """The Python that meets the requirements of the owners of all these cards."""
        owners = {d.name: d for d in map(self.registry.distribution, cards)}
        with self._building:
            known = frozenset(owners)
            if known not in self._interpreters:
                self._interpreters[known] = interpreter(list(owners.values()), self._tell)
            return self._interpreters[known]

    def _heed(self, have: int, of: int) -> None:
        if self.stopping.is_set():
            raise Interrupted

    def model_files(self, card: Card) -> dict[str, str]:
        """Copies of the files of a model's card, for its process alone; hash -> path."""
        copies = self._model_copies.setdefault(card.identifier, Copies(self.folder / f"model-{card.identifier}" / "files"))
        return copies.of(self._files([card], copies))

    def scoring_files(self, cards: Iterable[Card]) -> dict[str, str]:
        """Copies of the files of a leaf, its datasets and metrics: one for the whole run, as data may be large."""
        files = self._files(cards, self._scoring_copies)  # a download holds nobody else up
        with self._copying:
            return self._scoring_copies.of(files)

    def _files(self, cards: Iterable[Card], copies: Copies) -> dict[str, Path]:
        """The files of cards by hash, downloaded where they are not at hand.

        What the run has a sound copy of is not looked for again: it may be gone since.
        """
        files = {file.hash: file for card in cards for file in card.files}
        return {hash_: copies.source(hash_) or fetch(file, self._heed) for hash_, file in files.items()}

    def step_limits(self, card: Card) -> Limits:
        """What one step on behalf of this card may use."""
        memory = self.limits.memory_bytes
        if memory is None and card.resources.memory_gb:
            memory = int(card.resources.memory_gb * 1e9)
        return Limits(card.resources.time_limit_s or self.limits.seconds, memory)

    def model_job(self, folder: Path, card: Card, steps: Sequence[Mapping[str, Any]], limits: Sequence[Limits]) -> Job:
        """A blind job on behalf of a model: it knows its owner only, and has the files of its card only."""
        return self._job(folder, [card], steps, limits, [self.registry.distribution(card)], self.model_files(card), blind=True)

    def scoring_job(
        self, folder: Path, cards: Sequence[Card], steps: Sequence[Mapping[str, Any]], limits: Sequence[Limits]
    ) -> Job:
        """A job on behalf of leaves, their datasets and metrics.

        It knows every plugin, so that one that loads what its card does not use is told so.
        """
        return self._job(folder, cards, steps, limits, self.registry.distributions, self.scoring_files(cards), blind=False)

    def _job(
        self,
        folder: Path,
        cards: Sequence[Card],
        steps: Sequence[Mapping[str, Any]],
        limits: Sequence[Limits],
        known: Sequence[Distribution],
        files: Mapping[str, str],
        *,
        blind: bool,
    ) -> Job:
        return Job(
            folder=folder,
            steps=steps,
            stimuli=self.folder / "stimuli",
            distributions=list({d.name: d for d in known}.values()),
            files=files,
            blind=blind,
            interpreter=self.interpreter(cards),
            limits=limits,
        )
