"""Golden values: when the numbers of extraction move, EXTRACTION_REVISION must be raised and these digits written anew.

The digits of the convolution were checked against SciPy's ``correlate`` (see the first test), those of the rest are a record.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.signal import correlate

from fornix.interfaces import Experiment, Fitting, Gram, Probabilities, Recording, Similarity, StimulusSet
from fornix.numerics.policy import EXTRACTION_REVISION

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytestmark = pytest.mark.torch

from fornix.extraction.torch import TorchModel, preprocess  # noqa: E402


def golden_images() -> list[np.ndarray]:
    """Seven images of 12 x 10 pixels from a formula."""
    row, column, channel = np.meshgrid(np.arange(12), np.arange(10), np.arange(3), indexing="ij")
    return [
        np.rint(127.5 + 127.5 * np.sin(0.7 * row * (k + 1) / 3 + 0.9 * column + 1.3 * channel * k)).astype(np.uint8)
        for k in range(7)
    ]


def golden_model() -> TorchModel:
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(inplace=True), torch.nn.Flatten(), torch.nn.Linear(144, 5)
    )
    with torch.no_grad():
        for parameter in network.parameters():
            places = torch.arange(parameter.numel(), dtype=torch.float32)
            parameter.copy_((0.3 * torch.sin(places * 1.7 + parameter.ndim)).reshape(parameter.shape))
    return TorchModel(network, preprocess(8, 0.5, 0.25), {"V4": "0", "IT": "1"}, behaviour="3", batch_size=3, device="cpu")


def responses_of(model: TorchModel) -> dict[str, np.ndarray]:
    images = golden_images()
    stimuli, fitting = StimulusSet([f"s{k}" for k in range(3)], image=images[:3]), StimulusSet(list("abcd"), image=images[3:])
    learned = Probabilities(("x", "y"), fitting=Fitting(fitting, ("x", "y", "y", "x")))
    recordings = (Recording("V4"), Recording("IT", form="gram"))
    first = model.respond(Experiment(stimuli, recordings, Similarity()))
    second = model.respond(Experiment(stimuli, task=learned))
    v4, gram, similarity, chances = first[recordings[0]], first[recordings[1]], first[Similarity()], second[learned]
    assert isinstance(v4, xr.DataArray)
    assert isinstance(gram, Gram)
    assert isinstance(similarity, xr.DataArray)
    assert isinstance(chances, xr.DataArray)
    return {
        "values": v4.values[:, [0, 50, 143]].ravel(),
        "products": gram.products[np.triu_indices(3)],
        "mean_products": gram.mean_products,
        "row_sums": gram.row_sums,
        "similarity": similarity.values,
        "probabilities": chances.values[:, 0],
    }


GOLDEN: dict[int, dict[str, list[float]]] = {
    1: {
        "values": [0.1731999, 0.04974946, 0.8152404, 0.01393072, 0.09069775, 0.1255239, 1.723612, 1.076294, -0.9190753],
        "products": [16.92538, 2.018042, -18.94342, 9.040048, -11.05809, 30.00151],
        "mean_products": [-3.61591, -10.77535, 14.39126],
        "row_sums": [37.15543, 19.37695, 65.6209],
        "similarity": [0.04135124, 0.5980572, 0.3561302],
        "probabilities": [0.000594115, 0.03234251, 0.1519032],
    },
}


def test_the_golden_network_convolves() -> None:
    model = golden_model()
    image = preprocess(8, 0.5, 0.25)(golden_images()[0]).numpy()
    weight, bias = (parameter.detach().numpy() for parameter in model.module[0].parameters())
    expected = [correlate(image, kernel, mode="valid")[0] + shift for kernel, shift in zip(weight, bias, strict=True)]
    answer = model.respond(Experiment(StimulusSet(["s"], image=golden_images()[:1]), (Recording("V4"),)))[Recording("V4")]
    np.testing.assert_allclose(np.asarray(answer).ravel(), np.ravel(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["values", "products", "mean_products", "row_sums", "similarity", "probabilities"])
def test_numbers_move_only_with_the_revision(name: str) -> None:
    assert EXTRACTION_REVISION in GOLDEN, "EXTRACTION_REVISION was raised: write the new golden values beside the old ones' place"
    # Float32 sums differ between machines in the sixth digit; scikit-learn's optimiser stops within 1e-4.
    tolerance = 2e-3 if name == "probabilities" else 2e-5
    np.testing.assert_allclose(
        responses_of(golden_model())[name],
        GOLDEN[EXTRACTION_REVISION][name],
        rtol=tolerance,
        atol=tolerance,
        err_msg=f"{name} moved: if this is meant, raise EXTRACTION_REVISION in numerics/policy.py and write the new digits here",
    )
