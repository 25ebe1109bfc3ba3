"""From cards to jobs: what a job's process may see, where it runs, and within which limits."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fornix.engine.exchange import link_or_copy
from fornix.engine.plan import scoring_cards
from fornix.engine.runners import Interrupted, Job, Limits
from fornix.files.fetch import fetch
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
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
    """

    def __init__(self, registry: Registry, folder: Path, limits: Limits) -> None:
        self.registry = registry
        self.folder = folder
        self.limits = limits
        self._building = threading.Lock()
        #: Set to give up what is being downloaded.
        self.stopping = threading.Event()

    def scoring_cards(self, benchmark: str) -> list[Card]:
        """A leaf's card, and those of the datasets and metrics it uses."""
        return scoring_cards(self.registry, self.registry.get("benchmark", benchmark))

    def interpreter(self, cards: Iterable[Card]) -> Path:
        """The Python that meets the requirements of the owners of all these cards."""
        with self._building:
            return interpreter(list({d.name: d for d in map(self.registry.distribution, cards)}.values()))

    def fetch(self, card: Card) -> dict[str, Path]:
        """The files of a card by hash, downloaded where they are not at hand."""
        return {file.hash: fetch(file, self._heed) for file in card.files}

    def _heed(self, have: int, of: int) -> None:
        if self.stopping.is_set():
            raise Interrupted

    def model_files(self, card: Card) -> dict[str, str]:
        """Put the files of a model's card where its process finds them, and nothing else; hash -> path."""
        folder = self.folder / f"model-{card.identifier}" / "files"
        folder.mkdir(parents=True, exist_ok=True)
        placed = {}
        for hash_, path in self.fetch(card).items():
            target = folder / f"{hash_[:16]}-{path.name}"
            if not target.exists():
                link_or_copy(path, target)
            placed[hash_] = str(target)
        return placed

    def step_limits(self, card: Card) -> Limits:
        """What one step on behalf of this card may use."""
        memory = self.limits.memory_bytes
        if memory is None and card.resources.memory_gb:
            memory = int(card.resources.memory_gb * 1e9)
        return Limits(card.resources.time_limit_s or self.limits.seconds, memory)

    def job(
        self,
        name: str,
        cards: Sequence[Card],
        steps: Sequence[Mapping[str, Any]],
        limits: Sequence[Limits],
        files: Mapping[str, str] | None = None,
    ) -> Job:
        """A job on behalf of these cards; with ``files`` it is blind (the model side) and knows their owners only.

        The scoring side knows every plugin, so that one that loads what its card does not use is told so.
        """
        known = self.registry.distributions if files is None else map(self.registry.distribution, cards)
        return Job(
            folder=self.folder / name,
            steps=steps,
            stimuli=self.folder / "stimuli",
            distributions=list({d.name: d for d in known}.values()),
            files=files,
            blind=files is not None,
            interpreter=self.interpreter(cards),
            limits=limits,
        )
