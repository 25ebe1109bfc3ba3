"""Comparing two models on the benchmarks of a matrix, from the replicates of their scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from scipy import special

from fornix.errors import FornixError, UsageError
from fornix.interfaces.score import Score
from fornix.matrix.comparing.children import MissingCells, Share, shares
from fornix.matrix.comparing.measured import SEVERAL_SCALES, Measured, Side, measured, side_by_side
from fornix.matrix.comparing.result import Comparison, Row, Together
from fornix.matrix.comparing.sources import Source
from fornix.matrix.comparing.units import unit_differences
from fornix.matrix.flags import study_of
from fornix.matrix.snapshots.sources import Away
from fornix.numerics.comparison.bent import bent_interval, straight
from fornix.numerics.comparison.evidence import adjusted, effect, p_values, sign_flips, signed_z, together
from fornix.numerics.comparison.standing import TIED
from fornix.registry.card import Card
from fornix.registry.options import did_you_mean
from fornix.store.requests import Trouble

_NAN: Final = math.nan
NO_ERROR: Final = "the error of their difference is not known, or 0"


def compare_models(
    a: str,
    b: str,
    source: Source,
    *,
    benchmarks: Sequence[str] | None = None,
    missing: MissingCells | str = MissingCells.COMPLETE,
) -> Comparison:
    """Two models of a matrix, on these benchmarks or all on which either has a value; see :func:`fornix.compare`."""
    policy = MissingCells(missing)
    for model in (a, b):
        _known(model, source.matrix["model"].values.tolist(), "model")
    if a == b:
        raise UsageError(f"{a} is compared with itself; give two models")
    pair = _Pair(a, b, source, policy)
    rows = [pair.row(source.registry.get("benchmark", name)) for name in _chosen(source, a, b, benchmarks)]
    verdicts = []
    for row, p in zip(rows, adjusted([_NAN if row.why else row.p for row in rows]).tolist(), strict=True):
        better = "" if not p <= TIED or row.difference == 0 else a if row.difference > 0 else b
        verdicts.append(replace(row, p_adjusted=p, better=better))
    return Comparison(a, b, tuple(verdicts), _together(source, verdicts))


def _known(name: str, names: list[str], what: str) -> None:
    if name not in names:
        raise UsageError(f"there is no {what} {name!r} in this matrix{did_you_mean(name, names)}")


def _chosen(source: Source, a: str, b: str, benchmarks: Sequence[str] | None) -> list[str]:
    """The benchmarks named, with what is below them, or all on which one of the two has a value, in the matrix's order."""
    there = source.matrix["benchmark"].values.tolist()
    if benchmarks is None:
        valued = np.isfinite(source.matrix["value"].sel(model=[a, b]).values).any(axis=0)
        return [name for name, any_value in zip(there, valued.tolist(), strict=True) if any_value]
    wanted = set()
    for name in benchmarks:
        _known(name, there, "benchmark")
        wanted |= {name, *_below(source, name)}
    return [name for name in there if name in wanted]


def _below(source: Source, benchmark: str) -> set[str]:
    card = source.registry.get("benchmark", benchmark)
    children = card.aggregate.leaves() if card.aggregate is not None else ()
    return set(children).union(*(_below(source, child) for child in children))


@dataclass(frozen=True, eq=False)
class _Leaf:
    """Both scores of a leaf; ``sides`` has them on the reported scale (False) and the raw one (True), or why they are not
    compared there."""

    scores: tuple[Score, Score]
    sides: Mapping[bool, Side | str]


