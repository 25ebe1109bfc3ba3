"""Shapes and parameter counts of the papers, weights of the stated distribution and seed."""

from __future__ import annotations

import numpy as np
import pytest

import fornix
from fornix.interfaces import Experiment, Recording, StimulusSet, check_assembly
from fornix.registry.discovery import discover

torch = pytest.importorskip("torch")

from fornix_model_seeded_networks.alexnet import AlexNet  # noqa: E402
from fornix_model_seeded_networks.model import MEAN, STD, he_initialise  # noqa: E402
from fornix_model_seeded_networks.resnet import Block, ResNet18  # noqa: E402

V4, IT = Recording("V4"), Recording("IT")
PICTURES = np.random.default_rng(0).integers(0, 256, size=(3, 100, 100, 3), dtype=np.uint8)
STIMULI = StimulusSet(["a", "b", "c"], image=list(PICTURES))


@pytest.mark.parametrize(
    ("network", "identifier", "published"),
    [(ResNet18, "resnet18-seeded", 11_689_512), (AlexNet, "alexnet-seeded", 61_100_840)],
)
def test_parameter_counts_are_the_published_ones(network: type[torch.nn.Module], identifier: str, published: int) -> None:
    assert sum(parameter.numel() for parameter in network().parameters()) == published
    assert discover().get("model", identifier).parameters == published


def test_stages_of_resnet_have_the_sizes_of_its_table() -> None:
    """He et al. 2016, table 1, at 224 pixels: 56, 28, 14, 7."""
    network = ResNet18().eval()
    sizes = {}
    for name in ("stage1", "stage2", "stage3", "stage4", "pool"):
        network.get_submodule(name).register_forward_hook(
            lambda _, __, out, name=name: sizes.update({name: tuple(out.shape[1:])})
        )
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)
    assert sizes == {
        "stage1": (64, 56, 56), "stage2": (128, 28, 28), "stage3": (256, 14, 14), "stage4": (512, 7, 7), "pool": (512, 1, 1),
    }  # fmt: skip


def test_a_block_adds_its_input() -> None:
    block = Block(4, 4, 1).eval()
    for layer in block.residual:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.zeros_(layer.weight)
    maps = torch.rand(1, 4, 5, 5)
    torch.testing.assert_close(block(maps), maps)


def test_layers_of_alexnet_have_the_published_sizes() -> None:
    network = AlexNet().eval()
    sizes = {}
    for name in ("conv1", "conv2", "conv3", "conv5", "pool5"):
        network.get_submodule(name).register_forward_hook(
            lambda _, __, out, name=name: sizes.update({name: tuple(out.shape[1:])})
        )
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)
    assert sizes == {
        "conv1": (64, 55, 55), "conv2": (192, 27, 27), "conv3": (384, 13, 13), "conv5": (256, 13, 13), "pool5": (256, 6, 6),
    }  # fmt: skip


def test_weights_have_the_variance_that_he_et_al_derive() -> None:
    network = ResNet18()
    he_initialise(network, 3)
    for layer in (network.stem[0], network.stage3[1].residual[0], network.classes):
        fan_in = layer.weight[0].numel()
        assert float(layer.weight.detach().square().mean()) == pytest.approx(2 / fan_in, rel=0.05)
    assert float(network.classes.bias.detach().abs().max()) == 0


def test_rectified_signals_keep_their_size_through_plain_layers() -> None:
    """What the variance is for: without it the signal of AlexNet's eighth layer would vanish or explode."""
    network = AlexNet().eval()
    he_initialise(network, 0)
    with torch.inference_mode():
        scores = network(torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0)))
    assert 0.2 < float(scores.std()) < 20


def test_weights_come_from_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = fornix.load_model("resnet18-seeded").module.state_dict()
    torch.manual_seed(2)
    state = torch.random.get_rng_state()
    second = fornix.load_model("resnet18-seeded").module.state_dict()
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = ResNet18()
    he_initialise(other, 1)
    assert not torch.equal(other.classes.weight, second["classes.weight"])


@pytest.mark.parametrize(
    ("identifier", "side", "v4", "it"),
    [("resnet18-seeded", 112, ("stage3", 256 * 7 * 7), ("stage4", 512 * 4 * 4)),
     ("alexnet-seeded", 224, ("relu4", 256 * 13 * 13), ("relu5", 256 * 13 * 13))],
)  # fmt: skip
def test_regions_are_read_from_the_declared_layers(identifier: str, side: int, v4: tuple, it: tuple) -> None:
    model = fornix.load_model(identifier)
    responses = model.respond(Experiment(STIMULI, (V4, IT)))
    for recording, (layer, size) in ((V4, v4), (IT, it)):
        check_assembly(responses[recording], dims=("presentation", "neuroid"), stimulus_ids=STIMULI, finite=True)
        assert responses[recording].shape == (3, size)
        assert set(responses[recording]["layer"].values) == {layer}
    seen = {}
    handle = model.module.get_submodule(v4[0]).register_forward_hook(lambda _, __, out: seen.update(out=out.flatten(1)))
    from PIL import Image

    resized = [np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR)) for picture in PICTURES]
    images = (np.stack(resized) / 255 - np.array(MEAN)) / np.array(STD)
    with torch.inference_mode():
        model.module.eval()(torch.from_numpy(images).permute(0, 3, 1, 2).float())
    handle.remove()
    np.testing.assert_allclose(responses[V4].values, seen["out"], rtol=1e-3, atol=1e-3)
    alone = model.respond(Experiment(STIMULI.take([2]), (V4,)))[V4].values
    np.testing.assert_allclose(alone[0], responses[V4].values[2], rtol=1e-3, atol=1e-3)
