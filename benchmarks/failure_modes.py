"""How metrics fail, and how their definitions differ, on data whose truth is known: tables and figures of docs/metrics.

    python benchmarks/failure_modes.py [PAGE ...]

Prints what the tables and sentences of each page say and no test holds (all pages: about two minutes). What is not said of a
world is in its function; noise has a variance of 1 unless its SD is given, and draw k has the seed k.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import stats
from worlds import Array, Generator, assembly, choices, driven, in_bins, repeated, slow, smooth, stories

import fornix
from fornix.interfaces import Normalisation, Score
from fornix.numerics.ceilings.normalisation import normalise

PARITY = Path(__file__).parents[1] / "tests" / "parity"
#: What the pages call tuned.
TUNED: Mapping[str, object] = {"alphas": np.logspace(-6, 6, 25).tolist(), "alpha_scale": "mean_diagonal"}
BY_STORY: Mapping[str, object] = {"splits": "group_kfold", "group_on": "story"}


def value(metric: str, source: object, target: xr.DataArray, **options: object) -> float:
    """The value alone."""
    return float(fornix.load_metric(metric, replicates=False, **options)(source, target).value)


def draws(n: int) -> Iterator[Generator]:
    """Draw k of a world has the seed k."""
    return (np.random.default_rng(seed) for seed in range(n))


def mean(n: int, draw: Callable[[Generator], Iterable[float]]) -> Array:
    """The mean over n draws of what a draw scores: (k,)."""
    return np.mean([list(draw(rng)) for rng in draws(n)], axis=0)


def row(name: str, *numbers: float, digits: int = 2) -> None:
    """One row of a table."""
    print("| " + " | ".join([name, *(f"{number:.{digits}f}" for number in numbers)]) + " |", flush=True)


def spread(name: str, scores: list[Score]) -> None:
    """Scores over draws: their mean and SD, their root mean squared error, and how many intervals hold that mean, and 0."""
    values, errors = (np.array(numbers) for numbers in zip(*((score.value, score.error) for score in scores), strict=True))
    held = [sum(s.interval[0] <= truth <= s.interval[1] for s in scores) for truth in (values.mean(), 0.0)]
    error, sd = np.sqrt(np.mean(errors**2)), values.std(ddof=1)
    print(f"{name}: mean {values.mean():.3f}, SD {sd:.3f}, error {error:.3f}, error / SD {error / sd:.2f};", end=" ")
    print(f"of {len(scores)} intervals {held[0]} hold the mean, {held[1]} hold 0", flush=True)


def ridge_and_linear() -> None:
    """200 stimuli, 20 neuroids driven by 50 of 400 features, signal and noise of variance 1; mean of 10. Then errors."""
    print("| features | ridge, alpha 1 | ridge, tuned | linear |")

    def draw(rng: Generator) -> Iterable[float]:
        x, y = driven(rng)
        for source in (*(x[:, :p] for p in (50, 170, 180, 190, 400)), x / 1000):
            for metric, options in (("ridge", {}), ("ridge", TUNED), ("linear", {})):
                yield value(metric, assembly(source), assembly(y), **options)

    for name, numbers in zip(("50", "170", "180", "190", "400", "400, / 1000"), mean(10, draw).reshape(-1, 3), strict=True):
        row(name, *numbers)
    pairs = [tuple(assembly(side) for side in driven(rng, p=50)) for rng in draws(20)]
    for name, definition in itertools.product(("ridge", "linear"), ("default", "brainscore")):
        metric = fornix.load_metric(name, definition=definition)
        spread(f"{name}, {definition}, 50 features", [metric(*pair) for pair in pairs])


def splits() -> None:
    """Series of windows that remember each other, and stimuli on both sides of a split; ridge, alpha 1."""
    print("unrelated: 20 stories of 60 windows, smoothed over 20, 20 neuroids; mean of 3\n| features | shuffle | group_kfold |")
    for p in (20, 50, 100):

        def unrelated(rng: Generator, p: int = p) -> Iterable[float]:
            x, y = assembly(smooth(rng, p)), assembly(smooth(rng, 20), story=stories(20))
            return [value("ridge", x, y), value("ridge", x, y, **BY_STORY)]

        row(str(p), *mean(3, unrelated))
    metric, scores = fornix.load_metric("ridge", **BY_STORY), []
    for rng in draws(20):
        x, known, unknown = smooth(rng, 10), rng.normal(size=(10, 20)) / np.sqrt(10), rng.normal(size=(3, 20)) / np.sqrt(3)
        y = x @ known + smooth(rng, 3) @ unknown + smooth(rng, 20)
        scores.append(metric(assembly(x), assembly(y, story=stories(20))))
    spread("related: 20 such stories, 10 features, 20 neuroids with 3 slow unknown signals in common, group_kfold", scores)

    def chosen(rng: Generator) -> Iterable[float]:
        x = smooth(rng, 60)
        y = assembly(x[:, :4] @ rng.normal(size=(4, 20)) / 2 + 3 * smooth(rng, 20), story=stories(20))
        for options in ({"definition": "brainscore"}, {}):
            yield value("ridge", assembly(x), y, **BY_STORY, **TUNED, **options)

    print("60 such features of which 4 matter, group_kfold, penalty chosen by leaving out; mean of 10")
    print("| single windows (brainscore) | whole stories (default) |")
    row("", *mean(10, chosen))

    def twice(rng: Generator) -> Iterable[float]:
        x, answer = rng.normal(size=(100, 80)), rng.normal(size=(100, 10))
        target = repeated(answer + 0.1 * rng.normal(size=(2, 100, 10)))
        target = target.assign_coords(split=("presentation", np.repeat(["train", "test"], 100)))
        for options in ({}, {"definition": "brainscore"}, {"definition": "brainscore", "splits": "given"}):
            yield value("ridge", assembly(x), target, **options)

    print("100 stimuli shown twice, 80 unrelated features, 10 neuroids that repeat but for noise of SD 0.1; mean of 10")
    print("| default | brainscore | brainscore, given: first and second showing |")
    row("", *mean(10, twice))


def pls() -> None:
    """300 stimuli; 80 units and 30 neuroids mix 10 latent dimensions (variance 1), with noise on both; mean of 10."""
    components = (1, 2, 5, 10, 25, 60)

    def draw(rng: Generator) -> Iterable[float]:
        z = rng.normal(size=(300, 10))
        x, y = (z @ rng.normal(size=(10, k)) / np.sqrt(10) + rng.normal(size=(300, k)) for k in (80, 30))
        loud = np.hstack([x, 10 * rng.normal(size=(300, 30))])
        yield from (value("pls", assembly(x), assembly(y), n_components=k) for k in components)
        yield value("ridge", assembly(x), assembly(y), **TUNED)
        yield value("pls", assembly(loud), assembly(y))
        yield value("ridge", assembly(loud), assembly(y), **TUNED)

    print(f"| {' | '.join(map(str, components))} components | ridge, tuned | pls, 30 more units of noise of SD 10 | ridge |")
    row("", *mean(10, draw))
    unrelated = [[assembly(rng.normal(size=(300, k))) for k in (80, 30)] for rng in draws(20)]
    spread("80 unrelated units", [fornix.load_metric("pls")(x, y) for x, y in unrelated])


def neuron_to_neuron() -> None:
    """300 stimuli, 30 neuroids; mean of 10. Then errors."""

    def draw(rng: Generator) -> Iterable[float]:
        x, rotation = rng.normal(size=(300, 60)), np.linalg.qr(rng.normal(size=(60, 60)))[0]
        y = assembly(x[:, :30] + rng.normal(size=(300, 30)))
        for source, metric in itertools.product((x, x @ rotation), ("neuron_to_neuron", "ridge")):
            yield value(metric, assembly(source), y)

    def mixed(rng: Generator) -> Iterable[float]:
        z = rng.normal(size=(300, 10))
        y = assembly(z @ rng.normal(size=(10, 30)) / np.sqrt(10) + rng.normal(size=(300, 30)))
        return [value("neuron_to_neuron", assembly(z @ rng.normal(size=(10, k))), y) for k in (10, 100, 1000)]

    print("neuroids are 30 of 60 units, with noise\n| | neuron_to_neuron | ridge, alpha 1 |")
    for name, numbers in zip(("as they are", "units rotated"), mean(10, draw).reshape(-1, 2), strict=True):
        row(name, *numbers)
    print("units mix 10 latent dimensions, neuroids the same with noise\n| 10 units | 100 | 1,000 |")
    row("", *mean(10, mixed))
    metric = fornix.load_metric("neuron_to_neuron")
    for n, gain in ((60, 1.0), (300, 1.0), (60, 0.0)):
        pairs = [(rng.normal(size=(n, 30)), rng.normal(size=(n, 20))) for rng in draws(40)]
        scores = [metric(assembly(x), assembly(gain * x[:, :20] + noise)) for x, noise in pairs]
        spread(f"{n} stimuli, 20 neuroids that are {gain:g} times 20 of 30 units, with noise", scores)


def banded_ridge() -> None:
    """200 stimuli, 20 neuroids; a of 50 features gives them a signal of variance 1, b as the row says; mean of 3."""

    def draw(rng: Generator, p: int, gain: float) -> Iterable[float]:
        a, b = rng.normal(size=(200, 50)), rng.normal(size=(200, p))
        signals = [x @ rng.normal(size=(x.shape[1], 20)) / np.sqrt(x.shape[1]) for x in (a, b)]
        y = assembly(signals[0] + gain * signals[1] + rng.normal(size=(200, 20)))
        score = fornix.load_metric("banded_ridge", replicates=False)({"a": assembly(a), "b": assembly(b)}, y)
        return [
            score.value,
            score.details["one penalty"],
            score.details["unimodal control"],
            value("ridge", assembly(a / 1000), y),
        ]

    print("| b | banded | one penalty | unimodal control | a alone in units of 1/1000, alpha 1 |")
    for name, p, gain in (
        ("2,000 features of noise", 2000, 0.0),
        ("2,000 features, gain 1", 2000, 1.0),
        ("10 features, gain 1", 10, 1.0),
    ):
        row(name, *mean(3, lambda rng, p=p, gain=gain: draw(rng, p, gain)))


def time_bins_and_runs() -> None:
    """A source that knows the time alone; 6 unrelated runs of 100 volumes, 20 units, 20 voxels; ridge, alpha 1, 20 draws."""
    metric, course, pooled, scores = fornix.load_metric("ridge", time="across"), np.sin(np.arange(5)), [], []
    for rng in draws(20):
        knows_time, y = np.eye(5) + 0.01 * rng.normal(size=(60, 5, 5)), 10 * course + rng.normal(size=(60, 10, 5))
        pooled.append(np.corrcoef(np.tile(course, 60), y[:, 0].ravel())[0, 1])
        scores.append(metric(in_bins(knows_time), in_bins(y)))
    print(f"60 stimuli answer 5 bins by 10 sin(bin) and noise: stimuli and bins together, time correlates {np.mean(pooled):.2f}")
    spread("bin by bin", scores)
    run = np.repeat([f"run{k}" for k in range(6)], 100)
    pairs = [(assembly(slow(rng, 20)), assembly(slow(rng, 20), run=run)) for rng in draws(20)]
    for options in ({"splits": "kfold"}, {"splits": "group_kfold", "group_on": "run", "n_splits": 6}):
        found = [value("ridge", x, y, **options) for x, y in pairs]
        print(f"{options['splits']}: mean {np.mean(found):.2f}, SD {np.std(found, ddof=1):.2f}")


def rdm_and_cka() -> None:
    """60 stimuli; 30 features and 25 neuroids mix 5 latent dimensions, with noise of SD 0.3; mean of 10."""
    compared = (("rdm", {}), ("rdm", {"distance": "euclidean"}), ("cka", {}), ("procrustes", {}))

    def draw(rng: Generator) -> Iterable[float]:
        z = rng.normal(size=(60, 5))
        x, y = (z @ rng.normal(size=(5, k)) + 0.3 * rng.normal(size=(60, k)) for k in (30, 25))
        rotation = np.linalg.qr(rng.normal(size=(30, 30)))[0]
        for (name, options), source in itertools.product(compared, (x, x @ rotation, x + 4, (x + 4) @ rotation)):
            yield value(name, assembly(source), assembly(y), **options)

    print("| | as it is | rotated | 4 added | 4 added, then rotated |")
    for (name, options), numbers in zip(compared, mean(10, draw).reshape(-1, 4), strict=True):
        row(" ".join([name, *map(str, options.values())]), *numbers, digits=3)
    print("unrelated: 20 features and 20 neuroids; stories of 60 windows, smoothed over 20")
    for (n, step), name in itertools.product(((5, 1), (100, 20)), ("rdm", "cka")):
        pairs = [[assembly(smooth(rng, 20, n)[::step]) for _ in range(2)] for rng in draws(20)]
        spread(f"{name}, {n} stories, each {step}. window", [fornix.load_metric(name)(x, y) for x, y in pairs])


def cka_and_procrustes() -> None:
    """Unrelated uniform numbers of 71 features and 43 neuroids, seed 42."""
    metrics = ({}, {"estimator": "biased"}), ({"scale": "angular"}, {"scale": "cosine"})
    print("| stimuli | cka | cka, biased | procrustes | procrustes, cosine |")
    for n in (37, 150, 600):
        rng = np.random.default_rng(42)
        x, y = assembly(rng.random((n, 71))), assembly(rng.random((n, 43)))
        found = [value(name, x, y, **o) for name, each in zip(("cka", "procrustes"), metrics, strict=True) for o in each]
        row(str(n), *found, digits=3)


def accuracy_and_thresholds() -> None:
    """60 images, a model and 5 people who are all right with a probability of 0.7; mean of 4,000. Then value_delta."""
    rng = np.random.default_rng(0)
    model, people = ((rng.random((4000, k, 60)) < 0.7).mean(axis=2) for k in (1, 5))
    print(f"accuracy_distance {(1 - abs(model - people) / np.maximum(people, 1 - people)).mean():.2f}")
    subject = xr.DataArray([0.0], dims=("subject",), coords={"subject": ["one"]})
    deltas = [fornix.load_metric("value_delta")(xr.DataArray(apart), subject).value for apart in (0.2, 200.0)]
    print(f"value_delta of numbers 0.2 apart {deltas[0]:.2f}, 200 apart {deltas[1]:.2f}")


def discrimination() -> None:
    """48 images of 4 objects; mean of 20. Then the 20 images of Brain-Score's own data (tests/parity)."""
    own_object = (np.arange(48) % 4)[:, None] == np.arange(4)

    def of_objects(rng: Generator) -> Iterable[float]:
        easy = np.tile(rng.normal(size=4), 12)[:, None] * own_object
        model, people = (1.5 * own_object + easy + 0.3 * rng.normal(size=(48, 4)) for _ in range(2))
        answers, trials = choices(rng, model, people, 60)
        return [fornix.load_metric(pattern)(answers, trials).value for pattern in ("i1", "i2n")]

    def of_source(rng: Generator) -> Iterable[float]:
        evidence = np.where(own_object, 1.5, rng.normal(size=(48, 4)))
        for repeats, pattern in itertools.product((20, 60), ("i1", "i2n")):
            yield ceiled(pattern, *choices(rng, evidence, evidence, repeats))[1].value

    print("model and people share what makes objects easy (SD 1) and no image (SD 0.3), 60 trials for each pair\n| i1 | i2n |")
    row("", *mean(20, of_objects))
    print("a model that is the source, ceiled\n| 20 trials: i1 | i2n | 60 trials: i1 | i2n |")
    row("", *mean(20, of_source))
    with np.load(PARITY / "objectome.npz") as arrays:
        coords = {"stimulus_id": ("presentation", arrays["img_ids"]), "choice": ("choice", arrays["objs"])}
        answers = xr.DataArray(arrays["P"], dims=("presentation", "choice"), coords=coords)
        columns = {"stimulus_id": arrays["trial_img"], "category": arrays["trial_truth"], "distractor": arrays["dist"]}
        trials = xr.DataArray(arrays["choice"], dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()})
    for pattern, definition in itertools.product(("i1", "i2n"), ("default", "brainscore")):
        raw, score = ceiled(pattern, answers, trials, definition)
        margin = raw.interval[1] - raw.value
        print(f"{pattern}, {definition}: {raw.value:.3f} +- {margin:.2f} (95 %), error {raw.error:.3f}; ceiled {score.value:.3f}")


