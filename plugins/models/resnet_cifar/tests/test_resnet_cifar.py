"""The network against the published weights, the twins, and the layer commitments."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fornix
from fornix.conformance.files import need_files
from fornix.extraction.commitment import read_commitment
from fornix.extraction.responder import FeatureModel
from fornix.extraction.selection import select
from fornix.interfaces import Experiment, Fitting, Label, Recording, Similarity, SinglePassModel, StimulusSet
from fornix.registry.load import current_registry

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from fornix_model_resnet_cifar.model import MEAN, STD, commitment_file  # noqa: E402
from fornix_model_resnet_cifar.network import Block, ResNet, seeded_weights  # noqa: E402

DEPTHS = (20, 32, 56)
#: Parameters in millions, table 6 of He et al. 2016.
PUBLISHED_SIZE = {20: 0.27, 32: 0.46, 56: 0.85}


def images(n: int = 6) -> StimulusSet:
    generator = np.random.default_rng(0)
    return StimulusSet(
        [f"s{k}" for k in range(n)], image=[generator.integers(0, 256, (40, 40, 3), dtype=np.uint8) for _ in range(n)]
    )


@pytest.mark.parametrize("depth", DEPTHS)
def test_sizes_are_those_of_the_paper_and_the_cards(depth: int) -> None:
    network = ResNet(depth)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert round(count / 1e6, 2) == PUBLISHED_SIZE[depth]
    assert sum(isinstance(module, torch.nn.Conv2d | torch.nn.Linear) for module in network.modules()) == depth
    for weights in ("cifar10", "untrained"):
        assert current_registry().get("model", f"resnet{depth}-{weights}").parameters == count


def test_stages_halve_the_size_and_double_the_channels() -> None:
    network = ResNet(20)
    seen = {}

    def note(name: str) -> Any:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            seen[name] = tuple(output.shape[1:])

        return hook

    for name in ("relu", "layer1", "layer2", "layer3", "pool"):
        getattr(network, name).register_forward_hook(note(name))
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    assert seen == {
        "relu": (16, 32, 32),
        "layer1": (16, 32, 32),
        "layer2": (32, 16, 16),
        "layer3": (64, 8, 8),
        "pool": (64, 1, 1),
    }


def test_a_block_whose_convolutions_are_zero_is_its_shortcut() -> None:
    block = Block(16, 32).eval()
    torch.nn.init.zeros_(block.conv2.weight)
    features = torch.rand(2, 16, 8, 8)
    with torch.inference_mode():
        answer = block(features)
    assert torch.equal(answer[:, 8:24], features[:, :, ::2, ::2])
    assert not answer[:, :8].any()
    assert not answer[:, 24:].any()


@pytest.mark.mirror
@pytest.mark.parametrize("depth", DEPTHS)
def test_the_published_weights_fit_and_show_the_colour_normalisation(depth: int) -> None:
    """The first batch normalisation recorded the mean of conv1's output, which is linear in the mean input.

    The mean CIFAR-10 pixel is (0.4914, 0.4822, 0.4465); random crops from images padded by 4 black pixels on each side
    show the image on 1 - (4 + 3 + 2 + 1) * 2 / 9 / 32 of each axis. The mean input so recovered is that of the normalisation
    used here; without normalisation it would be (0.43, 0.42, 0.39), with CIFAR-10's own about -0.26 in every channel.
    """
    identifier = f"resnet{depth}-cifar10"
    need_files("model", identifier)
    network = fornix.load_model(identifier).module  # type: ignore[attr-defined]
    weight = network.conv1.weight.detach().sum((2, 3)).cpu().numpy()
    recovered = np.linalg.lstsq(weight, network.bn1.running_mean.cpu().numpy(), rcond=None)[0]
    shown = np.array([0.4914, 0.4822, 0.4465]) * (1 - 20 / 9 / 32) ** 2
    np.testing.assert_allclose(recovered, (shown - MEAN) / np.array(STD), atol=0.04)


@pytest.mark.mirror
@pytest.mark.parametrize("depth", DEPTHS)
def test_batch_statistics_of_natural_images_show_where_the_shortcut_puts_its_zeros(depth: int) -> None:
    """The weights' recorded means match those on other natural images only if the channels are where they were in training."""
    need_files("model", f"resnet{depth}-cifar10")
    need_files("dataset", "Cowley2023.210224")
    model = fornix.load_model(f"resnet{depth}-cifar10")
    stimuli = fornix.load_dataset("Cowley2023.210224").stimuli().take(range(64))
    network = model.module  # type: ignore[attr-defined]

    def mismatch() -> float:
        found: list[float] = []

        def compare(norm: Any, inputs: Any, _: Any) -> None:
            difference = inputs[0].mean((0, 2, 3)) - norm.running_mean
            found.append(float((difference**2 / norm.running_var).mean()))

        norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
        handles = [norm.register_forward_hook(compare) for norm in norms]
        recording = Recording("layer:linear")
        model.respond(Experiment(stimuli, (recording,)))
        for handle in handles:
            handle.remove()
        return float(np.mean(found))

    as_built = mismatch()
    for block in (network.layer2[0], network.layer3[0]):
        block.register_forward_hook(lambda block, inputs, output: zeros_at_the_end(block, inputs[0]))
    assert as_built < 0.03
    assert mismatch() > 3 * as_built


def zeros_at_the_end(block: Block, features: Any) -> Any:
    """A block's output, had option A put all its zeros behind the channels."""
    residual = block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(features)))))
    shortcut = torch.nn.functional.pad(features[:, :, ::2, ::2], (0, 0, 0, 0, 0, 2 * block.padding))
    return torch.relu(residual + shortcut)


