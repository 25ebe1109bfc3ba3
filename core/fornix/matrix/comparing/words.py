"""A comparison of two models as text: a table, what could not be compared and why, and what came of it in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fornix.matrix.comparing.result import Comparison, Row
from fornix.matrix.comparing.units import FOR_THESE
from fornix.registry.problems import counted, listed

_HEADS = ("benchmark", "a", "b", "a - b", "95 % interval", "p", "adjusted", "sign flips", "effect", "better")


def as_text(comparison: Comparison) -> str:
    """All of it."""
    a, b, compared = comparison.a, comparison.b, comparison.compared
    lines = [f"a = {a}, b = {b}", ""]
    if compared:
        table = [_HEADS, *(_cells(row) for row in compared)]
        widths = [max(len(cells[k]) for cells in table) for k in range(len(_HEADS))]
        for cells in table:
            aligned = [
                cell.ljust(width) if k in (0, len(cells) - 1) else cell.rjust(width)
                for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            lines.append("  ".join(aligned).rstrip())
        lines.append("")
    return "\n".join([*lines, *verdict(comparison), *_beside(compared), *_refused(comparison.rows)])


def verdict(comparison: Comparison) -> list[str]:
    """Which of the two is better, in words."""
    a, b, compared = comparison.a, comparison.b, comparison.compared
    if not compared:
        return [f"{a} and {b} could not be compared on any benchmark"]
    won = {model: [row.benchmark for row in compared if row.better == model] for model in (a, b)}
    tied = len(compared) - sum(map(len, won.values()))
    parts = [f"{model} is better on {listed(names)}" for model, names in won.items() if names]
    parts += [f"they tie on {counted(tied, 'benchmark')}"] if tied else []
    sentences = ["; ".join(parts) + " (adjusted p at most 0.05)"]
    all_of_it = comparison.together
    if all_of_it.studies > 1:
        ahead = "neither is ahead" if all_of_it.p > 0.05 else f"{a if all_of_it.z > 0 else b} is ahead"
        sentences.append(f"{all_of_it.studies} studies together: {ahead} (z = {all_of_it.z:.2f}, p {_p(all_of_it.p)})")
    return sentences


def _cells(row: Row) -> tuple[str, ...]:
    name = row.benchmark + (" (common children)" if row.compared_on else "")
    interval = f"[{row.low:+.3f}, {row.high:+.3f}]" if math.isfinite(row.low) else ""
    effect = f"{row.effect:+.2f} [{row.effect_low:+.2f}, {row.effect_high:+.2f}]" if math.isfinite(row.effect) else ""
    numbers = (f"{row.a:.3f}", f"{row.b:.3f}", f"{row.difference:+.3f}")
    flips = _p(row.permutation_p) + ("*" if row.permuted.endswith(FOR_THESE) else "") if row.permuted else ""
    return (name, *numbers, interval, _p(row.p), _p(row.p_adjusted), flips, effect, row.better or "tie")


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _beside(rows: Sequence[Row]) -> list[str]:
    """What marks in the table mean, and on which children parents were compared."""
    lines = ["* speaks of these stimuli only"] if any(row.permuted.endswith(FOR_THESE) for row in rows) else []
    return lines + [f"{row.benchmark}: compared on {listed(row.compared_on.split('; '))} only" for row in rows if row.compared_on]


def _refused(rows: Sequence[Row]) -> list[str]:
    """Benchmarks that could not be compared, those for one reason in one line."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row.why:
            by_reason.setdefault(row.why, []).append(row.benchmark)
    return [f"not compared on {listed(names)}: {why}" for why, names in by_reason.items()]
