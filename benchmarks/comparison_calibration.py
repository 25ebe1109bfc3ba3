"""Whether two models of equal truth are called different as rarely as they should be, and models that differ as often.

    python benchmarks/comparison_calibration.py --family ridge | ridge-ceiled | rdm | kappa [--only WORDS ...] [--draws 1000]

Draws new stimuli, new neuroids or people, and two models that see the stimuli each in a way of its own; scores both on the same
data, and compares them by the paired test of ``fornix.compare``. A regime is drawn twice: with models that are equal in truth
(due: 3.6 to 6.4 % of 1,000 comparisons have p <= 0.05, which is 5 % give or take two standard errors), and with one that is
worse by about 2 standard errors, of which 45 % or more are to be found. How many are found of differences of exactly 2 is
told too, by adding to the drawn ones. Prints a Markdown row each.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from worlds import assembly, decisions

import fornix
from fornix.interfaces import Normalisation, Score
from fornix.matrix.comparing.measured import measured, side_by_side
from fornix.numerics.behaviour.error_consistency import error_consistency
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.ceilings.reliability import internal_consistency
from fornix.numerics.comparison.evidence import p_values

Generator = np.random.Generator
#: Two scores of new data: the second model's view is worse by this much, 0: equal.
Draw = Callable[[Generator, float], tuple[Score, Score]]


@dataclass(frozen=True)
class Regime:
    """A world with two models, and by how much the second is made worse for a difference of about 2 standard errors."""

    name: str
    draw: Draw
    worse: float


@dataclass(frozen=True)
class Found:
    """What many comparisons showed.

    Parameters
    ----------
    score : float
        The mean of the first model.
    difference : float
        The mean difference, as a multiple of its standard deviation over draws.
    error : float
        The root mean square of the standard errors of differences, as a multiple of the same.
    correlation : float
        Of both models' scores over draws.
    called : float
        The share with p <= 0.05.
    unpaired : float
        The same with errors added as if the scores were independent.
    of_two_deviations, of_two_errors : float
        The share with p <= 0.05 of the differences around their mean, once 2 of their standard deviations, or of their root
        mean square standard errors, are added to each and taken off each.
    """

    score: float
    difference: float
    error: float
    correlation: float
    called: float
    unpaired: float
    of_two_deviations: float
    of_two_errors: float


def compare(draw: Draw, worse: float, draws: int, seed: int) -> Found:
    """Draw pairs of scores with a fixed seed, and test each difference."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(draws):
        a, b = draw(rng, worse)
        side = side_by_side({"a": measured(a), "b": measured(b)})
        assert not side.left
        x, y = side.straight.tolist()
        variance, freedom = side.pairs.variance[0, 1], side.pairs.freedom[0, 1]
        p, apart = (float(p_values(x - y, v, freedom)) for v in (variance, side.pairs.single.sum()))
        rows.append((x, y, variance, freedom, p, apart))
    x, y, variance, freedom, p, apart = np.array(rows).T
    spread, error, around = (x - y).std(ddof=1), np.sqrt(variance.mean()), x - y - (x - y).mean()

    def of_two(unit: float) -> float:
        moved = np.concatenate([around + 2 * unit, around - 2 * unit])
        return float((p_values(moved, np.tile(variance, 2), np.tile(freedom, 2)) <= 0.05).mean())

    return Found(
        score=float(x.mean()),
        difference=float((x - y).mean() / spread),
        error=float(error / spread),
        correlation=float(np.corrcoef(x, y)[0, 1]),
        called=float((p <= 0.05).mean()),
        unpaired=float((apart <= 0.05).mean()),
        of_two_deviations=of_two(spread),
        of_two_errors=of_two(error),
    )


