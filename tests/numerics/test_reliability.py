"""Internal consistency against Brain-Score's own values, a published recording, and data of known reliability."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from fornix.files.fetch import available, fetch
from fornix.files.file import File
from fornix.interfaces import AssemblyError
from fornix.numerics.ceilings.reliability import internal_consistency, spearman_brown
from fornix.numerics.uncertainty.intervals import factor_variances, stimulus_groups

PARITY = Path(__file__).parents[1] / "parity"
COWLEY = "https://raw.githubusercontent.com/cowleygroup/V4_compact_models/f4552ad9d34a466ebc66658f72a08a8e5038f1cf"
RAW_210325 = File(
    name="responses_raw_210325.npy",
    url=f"{COWLEY}/data_V4_responses/responses_raw/responses_210325.npy",
    sha256="4008dbbf31a47d9b1b8d8da609f4a7a3433c7071f0e45c611c220b217dd75b76",
    bytes=2560128,
)


def assembly(cube: np.ndarray, names: np.ndarray | None = None) -> xr.DataArray:
    """(repetition, stimulus, neuroid) as presentations."""
    n_repetitions, n_stimuli, n_neuroids = cube.shape
    ids = np.array([f"s{k:04d}" for k in range(n_stimuli)]) if names is None else names
    return xr.DataArray(
        cube.reshape(-1, n_neuroids),
        dims=("presentation", "neuroid"),
        coords={
            "stimulus_id": ("presentation", np.tile(ids, n_repetitions)),
            "repetition": ("presentation", np.repeat(np.arange(n_repetitions), n_stimuli)),
            "neuroid_id": ("neuroid", [f"n{k:03d}" for k in range(n_neuroids)]),
        },
    )


def signal_and_noise(n: int, n_stimuli: int, n_neuroids: int, noise: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(1, n_stimuli, n_neuroids)) + noise * rng.normal(size=(n, n_stimuli, n_neuroids))


@pytest.fixture(scope="module")
def parity() -> xr.DataArray:
    with np.load(PARITY / "repetitions.npz") as data:
        coords = {name: ("presentation", data[name]) for name in ("stimulus_id", "repetition")}
        return xr.DataArray(data["responses"], dims=("presentation", "neuroid"), coords=coords)


@pytest.fixture(scope="module")
def v4() -> np.ndarray:
    """Session 210325: (repetition, image, neuron), NaN where a repetition is missing."""
    if reason := available(RAW_210325):
        pytest.skip(reason)
    return np.load(fetch(RAW_210325), allow_pickle=False).transpose(2, 1, 0)


@pytest.mark.parametrize("order", ["as given", "shuffled"])
def test_brain_scores_definition(parity: xr.DataArray, order: str) -> None:
    expected = json.loads((PARITY / "expected.json").read_text())["vision.internal_consistency"]
    rows = np.arange(parity.sizes["presentation"])
    if order == "shuffled":
        rows = np.random.default_rng(0).permutation(rows)
    score = internal_consistency(parity[rows], "brainscore")
    assert score.value == pytest.approx(expected["value"], rel=1e-9)
    assert score.error == pytest.approx(expected["error"], rel=1e-9)
    assert score.units is not None
    assert score.units.dims == ("split", "neuroid")
    assert score.units.median("neuroid").values == pytest.approx(expected["per_split"], rel=1e-9)
    assert score.units.values.mean() == pytest.approx(expected["raw_mean"], rel=1e-9)


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("columns", "r", "corrected", "lowest", "highest"),
    [
        ((0, 2, 4, 6, 8), 0.6302, 0.7731, 0.5027, 0.9375),
        ((0, 1, 2, 3, 4), 0.5694, 0.7256, None, None),
    ],
    ids=["even against odd", "first against last"],
)
def test_halves_of_a_published_recording(
    v4: np.ndarray, columns: tuple[int, ...], r: float, corrected: float, lowest: float | None, highest: float | None
) -> None:
    half = np.isin(np.arange(10), columns)
    averages = np.stack([np.nanmean(v4[half], axis=0), np.nanmean(v4[~half], axis=0)])
    units = internal_consistency(assembly(averages)).units
    assert units is not None
    by_neuron = units.values[0]
    uncorrected = np.median(by_neuron / (2 - by_neuron))
    assert round(float(uncorrected), 4) == r
    assert round(float(spearman_brown(uncorrected)), 4) == corrected
    assert round(float(np.median(by_neuron)), 4) == corrected
    if lowest is not None:
        assert (round(float(by_neuron.min()), 4), round(float(by_neuron.max()), 4)) == (lowest, highest)


@pytest.mark.mirror
def test_the_ceiling_of_a_published_recording(v4: np.ndarray) -> None:
    score = internal_consistency(assembly(v4))
    rng, halves = np.random.default_rng(1), []
    for _ in range(100):
        order = rng.permutation(10)
        a, b = np.nanmean(v4[order[:5]], axis=0), np.nanmean(v4[order[5:]], axis=0)
        halves.append(np.median([spearman_brown(np.corrcoef(x, y)[0, 1]) for x, y in zip(a.T, b.T, strict=True)]))
    assert score.value == pytest.approx(np.mean(halves), rel=1e-9)
    assert round(score.value, 2) == 0.76
    assert score.n_nan == 0
    assert score.resampled == ("stimuli", "neuroids")
    assert 0.01 < score.error < 0.05


def test_known_reliability_is_recovered() -> None:
    scores = [internal_consistency(assembly(signal_and_noise(8, 500, 15, noise=2, seed=seed))) for seed in range(6)]
    errors = [(score.value - 1 / (1 + 4 / 8)) / score.error for score in scores]
    assert np.mean(np.square(errors)) < 2.5
    assert max(score.error for score in scores) < 0.02
    assert internal_consistency(assembly(signal_and_noise(4, 50, 5, noise=0))).value == pytest.approx(1)
    noise = internal_consistency(assembly(np.random.default_rng(1).normal(size=(6, 300, 40))))
    assert noise.interval[0] < 0 < noise.interval[1]


def test_a_missing_repetition_may_be_a_nan_or_no_row() -> None:
    cube = signal_and_noise(6, 40, 5, noise=1)
    cube[5, ::3] = np.nan
    with_nan = assembly(cube)
    without_rows = with_nan[~np.isnan(with_nan.values).any(axis=1)]
    assert without_rows.sizes["presentation"] < with_nan.sizes["presentation"]
    first, second = internal_consistency(with_nan), internal_consistency(without_rows)
    assert first.value == second.value
    assert first.error == second.error
    filled = internal_consistency(assembly(np.where(np.isnan(cube), 0, cube)))
    assert filled.value != pytest.approx(first.value, abs=1e-3)


def test_neither_the_order_of_rows_nor_of_neuroids_matters() -> None:
    given = assembly(signal_and_noise(5, 60, 7, noise=1.5))
    rng = np.random.default_rng(2)
    shuffled = internal_consistency(given[rng.permutation(300)][:, rng.permutation(7)])
    score = internal_consistency(given)
    assert shuffled.value == pytest.approx(score.value, rel=1e-12)
    assert shuffled.error == pytest.approx(score.error, rel=1e-9)


def test_replicates_leave_out_the_stimuli_of_one_group() -> None:
    cube = signal_and_noise(4, 50, 1, noise=1)
    score = internal_consistency(assembly(cube))
    assert score.replicates is not None
    ids = np.array([f"s{k:04d}" for k in range(50)])
    groups = stimulus_groups(ids)
    for group in (0, 19):
        kept = groups != group
        alone = internal_consistency(assembly(cube[:, kept], ids[kept]))
        assert score.replicates.values[0, group] == pytest.approx(alone.value, rel=1e-9)


def test_stimuli_and_neuroids_are_crossed() -> None:
    score = internal_consistency(assembly(signal_and_noise(4, 50, 6, noise=1)))
    assert score.replicates is not None
    assert score.replicates["factor"].values.tolist() == ["stimuli", "neuroids", "both"]
    assert score.replicates["scheme"].values.tolist() == ["jackknife", "bootstrap", "bootstrap"]
    assert all(variance > 0 for variance in factor_variances(score.replicates).values())


def test_a_neuroid_that_never_varies_is_counted() -> None:
    cube = signal_and_noise(4, 30, 6, noise=1)
    cube[:, :, 2] = 3.0
    score = internal_consistency(assembly(cube))
    assert score.n_nan == 100
    assert score.value == pytest.approx(internal_consistency(assembly(np.delete(cube, 2, axis=2))).value)


def test_spearman_brown() -> None:
    assert spearman_brown([0.0, 0.5, 1.0, -0.9]) == pytest.approx([0, 2 / 3, 1, -18])
    assert np.isnan(spearman_brown([-1.0, -1 + 1e-15])).all()


def test_neuroids_without_a_consistency_are_noted_and_too_many_leave_no_value() -> None:
    cube = signal_and_noise(4, 30, 10, noise=1)
    cube[:, :, 0] = 3.0
    cube[:, 3:, 1] = np.nan
    few = internal_consistency(assembly(cube))
    assert few.value == pytest.approx(internal_consistency(assembly(cube[:, :, 2:])).value)
    assert few.notes[0].startswith("2 of 10 neuroids have no consistency")
    assert few.notes[0].endswith(": left out")
    cube[:, :, 2] = 0.1
    many = internal_consistency(assembly(cube))
    assert np.isnan(many.value)
    assert np.isnan(many.error)
    assert many.n_nan == 300
    assert many.notes[0].endswith("more than 20%, too many for a median")
    assert np.isfinite(internal_consistency(assembly(cube), "brainscore").value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("definition", ["default", "brainscore"])
def test_halves_that_are_opposites_have_none(definition: str) -> None:
    signal = np.random.default_rng(0).normal(size=(1, 30, 4))
    score = internal_consistency(assembly(np.concatenate([signal, -signal])), definition)
    assert np.isnan(score.value)
    assert score.n_nan == score.units.size
    assert "opposites in halves of the repetitions" in score.notes[0]


def test_few_stimuli_are_refused_and_the_fewest_have_an_error_that_can_be_read() -> None:
    cube = signal_and_noise(4, 50, 6, noise=1, seed=5)
    for n in (1, 2, 3):
        with pytest.raises(AssemblyError, match=f"at least 4 stimuli; the assembly has {n}"):
            internal_consistency(assembly(cube[:, :n]))
    assert internal_consistency(assembly(cube[:, :4])).error < 10
    assert np.isfinite(internal_consistency(assembly(cube[:, :3]), "brainscore").value)
    with pytest.raises(AssemblyError, match="at least 3 stimuli; the assembly has 2"):
        internal_consistency(assembly(cube[:, :2]), "brainscore")
    story = np.tile(["a", "a", "b", "a", "a", "b"], 4)
    with pytest.raises(AssemblyError, match="4 of 6 stimuli are of one group of story"):
        internal_consistency(assembly(cube[:, :6]).assign_coords(story=("presentation", story)), group_on="story")


@pytest.mark.parametrize("definition", ["default", "brainscore"])
def test_responses_that_cannot_be_computed_with_are_refused(definition: str) -> None:
    cube = signal_and_noise(4, 20, 3, noise=1)
    given = assembly(cube)
    wrong = {"e[+]80": given * 1e80, "e-90": given * 1e-90, "dtype <U32": given.astype(str), "dtype bool": given > 0}
    for sentence, recording in wrong.items():
        with pytest.raises(AssemblyError, match=sentence):
            internal_consistency(recording, definition)
    cube[0, 3, 2] = np.inf
    with pytest.raises(AssemblyError, match="has 1 responses that are infinite"):
        internal_consistency(assembly(cube), definition)


def test_what_has_no_consistency_is_refused() -> None:
    given = assembly(signal_and_noise(2, 10, 3, noise=1))
    with pytest.raises(AssemblyError, match="at least 2 repetitions; the assembly has 1"):
        internal_consistency(given[:10])
    with pytest.raises(AssemblyError, match="a stimulus has the same repetition twice"):
        internal_consistency(given.assign_coords(repetition=("presentation", np.arange(20) % 2)))
    with pytest.raises(AssemblyError, match="needs the coordinate 'repetition'"):
        internal_consistency(given.drop_vars("repetition"))
    with pytest.raises(AssemblyError, match="expected \\('presentation', 'neuroid'\\)"):
        internal_consistency(given[:, 0])


def of_subjects(cube: np.ndarray) -> xr.DataArray:
    """(subject, stimulus, measure) as presentations."""
    return assembly(cube).rename(repetition="subject")


def test_halves_of_subjects_say_how_well_people_predict_people() -> None:
    rng = np.random.default_rng(3)
    cube = rng.normal(size=(1, 400, 1)) + 2 * rng.normal(size=(10, 400, 1))
    score = internal_consistency(of_subjects(cube), over="subject")
    assert score.value == pytest.approx(internal_consistency(assembly(cube)).value, rel=1e-12)
    assert score.value == pytest.approx(1 / (1 + 4 / 10), abs=0.06)
    assert score.resampled == ("stimuli", "subjects")
    assert score.notes == ("jackknife over 10 subjects",)


def test_subjects_are_left_out_of_their_half() -> None:
    cube = np.random.default_rng(4).normal(size=(1, 50, 1)) + np.random.default_rng(5).normal(size=(5, 50, 1))
    score = internal_consistency(of_subjects(cube), over="subject")
    assert score.replicates is not None
    rng, expected = np.random.default_rng(1), []
    for _ in range(100):
        order = rng.permutation(5)
        halves = [[k for k in half if k != 3] for half in (order[:2], order[2:])]
        x, y = (cube[half, :, 0].mean(axis=0) for half in halves)
        expected.append(spearman_brown(np.corrcoef(x, y)[0, 1]))
    left_out = score.replicates.values[score.replicates["factor"].values.tolist().index("subjects")]
    assert np.isclose(left_out[:5], np.mean(expected), rtol=1e-9).sum() == 1


def test_errors_over_subjects_are_those_for_new_people() -> None:
    """People who differ in how much of the stimuli they share: errors without new subjects would be half of these."""
    rng, scores = np.random.default_rng(6), []
    for _ in range(60):
        gain = np.exp(0.8 * rng.normal(size=(12, 1, 1)))
        cube = gain * rng.normal(size=(1, 200, 1)) + 2 * rng.normal(size=(12, 200, 1))
        scores.append(internal_consistency(of_subjects(cube), over="subject"))
    deviation = np.std([score.value for score in scores], ddof=1)
    assert 0.8 < np.mean([score.error for score in scores]) / deviation < 1.4


def test_large_values_lose_no_digits() -> None:
    cube = signal_and_noise(6, 80, 5, noise=1)
    score, shifted = internal_consistency(assembly(cube)), internal_consistency(assembly(cube + 1e6))
    assert shifted.value == pytest.approx(score.value, rel=1e-8)
    assert shifted.error == pytest.approx(score.error, rel=1e-6)


def test_a_split_in_which_no_neuroid_varies_is_left_out_and_counted() -> None:
    """One of three repetitions is constant: alone in its half it has no correlation, whichever neuroid is asked."""
    rng = np.random.default_rng(2)
    signal = rng.normal(size=(40, 3))
    values = np.concatenate([signal + rng.normal(size=signal.shape) / 2, signal + rng.normal(size=signal.shape) / 2, 0 * signal])
    names, turn = np.tile([f"s{k:02d}" for k in range(40)], 3), np.repeat(np.arange(3), 40)
    coords = {"stimulus_id": ("presentation", names), "repetition": ("presentation", turn)}
    score = internal_consistency(xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords))
    missing = np.isnan(score.units.values).all(axis=1)
    assert 0 < missing.sum() < len(missing)
    assert score.n_nan == 3 * missing.sum()
    assert score.value == pytest.approx(np.median(score.units.values[~missing], axis=1).mean())
