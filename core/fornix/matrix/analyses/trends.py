"""How scores go with a number of the models: their size, their year, or their score on another benchmark."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from fornix.errors import UsageError
from fornix.matrix.analyses.taking_part import left_out, place_of
from fornix.registry.options import did_you_mean

#: A line through two points has no error.
FEWEST: Final = 3
#: Numbers of cards that span this factor are fitted by their logarithm.
_DECADE: Final = 10.0
#: Points of the fitted curve.
_POINTS: Final = 101


def trend(
    matrix: xr.Dataset,
    benchmark: str,
    against: str,
    *,
    scale: Literal["auto", "linear", "log"] = "auto",
    controls: bool = True,
) -> xr.Dataset:
    """The scores of models on a benchmark against a number, with a straight line fitted through them.

    The line ``score = intercept + slope * x``, x the number or its logarithm to base 10, is that of least squares, without
    weights: models lie off any line by much more than their standard errors, so that weights by these would let the few
    models of small error decide. Intervals are exact for independent deviations of one normal distribution (t, n - 2 degrees
    of freedom), the mean at x having the variance ``s^2 (1/n + (x - mean(x))^2 / sum((x - mean(x))^2))``. Models of one family
    are not independent, so the uncertainty is at least that large. Errors of a number that is itself a score make the slope
    smaller than it is.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
    benchmark : str
        Whose scores.
    against : str
        A number that the matrix has of models (a coordinate, such as ``parameters`` or ``model_year``), or another benchmark.
    scale : {"auto", "linear", "log"}
        auto: log for numbers of cards whose positive values span a factor of 10 or more, else linear.
    controls : bool
        Whether models that their cards call controls are fitted.

    Returns
    -------
    Dataset, dims (model, at)
        On model (all of the matrix): number, number_error (of a score, else NaN), number_low and number_high (its 95 % interval),
        value, error, interval_low, interval_high; left_out, why a model is not fitted (empty where it is). On ``at``, numbers
        from the smallest to the largest fitted: fitted, fitted_low, fitted_high, the line and the 95 % interval of the mean
        score there. Attributes: benchmark, against, scale, n, slope, slope_low, slope_high, intercept, pearson (of x and the
        scores), spearman, p (two-sided, of slope 0), all NaN where there is no line; and ``no_fit``, why there is none, else
        empty.

    Raises
    ------
    UsageError
        If the matrix has no such benchmark or number, or the scale is not known.
    """
    if scale not in ("auto", "linear", "log"):
        raise UsageError(f"a scale is auto, linear or log, not {scale!r}")
    place = place_of(matrix, benchmark)
    why = left_out(matrix, controls=controls)
    beside = why[:, place].astype(object)
    number, spread, lacking = _numbers(matrix, against, why)
    beside = np.where(beside == "", lacking, beside)
    on_log = scale == "log" or (scale == "auto" and against in matrix.coords and _spans_decades(number))
    if on_log:
        beside = np.where((beside == "") & ~(number > 0), f"{against} is not above 0, so it has no logarithm", beside)
    column = matrix.isel(benchmark=place)
    fitted = beside == ""
    curve, said = _line(number[fitted], column["value"].values[fitted], log=on_log)
    return xr.Dataset(
        {
            "number": ("model", number),
            **{name: ("model", values) for name, values in spread.items()},
            **{name: ("model", column[name].values) for name in ("value", "error", "interval_low", "interval_high")},
            "left_out": ("model", np.asarray(beside, dtype=np.str_)),
            **{name: ("at", values) for name, values in curve.items() if name != "at"},
        },
        coords={"model": matrix["model"].values, "control": ("model", matrix["control"].values), "at": curve["at"]},
        attrs={
            "benchmark": benchmark,
            "against": against,
            "scale": "log" if on_log else "linear",
            "n": int(fitted.sum()),
            **said,
        },
    )


def _numbers(
    matrix: xr.Dataset, against: str, why: NDArray[np.str_]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]], NDArray[Any]]:
    """The number of each model, its error and interval where it is a score, and why it is not to be used."""
    unknown = np.full(matrix.sizes["model"], np.nan)
    offered = [
        str(name)
        for name, coordinate in matrix.coords.items()
        if coordinate.dims == ("model",) and np.issubdtype(coordinate.dtype, np.number)
    ]
    if against in offered:
        number = matrix[against].values.astype(np.float64)
        lacking = np.where(np.isfinite(number), "", f"{against} not known")
        return number, {"number_error": unknown, "number_low": unknown, "number_high": unknown}, lacking
    benchmarks = matrix["benchmark"].values.tolist()
    if against not in benchmarks:
        numbers = ", ".join(offered) if offered else "none"
        raise UsageError(
            f"{against} is neither a benchmark of the matrix nor a number that it has of models ({numbers})"
            + did_you_mean(against, [*offered, *benchmarks])
        )
    column = matrix.isel(benchmark=benchmarks.index(against))
    lacking = why[:, benchmarks.index(against)].astype(object)
    lacking = np.where(lacking == "", "", f"{against}: " + lacking)
    spread = {"number_error": "error", "number_low": "interval_low", "number_high": "interval_high"}
    return column["value"].values.astype(np.float64), {name: column[of].values for name, of in spread.items()}, lacking


def _spans_decades(number: NDArray[np.float64]) -> bool:
    positive = number[number > 0]
    return len(positive) > 0 and bool(positive.max() >= _DECADE * positive.min())


def _line(x: NDArray[np.float64], y: NDArray[np.float64], *, log: bool) -> tuple[dict[str, NDArray[np.float64]], dict[str, Any]]:
    """The fitted line at numbers from the smallest to the largest, and what there is to say of it."""
    n = len(x)
    if n < FEWEST or np.ptp(x) == 0:
        why = (
            f"{n} {'model' if n == 1 else 'models'}, and a line takes {FEWEST}"
            if n < FEWEST
            else "the number is the same of all models"
        )
        said = dict.fromkeys(("slope", "slope_low", "slope_high", "intercept", "pearson", "spearman", "p"), np.nan)
        return {name: np.zeros(0) for name in ("at", "fitted", "fitted_low", "fitted_high")}, {**said, "no_fit": why}
    u = np.log10(x) if log else x
    # a year far from 0 would cost digits of the intercept's variance, so the line is taken about the mean
    centre = float(u.mean())
    fit = stats.linregress(u - centre, y)
    t = float(stats.t.ppf(0.975, n - 2))
    along = np.linspace(u.min(), u.max(), _POINTS)
    mean = fit.intercept + fit.slope * (along - centre)
    half = t * np.hypot(fit.intercept_stderr, fit.stderr * (along - centre))
    at = 10.0**along if log else along
    return {"at": at, "fitted": mean, "fitted_low": mean - half, "fitted_high": mean + half}, {
        "slope": float(fit.slope),
        "slope_low": float(fit.slope - t * fit.stderr),
        "slope_high": float(fit.slope + t * fit.stderr),
        "intercept": float(fit.intercept - fit.slope * centre),
        "pearson": float(fit.rvalue),
        "spearman": float(stats.spearmanr(x, y).statistic) if np.ptp(y) > 0 else np.nan,
        "p": float(fit.pvalue),
        "no_fit": "",
    }