@dataclass(eq=False)
class _Pair:
    """Two models of a matrix; a leaf is read once, for itself and for its parents."""

    a: str
    b: str
    source: Source
    policy: MissingCells
    read: dict[str, _Leaf | str] = field(default_factory=dict)

    def row(self, card: Card) -> Row:
        """Both on one benchmark."""
        name, is_leaf = card.identifier, card.aggregate is None
        x, y = self.source.matrix["value"].sel(model=[self.a, self.b], benchmark=name).values.tolist()
        refused = Row(name, is_leaf, x, y)
        if not is_leaf:
            return self.of_parent(card, refused)
        leaf = self.leaf(name)
        if isinstance(leaf, str):
            return replace(refused, why=leaf)
        side = leaf.sides[False]
        return replace(refused, why=side) if isinstance(side, str) else _of_leaf(name, leaf, side)

    def leaf(self, name: str) -> _Leaf | str:
        """Both scores of a leaf, or why there are not two to compare."""
        if name not in self.read:
            self.read[name] = self._read(name)
        return self.read[name]

    def _read(self, leaf: str) -> _Leaf | str:
        scores: list[Score] = []
        for model in (self.a, self.b):
            if why := self.not_ranked(model, leaf):
                return why
        for model in (self.a, self.b):
            try:
                scores.append(self.source.score_of(model, leaf))
            except (Away, Trouble):  # of a place that did not answer: what was read before would be compared alone
                raise
            except FornixError as error:
                return f"{model}: {error}"
        return _Leaf((scores[0], scores[1]), {raw: self._paired(scores, raw) for raw in (False, True)})

    def not_ranked(self, model: str, benchmark: str) -> str:
        """Why a model is not compared on a benchmark; empty where it is."""
        cell = self.source.matrix.sel(model=model, benchmark=benchmark)
        if bool(cell["ranked"]):
            return ""
        status, flags, reason = (str(cell[name].item()) for name in ("status", "flags", "reason"))
        if status == "ok":
            return f"{model} is out of rankings: {flags}"
        return f"{model} has no value ({status}{': ' + reason if reason else ''})"

    def _paired(self, scores: Sequence[Score], raw: bool) -> Side | str:
        ready: dict[str, Measured | FornixError] = {}
        for model, score in zip((self.a, self.b), scores, strict=True):
            try:
                ready[model] = measured(score, raw=raw)
            except FornixError as error:
                return f"{model}: {error}"
        side = side_by_side(ready)
        return f"{self.b}: {side.left[self.b]} of {self.a}" if side.left else side

    def of_parent(self, card: Card, refused: Row) -> Row:
        """Both on a parent: the differences on its leaves, added with their weights; variances with the squares of these."""
        of = shares(self.source.registry, card)
        lacking = {name: why for name in of if isinstance(why := self.leaf(name), str)}
        compared_on = ""
        if lacking and self.policy is MissingCells.COMMON:
            kept = [name for name in of if name not in lacking]
            of, compared_on = shares(self.source.registry, card, kept), "; ".join(kept)
        elif lacking:
            name, why = next(iter(lacking.items()))
            more = f", and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            return replace(refused, why=f"on {name}, of its {len(of)} leaves, {why}{more}")
        if not of:
            return replace(refused, why="they have no child in common")
        sides: dict[str, Side] = {}
        for name, share in of.items():
            leaf = self.read[name]
            assert isinstance(leaf, _Leaf)
            side = leaf.sides[share.raw]
            if isinstance(side, str):
                return replace(refused, why=f"on {name}, {side}")
            sides[name] = side
        scales = sorted({str(side.scale) for side in sides.values()})
        if len(scales) > 1:
            return replace(refused, why=f"{SEVERAL_SCALES}: {', '.join(scales)}")
        return replace(_of_leaves(card.identifier, of, sides), compared_on=compared_on)


def _of_leaf(name: str, leaf: _Leaf, side: Side) -> Row:
    """A row from both scores of a leaf."""
    a, b = side.values.tolist()
    x, y = side.straight.tolist()
    variance, freedom = float(side.pairs.variance[0, 1]), float(side.pairs.freedom[0, 1])
    error, t = math.sqrt(float(side.variances()[0, 1])), float(special.stdtrit(freedom, 0.975))
    low, high = a - b - t * error, a - b + t * error
    if side.bend is not straight:
        s, r = np.sqrt(side.pairs.single).tolist()
        low, high = bent_interval((x, y), (s, r), float(side.pairs.correlation[0, 1]), t, side.bend)
    p = float(p_values(x - y, variance, freedom))
    row = Row(name, True, a, b, a - b, error, low, high, p, freedom=freedom, why="" if math.isfinite(p) else NO_ERROR)
    units, raw = unit_differences(*leaf.scores), leaf.sides[True]
    if units is None or isinstance(raw, str):
        return row
    variance, freedom = float(raw.pairs.variance[0, 1]), float(raw.pairs.freedom[0, 1])
    size = effect(float(raw.values[0] - raw.values[1]), variance, freedom, units.values)
    row = replace(row, effect=size[0], effect_low=size[1], effect_high=size[2], units=units.factor)
    return replace(row, permutation_p=sign_flips(units.values), permuted=units.permuted) if units.permuted else row


def _of_leaves(parent: str, of: Mapping[str, Share], sides: Mapping[str, Side]) -> Row:
    """A row of a parent from the scores of its leaves."""
    weights = np.array([share.weight for share in of.values()])
    a, b = (weights @ np.stack([sides[name].values for name in of])).tolist()
    variances = weights**2 * np.array([sides[name].variances()[0, 1] for name in of])
    freedoms = np.array([sides[name].pairs.freedom[0, 1] for name in of])
    variance, spread = float(variances.sum()), float((variances**2 / freedoms)[variances > 0].sum())
    freedom = variance**2 / spread if spread > 0 else float(freedoms.min())  # Welch-Satterthwaite
    p, reach = float(p_values(a - b, variance, freedom)), float(special.stdtrit(freedom, 0.975)) * math.sqrt(variance)
    why = "" if math.isfinite(p) else NO_ERROR
    return Row(parent, False, a, b, a - b, math.sqrt(variance), a - b - reach, a - b + reach, p, freedom=freedom, why=why)


def _together(source: Source, rows: Sequence[Row]) -> Together:
    """Leaves as one test: of those that share studies the mean z, each mean weighing the same."""
    groups: list[tuple[set[str], list[Row]]] = []
    for row in rows:
        if row.leaf and not row.why and row.error > 0:
            used = source.registry.get("benchmark", row.benchmark).uses.datasets
            own = {study_of(name) for name in used} or {""}  # leaves that name no data count as one
            alike = [group for group in groups if group[0] & own]  # several, if it uses several studies: it joins them
            groups = [group for group in groups if not group[0] & own]
            groups.append((own.union(*(studies for studies, _ in alike)), [row, *(one for _, of in alike for one in of)]))
    z = [float(np.mean(signed_z([row.difference for row in of], [row.p for row in of]))) for _, of in groups]
    return Together(*together(z), studies=len(z))
