"""From a raw score and a ceiling to the reported value, score and ceiling resampled together."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces.score import Normalisation, Score
from fornix.numerics.ceilings.bent import STRAIGHT, bent
from fornix.numerics.uncertainty.intervals import BOTH, replicates_array, with_uncertainty
from fornix.numerics.uncertainty.means import mean_replicates

#: Per-unit normalisation leaves out units whose ceiling is below this, and names them; a note says it of a whole score's.
LOWEST_UNIT_CEILING: Final = 0.1
#: A ceiling no further than this above 0 (chance) is rounding of none.
NO_CEILING: Final = 1e-6
#: The note of a score that is published raw because its ceiling may be nothing.
CEILING_UNRELIABLE: Final = "ceiling unreliable"
#: The note of a score whose error covers the raw score only, because the ceiling has an error but no replicates.
CEILING_AS_EXACT: Final = "error without that of the ceiling"
#: The note of a score divided by little, and what is between the numbers and the names in that on units that are left out.
_LOW: Final = f"ceiling below {LOWEST_UNIT_CEILING}"
OTHER_GROUPS: Final = (
    "the score leaves out other groups of stimuli than its ceiling: resample the same stimuli in the same groups"
)
#: How the notes of a normalisation begin, or what is in them: they are not of the raw score.
_OF_NORMALISING: Final = (CEILING_UNRELIABLE, CEILING_AS_EXACT, "error over ", _LOW)
#: The end of a name of a detail: how many units were left out.
_BELOW: Final = "_below_lowest_ceiling"
#: Normalisations of single units: the dimension of these, the coordinate with their names, the factor of the error, a word for
#: them, and what is averaged over them.
_OVER_UNITS: Final = {
    Normalisation.PER_UNIT: ("neuroid", "neuroid_id", "neuroids", "units", Normalisation.SIGNED_SQUARE),
    Normalisation.PER_UNIT_ROOT: ("neuroid", "neuroid_id", "neuroids", "units", Normalisation.ROOT),
    Normalisation.PER_SUBJECT: ("subject", "subject", "subjects", "subjects", Normalisation.RATIO),
}


def normalise(score: Score, ceiling: Score | None, normalisation: Normalisation, chance: float = 0.0) -> Score:
    """The score on the scale that the normalisation names, with the error of score and ceiling together.

    With raw value s (or correlation r), ceiling c and chance p: ``s/c``; ``r|r|/c``; ``r^2/c``; ``r/sqrt(c)``;
    ``r|r|/c^2`` for ``(r/c)^2``; ``(s-p)/(c-p)``; ``clip(s/c,0,1)``; the mean over neuroids of ``r_i|r_i|/c_i`` or of
    ``r_i/sqrt(c_i)``, that over subjects of ``s_j/c_j``, none of them clipped. Signs are kept, except by ``r^2/c``, which
    reproduces Brain-Score's explained variance.

    Parameters
    ----------
    score : Score
        Its ``raw`` value is normalised (with ``raw_replicates``, or the replicates of a score that is still raw), so a
        stored score can be normalised anew.
    ceiling : Score, optional
        None: the value stays raw, which only ``none`` allows. Replicates of score and ceiling over the same factor are
        combined one by one, so they must come from one resampling plan; over other factors the other one is held
        at its value. A ceiling without replicates is taken as exact, with a note unless its error is 0; a note also says
        that it has subjects who were too few to resample.
    normalisation : Normalisation
    chance : float
        On the raw scale.

    Returns
    -------
    Score
        Published raw, unnormalised, with the note ``ceiling unreliable`` where the ceiling's interval includes 0 (chance,
        for ``(s-p)/(c-p)``) but for rounding, or the ceiling is infinite; with a note where it is less than 0.1 above.

    Raises
    ------
    ValueError
        If a normalisation lacks its ceiling, score and ceiling were resampled by different plans, or a normalisation of
        single units lacks them.

    Notes
    -----
    Of ``r|r|/c``, ``(r/c)^2`` and ``clip(s/c,0,1)`` the interval is that of ``r/sqrt(c)`` or ``s/c``, its ends put through the
    rest of the formula (:func:`fornix.numerics.ceilings.bent.bent`).

    The error of a mean over neuroids comes from what each scores, and what its ceiling is, without each group of stimuli
    (``unit_replicates``), for new stimuli and new neuroids. Of scores without that, and over subjects, it is a jackknife over the
    units alone; a note says so where the raw score's error covers more.
    """
    raw = _as_raw(score).with_(ceiling=ceiling, chance=chance)
    if normalisation is Normalisation.NONE:
        return raw
    if ceiling is None:
        raise ValueError(f"the normalisation {normalisation} needs a ceiling; without one the normalisation is 'none'")
    floor = chance if normalisation is Normalisation.CHANCE else 0.0
    if not _reliable(ceiling, floor):
        return raw.with_(notes=_noted(raw.notes, CEILING_UNRELIABLE))
    if normalisation in _OVER_UNITS:
        return _mean_over_units(raw, ceiling, normalisation)
    if ceiling.value - floor < LOWEST_UNIT_CEILING:
        raw = raw.with_(notes=_noted(raw.notes, _LOW if floor == 0 else f"{_LOW} above chance"))
    value = float(_formula(raw.value, ceiling.value, normalisation, chance))
    reported = raw.with_(value=value, raw=raw.value, normalisation=normalisation, raw_replicates=raw.replicates)
    if math.isnan(value):  # of a constant model, for one; replicates of nothing are not to be paired with the ceiling's
        return reported.with_(error=math.nan, interval=(math.nan, math.nan), replicates=None)
    replicates = _joint_replicates(raw, ceiling, normalisation, chance)
    if replicates is not None:
        reported = with_uncertainty(reported.with_(notes=_noted(reported.notes, *_not_in_error(ceiling))), replicates)
        if normalisation not in STRAIGHT:
            return reported
        return bent(reported, normalise(raw, ceiling, STRAIGHT[normalisation], chance))
    # The original leaves the error of r beside r^2/c; any other error without replicates would be a guess.
    error = raw.error if normalisation is Normalisation.SQUARE else math.nan
    return reported.with_(error=error, interval=(math.nan, math.nan))


def _as_raw(score: Score) -> Score:
    """The score before it was normalised, without what was said of an earlier normalisation."""
    score = score.with_(
        notes=tuple(note for note in score.notes if not any(words in note for words in _OF_NORMALISING)),
        details={name: number for name, number in score.details.items() if not name.endswith(_BELOW)},
    )
    if score.normalisation is Normalisation.NONE:
        return score.with_(value=score.raw)
    raw = score.with_(
        value=score.raw,
        normalisation=Normalisation.NONE,
        error=math.nan,
        interval=(math.nan, math.nan),
        replicates=None,
        raw_replicates=None,
        resampled=(),
    )
    return raw if score.raw_replicates is None else with_uncertainty(raw, score.raw_replicates)


def _reliable(ceiling: Score, floor: float) -> bool:
    lowest = ceiling.value if math.isnan(ceiling.interval[0]) else ceiling.interval[0]
    return lowest > floor + NO_CEILING and math.isfinite(ceiling.value)


def _not_in_error(ceiling: Score) -> list[str]:
    """A note on what the ceiling would add to the error of a score normalised by it, if that were known."""
    if not _rows(ceiling.replicates):
        return [] if ceiling.error == 0 else [CEILING_AS_EXACT]
    assert ceiling.replicates is not None
    held = ceiling.replicates.attrs.get("not_resampled")
    return [f"{CEILING_AS_EXACT}'s {held}"] if held else []


def _noted(notes: tuple[str, ...], *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*notes, *more)))


def _formula(s: ArrayLike, c: ArrayLike, normalisation: Normalisation, p: float) -> NDArray[np.float64]:
    """The reported value of raw scores s and ceilings c, element by element; NaN where a ceiling is not above 0."""
    s, c = np.asarray(s, dtype=np.float64), np.asarray(c, dtype=np.float64)
    floor = p if normalisation is Normalisation.CHANCE else 0.0
    c = np.where(c > floor, c, np.nan)
    result = {
        Normalisation.RATIO: s / c,
        Normalisation.SIGNED_SQUARE: s * np.abs(s) / c,
        Normalisation.SQUARE: s**2 / c,
        Normalisation.ROOT: s / np.sqrt(c),
        Normalisation.SQUARED_RATIO: s * np.abs(s) / c**2,
        Normalisation.CHANCE: (s - p) / (c - p),
        Normalisation.CLIPPED: np.clip(s / c, 0, 1),
    }[normalisation]
    return np.asarray(result, dtype=np.float64)


def _rows(replicates: xr.DataArray | None) -> dict[str, tuple[NDArray[np.float64], str, int]]:
    """Factor -> (values without what fills up short rows, scheme, n_units)."""
    if replicates is None:
        return {}
    rows = {}
    for k, name in enumerate(replicates["factor"].values.tolist()):
        scheme, n_units, length = (replicates[of].values[k] for of in ("scheme", "n_units", "n_replicates"))
        rows[name] = (replicates.values[k, : int(length)], str(scheme), int(n_units))
    return rows


def _joint_replicates(score: Score, ceiling: Score, normalisation: Normalisation, chance: float) -> xr.DataArray | None:
    ours, theirs = _rows(score.replicates), _rows(ceiling.replicates)
    if not ours:
        return None
    if theirs and (BOTH in ours) != (BOTH in theirs):
        raise ValueError("score and ceiling have two crossed factors each, or neither: one of them lacks the replicates 'both'")
    both = [replicates for replicates in (score.replicates, ceiling.replicates) if replicates is not None]
    # Of replicates that say of which groups of stimuli they are (fornix.numerics.uncertainty.intervals.grouping).
    groupings = {replicates.attrs["grouping"] for replicates in both if "grouping" in replicates.attrs}
    if len(groupings) > 1:
        raise ValueError(OTHER_GROUPS)
    joint: dict[str, tuple[NDArray[np.float64], str, int]] = {}
    for name, (s, scheme, n_units) in ours.items():
        c, *plan = theirs.get(name, (np.full(len(s), ceiling.value), scheme, n_units))
        if plan != [scheme, n_units] or len(s) != len(c):
            raise ValueError(
                f"over {name} the score has {len(s)} {scheme} replicates of {n_units} units and its ceiling {len(c)} "
                f"{plan[0]} replicates of {plan[1]}: resample both by one plan"
            )
        joint[name] = (_formula(s, c, normalisation, chance), scheme, n_units)
    for name, (c, scheme, n_units) in theirs.items():
        if name not in ours:
            joint[name] = (_formula(score.value, c, normalisation, chance), scheme, n_units)
    return replicates_array(joint).assign_attrs({"grouping": groupings.pop()} if groupings else {})


def _mean_over_units(raw: Score, ceiling: Score, normalisation: Normalisation) -> Score:
    """The mean over units of their scores on the scale of their ceilings, both averaged over splits.

    Units that are NaN are left out; the raw score has counted them.
    """
    dim, coordinate, factor, word, formula = _OVER_UNITS[normalisation]
    scores, ceilings = (_by_name(score.units, dim, coordinate, normalisation) for score in (raw, ceiling))
    if set(scores) != set(ceilings):
        raise ValueError(
            f"the score has {len(scores)} {factor} and its ceiling {len(ceilings)} others: {normalisation} needs the same"
        )
    s, c = np.array(list(scores.values())), np.array([ceilings[name] for name in scores])
    low = ~((c >= LOWEST_UNIT_CEILING) & np.isfinite(c))
    notes = raw.notes
    if low.any():
        left_out = ", ".join(np.array(list(scores))[low])
        notes = _noted(notes, f"{low.sum()} of {len(s)} {word} have a {_LOW}, or none: {left_out}")
    if low.all():
        return raw.with_(notes=_noted(notes, CEILING_UNRELIABLE))
    values = _formula(s, c, formula, 0.0)
    kept = np.flatnonzero(~low & np.isfinite(values))
    names, values = np.array(list(scores))[kept], values[kept]
    changed = _without_groups(raw, ceiling, formula, names.tolist()) if dim == "neuroid" else None
    if changed is None and set(raw.resampled) - {factor}:
        notes = _noted(notes, f"error over {factor} alone")
    if changed is not None and ceiling.unit_replicates is None and ceiling.error != 0:
        notes = _noted(notes, CEILING_AS_EXACT)
    reported = raw.with_(
        value=float(values.mean()) if len(values) else math.nan,
        raw=raw.value,
        normalisation=normalisation,
        raw_replicates=raw.replicates,
        notes=notes,
        details={**raw.details, f"{word}{_BELOW}": float(low.sum())},
    )
    if changed is not None and len(values):
        change = np.nan_to_num(changed - values)
        return with_uncertainty(reported, replicates_array(mean_replicates(values, change, names)))
    left_one_out = (values.sum() - values) / max(len(values) - 1, 1)
    return with_uncertainty(reported, replicates_array({factor: (left_one_out, "jackknife")}))


def _without_groups(raw: Score, ceiling: Score, formula: Normalisation, names: list[str]) -> NDArray[np.float64] | None:
    """Units of these names on the scale of their ceilings without each group of stimuli (group, unit), if that is known."""
    if raw.unit_replicates is None:
        return None
    theirs = ceiling.unit_replicates
    if theirs is not None and theirs.attrs.get("grouping") != raw.unit_replicates.attrs.get("grouping"):
        raise ValueError(OTHER_GROUPS)
    s = _named(raw.unit_replicates, "neuroid", "neuroid_id", formula)
    if theirs is None:
        held = _by_name(ceiling.units, "neuroid", "neuroid_id", formula)
        c = {name: np.asarray(value) for name, value in held.items()}
    else:
        c = _named(theirs, "neuroid", "neuroid_id", formula)
    return np.stack([_formula(s[name], c[name], formula, 0.0) for name in names], axis=1) if names else None


def _by_name(units: xr.DataArray | None, dim: str, coordinate: str, normalisation: Normalisation) -> dict[str, float]:
    """Units along one dimension, by name, averaged over all others."""
    if units is None or dim not in units.dims:
        raise ValueError(f"{normalisation} needs the units of score and ceiling, both with a dimension {dim}")
    averaged = units.mean([d for d in units.dims if d != dim])
    return {name: float(value) for name, value in _named(averaged, dim, coordinate, normalisation).items()}


def _named(values: xr.DataArray, dim: str, coordinate: str, normalisation: Normalisation) -> dict[str, NDArray[np.float64]]:
    """Values by the names of units along one dimension."""
    names = values[coordinate].values if coordinate in values.coords else np.arange(values.sizes[dim])
    by_name = dict(zip(map(str, names), values.transpose(dim, ...).values, strict=True))
    if len(by_name) != values.sizes[dim]:
        raise ValueError(f"{normalisation} pairs score and ceiling by {coordinate}, and some of these names are there twice")
    return by_name