@dataclass(frozen=True)
class Neurons:
    """Stimuli with features, neuroids that respond to them linearly, and two models that each see the features with errors.

    Each neuroid has weights of its own and a gain that is log-normal around ``gain`` (0.4 in the logarithm); its noise has
    variance 1, of which 0.3 comes from 5 features of the stimuli that no model sees. A model's errors are fixed for a stimulus,
    so both models are equal in truth, on average over stimuli and neuroids.

    Parameters
    ----------
    partial_views : bool
        The models lack a quarter of the features each, another quarter; so neuroids differ by which model is better for them.
    repetitions : int
        How often each stimulus is shown; responses are averaged.
    errors : float
        The standard deviation of a model's errors: where it is small, models agree closely.
    """

    n_stimuli: int
    n_neuroids: int
    gain: float
    n_features: int = 20
    partial_views: bool = False
    repetitions: int = 1
    errors: float = 0.7

    def draw(self, rng: Generator, worse: float) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
        """Both models' responses, and those measured, of new stimuli and new neuroids."""
        n, q, p = self.n_stimuli, self.n_neuroids, self.n_features
        features = rng.normal(size=(n, p))
        signal = features @ rng.normal(size=(p, q)) / math.sqrt(p) * self.gain * np.exp(0.4 * rng.normal(size=q))
        unknown = rng.normal(size=(n, 5)) @ rng.normal(size=(5, q)) / math.sqrt(5)
        noise = math.sqrt(0.7) * rng.normal(size=(self.repetitions, n, q))
        measured_responses = signal + math.sqrt(0.3) * unknown + noise
        errors = rng.normal(size=(2, n, p)) * (self.errors + np.array([0.0, worse]))[:, None, None]
        a, b = features + errors
        if self.partial_views:
            a, b = a[:, : p - p // 4], b[:, p // 4 :]
        return assembly(a), assembly(b), self._repeated(measured_responses)

    def _repeated(self, responses: np.ndarray) -> xr.DataArray:
        each = [assembly(values, repetition=np.full(self.n_stimuli, k)) for k, values in enumerate(responses)]
        return xr.concat(each, "presentation")

    @property
    def name(self) -> str:
        views = ", each lacking other features" if self.partial_views else ""
        alike = f", models' errors {self.errors}" if self.errors != Neurons.errors else ""
        return f"{self.n_stimuli} stimuli x {self.n_neuroids} neuroids, gain {self.gain}{views}{alike}"


def scored(world: Neurons, metric: fornix.interfaces.Metric, rng: Generator, worse: float) -> tuple[Score, Score]:
    """Both models, raw."""
    a, b, target = world.draw(rng, worse)
    return metric(a, target), metric(b, target)


def ceiled(world: Neurons, metric: fornix.interfaces.Metric, rng: Generator, worse: float) -> tuple[Score, Score]:
    """Both models, as ``r|r|/c`` of one ceiling, the consistency of the repetitions."""
    a, b, target = world.draw(rng, worse)
    ceiling = internal_consistency(target)
    mean = assembly(target.values.reshape(world.repetitions, world.n_stimuli, -1).mean(axis=0))
    first, second = (normalise(metric(model, mean), ceiling, Normalisation.SIGNED_SQUARE) for model in (a, b))
    return first, second


def ridge() -> Iterator[Regime]:
    """Medians over neuroids of cross-validated correlations."""
    metric = fornix.load_metric("ridge", alphas=[10.0])
    for world, worse in (
        (Neurons(60, 20, 0.95), 0.43),
        (Neurons(60, 50, 0.95), 0.275),
        (Neurons(60, 50, 0.95, partial_views=True), 0.42),
        (Neurons(60, 50, 0.36), 1.6),
        (Neurons(60, 20, 0.95, errors=0.2), 0.28),
    ):
        yield Regime(f"ridge, {world.name}", partial(scored, world, metric), worse)


def ridge_ceiled() -> Iterator[Regime]:
    """The same on the scale of a ceiling."""
    metric = fornix.load_metric("ridge", alphas=[10.0])
    world = Neurons(60, 50, 0.95, repetitions=6)
    yield Regime(f"ridge as r|r|/c, {world.name}", partial(ceiled, world, metric), 0.22)


def rdm() -> Iterator[Regime]:
    """Agreement of dissimilarities."""
    metric = fornix.load_metric("rdm")
    for world, worse in (
        (Neurons(60, 20, 1.45, 10), 0.24),
        (Neurons(60, 50, 0.8, 10), 0.26),
        (Neurons(60, 50, 0.8, 10, partial_views=True), 0.385),
    ):
        yield Regime(f"rdm, {world.name}", partial(scored, world, metric), worse)


def people(n_subjects: int, n_images: int, rng: Generator, worse: float) -> tuple[Score, Score]:
    """Two models that err on images as people do, as far as these are difficult; the second sees less of how difficult they are.

    A person is right where ``sqrt(s) d + sqrt(1 - s) e > b`` of the difficulty d of an image and e, both normal; shares s and
    bars b differ between people by 0.1 around 0.5 and -0.3. Models have a share of 1/2 and a bar of -0.1.
    """
    difficulty = rng.normal(size=n_images)
    share = np.clip(0.5 + 0.1 * rng.normal(size=(n_subjects, 1)), 0.05, 0.95)
    bar = -0.3 + 0.1 * rng.normal(size=(n_subjects, 1))
    right = np.sqrt(share) * difficulty + np.sqrt(1 - share) * rng.normal(size=(n_subjects, n_images)) > bar
    own = rng.normal(size=(2, n_images))
    models = np.sqrt([[0.5], [0.5 - worse]]) * difficulty + np.sqrt([[0.5], [0.5 + worse]]) * own > -0.1
    (first, trials), (second, _) = (decisions(model, right) for model in models)
    return error_consistency(first, trials), error_consistency(second, trials)


def kappa() -> Iterator[Regime]:
    """Error consistency with few and many people."""
    for n_subjects, n_images, worse in ((4, 60, 0.45), (4, 300, 0.205), (12, 60, 0.44), (12, 300, 0.19)):
        yield Regime(f"kappa, {n_subjects} subjects, {n_images} images", partial(people, n_subjects, n_images), worse)


FAMILIES: dict[str, Callable[[], Iterator[Regime]]] = {
    "ridge": ridge,
    "ridge-ceiled": ridge_ceiled,
    "rdm": rdm,
    "kappa": kappa,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=sorted(FAMILIES), required=True)
    parser.add_argument("--only", nargs="+", default=[], metavar="WORDS", help="rows with all of these in their names")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    show = partial(print, flush=True)  # a regime takes minutes
    show("| regime | score | correlation | true difference / SD | error / SD | called | unpaired | of 2 SD | of 2 errors |")
    show("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for regime in FAMILIES[arguments.family]():
        for name, worse in ((f"{regime.name}, equal", 0.0), (f"{regime.name}, one worse", regime.worse)):
            if not all(words in name for words in arguments.only):
                continue
            found = compare(regime.draw, worse, arguments.draws, arguments.seed)
            show(
                f"| {name} | {found.score:.3f} | {found.correlation:.2f} | {found.difference:.2f} | {found.error:.2f} "
                f"| {found.called:.1%} | {found.unpaired:.1%} | {found.of_two_deviations:.1%} | {found.of_two_errors:.1%} |"
            )


if __name__ == "__main__":
    main()
