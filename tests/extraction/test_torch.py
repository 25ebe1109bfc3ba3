"""Networks as models: hooks, one pass that ends at the last layer, outputs of every kind, the numeric policy."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from fornix import FornixError, NotAble, UsageError
from fornix.extraction.commitment import Commitment
from fornix.interfaces import Experiment, Gram, Recording, Similarity, SinglePassModel, StimulusSet

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch import Tensor, nn  # noqa: E402

from fornix.extraction.torch import TorchModel, preprocess  # noqa: E402
from fornix.extraction.weights import load_state_dict  # noqa: E402

RNG = np.random.default_rng(0)
IMAGES = [RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8) for _ in range(11)]
STIMULI = StimulusSet([f"s{k}" for k in range(11)], image=IMAGES)
TO_TENSOR = preprocess()


class Counting(nn.Module):
    """Passes on what it gets and counts how often, and for how many images."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.batches.append(len(x))
        return x


def seeded(make: Any) -> Any:
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return make()


def network() -> Any:
    return seeded(
        lambda: nn.Sequential(
            OrderedDict(
                first=Counting(),
                conv=nn.Conv2d(3, 6, 3),
                norm=nn.BatchNorm2d(6),
                relu=nn.ReLU(inplace=True),
                middle=Counting(),
                conv2=nn.Conv2d(6, 4, 3),
                flat=nn.Flatten(),
                head=nn.Linear(64, 10),
                last=Counting(),
            )
        )
    )


def values(model: TorchModel, layer: str, stimuli: StimulusSet = STIMULI) -> np.ndarray:
    recording = Recording(f"layer:{layer}")
    answer = model.respond(Experiment(stimuli, (recording,)))[recording]
    assert isinstance(answer, xr.DataArray)
    return np.asarray(answer.values)


def model_of(module: nn.Module, **options: Any) -> TorchModel:
    return TorchModel(module, TO_TENSOR, **{"layers": {}, "batch_size": 4, "device": "cpu", **options})


def batch() -> Tensor:
    return torch.stack([TO_TENSOR(image) for image in IMAGES])


