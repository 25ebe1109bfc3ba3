"""Whether the 95 % intervals of scores cover the truth, and are no wider than they need be.

    python benchmarks/calibration.py --family kappa [--only "4 subjects"] [--draws 2000] [--seed 0]

Draws new data from worlds whose true score is known, scores each with its interval, and prints one Markdown row for each
world: coverage (due: 93.5 to 96.5 %) and mean width, as a multiple of that of the exact t interval of the same degrees of
freedom, ``2 t E[s]`` for a normal estimate with the standard deviation seen over the draws (due: 0.9 to 1.15). A NaN interval
is a miss. A family is a function that yields regimes; add it to ``FAMILIES``. Regimes take from minutes to a quarter of an
hour; ``--only`` runs those with these words in their names.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from scipy import special

import fornix
from fornix.interfaces import Metric, Score
from fornix.numerics.behaviour.error_consistency import error_consistency
from fornix.numerics.uncertainty.intervals import degrees_of_freedom


@dataclass(frozen=True)
class Regime:
    """One world: what it is called, its true score (a simulation itself), and a score with its interval from new data of it."""

    name: str
    truth: Callable[[], float]
    draw: Callable[[np.random.Generator], Score]


@dataclass(frozen=True)
class Calibration:
    """What many draws of one regime showed."""

    truth: float
    coverage: float
    width: float
    bias: float
    deviation: float
    error: float


def exact_width(df: float) -> float:
    """Mean width of the t interval of a normal estimate with standard deviation 1: ``2 t E[s]``, s being chi / sqrt(df)."""
    mean = math.sqrt(2 / df) * math.exp(special.gammaln((df + 1) / 2) - special.gammaln(df / 2))
    return float(2 * special.stdtrit(df, 0.975) * mean)


def calibrate(regime: Regime, draws: int, seed: int) -> Calibration:
    """Draw scores of a regime with a fixed seed, and compare their intervals with its truth and with their spread."""
    truth, rng = regime.truth(), np.random.default_rng(seed)
    scores = [regime.draw(rng) for _ in range(draws)]
    values = np.array([score.value for score in scores])
    intervals = np.array([score.interval for score in scores])
    exact = np.mean([exact_width(degrees_of_freedom(score.replicates)) for score in scores if score.replicates is not None])
    return Calibration(
        truth=truth,
        coverage=float(((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])).mean()),
        width=float((intervals[:, 1] - intervals[:, 0]).mean() / (exact * values.std(ddof=1))),
        bias=float(values.mean() - truth),
        deviation=float(values.std(ddof=1)),
        error=float(np.sqrt(np.mean([score.error**2 for score in scores]))),
    )


@dataclass(frozen=True)
class People:
    """People who err on the same images as far as these are difficult, and a model.

    An image has a difficulty d, normal. A person with the share s and the bar b is right where ``sqrt(s) d + sqrt(1-s) e > b``,
    e normal; the model likewise, with a share of 1/2 and a bar of -0.1.

    Parameters
    ----------
    differ : float
        How much people differ: the standard deviation of their shares around 0.5 and their bars around -0.3.
    """

    n_subjects: int
    n_images: int
    differ: float

    def persons(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Shares and bars of n people, (n, 1) each."""
        return np.clip(0.5 + self.differ * rng.normal(size=(n, 1)), 0.05, 0.95), -0.3 + self.differ * rng.normal(size=(n, 1))

    def truth(self) -> float:
        """Kappa for all images, averaged over all people: a quadrature over difficulty, for 200,000 people."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(80)
        weights = weights / weights.sum()
        share, bar = self.persons(np.random.default_rng(0), 200_000)
        person = special.ndtr((np.sqrt(share) * nodes - bar) / np.sqrt(1 - share))
        model = special.ndtr((math.sqrt(0.5) * nodes + 0.1) / math.sqrt(0.5))
        a, b, joint = person @ weights, model @ weights, (person * model) @ weights
        chance = a * b + (1 - a) * (1 - b)
        return float(((1 - a - b + 2 * joint - chance) / (1 - chance)).mean())

    def draw(self, rng: np.random.Generator) -> Score:
        difficulty = rng.normal(size=self.n_images)
        share, bar = self.persons(rng, self.n_subjects)
        noise = rng.normal(size=(self.n_subjects, self.n_images))
        right = np.sqrt(share) * difficulty + np.sqrt(1 - share) * noise > bar
        model = math.sqrt(0.5) * (difficulty + rng.normal(size=self.n_images)) > -0.1
        images = np.array([f"image{k:04d}" for k in range(self.n_images)])
        columns = {
            "subject": np.repeat([f"subject-{k:02d}" for k in range(self.n_subjects)], self.n_images),
            "stimulus_id": np.tile(images, self.n_subjects),
            "condition": np.full(right.size, "all"),
            "category": np.full(right.size, "cat"),
        }
        trials = xr.DataArray(
            np.where(right, "cat", "dog").ravel(), dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()}
        )
        labels = xr.DataArray(
            np.where(model, "cat", "dog"), dims=("presentation",), coords={"stimulus_id": ("presentation", images)}
        )
        return error_consistency(labels, trials)


def kappa() -> Iterator[Regime]:
    """Error consistency with few and many people, few and many images, people alike and different."""
    for n_subjects in (4, 12):
        for n_images in (60, 300):
            for differ in (0.05, 0.25):
                people = People(n_subjects, n_images, differ)
                name = f"kappa, {n_subjects} subjects, {n_images} images, subjects differ by {differ}"
                yield Regime(name, people.truth, people.draw)


@dataclass(frozen=True)
class Neurons:
    """Stimuli with features, and neuroids that respond to them linearly, each with weights of its own.

    A neuroid's gain is log-normal around ``gain`` (0.4 in the logarithm); its noise has variance 1, of which ``shared`` comes
    from 5 unknown features of the stimuli, with weights of its own again: so neuroids err together, as recorded ones do.

    Parameters
    ----------
    gain : float
        0: nothing is predicted.
    """

    n_stimuli: int
    n_neuroids: int
    gain: float
    shared: float = 0.3
    n_features: int = 20

    def pair(self, rng: np.random.Generator) -> tuple[xr.DataArray, xr.DataArray]:
        """A source (presentation, feature) and a target (presentation, neuroid) of new stimuli and new neuroids."""
        n, q, p = self.n_stimuli, self.n_neuroids, self.n_features
        features = rng.normal(size=(n, p))
        signal = features @ rng.normal(size=(p, q)) / math.sqrt(p) * self.gain * np.exp(0.4 * rng.normal(size=q))
        unknown = rng.normal(size=(n, 5)) @ rng.normal(size=(5, q)) / math.sqrt(5)
        noise = math.sqrt(self.shared) * unknown + math.sqrt(1 - self.shared) * rng.normal(size=(n, q))
        return _assembly(features), _assembly(signal + noise)

    def truth(self, value: Metric, draws: int = 500) -> float:
        """The mean value over other draws: within 5 % of the SD over draws, which moves coverage by less than 0.1 %."""
        rng = np.random.default_rng(10**6)
        return float(np.mean([value(*self.pair(rng)).value for _ in range(draws)]))

    def regime(self, name: str, metric: Metric, value: Metric) -> Regime:
        """The regime of a metric, and of the same without replicates, for its truth."""
        size = f"{self.n_stimuli} stimuli x {self.n_neuroids} neuroids"
        return Regime(
            f"{name}, {size}, gain {self.gain}, noise shared {self.shared}",
            partial(self.truth, value),
            lambda rng: metric(*self.pair(rng)),
        )


def _assembly(values: np.ndarray) -> xr.DataArray:
    names = {"stimulus_id": ("presentation", np.array([f"s{k:04d}" for k in range(len(values))]))}
    units = {"neuroid_id": ("neuroid", np.array([f"n{k:03d}" for k in range(values.shape[1])]))}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={**names, **units})


#: Gains with which a metric scores about 0, 0.2 and 0.6, by stimuli and neuroids. Ridge has a penalty of 10.
GAINS: dict[str, dict[tuple[int, int], tuple[float, float, float]]] = {
    "ridge": {(n, q): gains for n, gains in {60: (0.0, 0.36, 0.95), 300: (0.0, 0.28, 0.8)}.items() for q in (20, 150)},
    "rdm": {(n, q): gains for n in (60, 300) for q, gains in {20: (0.0, 0.41, 1.45), 150: (0.0, 0.29, 0.64)}.items()},
}
#: Of 20 features, the distances that 20 neuroids tell reach no score of 0.6, however strongly they respond.
FEATURES = {"ridge": 20, "rdm": 10}


def of_neurons(
    name: str, neuroids: tuple[int, ...] = (20, 150), shared: tuple[float, ...] = (0.3,), **options: object
) -> Iterator[Regime]:
    """A metric of neurons: few and many stimuli, few and many neuroids, nothing to predict, a little and much."""
    metric, value = (fornix.load_metric(name, replicates=replicates, **options) for replicates in (True, False))
    for ((n_stimuli, n_neuroids), gains), share in itertools.product(GAINS[name].items(), shared):
        for gain in gains if n_neuroids in neuroids else ():
            yield Neurons(n_stimuli, n_neuroids, gain, share, FEATURES[name]).regime(name, metric, value)


FAMILIES: dict[str, Callable[[], Iterator[Regime]]] = {
    "kappa": kappa,
    "ridge": partial(of_neurons, "ridge", alphas=[10.0]),
    "ridge-shared": partial(of_neurons, "ridge", neuroids=(150,), shared=(0.0, 0.5), alphas=[10.0]),
    "rdm": partial(of_neurons, "rdm"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=sorted(FAMILIES), required=True)
    parser.add_argument("--only", default="", help="regimes with these words in their names")
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    show = partial(print, flush=True)  # a regime takes minutes
    show("| regime | truth | bias | SD | error / SD | coverage | width / exact |")
    show("| --- | --- | --- | --- | --- | --- | --- |")
    for regime in FAMILIES[arguments.family]():
        if arguments.only not in regime.name:
            continue
        found = calibrate(regime, arguments.draws, arguments.seed)
        show(
            f"| {regime.name} | {found.truth:.3f} | {found.bias:+.4f} | {found.deviation:.4f} "
            f"| {found.error / found.deviation:.2f} | {found.coverage:.1%} | {found.width:.2f} |"
        )


if __name__ == "__main__":
    main()