def ceiled(pattern: str, answers: xr.DataArray, trials: xr.DataArray, definition: str = "default") -> tuple[Score, Score]:
    """The score of i1 or i2n, raw and by its ceiling."""
    metric = fornix.load_metric(pattern, definition=definition)
    raw = metric(answers, trials)
    return raw, normalise(raw, metric.ceiling(trials), Normalisation.ROOT)


def reliability() -> None:
    """Reliability without an answer to stimuli."""
    rng = np.random.default_rng(0)
    drift = np.sqrt(3) * np.linspace(-1, 1, 100)[None, :, None] + rng.normal(size=(4, 100, 30))
    for metric in ("internal_consistency", "noise_ceiling"):
        found = fornix.load_metric(metric)(repeated(drift)).value
        print(f"{metric} of 100 stimuli, 4 repetitions in one order, with a drift of variance 1 and noise: {found:.2f}")
    each = fornix.load_metric("noise_ceiling")(repeated(np.random.default_rng(0).normal(size=(2, 30, 3000)))).units.values
    exact, variance = stats.f(30, 29).stats()  # of 1/F, whose complement a noise ceiling is
    print("noise_ceiling of noise, 30 stimuli, 2 repetitions, 3,000 neuroids: ", end="")
    print(f"mean {each.mean():.2f} (exact {1 - exact:.2f}), SD {each.std():.2f} ({np.sqrt(variance):.2f})", end="")
    print(f", mean of those clipped at 0 {each.clip(0).mean():.2f}")


PAGES: Mapping[str, Callable[[], None]] = {
    "ridge, linear": ridge_and_linear,
    "splits": splits,
    "pls": pls,
    "neuron_to_neuron": neuron_to_neuron,
    "banded_ridge": banded_ridge,
    "time": time_bins_and_runs,
    "rdm, cka": rdm_and_cka,
    "cka, procrustes": cka_and_procrustes,
    "accuracy, thresholds": accuracy_and_thresholds,
    "discrimination": discrimination,
    "reliability": reliability,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="of docs/metrics; all of them unless given")
    asked = set(parser.parse_args().pages)
    if unknown := asked - {name for pages in PAGES for name in pages.split(", ")}:
        parser.error(f"nothing here is of {', '.join(sorted(unknown))}; pages are {', '.join(PAGES)}")
    for pages, show in PAGES.items():
        if asked and not asked & set(pages.split(", ")):
            continue
        started = time.process_time()
        print(f"\n## {pages}\n\n{show.__doc__}\n")
        show()
        print(f"\n({time.process_time() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