def test_layers_are_what_the_network_computes() -> None:
    net = network()
    model = TorchModel(net, TO_TENSOR, {"V4": "conv2", "IT": ["conv2", "head"]}, behaviour="flat", batch_size=4, device="cpu")
    assert isinstance(model, SinglePassModel)
    with torch.inference_mode():
        conv2 = net[:6].eval()(batch())
        head = net.eval()(batch())
    responses = model.respond(Experiment(STIMULI, (Recording("V4"), Recording("IT")), Similarity()))
    np.testing.assert_allclose(responses[Recording("V4")], conv2.flatten(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(responses[Recording("IT")], torch.hstack([conv2.flatten(1), head]), rtol=1e-5, atol=1e-6)
    expected = 1.0 - np.corrcoef(conv2.flatten(1).double())[np.triu_indices(11, 1)]
    np.testing.assert_allclose(responses[Similarity()], expected, atol=1e-6)


def test_batch_size_changes_nothing_beyond_float32_and_no_batch_is_padded() -> None:
    for layer in ("conv", "head"):
        reference = values(model_of(network(), batch_size=11), layer)
        for size in (1, 4, 64):
            net = network()
            np.testing.assert_allclose(values(model_of(net, batch_size=size), layer), reference, rtol=1e-5, atol=1e-6)
            assert net.first.batches == [size] * (11 // size) + ([11 % size] if 11 % size else [])


def test_one_pass_for_all_layers_recordings_and_experiments() -> None:
    net = network()
    model = model_of(net, layers={"V4": "conv", "IT": "head"}, behaviour="flat")
    model.respond_all(
        [
            Experiment(STIMULI, (Recording("V4"), Recording("IT", form="gram"), Recording("layer:conv2")), Similarity()),
            Experiment(STIMULI, (Recording("V4", form="gram"), Recording("IT"))),
        ]
    )
    assert net.first.batches == [4, 4, 3]


def test_nothing_is_computed_after_the_last_layer_needed() -> None:
    net = network()
    model = model_of(net)
    values(model, "conv")
    assert net.last.batches == [4]  # the first batch ever, from which the order of layers is learned
    assert net.first.batches == [4, 4, 3]
    values(model, "conv2")
    assert net.last.batches == [4]
    assert net.middle.batches == [4, 4, 4, 3]
    values(model, "last")
    assert net.last.batches == [4, 4, 4, 3]


def test_the_last_layer_is_the_last_to_run_not_the_last_registered() -> None:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.late = nn.Conv2d(3, 2, 3)
            self.early = nn.Conv2d(3, 2, 3)
            self.after = Counting()

        def forward(self, x: Tensor) -> Tensor:
            early = self.early(x)
            return self.after(early + self.late(x))

    net = seeded(Branches)
    model = model_of(net, layers={"V4": ["late", "early"]})
    for _ in range(2):
        answer = model.respond(Experiment(STIMULI, (Recording("V4"),)))[Recording("V4")]
        with torch.inference_mode():
            expected = torch.hstack([net.late(batch()).flatten(1), net.early(batch()).flatten(1)])
        np.testing.assert_allclose(answer, expected, rtol=1e-5, atol=1e-6)
    assert net.after.batches == [4]
    assert model.layers() == ("early", "late", "after")


def test_features_are_taken_before_a_later_layer_overwrites_them_in_place() -> None:
    recordings = (Recording("layer:norm"), Recording("layer:relu"), Recording("layer:head"))
    responses = model_of(network()).respond(Experiment(STIMULI, recordings))
    norm, relu = responses[recordings[0]], responses[recordings[1]]
    assert isinstance(norm, xr.DataArray)
    assert (norm.values.min(axis=1) < 0.0).all()
    np.testing.assert_array_equal(np.maximum(norm, 0.0), relu)


def test_no_own_except_clause_of_a_network_stops_the_stopping() -> None:
    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 2, 3), Counting()

        def forward(self, x: Tensor) -> Tensor:
            try:
                x = self.a(x)
            except Exception:
                x = torch.zeros(len(x), 2)
            return self.b(x)

    net = seeded(Careful)
    model = model_of(net)
    values(model, "a")
    values(model, "a")
    assert net.b.batches == [4]


class TestSharedAndRepeatedLayers:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encode = nn.Conv2d(3, 4, 3, padding=1)
            self.step = nn.Conv2d(4, 4, 3, padding=1)
            self.act = nn.ReLU()
            self.alias = self.step
            self.head = Counting()

        def forward(self, x: Tensor) -> Tensor:
            state = self.act(self.encode(x))
            for _ in range(3):
                state = self.act(self.step(state))
            return self.head(state)

    def states(self, net: Any) -> list[Tensor]:
        with torch.inference_mode():
            state, steps = torch.relu(net.encode(batch())), []
            for _ in range(3):
                steps.append(net.step(state).flatten(1))
                state = torch.relu(net.step(state))
        return steps

    def test_the_last_call_answers_and_a_step_can_be_asked_for(self) -> None:
        net = seeded(self.Recurrent)
        steps = self.states(net)
        model = model_of(net)
        for _ in range(2):  # calls are learned in the first pass
            for layer, expected in (("step@0", steps[0]), ("step@1", steps[1]), ("step@2", steps[2]), ("step", steps[2])):
                np.testing.assert_allclose(values(model, layer), expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(values(model_of(net), "step@1"), steps[1], rtol=1e-4, atol=1e-6)

    def test_a_pass_ends_at_the_step_asked_for(self) -> None:
        net = seeded(self.Recurrent)
        model = model_of(net)
        values(model, "step")
        net.head.batches.clear()
        calls: list[int] = []
        net.step.register_forward_pre_hook(lambda *_: calls.append(1))
        values(model, "step@1")
        assert len(calls) == 2 * 3
        assert net.head.batches == []

    def test_one_module_under_two_names(self) -> None:
        net = seeded(self.Recurrent)
        model = model_of(net, layers={"V4": ["step", "alias"], "IT": "act@3"})
        answer = model.respond(Experiment(STIMULI, (Recording("V4"), Recording("IT"))))
        expected = self.states(net)[2]
        np.testing.assert_allclose(answer[Recording("V4")], torch.hstack([expected, expected]), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(answer[Recording("IT")], expected.relu(), rtol=1e-4, atol=1e-6)

    def test_a_step_that_does_not_exist_is_named(self) -> None:
        model = model_of(seeded(self.Recurrent))
        for _ in range(2):
            with pytest.raises(FornixError, match=r"no call 'step@3': the layer is called 3 times \(0 to 2\)"):
                values(model, "step@3")


class TestOutputs:
    @pytest.mark.parametrize("batch_first", [True, False])
    def test_recurrent_layers_give_the_sequence_of_states(self, batch_first: bool) -> None:
        class Rows(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.lstm = nn.LSTM(24, 5, batch_first=batch_first)

            def forward(self, x: Tensor) -> Tensor:
                rows = x.permute(0, 2, 1, 3).flatten(2)  # (batch, 8 rows, 24)
                return self.lstm(rows if batch_first else rows.transpose(0, 1))[0]

        net = seeded(Rows)
        with torch.inference_mode():
            sequence = net(batch())
            expected = (sequence if batch_first else sequence.transpose(0, 1)).flatten(1)
        for size in (4, 8):  # 8 images and 8 time steps cannot be told apart by shape
            np.testing.assert_allclose(values(model_of(net, batch_size=size), "lstm"), expected, rtol=1e-4, atol=1e-6)

    def test_tuples_lists_and_dicts_give_their_first_tensor_and_tokens_are_flattened(self) -> None:
        class Several(nn.Module):
            def __init__(self, wrap: Any) -> None:
                super().__init__()
                self.wrap = wrap

            def forward(self, x: Tensor) -> Any:
                return self.wrap(x)

        wraps = [
            lambda x: (None, x, x.mean()),
            lambda x: [x, x + 1],
            lambda x: {"name": "a", "state": (x,)},
            lambda x: OrderedDict(last=x),
            lambda x: x.double(),
            lambda x: x.flatten(2),
        ]
        for wrap in wraps:
            assert values(model_of(nn.Sequential(Several(wrap), Several(lambda x: x))), "0").shape == (11, 192)
            np.testing.assert_array_equal(values(model_of(nn.Sequential(Several(wrap))), "0"), batch().flatten(1))
        with pytest.raises(FornixError, match="layer '0' returns str without a tensor in it"):
            values(model_of(nn.Sequential(Several(lambda x: "text"))), "0")
        with pytest.raises(
            FornixError, match=r"layer '0' returns shape \(8, 192\) for a batch of 4: its first axis is not the batch"
        ):
            values(model_of(nn.Sequential(Several(lambda x: torch.cat([x, x]).flatten(1)))), "0")

    def test_tokens_of_transformer_layers_and_the_layers_within(self) -> None:
        encoder = seeded(lambda: nn.TransformerEncoderLayer(64, 4, 16, batch_first=True, dropout=0.5))
        net = nn.Sequential(nn.Flatten(2), encoder)  # tokens: the three channels
        with torch.inference_mode():
            expected = net.eval()(batch()).flatten(1)
        np.testing.assert_allclose(values(model_of(net), "1"), expected, rtol=1e-4, atol=1e-5)
        assert values(model_of(net), "1.linear1").shape == (11, 3 * 16)

    def test_tokens_first_transformers(self) -> None:
        class TokensFirst(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.encoder = nn.TransformerEncoderLayer(64, 4, 16)

            def forward(self, x: Tensor) -> Tensor:
                return self.encoder(x.flatten(2).transpose(0, 1))

        net = seeded(TokensFirst)
        with torch.inference_mode():
            expected = net.eval()(batch()).transpose(0, 1).flatten(1)
        np.testing.assert_allclose(values(model_of(net), "encoder"), expected, rtol=1e-4, atol=1e-5)


class TestPolicy:
    def test_eval_mode_no_gradients_seed_and_settings_during_the_pass_and_as_before_afterwards(self) -> None:
        seen: dict[str, Any] = {}

        class Spy(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                seen.update(
                    training=self.training,
                    inference=torch.is_inference_mode_enabled(),
                    deterministic=torch.are_deterministic_algorithms_enabled(),
                    precision=torch.get_float32_matmul_precision(),
                    autocast=torch.is_autocast_enabled("cpu"),
                    draw=torch.rand(1).item(),
                    dtype=x.dtype,
                )
                return x

        net = nn.Sequential(Spy(), nn.Dropout(0.5))
        net[1].eval()
        model = model_of(net)
        torch.set_float32_matmul_precision("medium")
        torch.manual_seed(3)
        try:
            with torch.autocast("cpu"):
                values(model, "0")
            first = dict(seen)
            values(model, "0")
            assert torch.get_float32_matmul_precision() == "medium"
            assert not torch.are_deterministic_algorithms_enabled()
            after = torch.rand(1)
            torch.manual_seed(3)
            assert after.item() == torch.rand(1).item()
        finally:
            torch.set_float32_matmul_precision("highest")
        assert first == {**seen}
        assert {k: v for k, v in seen.items() if k != "draw"} == {
            "training": False,
            "inference": True,
            "deterministic": True,
            "precision": "highest",
            "autocast": False,
            "dtype": torch.float32,
        }
        assert net.training
        assert net[0].training
        assert not net[1].training

    def test_dropout_is_off_and_answers_repeat(self) -> None:
        net = nn.Sequential(nn.Dropout(0.5), nn.Flatten())
        np.testing.assert_array_equal(values(model_of(net), "0"), batch().flatten(1))

    def test_a_noisy_network_is_seeded_by_stimulus_and_repetition(self) -> None:
        class Noise(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return x + torch.randn_like(x)

        model = model_of(nn.Sequential(Noise()), layers={"V1": "0"}, deterministic=False)
        experiment = Experiment(STIMULI, (Recording("V1"),), repetitions=2)
        first, second = model.respond(experiment)[Recording("V1")], model.respond(experiment)[Recording("V1")]
        assert first.identical(second)
        assert isinstance(first, xr.DataArray)
        noise = first.values.reshape(2, 11, -1) - batch().flatten(1).numpy()
        assert np.abs(np.corrcoef(noise.reshape(22, -1))[np.triu_indices(22, 1)]).max() < 0.4
        alone = values(model, "0", STIMULI.take([5]))
        np.testing.assert_array_equal(alone[0], first.values[5])

    def test_hooks_are_removed_even_when_the_network_fails(self) -> None:
        class Fails(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                raise RuntimeError("shape trouble")

        net = nn.Sequential(nn.Identity(), Fails())
        with pytest.raises(RuntimeError, match="shape trouble"):
            values(model_of(net), "0")
        assert not any(child._forward_hooks for child in net.modules())
        net = network()
        values(model_of(net), "conv")
        assert not any(child._forward_hooks for child in net.modules())


class TestSentences:
    def test_a_missing_layer(self) -> None:
        with pytest.raises(UsageError, match=r"no layer 'convv'; did you mean 'conv2?'\?"):
            TorchModel(network(), TO_TENSOR, {"V4": "convv"})
        with pytest.raises(NotAble, match="the model has no layer 'heads'; did you mean 'head'"):
            values(model_of(network()), "heads")
        with pytest.raises(NotAble, match="the model has no layer 'conv@x'"):
            values(model_of(network()), "conv@x")

    def test_a_layer_that_is_never_called(self) -> None:
        net = network()
        net.add_module("unused", nn.ModuleList([nn.Linear(2, 2)]))
        net.forward = lambda x: net.conv(x)  # type: ignore[method-assign]
        model = model_of(net)
        for _ in range(2):
            with pytest.raises(FornixError, match="layer 'unused' is not called in the forward pass"):
                values(model, "unused")

    def test_maps_and_commitments_exclude_each_other(self) -> None:
        commitment = Commitment({"V4": ("conv",)}, "flat")
        assert TorchModel(network(), TO_TENSOR, commitment=commitment).commitment is commitment
        with pytest.raises(UsageError, match="either layers="):
            TorchModel(network(), TO_TENSOR)
        with pytest.raises(UsageError, match="either layers="):
            TorchModel(network(), TO_TENSOR, {"V4": "conv"}, commitment=commitment)
        with pytest.raises(UsageError, match="the commitment names the behavioural layer"):
            TorchModel(network(), TO_TENSOR, commitment=commitment, behaviour="flat")

    @pytest.mark.parametrize("layers", ["conv", ["conv"], {"V4": 3}, {"V4": ["conv", 3]}])
    def test_layers_that_are_no_map_from_regions(self, layers: Any) -> None:
        sentence = r"layers maps regions to layers, such as \{'V4': '(conv|layer4)'\}, or \{'\*': .*\} for every region; got "
        with pytest.raises(UsageError, match=sentence + re.escape(repr(layers))):
            TorchModel(network(), TO_TENSOR, layers)

    def test_other_precisions_are_refused(self) -> None:
        with pytest.raises(UsageError, match=r"forward passes are in float32, and the module holds .*float16.*module\.float"):
            model_of(network().half())

    def test_what_preprocess_gets_wrong(self) -> None:
        sizes = StimulusSet(["a", "b"], image=[IMAGES[0], np.zeros((9, 8, 3), dtype=np.uint8)])
        with pytest.raises(FornixError, match=r"different shapes \(\(3, 8, 8\) and \(3, 9, 8\)\); resize them"):
            values(model_of(nn.Sequential(nn.Flatten())), "0", sizes)
        integers = TorchModel(nn.Sequential(nn.Flatten()), lambda image: image, {}, device="cpu")
        with pytest.raises(FornixError, match=r"preprocess gave torch\.uint8; expected a float tensor"):
            values(integers, "0")

    def test_a_transform_of_pil_images_is_told_what_it_is_given(self) -> None:
        """As those of torchvision do: they fail with an error of their own, or give what is no tensor."""
        from PIL import Image

        def of_pil(image: Any) -> Tensor:
            return TO_TENSOR(np.array(image.resize((4, 4)).convert("RGB")))

        def failing(prepare: Any, sentence: str) -> None:
            model = TorchModel(nn.Sequential(nn.Flatten()), prepare, {}, device="cpu")
            with pytest.raises(FornixError, match=sentence) as caught:
                values(model, "0")
            assert "lambda image: transform(PIL.Image.fromarray(image))" in str(caught.value)

        failing(of_pil, r"preprocess failed: \w+Error: .*it is given an array \(8, 8, 3\) of uint8; a transform of PIL images")
        failing(
            Image.fromarray, r"preprocess gave a Image; expected a float tensor \(channels, height, width\); it is given an arr"
        )
        failing(lambda image: torch.from_numpy(np.asarray(None)), r"preprocess failed: TypeError: can't convert np\.ndarray")

        def too_large(image: np.ndarray) -> Tensor:
            raise MemoryError  # a worker has a status of its own for it

        with pytest.raises(MemoryError):
            values(TorchModel(nn.Sequential(nn.Flatten()), too_large, {}, device="cpu"), "0")
        whole = TorchModel(nn.Sequential(nn.Flatten()), lambda image: of_pil(Image.fromarray(image)), {}, device="cpu")
        assert values(whole, "0").shape == (11, 48)


class TestPreprocess:
    def test_scales_and_normalises_each_channel(self) -> None:
        tensor = preprocess(None, (0.1, 0.2, 0.3), (0.5, 0.25, 2.0))(IMAGES[0])
        expected = (IMAGES[0] / 255.0 - [0.1, 0.2, 0.3]) / [0.5, 0.25, 2.0]
        assert tensor.dtype == torch.float32
        np.testing.assert_allclose(tensor, expected.transpose(2, 0, 1), rtol=1e-5, atol=1e-6)

    def test_resizes_with_averaging(self) -> None:
        image = np.kron(RNG.integers(0, 256, (4, 6, 3)), np.ones((3, 3, 1))).astype(np.uint8)
        assert preprocess((8, 5))(image).shape == (3, 8, 5)
        coarse = preprocess(1)(image).flatten()
        np.testing.assert_allclose(coarse, image.mean(axis=(0, 1)) / 255.0, atol=0.12)
        np.testing.assert_array_equal(preprocess(8)(IMAGES[0]), TO_TENSOR(IMAGES[0]))


class TestWeights:
    def test_safetensors_and_torch_files(self, tmp_path: Path) -> None:
        from safetensors.torch import save_file

        state = network().state_dict()
        save_file(state, tmp_path / "a.safetensors")
        torch.save(state, tmp_path / "b.pt")
        torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}, "best": 91.0}, tmp_path / "c.th")
        for name in ("a.safetensors", "b.pt", "c.th"):
            loaded = load_state_dict(tmp_path / name)
            assert set(loaded) == set(state)
            assert all(torch.equal(loaded[key], state[key]) for key in state)

    def test_nothing_but_tensors_is_loaded(self, tmp_path: Path) -> None:
        torch.save(network(), tmp_path / "whole.pt")
        with pytest.raises(FornixError, match=r"whole\.pt holds more than tensors and was not loaded"):
            load_state_dict(tmp_path / "whole.pt")
        torch.save({"epoch": 3}, tmp_path / "none.pt")
        with pytest.raises(FornixError, match=r"none\.pt holds no named tensors"):
            load_state_dict(tmp_path / "none.pt")


def test_a_gram_of_a_network_is_that_of_its_values() -> None:
    recordings = (Recording("V4"), Recording("V4", form="gram"))
    model = model_of(network(), layers={"V4": ["conv", "head"]})
    responses = model.respond(Experiment(STIMULI, recordings))
    features, gram = responses[recordings[0]], responses[recordings[1]]
    assert isinstance(features, xr.DataArray)
    assert isinstance(gram, Gram)
    raw = gram.products + gram.mean_products[:, None] + gram.mean_products[None, :] + gram.mean_square
    wide = features.values.astype(np.float64)
    np.testing.assert_allclose(raw, wide @ wide.T, rtol=1e-10)
