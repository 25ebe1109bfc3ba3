"""PLS2 against scikit-learn run to its limit, by features and by Gram, weighted, paired anew, and where ranks run out.

On every backend that is there.
"""

import numpy as np
import pytest

import fornix.numerics.linear.pls
from fornix.numerics.linear.decomposition import Features, Products
from fornix.numerics.linear.gram import gram_of
from fornix.numerics.linear.pls import TrainingPart, pls_predictions

cross_decomposition = pytest.importorskip("sklearn.cross_decomposition")
N = 70
TRAIN, TEST = np.arange(55), np.arange(55, N)


def data(p: int, q: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(p + q)
    latent = rng.normal(size=(N, 6))
    x = latent @ rng.normal(size=(6, p)) + rng.normal(size=(N, p)) + 4
    return x, latent @ rng.normal(size=(6, q)) + rng.normal(size=(N, q)) - 9


def products(x: np.ndarray) -> Products:
    return Products(gram_of(x, np.arange(len(x)).astype(str)).products)


def weights(rows: np.ndarray) -> np.ndarray:
    return np.isin(np.arange(N), rows).astype(float)


def reference(x: np.ndarray, y: np.ndarray, train: np.ndarray, n_components: int) -> np.ndarray:
    model = cross_decomposition.PLSRegression(n_components, scale=False, tol=1e-14, max_iter=200_000)
    return np.asarray(model.fit(x[train], y[train]).predict(x[TEST])).reshape(len(TEST), -1)


@pytest.mark.parametrize(("p", "q"), [(20, 5), (20, 1), (200, 8), (150, 90)])
@pytest.mark.parametrize("source", [lambda x: Features(x), products])
def test_predictions_are_scikit_learns_limit(scoring_device: str, p: int, q: int, source: object) -> None:
    x, y = data(p, q)
    (found,) = pls_predictions(source(x).on_device(scoring_device), y, [TrainingPart(weights(TRAIN))], [TEST], 10)
    np.testing.assert_allclose(found, reference(x, y, TRAIN, 10), atol=1e-6)


def test_many_parts_at_once_are_each_as_alone(scoring_device: str) -> None:
    x, y = data(40, 6)
    trains = [TRAIN, TRAIN[::2], TRAIN[5:]]
    for train, found in zip(
        trains,
        pls_predictions(Features(x).on_device(scoring_device), y, [TrainingPart(weights(t)) for t in trains], [TEST] * 3, 6),
        strict=True,
    ):
        np.testing.assert_allclose(found, reference(x, y, train, 6), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 20_000_000])
def test_however_parts_are_worked_on_together_each_is_as_alone(
    scoring_device: str, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts whose X'Y comes from all rows, from none, or from a part before; two pairings in turns."""
    monkeypatch.setattr(fornix.numerics.linear.pls, "BATCH_SIZE", batch_size)
    x, y = data(40, 6)
    order = np.random.default_rng(0).permutation(N)
    given = [
        (rows, pairing) for rows in (TRAIN, TRAIN[3:], TRAIN[:20], TRAIN[1:20], np.arange(9, 55)) for pairing in (None, order)
    ]
    parts = [TrainingPart(weights(rows), pairing) for rows, pairing in given]
    found = pls_predictions(Features(x).on_device(scoring_device), y, parts, [TEST] * len(parts), 4)
    for (rows, pairing), prediction in zip(given, found, strict=True):
        paired = y if pairing is None else y[pairing]
        np.testing.assert_allclose(prediction, reference(x, paired, rows, 4), atol=1e-6)


def test_a_row_of_half_weight_twice_is_one_row(scoring_device: str) -> None:
    x, y = data(40, 6)
    twice = np.r_[np.arange(N), [3, 4, 5]]
    light = np.r_[weights(TRAIN), [0.3, 0.3, 0.3]]
    light[3:6] = 0.7
    (found,) = pls_predictions(Features(x[twice]).on_device(scoring_device), y[twice], [TrainingPart(light)], [TEST], 6)
    (expected,) = pls_predictions(Features(x).on_device(scoring_device), y, [TrainingPart(weights(TRAIN))], [TEST], 6)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_rows_paired_with_other_targets(scoring_device: str) -> None:
    x, y = data(40, 6)
    order = np.random.default_rng(0).permutation(N)
    (found,) = pls_predictions(products(x).on_device(scoring_device), y, [TrainingPart(weights(TRAIN), order)], [TEST], 6)
    np.testing.assert_allclose(found, reference(x, y[order], TRAIN, 6), atol=1e-6)


def test_a_source_of_low_rank_gives_the_components_it_has(scoring_device: str) -> None:
    x, y = data(4, 6)
    (found,) = pls_predictions(Features(x).on_device(scoring_device), y, [TrainingPart(weights(TRAIN))], [TEST], 10)
    design = np.c_[np.ones(N), x]
    expected = design[TEST] @ np.linalg.lstsq(design[TRAIN], y[TRAIN])[0]
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_components_that_matter_little_are_still_exact(scoring_device: str) -> None:
    """Covariances that fall by twelve orders over ten components: the cross-products must be formed anew on the way."""
    x, y = data(30, 5)
    u, _, v = np.linalg.svd(x - x.mean(0), full_matrices=False)
    x = u * np.geomspace(1, 1e-3, 30) @ v
    (found,) = pls_predictions(Features(x).on_device(scoring_device), y, [TrainingPart(weights(TRAIN))], [TEST], 10)
    np.testing.assert_allclose(found, reference(x, y, TRAIN, 10), atol=1e-5)


def test_a_constant_source_predicts_the_mean(scoring_device: str) -> None:
    _, y = data(4, 6)
    (found,) = pls_predictions(Features(np.zeros((N, 4))).on_device(scoring_device), y, [TrainingPart(weights(TRAIN))], [TEST], 3)
    np.testing.assert_allclose(found, np.tile(y[TRAIN].mean(axis=0), (len(TEST), 1)))


def test_every_backend_has_the_numbers_of_numpy(scoring_device: str) -> None:
    """More targets than rows and fewer, lighter rows, other pairings; from features and from inner products."""
    for p, q in ((40, 6), (40, 90), (200, 6)):
        x, y = data(p, q)
        order = np.random.default_rng(0).permutation(N)
        parts = [TrainingPart(weights(TRAIN)), TrainingPart(weights(TRAIN) * 0.5), TrainingPart(weights(TRAIN[9:]), order)]
        for source in (Features(x - x.mean(axis=0)), products(x)):
            expected = pls_predictions(source, y, parts, [TEST] * 3, 12)
            found = pls_predictions(source.on_device(scoring_device), y, parts, [TEST] * 3, 12)
            for one, other in zip(found, expected, strict=True):
                assert isinstance(one, np.ndarray)
                np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)
