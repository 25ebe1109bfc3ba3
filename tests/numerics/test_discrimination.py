"""I1 and I2n against Brain-Score's own values and a second, looped computation; then what they must not depend on."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from fornix.interfaces import AssemblyError, Normalisation
from fornix.numerics.behaviour.confusions import discriminations
from fornix.numerics.behaviour.discrimination import Pattern, discrimination, discrimination_ceiling
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.definition import Definition

PARITY = Path(__file__).parents[1] / "parity"
EXPECTED = json.loads((PARITY / "expected.json").read_text())
PATTERNS: list[Pattern] = ["i1", "i2n"]


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    with np.load(PARITY / "objectome.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def source(data: dict[str, np.ndarray]) -> xr.DataArray:
    coords = {"stimulus_id": ("presentation", data["img_ids"]), "choice": ("choice", data["objs"])}
    return xr.DataArray(data["P"], dims=("presentation", "choice"), coords=coords)


@pytest.fixture(scope="module")
def target(data: dict[str, np.ndarray]) -> xr.DataArray:
    columns = {"stimulus_id": data["trial_img"], "category": data["trial_truth"], "distractor": data["dist"]}
    return xr.DataArray(data["choice"], dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()})


def looped(pattern: Pattern, source: xr.DataArray, target: xr.DataArray) -> float:
    """The score of all trials, image by image and object by object."""
    images, objects = np.unique(target["stimulus_id"].values).tolist(), sorted(source["choice"].values.tolist())
    truth = {i: str(target["category"].values[target["stimulus_id"].values == i][0]) for i in images}

    def people(i: str, c: str) -> float:
        trials = target[(target["stimulus_id"].values == i) & (target["distractor"].values == c)]
        return float((trials.values == c).mean())

    def model(i: str, c: str) -> float:
        row = source[source["stimulus_id"].values == i]
        ours, theirs = (float(row[0, row["choice"].values == name].item()) for name in (truth[i], c))
        return theirs / (ours + theirs)

    patterns = []
    for p in (model, people):
        d = {}
        for i in images:
            for c in (c for c in objects if c != truth[i]):
                false_alarms = np.mean([p(j, truth[i]) for j in images if truth[j] == c])
                d[i, c] = float(np.clip(stats.norm.ppf(1 - p(i, c)) - stats.norm.ppf(false_alarms), -5, 5))
        if pattern == "i1":
            patterns.append([np.mean([v for (j, _), v in d.items() if j == i]) for i in images])
        else:
            groups = {
                (o, c): np.mean([v for (j, k), v in d.items() if truth[j] == o and k == c])
                for o in objects
                for c in objects
                if o != c
            }
            patterns.append([v - groups[truth[i], c] for (i, c), v in d.items()])
    return float(stats.pearsonr(*patterns).statistic)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("order", ["as given", "source shuffled"])
def test_brain_scores_definition(source: xr.DataArray, target: xr.DataArray, pattern: Pattern, order: str) -> None:
    if order == "source shuffled":
        rng = np.random.default_rng(0)
        source = source[rng.permutation(20)][:, rng.permutation(4)]
    for score, key in (
        (discrimination(source, target, pattern, "brainscore"), f"vision.{pattern}"),
        (discrimination_ceiling(target, pattern, "brainscore"), f"vision.{pattern}.ceiling"),
    ):
        assert score.value == pytest.approx(EXPECTED[key]["value"], rel=1e-9)
        assert score.error == pytest.approx(EXPECTED[key]["error"], rel=1e-9)
        assert score.units is not None
        np.testing.assert_allclose(score.units.values, EXPECTED[key]["per_split"], rtol=1e-9)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_shuffled_trials_change_the_halves_of_the_original_and_nothing_else(
    source: xr.DataArray, target: xr.DataArray, pattern: Pattern
) -> None:
    order = np.random.default_rng(1).permutation(target.size)
    shuffled = target[order]
    rng = np.random.RandomState(0)
    halves = [shuffled[rng.permutation(target.size)[: target.size // 2]] for _ in range(2)]
    theirs = discrimination(source, shuffled, pattern, "brainscore")
    assert theirs.units is not None
    np.testing.assert_allclose(theirs.units.values, [looped(pattern, source, half) for half in halves], rtol=1e-9)
    ours, again = discrimination(source, target, pattern), discrimination(source, shuffled, pattern)
    assert ours.value == pytest.approx(looped(pattern, source, target), rel=1e-9)
    assert (again.value, again.error) == (pytest.approx(ours.value, rel=1e-12), pytest.approx(ours.error, rel=1e-9))
    ceilings = discrimination_ceiling(target, pattern), discrimination_ceiling(shuffled, pattern)
    assert ceilings[0].value == pytest.approx(ceilings[1].value, rel=1e-12)
    assert ours.units is not None
    assert float(ours.units.mean()) == pytest.approx(ours.value, rel=1e-12)


def world(
    rng: np.random.Generator, n_images: int, repeats: int, shared: float = 0.5, n_objects: int = 4, n_subjects: int = 0
) -> tuple[xr.DataArray, xr.DataArray]:
    """A model and people whose evidence for objects is partly of one source, trials drawn from people's probabilities."""
    objects = np.array([f"o{k}" for k in range(n_objects)])
    common, own = rng.normal(size=(n_images, n_objects)), rng.normal(size=(2, n_images, n_objects))
    evidence = np.sqrt(abs(shared)) * np.array([np.sign(shared) * common, common]) + np.sqrt(1 - abs(shared)) * own
    truth = np.arange(n_images) % n_objects
    evidence[:, np.arange(n_images), truth] = 1.5
    p = np.exp(evidence) / np.exp(evidence).sum(axis=2, keepdims=True)
    images = np.array([f"image{k:03d}" for k in range(n_images)])
    source = xr.DataArray(
        p[0], dims=("presentation", "choice"), coords={"stimulus_id": ("presentation", images), "choice": objects}
    )
    image, distractor = (index.ravel() for index in np.indices((n_images, n_objects)))
    kept = truth[image] != distractor
    image, distractor = np.repeat(image[kept], repeats), np.repeat(distractor[kept], repeats)
    ours, theirs = p[1][image, truth[image]], p[1][image, distractor]
    wrong = rng.random(len(image)) < theirs / (ours + theirs)
    columns = {"stimulus_id": images[image], "category": objects[truth[image]], "distractor": objects[distractor]}
    if n_subjects:
        columns["subject"] = np.array([f"subject{k:02d}" for k in np.arange(len(image)) % n_subjects])
    choices = np.where(wrong, objects[distractor], objects[truth[image]])
    return source, xr.DataArray(choices, dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_ceiling_corrects_for_the_noise_of_trials(pattern: Pattern) -> None:
    """A model that is the source of the choices: raw scores grow with the trials, ceiled ones are 1 whatever these are.

    Unless they are so few that many images are never confused: 20 each give .93, as d' is then set to 5.
    """
    rng = np.random.default_rng(2)
    raw, ceiled = {}, {}
    for repeats in (60, 400):
        scores = []
        for _ in range(3):
            source, target = world(rng, 48, repeats, shared=1.0)
            score, ceiling = discrimination(source, target, pattern), discrimination_ceiling(target, pattern)
            scores.append((score.value, normalise(score, ceiling, Normalisation.ROOT).value))
        raw[repeats], ceiled[repeats] = np.mean(scores, axis=0)
    assert raw[60] < raw[400] - 0.02
    assert ceiled == {60: pytest.approx(1, abs=0.04), 400: pytest.approx(1, abs=0.02)}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_error_is_that_for_new_images(pattern: Pattern) -> None:
    rng = np.random.default_rng(3)
    scores = [discrimination(*world(rng, 60, 30), pattern) for _ in range(40)]
    deviation = np.std([score.value for score in scores], ddof=1)
    assert np.sqrt(np.mean([score.error**2 for score in scores])) == pytest.approx(deviation, rel=0.35)
    assert scores[0].resampled == ("stimuli",)


@pytest.mark.parametrize(("n_subjects", "schemes"), [(5, ["bootstrap", "jackknife"]), (12, ["bootstrap", "bootstrap"])])
def test_subjects_are_resampled_where_trials_name_them(n_subjects: int, schemes: list[str]) -> None:
    source, target = world(np.random.default_rng(4), 24, 24, n_subjects=n_subjects)
    score, ceiling = discrimination(source, target, "i1"), discrimination_ceiling(target, "i1")
    for found in (score, ceiling):
        assert found.replicates is not None
        assert found.replicates["factor"].values.tolist() == ["stimuli", "subjects", "both"]
        assert found.replicates["scheme"].values.tolist()[:2] == schemes
    if n_subjects == 5:
        without = target[target["subject"].values != "subject02"]
        assert score.replicates is not None
        assert score.replicates.values[1, 2] == pytest.approx(discrimination(source, without, "i1").value, rel=1e-9)
    assert normalise(score, ceiling, Normalisation.ROOT).error > 0


@pytest.mark.parametrize("pattern", PATTERNS)
def test_signs_survive(pattern: Pattern) -> None:
    source, target = world(np.random.default_rng(5), 80, 100, shared=-0.9)
    score = discrimination(source, target, pattern)
    assert score.interval[1] < 0
    assert discrimination(source, target, pattern, "brainscore").value < 0


def test_a_pair_nobody_was_shown_is_counted(source: xr.DataArray, target: xr.DataArray) -> None:
    unseen = (target["stimulus_id"].values == "im0_0") & (target["distractor"].values == "o1")
    score = discrimination(source, target[~unseen], "i2n")
    assert score.n_nan == 1
    assert score.notes[0].startswith("1 of 60 pairs of an image and a distractor have no d'")
    assert score.notes[0].endswith(": left out")
    assert score.units is not None
    assert int(np.isnan(score.units.values).sum()) == 20 + 1
    assert math.isfinite(score.error)


def one_hot(source: xr.DataArray, target: xr.DataArray) -> xr.DataArray:
    """The model that is always right."""
    of = dict(zip(target["stimulus_id"].values.tolist(), target["category"].values.tolist(), strict=True))
    truth = np.array([of[name] for name in source["stimulus_id"].values.tolist()])
    return source.copy(data=(source["choice"].values == truth[:, None]).astype(float))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("definition", ["default", "brainscore"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_side_that_does_not_vary_is_named(
    source: xr.DataArray, target: xr.DataArray, pattern: Pattern, definition: Definition
) -> None:
    """A model that knows nothing or everything; people who never err, or always."""
    for model in (xr.full_like(source, 0.25), one_hot(source, target)):
        score = discrimination(model, target, pattern, definition)
        assert math.isnan(score.value)
        assert score.notes == ("nothing to compare, as the pattern of the model does not vary",)
    for answers in (target["category"].values, target["distractor"].values):
        score = discrimination(source, target.copy(data=answers), pattern, definition)
        assert math.isnan(score.value)
        assert score.notes == ("nothing to compare, as the pattern of people does not vary",)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_ceiling_of_people_who_never_err_says_that_nothing_varies(target: xr.DataArray, pattern: Pattern) -> None:
    perfect = target.copy(data=target["category"].values)
    with pytest.raises(AssemblyError, match="does not vary over images, as people are always right"):
        discrimination_ceiling(perfect, pattern)
    note = discrimination_ceiling(perfect, pattern, "brainscore").notes[0]
    assert note == "nothing to compare, as the pattern of one half of the trials does not vary"


def test_one_image_of_each_object_has_no_pattern_beyond_objects(source: xr.DataArray, target: xr.DataArray) -> None:
    of = dict(zip(target["category"].values.tolist(), target["stimulus_id"].values.tolist(), strict=True))
    few = target[np.isin(target["stimulus_id"].values, list(of.values()))]
    score = discrimination(source[np.isin(source["stimulus_id"].values, list(of.values()))], few, "i2n")
    assert math.isnan(score.value)
    assert "the pattern of people does not vary" in score.notes[1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("pattern", PATTERNS)
def test_more_than_a_fifth_of_pairs_without_a_dprime_leave_no_value(
    source: xr.DataArray, target: xr.DataArray, pattern: Pattern
) -> None:
    images = np.unique(target["stimulus_id"].values)
    one_object = target["category"].values == "o0"
    sparse = target[~((target["distractor"].values == "o1") & np.isin(target["stimulus_id"].values, images[:-2]))]
    for model, trials, lost in (
        (source * 0, target, 60),
        (source, sparse, None),
        (source[np.isin(source["stimulus_id"], target["stimulus_id"][one_object])], target[one_object], 15),
    ):
        score = discrimination(model, trials, pattern)
        assert math.isnan(score.value)
        assert math.isnan(score.error)
        assert lost is None or score.n_nan == lost
        assert score.notes[0].startswith(
            f"{score.n_nan} of {15 if lost == 15 else 60} pairs of an image and a distractor have no d'"
        )
        assert score.notes[0].endswith("more than 20%, too many for a correlation over the others")
    ceiling = discrimination_ceiling(sparse, pattern)
    assert math.isnan(ceiling.value)
    assert ceiling.n_nan > 12
    assert "too many for a correlation" in ceiling.notes[0]
    assert math.isfinite(discrimination(source, sparse, pattern, "brainscore").value)


def test_what_cannot_be_compared_is_refused(source: xr.DataArray, target: xr.DataArray) -> None:
    with pytest.raises(AssemblyError, match="the source lacks 1 of 20 stimuli"):
        discrimination(source[1:], target, "i1")
    with pytest.raises(AssemblyError, match="no probability of 'o3'"):
        discrimination(source[:, :3], target, "i1")
    with pytest.raises(AssemblyError, match="have 'o1' 2 times in 'choice'"):
        discrimination(source[:, [0, 1, 1, 2, 3]], target, "i1")
    with pytest.raises(AssemblyError, match="probabilities are below 0"):
        discrimination(source - 0.5, target, "i1")
    with pytest.raises(AssemblyError, match="the model's probabilities has 80 values that are NaN"):
        discrimination(source * math.nan, target, "i1")
    with pytest.raises(AssemblyError, match="no coordinate 'distractor'; i1 and i2n need"):
        discriminations(target.drop_vars("distractor"))
    strange = target.copy(data=np.where(np.arange(target.size) == 7, "o9", target.values))
    with pytest.raises(AssemblyError, match="1 choices are neither the object in the image nor the distractor; trial 7 has 'o9'"):
        discriminations(strange)
    with pytest.raises(AssemblyError, match="too few images were shown twice"):
        discrimination_ceiling(target[:20], "i1")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pair_nobody_confuses_has_a_dprime_of_five(source: xr.DataArray, target: xr.DataArray, pattern: Pattern) -> None:
    of_pair = (target["stimulus_id"].values == "im0_0") & (target["distractor"].values == "o1")
    kept = target[~(of_pair & (target.values == "o1"))]
    score = discrimination(source, kept, pattern)
    assert score.value == pytest.approx(looped(pattern, source, kept), rel=1e-9)
    assert score.n_nan == 0