class TestTwins:
    def test_seeded_weights_have_the_variance_of_he_2015_and_repeat(self) -> None:
        networks = [ResNet(20), ResNet(20), ResNet(20)]
        for network, seed in zip(networks, (0, 0, 1), strict=True):
            seeded_weights(network, seed)
        first, again, other = ([*network.parameters()] for network in networks)
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
        assert not torch.equal(first[0], other[0])
        weight = networks[0].layer3[2].conv2.weight.detach()
        assert abs(float(weight.std()) / np.sqrt(2 / (64 * 9)) - 1) < 0.02
        assert not networks[0].linear.bias.any()

    @pytest.mark.parametrize("depth", DEPTHS)
    def test_a_twin_is_read_out_where_the_trained_network_is(self, depth: int) -> None:
        model = fornix.load_model(f"resnet{depth}-untrained")
        assert isinstance(model, SinglePassModel)
        map_ = read_commitment(commitment_file(depth))
        commitment = model.commitment  # type: ignore[attr-defined]
        assert {region: commitment.regions[region] for region in map_.regions} == map_.regions
        assert commitment.behaviour == map_.behaviour == "pool"
        assert commitment.how["V4"] == "selected on Cowley2023.210224"
        assert commitment.layers_of("V1") == ("layer2",)

    def test_it_answers_every_region_and_both_behaviours(self) -> None:
        model = fornix.load_model("resnet20-untrained")
        stimuli = images()
        fitting = Fitting(
            StimulusSet(list("ab"), image=[np.full((4, 4, 3), level, dtype=np.uint8) for level in (0, 255)]), ("dark", "light")
        )
        task = Label(("dark", "light"), fitting=fitting)
        recordings = (Recording("V4"), Recording("IT"), Recording("V1"))
        responses = model.respond(Experiment(stimuli, recordings, Similarity()))
        sizes = [len(responses[recording]["neuroid"]) for recording in recordings]  # type: ignore[index]
        assert sizes == [32 * 16 * 16, 64 * 8 * 8, 32 * 16 * 16]
        named = model.respond(Experiment(stimuli, task=task))[task]
        assert isinstance(named, xr.DataArray)
        assert set(named.values) <= {"dark", "light"}

    def test_the_seed_is_an_option(self) -> None:
        recording = Recording("IT")
        answers = [
            fornix.load_model("resnet20-untrained", seed=seed).respond(Experiment(images(), (recording,)))[recording]
            for seed in (0, 1)
        ]
        assert not np.allclose(*answers)


def profile(depth: int) -> pd.DataFrame:
    """The scores that ``fornix commit`` wrote beside the package."""
    return pd.read_csv(Path(__file__).parents[1] / "commitment" / f"resnet{depth}-cifar10.csv")


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_committed_layer_is_the_best_of_the_profile_beside_it(depth: int) -> None:
    scores = profile(depth)
    best = scores.loc[scores["value"].idxmax(), "layer"]
    assert scores.loc[scores["selected"], "layer"].tolist() == [best]
    stated = tomllib.loads(commitment_file(depth).read_text())["regions"]["V4"]["selection"]
    assert (stated["value"], stated["error"]) == tuple(scores.loc[scores["value"].idxmax(), ["value", "error"]])
    commitment = read_commitment(commitment_file(depth))
    assert commitment.regions == {"V4": (best,), "IT": ("layer3",)}
    assert commitment.how == {"V4": "selected on Cowley2023.210224", "IT": "declared"}
    network = dict(ResNet(depth).named_modules())
    assert scores["layer"].tolist() == [
        name for name, module in network.items() if name in ("relu", "pool") or isinstance(module, Block)
    ]


@pytest.mark.mirror
@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "layers"),
    [(20, ["layer1.2", "layer2.2", "layer3.0"]), (32, ["layer2.4"]), (56, ["layer3.1"])],
)
def test_the_command_gives_the_scores_written(depth: int, layers: list[str]) -> None:
    identifier = f"resnet{depth}-cifar10"
    need_files("model", identifier)
    need_files("dataset", "Cowley2023.210224")
    registry, model = current_registry(), fornix.load_model(identifier)
    assert isinstance(model, FeatureModel)
    cards = registry.get("model", identifier), registry.get("dataset", "Cowley2023.210224")
    (selection,) = select(registry, model, *cards, layers)
    assert (selection.layer,) == read_commitment(commitment_file(depth)).regions["V4"]
    written = profile(depth).set_index("layer")
    for layer in layers:
        assert selection.scores[layer].value == pytest.approx(written.loc[layer, "value"], abs=2e-3)
        assert selection.scores[layer].error == pytest.approx(written.loc[layer, "error"], rel=0.05)


@pytest.mark.mirror
def test_training_makes_v4_more_predictable() -> None:
    """For orientation (other pooling and size, 5 splits): 0.49 trained and 0.36 untrained on session 190923."""
    need_files("model", "resnet20-cifar10")
    need_files("dataset", "Cowley2023.190923")
    dataset = fornix.load_dataset("Cowley2023.190923")
    options = current_registry().get("dataset", "Cowley2023.210224").commitment["V4"].options
    ridge = fornix.load_metric("ridge", **options, n_splits=3, replicates=False)
    recording = Recording("V4", form="gram")
    rows = list(range(600))
    stimuli = dataset.stimuli().take(rows)
    target = dataset.recordings()["V4"].isel(presentation=rows)
    trained, untrained = (
        ridge(fornix.load_model(f"resnet20-{weights}").respond(Experiment(stimuli, (recording,)))[recording], target).value
        for weights in ("cifar10", "untrained")
    )
    assert trained > untrained + 0.05
    assert trained > 0.35
