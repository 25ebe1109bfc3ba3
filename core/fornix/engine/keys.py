"""Cell and response keys, from cards and source bytes alone; imports no plugin and no numerical library."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from fornix.numerics.policy import EXTRACTION_REVISION, NUMERIC_POLICY, SCORING_REVISION
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.fingerprint import fingerprint

#: Raised when the layout of what is hashed changes.
KEY_SCHEMA: Final = 1


def digest_json(data: Any) -> str:
    """Sha256 (hex) of canonical JSON."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class CellKeys:
    """Makes cell keys; reads each plugin's sources once, so an instance is for one moment's plan.

    Parameters
    ----------
    registry : Registry
    seed : int
        The run's seed.
    """

    def __init__(self, registry: Registry, seed: int = 0) -> None:
        self._registry = registry
        self._seed = seed
        self._fingerprints: dict[Card, dict[str, Any]] = {}

    def parts(self, model: Card, benchmark: Card) -> dict[str, Any]:
        """Everything a cell key is made of, by name, so that a plan can say which part changed."""
        uses = benchmark.uses
        return {
            "schema": KEY_SCHEMA,
            "model": self.part(model),
            "benchmark": self.part(benchmark),
            "datasets": {name: self.part(self._registry.get("dataset", name)) for name in uses.datasets},
            "metrics": {name: self.part(self._registry.get("metric", name)) for name in uses.metrics},
            "extraction_revision": EXTRACTION_REVISION,
            "scoring_revision": SCORING_REVISION,
            "policy": NUMERIC_POLICY,
            "seed": self._seed,
        }

    def part(self, card: Card) -> dict[str, Any]:
        """What one card contributes; raises PluginError where its plugin cannot be read."""
        if card not in self._fingerprints:
            self._fingerprints[card] = fingerprint(self._registry, card, {})
        return self._fingerprints[card]


def sides(parts: Mapping[str, Any]) -> tuple[str, str]:
    """Digests (16 digits) of a model's part of a cell key, and of all else: cells that agree in the second were scored alike."""
    of_model, of_rest = parts["model"], {name: part for name, part in parts.items() if name != "model"}
    return digest_json(of_model)[:16], digest_json(of_rest)[:16]


def response_key(model: Mapping[str, Any], request: Mapping[str, Any]) -> str:
    """The key of one answer: the model's fingerprint and the request (stimuli, recording or task, repetitions, seed)."""
    return digest_json(
        {
            "schema": KEY_SCHEMA,
            "model": model,
            "request": request,
            "extraction_revision": EXTRACTION_REVISION,
            "policy": NUMERIC_POLICY,
        }
    )


def pass_key(model: Mapping[str, Any]) -> str:
    """What is claimed while a model answers: one key for all responses of a model (its fingerprint)."""
    return digest_json(
        {"schema": KEY_SCHEMA, "model": model, "extraction_revision": EXTRACTION_REVISION, "policy": NUMERIC_POLICY}
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """In words, which parts of a cell key differ between two sets of key parts."""
    found: list[str] = []
    for kind, plural in (("model", None), ("benchmark", None), ("dataset", "datasets"), ("metric", "metrics")):
        old = {kind: before[kind]} if plural is None else before[plural]
        new = {kind: after[kind]} if plural is None else after[plural]
        for name in sorted({*old, *new}):
            called = {**old, **new}[name]["identifier"]
            if name not in old or name not in new:
                found.append(f"{kind} {called} is {'newly' if name in new else 'no longer'} used")
                continue
            parts = [p for p in sorted({*old[name], *new[name]}) if old[name].get(p) != new[name].get(p)]
            if parts:
                found.append(f"{kind} {called}: {', '.join(_PART_NAMES.get(p, p) for p in parts)} changed")
    for name in ("schema", "extraction_revision", "scoring_revision", "policy", "seed"):
        if before.get(name) != after.get(name):
            found.append(f"{name.replace('_', ' ')} {before.get(name)} -> {after.get(name)}")
    return found


_PART_NAMES: Final = {"behaviour": "code or card", "files": "files", "options": "options", "version": "version"}
