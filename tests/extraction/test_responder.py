"""Models from an extract function: one pass for everything asked, exact Grams within a bound on the disk, behaviour, refusals."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist

from fornix import FornixError, NotAble
from fornix.extraction import scratch as scratch_module
from fornix.extraction.commitment import Commitment
from fornix.extraction.responder import FeatureModel
from fornix.extraction.scratch import Scratch, ScratchError
from fornix.interfaces import (
    Experiment,
    Fitting,
    Gram,
    Label,
    NextWord,
    Probabilities,
    Recording,
    Responses,
    Similarity,
    SinglePassModel,
    StimulusSet,
    check_assembly,
)

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8) for _ in range(23)]
STIMULI = StimulusSet([f"s{k}" for k in range(23)], image=IMAGES)
WEIGHTS = {"early": RNG.normal(size=(60, 301)), "late": RNG.normal(size=(60, 40)) + 3.0, "top": RNG.normal(size=(60, 8))}
COMMITMENT = Commitment({"V4": ("early",), "IT": ("late", "top")}, "top")


def expected(layer: str, images: Sequence[np.ndarray] = IMAGES) -> np.ndarray:
    pixels = np.stack([image.reshape(-1) for image in images]) / 255.0
    return np.asarray(np.maximum(pixels @ WEIGHTS[layer], 0.0), dtype=np.float32)


class Extract:
    """Random linear layers with a rectifier, and a record of what was asked."""

    def __init__(self, noise: float = 0.0) -> None:
        self.noise = noise
        self.shown: Counter[bytes] = Counter()
        self.batches: list[tuple[int, tuple[str, ...], int]] = []

    def __call__(self, images: list[Any], layers: Sequence[str], seed: int) -> dict[str, np.ndarray]:
        self.batches.append((len(images), tuple(layers), seed))
        self.shown.update(image.tobytes() for image in images)
        features = {layer: expected(layer, images) for layer in layers}
        noise = np.random.default_rng(seed)
        return {k: (v + self.noise * noise.normal(size=v.shape)).astype(np.float32) for k, v in features.items()}


def make(extract: Extract | None = None, **options: Any) -> FeatureModel:
    return FeatureModel(extract or Extract(), tuple(WEIGHTS), COMMITMENT, **{"batch_size": 5, **options})


def values(responses: Responses, key: Any) -> np.ndarray:
    assembly = responses[key]
    assert isinstance(assembly, xr.DataArray)
    return np.asarray(assembly.values)


def products(gram: Any) -> np.ndarray:
    assert isinstance(gram, Gram)
    return np.asarray(gram.products + gram.mean_products[:, None] + gram.mean_products[None, :] + gram.mean_square)


def test_is_a_model_of_one_pass() -> None:
    assert isinstance(make(), SinglePassModel)
    assert make().layers() == ("early", "late", "top")


def test_values_with_coordinates_and_layers_of_a_region_side_by_side() -> None:
    recordings = (Recording("V4"), Recording("IT"), Recording("layer:late"))
    responses = make().respond(Experiment(STIMULI, recordings))
    np.testing.assert_allclose(values(responses, recordings[0]), expected("early"), rtol=1e-6)
    both = np.hstack([expected("late"), expected("top")])
    np.testing.assert_allclose(values(responses, recordings[1]), both, rtol=1e-6)
    np.testing.assert_allclose(values(responses, recordings[2]), expected("late"), rtol=1e-6)
    it = responses[recordings[1]]
    assert isinstance(it, xr.DataArray)
    check_assembly(it, dims=("presentation", "neuroid"), stimulus_ids=STIMULI, finite=True)
    assert it.dtype == np.float32
    assert it["neuroid_id"].values[[0, 39, 40, 47]].tolist() == ["late:0", "late:39", "top:0", "top:7"]
    assert it["layer"].values[[39, 40]].tolist() == ["late", "top"]
    assert set(it["region"].values) == {"IT"}
    assert it["repetition"].values.tolist() == [0] * 23


def test_a_gram_is_that_of_the_values() -> None:
    tiny = Scratch(block_bytes=1024)  # 11 features of 23 stimuli: blocks end within layers
    gram = make(scratch=tiny).respond(Experiment(STIMULI, (Recording("IT", form="gram"),)))[Recording("IT", form="gram")]
    features = np.hstack([expected("late"), expected("top")]).astype(np.float64)
    assert isinstance(gram, Gram)
    np.testing.assert_allclose(products(gram), features @ features.T, rtol=1e-10)
    np.testing.assert_allclose(gram.row_sums, features.sum(axis=1), rtol=1e-10)
    assert gram.n_features == 48
    assert gram.products.dtype == np.float64
    assert gram.stimulus_id.tolist() == list(STIMULI)


def test_the_last_batch_is_smaller_and_never_padded() -> None:
    extract = Extract()
    make(extract).respond(Experiment(STIMULI, (Recording("V4"),)))
    assert [size for size, _, _ in extract.batches] == [5, 5, 5, 5, 3]


def test_each_stimulus_is_shown_once_for_all_experiments_and_layers() -> None:
    extract = Extract()
    renamed = StimulusSet([f"other-{k}" for k in range(10)], image=IMAGES[5:15])
    fitting = Fitting(StimulusSet(["f0", "f1", "f2"], image=IMAGES[20:]), ("a", "b", "a"))
    experiments = [
        Experiment(STIMULI, (Recording("V4"), Recording("V4", form="gram")), Similarity()),
        Experiment(renamed, (Recording("IT"), Recording("V4")), Label(("a", "b"), fitting=fitting)),
        Experiment(STIMULI.take([3, 1]), (Recording("IT", form="gram"),)),
    ]
    together = make(extract).respond_all(experiments)
    assert len(extract.shown) == 23
    assert set(extract.shown.values()) == {1}
    for one, experiment in zip(together, experiments, strict=True):
        alone = make().respond(experiment)
        assert list(one) == list(alone)
        for key in one:
            if isinstance(one[key], Gram):
                np.testing.assert_allclose(products(one[key]), products(alone[key]), rtol=1e-12)
            else:
                assert one[key].identical(alone[key]) or np.allclose(one[key], alone[key], rtol=1e-6)


def test_no_layer_is_asked_of_stimuli_that_do_not_need_it() -> None:
    extract = Extract()
    make(extract).respond_all(
        [Experiment(STIMULI.take(range(4)), (Recording("V4"),)), Experiment(STIMULI.take([9]), (Recording("IT"),))]
    )
    assert sorted(extract.batches) == [(1, ("late", "top"), 0), (4, ("early",), 0)]


def test_equal_images_under_several_identifiers_are_shown_once_and_answered_each() -> None:
    extract = Extract()
    twice = StimulusSet(["a", "b", "c"], image=[IMAGES[0], IMAGES[1], IMAGES[0]])
    recordings = (Recording("V4"), Recording("V4", form="gram"))
    responses = make(extract).respond(Experiment(twice, recordings))
    assert sum(extract.shown.values()) == 2
    features = expected("early")[[0, 1, 0]].astype(np.float64)
    np.testing.assert_allclose(values(responses, recordings[0]), features, rtol=1e-6)
    np.testing.assert_allclose(products(responses[recordings[1]]), features @ features.T, rtol=1e-10)


def test_equal_experiments_get_equal_answers() -> None:
    experiment = Experiment(STIMULI, (Recording("IT"),), Similarity())
    first, second = make().respond(experiment), make().respond(experiment)
    for key in first:
        assert first[key].identical(second[key])


def test_answers_do_not_share_memory() -> None:
    recordings = (Recording("V4"), Recording("layer:early"))
    responses = make().respond(Experiment(STIMULI, recordings))
    assert not np.shares_memory(values(responses, recordings[0]), values(responses, recordings[1]))


class TestRepetitions:
    def test_a_deterministic_model_is_not_repeated(self) -> None:
        extract = Extract()
        responses = make(extract).respond(Experiment(STIMULI, (Recording("V4"),), repetitions=3, seed=7))
        assert set(extract.shown.values()) == {1}
        assert values(responses, Recording("V4")).shape == (23, 301)

    def test_a_noisy_model_repeats_with_other_noise_for_each_stimulus_and_repetition(self) -> None:
        model = make(Extract(noise=1.0), deterministic=False)
        experiment = Experiment(STIMULI, (Recording("V4"),), repetitions=2, seed=7)
        answer = model.respond(experiment)[Recording("V4")]
        assert isinstance(answer, xr.DataArray)
        check_assembly(answer, stimulus_ids=STIMULI)
        assert answer["repetition"].values.tolist() == [0] * 23 + [1] * 23
        noise = answer.values.reshape(2, 23, 301) - expected("early")
        correlations = np.corrcoef(noise.reshape(46, 301))[np.triu_indices(46, 1)]
        assert np.abs(correlations).max() < 0.35  # 1035 correlations of 301 independent numbers
        assert 0.9 < noise.std() < 1.1

    def test_repetition_t_is_the_first_with_seed_plus_t(self) -> None:
        model = make(Extract(noise=1.0), deterministic=False)
        two = values(model.respond(Experiment(STIMULI, (Recording("V4"),), repetitions=2, seed=7)), Recording("V4"))
        one = values(model.respond(Experiment(STIMULI, (Recording("V4"),), seed=8)), Recording("V4"))
        np.testing.assert_array_equal(two[23:], one)

    def test_noise_does_not_depend_on_what_else_is_shown(self) -> None:
        model = make(Extract(noise=1.0), deterministic=False)
        whole, part = Experiment(STIMULI, (Recording("V4"),)), Experiment(STIMULI.take([4, 2]), (Recording("V4"),))
        alone = values(model.respond(part), Recording("V4"))
        np.testing.assert_array_equal(alone, values(model.respond_all([whole, part])[1], Recording("V4")))

    def test_a_gram_averages_repetitions(self) -> None:
        model = make(Extract(noise=1.0), deterministic=False)
        recordings = (Recording("V4"), Recording("V4", form="gram"))
        responses = model.respond(Experiment(STIMULI, recordings, repetitions=3))
        mean = values(responses, recordings[0]).reshape(3, 23, 301).mean(axis=0, dtype=np.float64)
        np.testing.assert_allclose(products(responses[recordings[1]]), mean @ mean.T, rtol=1e-10)


class TestScratch:
    RECORDINGS = (Recording("V4", form="gram"), Recording("IT", form="gram"))

    def test_layers_that_do_not_fit_together_take_turns(self, tmp_path: Path) -> None:
        extract = Extract()
        limit = 4 * 23 * 301  # the largest layer alone
        model = make(extract, scratch=Scratch(tmp_path, limit_bytes=limit))
        responses = model.respond(Experiment(STIMULI, self.RECORDINGS))
        assert set(extract.shown.values()) == {2}
        asked = [set(layers) for _, layers, _ in extract.batches]
        assert asked[0] == {"early", "late", "top"}
        assert all(layers == {"early"} for layers in asked[1:5])
        assert all(layers == {"late", "top"} for layers in asked[5:])
        for recording, layers in zip(self.RECORDINGS, (["early"], ["late", "top"]), strict=True):
            features = np.hstack([expected(layer) for layer in layers]).astype(np.float64)
            np.testing.assert_allclose(products(responses[recording]), features @ features.T, rtol=1e-10)

    def test_what_lies_on_disk_stays_within_the_limit_and_is_removed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit = 4 * 23 * 301
        written: list[int] = []
        original = scratch_module.Spill.append

        def append(self: scratch_module.Spill, features: np.ndarray) -> None:
            original(self, features)
            written.append(features.nbytes)

        monkeypatch.setattr(scratch_module.Spill, "append", append)
        most = 0
        close = scratch_module.Spill.close

        def closing(self: scratch_module.Spill) -> None:
            nonlocal most
            most = max(most, sum(written))
            written.clear()
            close(self)

        monkeypatch.setattr(scratch_module.Spill, "close", closing)
        make(scratch=Scratch(tmp_path, limit_bytes=limit)).respond(Experiment(STIMULI, self.RECORDINGS))
        assert 0 < most <= limit
        assert list(tmp_path.iterdir()) == []

    def test_a_layer_that_does_not_fit_alone_is_refused_before_anything_is_written(self, tmp_path: Path) -> None:
        model = make(scratch=Scratch(tmp_path, limit_bytes=4 * 23 * 301 - 1))
        with pytest.raises(
            FornixError, match=r"layer 'early' needs 2\.77e-05 GB of scratch space for 23 stimuli.*FORNIX_SCRATCH"
        ):
            model.respond(Experiment(STIMULI, self.RECORDINGS))

    def test_the_free_disk_is_looked_at_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = scratch_module.shutil.disk_usage(tmp_path)
        monkeypatch.setattr(scratch_module.shutil, "disk_usage", lambda _: usage._replace(free=300 * 2**20))
        assert Scratch(tmp_path).budget() == 44 * 2**20
        monkeypatch.setattr(scratch_module.shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(ScratchError, match=r"the disk of the scratch folder .* has 0 MB free, .*free space there"):
            make(scratch=Scratch(tmp_path)).respond(Experiment(STIMULI, self.RECORDINGS))

    @pytest.mark.parametrize("features", [3, 3000])  # fewer and more than are written at once
    def test_a_disk_that_fills_up_meanwhile_is_named(self, tmp_path: Path, features: int) -> None:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        try:
            with scratch_module.Spill(Scratch(tmp_path), 2, features) as spill:  # which ends without another error
                resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))
                with pytest.raises(ScratchError, match=rf"to the scratch folder {tmp_path} failed \(File too large\)"):
                    spill.append(np.zeros((2, features), dtype=np.float32))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    def test_settings_come_from_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORNIX_SCRATCH", str(tmp_path / "new"))
        monkeypatch.setenv("FORNIX_SCRATCH_GB", "0.001")
        assert Scratch().place() == tmp_path / "new"
        assert Scratch().budget() == 1_000_000
        monkeypatch.setenv("FORNIX_SCRATCH_GB", "much")
        with pytest.raises(FornixError, match="FORNIX_SCRATCH_GB is 'much'; expected a number of gigabytes"):
            Scratch().budget()

    def test_a_spilled_layer_is_read_back_whatever_the_width_of_blocks(self, tmp_path: Path) -> None:
        features = RNG.normal(size=(7, 10)).astype(np.float32)
        for block_bytes in (1, 28 * 3, 28 * 10, 10**6):
            with scratch_module.Spill(Scratch(tmp_path, block_bytes=block_bytes), 7, 10) as spill:
                spill.append(features[:4])
                spill.append(features[4:])
                np.testing.assert_array_equal(np.hstack(list(spill.blocks())), features)


class TestTasks:
    def test_similarity_is_one_minus_pearson_at_the_behavioural_layer(self) -> None:
        answer = make().respond(Experiment(STIMULI, task=Similarity()))[Similarity()]
        assert isinstance(answer, xr.DataArray)
        assert answer.dims == ("pair",)
        np.testing.assert_allclose(answer.values, pdist(expected("top").astype(np.float64), "correlation"), atol=1e-9)
        assert answer["stimulus_a"].values[[0, 22]].tolist() == ["s0", "s1"]
        assert answer["stimulus_b"].values[[0, 22]].tolist() == ["s1", "s2"]

    def test_label_and_probabilities_are_the_logistic_regression_of_scikit_learn(self) -> None:
        linear_model = pytest.importorskip("sklearn.linear_model")
        preprocessing = pytest.importorskip("sklearn.preprocessing")
        labels = tuple("abc"[k % 3] for k in range(15))
        fitting, test = Fitting(STIMULI.take(range(15)), labels), STIMULI.take(range(15, 23))
        choices = ("c", "a", "never", "b")
        model = make()
        chances = model.respond(Experiment(test, task=(p := Probabilities(choices, fitting=fitting))))[p]
        named = model.respond(Experiment(test, task=(k := Label(choices, fitting=fitting))))[k]
        scaler = preprocessing.StandardScaler().fit(expected("top")[:15].astype(np.float64))
        peer = linear_model.LogisticRegression(max_iter=2000, tol=1e-10)
        peer.fit(scaler.transform(expected("top")[:15].astype(np.float64)), labels)
        reference = peer.predict_proba(scaler.transform(expected("top")[15:].astype(np.float64)))
        assert isinstance(chances, xr.DataArray)
        assert isinstance(named, xr.DataArray)
        assert chances.dims == ("presentation", "choice")
        assert chances["choice"].values.tolist() == list(choices)
        np.testing.assert_allclose(chances.values[:, [1, 3, 0]], reference, atol=2e-3)
        np.testing.assert_array_equal(chances.values[:, 2], 0.0)
        np.testing.assert_allclose(chances.values.sum(axis=1), 1.0, rtol=1e-12)
        assert named.dims == ("presentation",)
        assert named.values.tolist() == [("abc")[i] for i in reference.argmax(axis=1)]

    def test_more_features_than_stimuli_change_nothing_but_the_time(self) -> None:
        linear_model = pytest.importorskip("sklearn.linear_model")
        from fornix.extraction.readout import choice_probabilities

        features = RNG.normal(size=(30, 200))
        labels = ["xy"[k % 2] for k in range(20)]
        scaled = (features - features[:20].mean(axis=0)) / features[:20].std(axis=0)
        peer = linear_model.LogisticRegression(max_iter=5000, tol=1e-10).fit(scaled[:20], labels).predict_proba(scaled[20:])
        answer = choice_probabilities(features[:20], labels, features[20:], ["x", "y"])
        np.testing.assert_allclose(answer, peer, atol=2e-3)

    def test_constant_features_do_no_harm(self) -> None:
        pytest.importorskip("sklearn")
        from fornix.extraction.readout import choice_probabilities

        # The mean of three times 0.1 is not 0.1 in binary, so that its deviation is rounding and not zero.
        fitting = np.array([[0.0, 0.1], [1.0, 0.1], [0.1, 0.1]])
        assert 0.0 < fitting[:, 1].std() < 1e-15
        answer = choice_probabilities(fitting, ["x", "y", "x"], np.array([[0.0, 0.1], [1.0, 0.2]]), ["x", "y"])
        alone = choice_probabilities(fitting[:, :1], ["x", "y", "x"], np.array([[0.0], [1.0]]), ["x", "y"])
        np.testing.assert_allclose(answer, alone, rtol=1e-3)

    def test_labels_that_cannot_be_learned_are_named(self) -> None:
        fitting = STIMULI.take([0, 1])
        with pytest.raises(ValueError, match="one label only"):
            make().respond(Experiment(STIMULI.take([5]), task=Label(("a", "b"), fitting=Fitting(fitting, ("a", "a")))))


class TestRefusals:
    @pytest.mark.parametrize(
        ("experiment", "what", "sentence"),
        [
            (Experiment(STIMULI, (Recording("V1"),)), "region", "'V1' is not in this model's layer commitment; it offers V4, IT"),
            (Experiment(STIMULI, (Recording("layer:lte"),)), "region", "no layer 'lte'; did you mean 'late'?"),
            (Experiment(STIMULI, (Recording("V4", time_bins=((0.0, 10.0),)),)), "region", "without time bins"),
            (Experiment(STIMULI, (Recording("V4", per="token"),)), "region", "one value for each stimulus"),
            (Experiment(STIMULI, task=NextWord()), "task", "performs similarity, label and probabilities, not 'next_word'"),
            (
                Experiment(STIMULI, task=Label(("a", "b"))),
                "task",
                "learns the task 'label' from fitting stimuli, and none are given",
            ),
            (
                Experiment(StimulusSet(["a"], text=["word"]), (Recording("V4"),)),
                "stimuli",
                "sees images, and the stimuli hold text",
            ),
            (
                Experiment(StimulusSet(["a"], image=[IMAGES[0]], text=["word"]), (Recording("V4"),)),
                "stimuli",
                "sees images, and the stimuli hold image, text",
            ),
            (Experiment(StimulusSet(["a", "b"], image=[None, IMAGES[0]]), (Recording("V4"),)), "stimuli", "not available"),
        ],
    )
    def test_what_cannot_be_given_is_said_before_anything_is_shown(
        self, experiment: Experiment, what: str, sentence: str
    ) -> None:
        extract = Extract()
        with pytest.raises(NotAble) as caught:
            make(extract).respond(experiment)
        assert caught.value.what == what
        assert sentence in caught.value.why
        assert not extract.batches

    def test_a_model_without_a_behavioural_layer_performs_no_task(self) -> None:
        model = FeatureModel(Extract(), tuple(WEIGHTS), Commitment({"V4": ("early",)}))
        with pytest.raises(
            NotAble, match=r"this model declares none; name one by behaviour='<layer>' beside layers=.*\[behaviour\]"
        ):
            model.respond(Experiment(STIMULI, task=Similarity()))

    def test_a_commitment_to_a_missing_layer_is_refused_at_once(self) -> None:
        with pytest.raises(ValueError, match=r"no layer 'earli'; did you mean 'early'\?"):
            FeatureModel(Extract(), tuple(WEIGHTS), Commitment({"V4": ("earli",)}))

    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [({}, "gave nothing for layer 'early' of a batch of 5"), ({"early": np.zeros((4, 2))}, "gave 4 rows for layer 'early'")],
    )
    def test_an_extract_function_that_breaks_its_promise_is_named(self, answer: dict[str, np.ndarray], sentence: str) -> None:
        model = FeatureModel(lambda images, layers, seed: answer, ("early",), Commitment({"V4": ("early",)}), batch_size=5)
        with pytest.raises(FornixError, match=sentence):
            model.respond(Experiment(STIMULI, (Recording("V4"),)))

    @pytest.mark.parametrize(
        "asked",
        [
            Experiment(STIMULI, (Recording("V4"),)),
            Experiment(STIMULI, (Recording("V4", form="gram"),)),
            Experiment(STIMULI, task=Similarity()),
            Experiment(
                STIMULI.take(list(range(5))), task=Label(("a", "b"), fitting=Fitting(STIMULI.take([6, 7, 8]), ("a", "b", "b")))
            ),
        ],
    )
    def test_features_that_are_no_numbers_are_named_by_layer_and_stimulus(self, asked: Experiment) -> None:
        def extract(images: list[Any], layers: Sequence[str], seed: int) -> dict[str, np.ndarray]:
            features = expected("early", images)
            features[[np.array_equal(image, IMAGES[7]) for image in images], 3:5] = np.nan
            return {"early": features}

        model = FeatureModel(extract, ("early",), Commitment({"V4": ("early",)}, "early"), batch_size=5)
        with pytest.raises(FornixError, match="layer 'early' gave NaN or infinity in 2 of 301 features of stimulus 's7'"):
            model.respond(asked)

    def test_features_whose_number_changes_are_named(self) -> None:
        def extract(images: list[Any], layers: Sequence[str], seed: int) -> dict[str, np.ndarray]:
            return {"early": np.zeros((len(images), len(images)))}

        model = FeatureModel(extract, ("early",), Commitment({"V4": ("early",)}), batch_size=5)
        for form in ("values", "gram"):
            with pytest.raises(FornixError, match="layer 'early' gave 3 features for some images and 5 for others"):
                model.respond(Experiment(STIMULI, (Recording("V4", form=form),)))  # type: ignore[arg-type]
