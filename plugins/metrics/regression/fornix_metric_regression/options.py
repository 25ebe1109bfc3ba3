"""From the options of a card to its metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from fornix.errors import UsageError
from fornix.numerics.backends import scoring_device
from fornix_metric_regression.banded import BandedRidge, BandedRidgeMetric
from fornix_metric_regression.estimator import Estimator
from fornix_metric_regression.fitting import Fitting
from fornix_metric_regression.linear import Linear
from fornix_metric_regression.metric import RegressionMetric
from fornix_metric_regression.neuron_to_neuron import NeuronToNeuron
from fornix_metric_regression.pls import PLS
from fornix_metric_regression.ridge import Ridge
from fornix_metric_regression.splitting import Splitting
from fornix_metric_regression.timing import Timing

#: Options that splits of a kind do not read.
_UNUSED: Final = {
    "kfold": ("train_size",),
    "group_kfold": ("train_size", "seed"),
    "given": ("n_splits", "train_size", "seed", "stratify_on"),
}


def regression_metric(identifier: str, options: Mapping[str, Any]) -> RegressionMetric | BandedRidgeMetric:
    """The metric of a card. Regressions, but for ``neuron_to_neuron``, are computed where ``FORNIX_SCORING_DEVICE`` says.

    Parameters
    ----------
    identifier : {"pls", "ridge", "linear", "neuron_to_neuron", "banded_ridge"}
    options : mapping
        As the card declares them, all given.

    Raises
    ------
    UsageError
        If a number is out of its range, or an option has no effect beside the others.
    """
    common = dict(options)
    _refuse_unused(identifier, common)
    common["timing"] = _timing(identifier, common)
    estimator: Estimator
    fitting = Fitting(scoring_device())
    if identifier == "pls":
        n_components = common.pop("n_components")
        if n_components < 1:
            raise UsageError(f"option 'n_components' of metric 'pls' is {n_components}; expected at least 1")
        estimator = PLS(n_components, fitting.device)
    elif identifier == "ridge":
        estimator = Ridge(_alphas(identifier, common), common.pop("alpha_scale") == "mean_diagonal", fitting=fitting)
        common["alpha_per"] = tuple(common["alpha_per"])
    elif identifier == "banded_ridge":
        mean_diagonal = common.pop("alpha_scale") == "mean_diagonal"
        estimator = BandedRidge(_alphas(identifier, common), mean_diagonal, common.pop("band_on"), fitting)
    elif identifier == "neuron_to_neuron":
        estimator = NeuronToNeuron()
    else:
        estimator = Linear(fitting)
    if not 0 < common["train_size"] < 1:
        raise UsageError(f"option 'train_size' of metric {identifier!r} is {common['train_size']}; expected between 0 and 1")
    splitting = Splitting(**{f.name: common.pop(f.name) for f in fields(Splitting)})
    metric = RegressionMetric(estimator, splitting=splitting, **common)
    return BandedRidgeMetric(metric) if identifier == "banded_ridge" else metric


def _refuse_unused(identifier: str, options: Mapping[str, Any]) -> None:
    """Raises UsageError where an option that is not at its default changes nothing, so that nobody thinks it does."""
    splits = options["splits"]
    for name in _UNUSED.get(splits, ()):
        if options[name] != getattr(Splitting, name):
            raise UsageError(f"option {name!r} of metric {identifier!r} has no effect with splits={splits!r}: leave it out")
    if options.get("alpha_per") and len(options["alphas"]) == 1:
        raise UsageError(
            f"option 'alpha_per' of metric {identifier!r} has no effect with one of alphas: give several, or leave it out"
        )
    for name in ("run_on", "order_on"):
        if options[name] and options["delays"] == [0]:
            raise UsageError(f"option {name!r} of metric {identifier!r} has no effect without delays: give them, or leave it out")
        if options[name] and options["time"] == "across":
            raise UsageError(
                f"option {name!r} of metric {identifier!r} has no effect with time='across', whose delays look back over time "
                "bins: leave it out"
            )


def _timing(identifier: str, options: dict[str, Any]) -> Timing:
    """Takes its options out of those of a card."""
    delays = options.pop("delays")
    if not delays or any(not isinstance(d, int) or isinstance(d, bool) for d in delays) or len(set(delays)) < len(delays):
        raise UsageError(f"option 'delays' of metric {identifier!r} is {delays}; expected whole numbers, each once, at least one")
    return Timing(options.pop("time"), tuple(delays), options.pop("run_on"), options.pop("order_on"))


def _alphas(identifier: str, options: dict[str, Any]) -> tuple[float, ...]:
    alphas = options.pop("alphas")
    numbers = [a for a in alphas if isinstance(a, int | float) and not isinstance(a, bool) and 1e-100 <= a <= 1e100]
    if not numbers or len(numbers) < len(alphas):
        raise UsageError(
            f"option 'alphas' of metric {identifier!r} is {list(alphas)}; expected numbers above 0, at least one, none beyond "
            "1e-100 or 1e100"
        )
    return tuple(float(a) for a in numbers)
