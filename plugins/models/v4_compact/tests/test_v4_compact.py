"""The network built from tensors is the Keras network, and predicts the neurons that it was made for."""

from __future__ import annotations

import numpy as np
import pytest

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Experiment, NotAble, Recording, StimulusSet, check_assembly
from fornix.registry.discovery import discover

torch = pytest.importorskip("torch")

from fornix_model_v4_compact.model import MEAN_RGB, NEURONS, preprocess  # noqa: E402
from fornix_model_v4_compact.network import SIDE, CompactNetwork  # noqa: E402

IDENTIFIER = "v4-compact-190923"
CHANNELS = (4, 5, 3, 2, 3)
V4 = Recording("V4")


def random_tensors(seed: int = 0) -> dict[str, torch.Tensor]:
    """A state dict with the published names, in float64 as published."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    tensors = {"layers.layer0_conv.weight": draw(CHANNELS[0], 3, 5, 5) / 500, "layers.layer0_conv.bias": draw(CHANNELS[0])}
    for i, channels in enumerate(CHANNELS):
        if i > 0:
            tensors[f"layers.layer{i}_conv_depth.weight"] = draw(CHANNELS[i - 1], 1, 5, 5) / 5
            tensors[f"layers.layer{i}_conv_point.weight"] = draw(channels, CHANNELS[i - 1], 1, 1)
            tensors[f"layers.layer{i}_conv_point.bias"] = draw(channels)
        tensors[f"layers.layer{i}_bn.weight"] = 1 + draw(channels) / 5
        tensors[f"layers.layer{i}_bn.bias"] = draw(channels)
        tensors[f"layers.layer{i}_bn.running_mean"] = draw(channels)
        tensors[f"layers.layer{i}_bn.running_var"] = draw(channels).abs() + 0.1
    tensors["layers.Beta.weight"] = draw(1, 28 * 28 * CHANNELS[-1])
    tensors["layers.Beta.bias"] = draw(1)
    return tensors


def separate_steps(tensors: dict[str, torch.Tensor], images: np.ndarray, odd_zero: str = "last") -> np.ndarray:
    """The network written out step by step in float64, batch norm not folded, places explicit: (batch, 112, 112, 3) in."""
    t = {name.removeprefix("layers."): tensor.numpy() for name, tensor in tensors.items()}
    maps = images.astype(np.float64)
    for i, stride in enumerate((1, 2, 2, 1, 1)):
        size = maps.shape[1]
        total = (-(-size // stride) - 1) * stride + 5 - size
        pads = (total // 2, total - total // 2) if odd_zero == "last" else (total - total // 2, total // 2)
        padded = np.pad(maps, ((0, 0), pads, pads, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))[:, ::stride, ::stride]
        if i == 0:
            maps = np.einsum("bxycij,ocij->bxyo", windows, t["layer0_conv.weight"]) + t["layer0_conv.bias"]
        else:
            depth = np.einsum("bxycij,cij->bxyc", windows, t[f"layer{i}_conv_depth.weight"][:, 0])
            maps = depth @ t[f"layer{i}_conv_point.weight"][:, :, 0, 0].T + t[f"layer{i}_conv_point.bias"]
        scale = t[f"layer{i}_bn.weight"] / np.sqrt(t[f"layer{i}_bn.running_var"] + 1e-5)
        maps = np.maximum((maps - t[f"layer{i}_bn.running_mean"]) * scale + t[f"layer{i}_bn.bias"], 0)
    return maps.reshape(len(maps), -1) @ t["Beta.weight"].T + t["Beta.bias"]


def test_network_equals_its_definition_step_by_step() -> None:
    tensors = random_tensors()
    images = np.random.default_rng(0).normal(scale=50, size=(2, SIDE, SIDE, 3))
    network = CompactNetwork(tensors)
    found = network(torch.from_numpy(images).permute(0, 3, 1, 2).float()).numpy()
    expected = separate_steps(tensors, images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    # where an odd number of zeros is added, the extra one comes last
    otherwise = separate_steps(tensors, images, odd_zero="first")
    assert (np.abs(found - otherwise) > 0.01 * np.abs(expected).max()).all()


def test_the_mean_colour_is_subtracted_and_nothing_scaled() -> None:
    image = np.full((SIDE, SIDE, 3), (116, 109, 100), dtype=np.uint8)
    np.testing.assert_allclose(preprocess(image).mean(dim=(1, 2)), [-0.222, -0.270, -0.381], atol=1e-5)
    np.testing.assert_allclose((preprocess(image + np.uint8(10)) + MEAN_RGB).mean(dim=(1, 2)), [126, 119, 110], rtol=1e-6)
    assert preprocess(np.zeros((64, 80, 3), dtype=np.uint8)).shape == (3, SIDE, SIDE)


def test_a_missing_tensor_is_named() -> None:
    tensors = random_tensors()
    del tensors["layers.layer3_bn.bias"]
    with pytest.raises(KeyError, match=r"layer3_bn\.bias"):
        CompactNetwork(tensors)


@pytest.fixture(scope="module")
def model() -> object:
    need_files("model", IDENTIFIER)
    return fornix.load_model(IDENTIFIER)


@pytest.mark.mirror
def test_networks_predict_the_neurons_they_were_made_for(model) -> None:
    """Not a score: their teacher's readout was fitted to half of these responses. A wrong padding, order or activation shows."""
    need_files("dataset", "Cowley2023.190923")
    session = fornix.load_dataset("Cowley2023.190923")
    shown = session.stimuli().take(range(100))
    answer = model.respond(Experiment(shown, (V4,)))[V4]
    check_assembly(answer, dims=("presentation", "neuroid"), stimulus_ids=shown, finite=True)
    assert answer.shape == (100, NEURONS)
    measured = session.recordings()["V4"].values[:100]
    own = [np.corrcoef(answer.values[:, k], measured[:, k])[0, 1] for k in range(NEURONS)]
    other = [np.corrcoef(answer.values[:, k], measured[:, (k + 1) % NEURONS])[0, 1] for k in range(NEURONS)]
    assert np.median(own) > 0.68
    assert np.median(other) < np.median(own) - 0.2


@pytest.mark.mirror
def test_parameters_are_those_of_the_card(model) -> None:
    """Folding hides two parameters of each channel, added back here; 12,232 is what the published summary of neuron 0 says."""

    def trained(network: torch.nn.Module) -> int:
        norms = sum(len(network.get_buffer(f"mix{i}_bias")) for i in range(5))
        return sum(buffer.numel() for buffer in network.buffers()) + 2 * norms

    counts = [trained(network) for network in model.module.networks]
    assert counts[0] == 12232
    assert sum(counts) == discover().get("model", IDENTIFIER).parameters


@pytest.mark.mirror
def test_only_v4_is_offered_and_no_task(model) -> None:
    stimuli = StimulusSet(["grey"], image=[np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)])
    with pytest.raises(NotAble, match="IT"):
        model.respond(Experiment(stimuli, (Recording("IT"),)))


@pytest.mark.mirror
def test_answers_do_not_depend_on_the_batch(model) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, size=(5, SIDE, SIDE, 3), dtype=np.uint8)
    stimuli = StimulusSet([str(i) for i in range(5)], image=list(pictures))
    together = model.respond(Experiment(stimuli, (V4,)))[V4].values
    alone = model.respond(Experiment(stimuli.take([3]), (V4,)))[V4].values
    np.testing.assert_allclose(alone[0], together[3], rtol=1e-4, atol=1e-4)
