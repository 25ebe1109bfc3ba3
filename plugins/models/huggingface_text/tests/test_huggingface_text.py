"""Tiny random models made on the spot, checked token by token against transformers itself."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

from fornix_model_huggingface_text.alignment import Passage, Window, owners, passages, windows  # noqa: E402
from fornix_model_huggingface_text.identity import identity  # noqa: E402
from fornix_model_huggingface_text.model import HuggingFaceText  # noqa: E402

import fornix  # noqa: E402
from fornix.interfaces import (  # noqa: E402
    Experiment,
    Gram,
    Label,
    NextWord,
    NotAble,
    ReadingTimes,
    Recording,
    StimulusSet,
    Surprisal,
)
from fornix.numerics.linear.gram import raw_products  # noqa: E402

pytestmark = pytest.mark.torch

TEXT = (
    "the cat that the dog chased ran away . the quick brown fox jumps over the lazy dog , and the senators who like the "
    "author are good ! if you were to journey to the north of england , you would come to a valley ; what he ate was the meal"
)
SENTENCE = "The cat that the dogs chased ran , quickly and far away from the old valley ."
WORDS = SENTENCE.split()
POSITIONS = 24


def byte_pairs() -> Any:
    """A byte-level tokenizer as GPT-2's, trained on a few words."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|endoftext|>"], initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([TEXT], trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|endoftext|>", eos_token="<|endoftext|>")


def word_pieces() -> Any:
    """A word-piece tokenizer as BERT's, trained on a few words."""
    special = {name: f"[{name[:-6].upper()}]" for name in ("unk_token", "cls_token", "sep_token", "pad_token", "mask_token")}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = tokenizers.decoders.WordPiece()
    tokenizer.train_from_iterator(
        [TEXT], tokenizers.trainers.WordPieceTrainer(vocab_size=80, special_tokens=list(special.values()))
    )
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


@pytest.fixture(scope="module")
def causal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder, tokenizer = tmp_path_factory.mktemp("causal"), byte_pairs()
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_positions=POSITIONS, n_embd=32, n_layer=2, n_head=2, initializer_range=0.3,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(config).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def masked_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder, tokenizer = tmp_path_factory.mktemp("masked"), word_pieces()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=POSITIONS, hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=48, initializer_range=0.3,
    )  # fmt: skip
    transformers.BertForMaskedLM(config).save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def causal(causal_folder: Path) -> HuggingFaceText:
    return HuggingFaceText.from_folder(causal_folder)


@pytest.fixture(scope="module")
def masked(masked_folder: Path) -> HuggingFaceText:
    return HuggingFaceText.from_folder(masked_folder)


@pytest.fixture(params=["causal", "masked"])
def model(request: pytest.FixtureRequest) -> HuggingFaceText:
    return request.getfixturevalue(request.param)


LAYER = {"causal": "layer:transformer.h.1", "masked": "layer:bert.encoder.layer.1"}


def in_context(words: list[str]) -> StimulusSet:
    return StimulusSet([f"w{k}" for k in range(len(words))], text=words, context=["c"] * len(words), order=range(len(words)))


def bits(model: HuggingFaceText, stimuli: StimulusSet) -> np.ndarray:
    answer = model.respond(Experiment(stimuli, task=Surprisal()))[Surprisal()]
    assert answer["stimulus_id"].values.tolist() == list(stimuli)
    return answer.values


def token_bits(folder: Path, text: str, start: bool) -> tuple[list[int], list[tuple[int, int]], np.ndarray]:
    """By transformers alone: tokens, their characters, and -log2 p of each token given all before it."""
    network = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    tokens = ([tokenizer.bos_token_id] if start else []) + encoded["input_ids"]
    with torch.no_grad():
        log_p = torch.log_softmax(network(torch.tensor([tokens])).logits[0].double(), dim=-1)
    values = [-float(log_p[k - 1, tokens[k]]) / math.log(2) for k in range(1, len(tokens))]
    return encoded["input_ids"], encoded["offset_mapping"], np.array(values if start else [np.nan, *values])


# --- texts and tokens


def test_words_are_joined_as_in_written_english() -> None:
    (passage,) = passages(StimulusSet(["b", "a", "c"], text=["dog", "The", ", he"], context=["s"] * 3, order=[2, 1, 3]))
    assert passage == Passage((1, 0, 2), "The dog, he", (3, 7, 11))


def test_without_context_each_stimulus_is_its_own_text() -> None:
    assert [p.text for p in passages(StimulusSet(["a", "b"], text=["The dog", "ran"]))] == ["The dog", "ran"]


def test_a_token_belongs_to_the_word_with_its_first_character() -> None:
    passage = Passage((0, 1, 2), "The dog, he", (3, 7, 11))
    with_space = [(0, 3), (3, 6), (6, 7), (7, 8), (8, 11)]
    without_space = [(0, 3), (4, 6), (6, 7), (7, 8), (9, 11)]
    across = [(0, 5), (5, 11)]
    assert owners(passage, with_space).tolist() == owners(passage, without_space).tolist() == [0, 1, 1, 2, 2]
    assert owners(passage, across).tolist() == [0, 1]
    assert owners(passage, [(0, 3), (3, 4), (4, 7), (7, 11)]).tolist() == [0, 1, 1, 2]


def test_windows_answer_each_token_once_and_do_not_look_ahead() -> None:
    assert windows(10, 4, 2) == [Window(0, 0, 4), Window(2, 4, 6), Window(4, 6, 8), Window(6, 8, 10)]
    assert windows(9, 4, 2)[:-1] == windows(10, 4, 2)[:-1]
    assert windows(9, 4, 2)[-1] == Window(6, 8, 9)
    assert windows(3, 4, 2) == [Window(0, 0, 3)]
    with pytest.raises(ValueError, match="stride is 4; expected 1 to 3"):
        windows(10, 4, 4)


# --- causal models


def test_surprisal_of_a_word_is_the_sum_of_its_tokens(causal: HuggingFaceText, causal_folder: Path) -> None:
    words = WORDS[:6]
    _, characters, values = token_bits(causal_folder, " ".join(words), start=True)
    assert 6 < len(values) < POSITIONS  # some word has several tokens, and one window holds all
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    expected = np.zeros(6)
    np.add.at(expected, [int(np.searchsorted(ends, last - 1, side="right")) for _, last in characters], values)
    np.testing.assert_allclose(bits(causal, in_context(words)), expected, rtol=1e-5)


def test_words_sum_to_the_sentence(causal: HuggingFaceText) -> None:
    sentence = bits(causal, StimulusSet(["s"], text=[" ".join(WORDS[:6])]))
    assert bits(causal, in_context(WORDS[:6])).sum() == pytest.approx(float(sentence[0]), rel=1e-5)


def test_without_a_start_token_the_first_token_has_no_surprisal(causal_folder: Path) -> None:
    model = HuggingFaceText.from_folder(causal_folder, start_token=False)
    _, _, values = token_bits(causal_folder, "the cat", start=False)
    assert np.isnan(values[0])
    assert bits(model, StimulusSet(["s"], text=["the cat"]))[0] == pytest.approx(np.nansum(values), rel=1e-5)
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
    assert len(tokenizer("a")["input_ids"]) == 1
    first_is_given = bits(model, in_context(["a", "cat"]))
    assert first_is_given[0] == 0 < first_is_given[1]
    times = model.respond(Experiment(in_context(["a", "cat"]), task=ReadingTimes()))[ReadingTimes()].values
    assert np.isnan(times).tolist() == [True, False]


@pytest.mark.parametrize("stride", [0, 4, 17])
def test_a_long_context_is_read_in_windows(causal_folder: Path, stride: int) -> None:
    """Each token is predicted from the tokens of its window, by hand."""
    model = HuggingFaceText.from_folder(causal_folder, stride=stride)
    text = " ".join(WORDS * 4).replace(" ,", ",").replace(" .", ".")
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
    tokens = [tokenizer.bos_token_id, *tokenizer(text)["input_ids"]]
    assert len(tokens) > 3 * POSITIONS
    network = transformers.AutoModelForCausalLM.from_pretrained(causal_folder).eval()
    step, expected, done = stride or POSITIONS // 2, 0.0, 1
    stop = POSITIONS
    while done < len(tokens):
        shown = tokens[stop - POSITIONS : stop]
        with torch.no_grad():
            log_p = torch.log_softmax(network(torch.tensor([shown])).logits[0].double(), dim=-1)
        for k in range(done, min(stop, len(tokens))):
            expected -= float(log_p[k - (stop - POSITIONS) - 1, tokens[k]]) / math.log(2)
        done, stop = stop, stop + step
    assert bits(model, in_context(WORDS * 4)).sum() == pytest.approx(expected, rel=1e-5)


def test_states_are_those_of_the_last_token_or_the_mean(causal_folder: Path) -> None:
    network = transformers.AutoModelForCausalLM.from_pretrained(causal_folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
    tokens = tokenizer("a quickly")["input_ids"]
    assert len(tokens) > 2
    with torch.no_grad():
        hidden = network(torch.tensor([[tokenizer.bos_token_id, *tokens]]), output_hidden_states=True).hidden_states
    state = hidden[1][0].numpy()[1:]  # after the first block
    recording = Recording("layer:transformer.h.0")
    for pooling, expected in {"last": [state[0], state[-1]], "mean": [state[0], state[1:].mean(axis=0)]}.items():
        model = HuggingFaceText.from_folder(causal_folder, pooling=pooling)
        answer = model.respond(Experiment(in_context(["a", "quickly"]), (recording,)))[recording]
        assert answer.dims == ("presentation", "neuroid")
        np.testing.assert_allclose(answer.values, np.stack(expected), rtol=1e-4, atol=1e-5)


# --- masked models


def test_masked_surprisal_is_the_pseudo_log_likelihood(masked: HuggingFaceText, masked_folder: Path) -> None:
    network = transformers.AutoModelForMaskedLM.from_pretrained(masked_folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(masked_folder)
    text = "the cat ran away"
    inner = tokenizer(text, add_special_tokens=False)["input_ids"]
    tokens = [tokenizer.cls_token_id, *inner, tokenizer.sep_token_id]
    expected = 0.0
    for k in range(1, len(tokens) - 1):
        shown = list(tokens)
        shown[k] = tokenizer.mask_token_id
        with torch.no_grad():
            expected -= float(torch.log_softmax(network(torch.tensor([shown])).logits[0, k].double(), dim=-1)[tokens[k]])
    assert bits(masked, StimulusSet(["s"], text=[text]))[0] == pytest.approx(expected / math.log(2), rel=1e-5)


def test_a_masked_model_reads_a_stimulus_longer_than_it_takes(masked: HuggingFaceText) -> None:
    value = bits(masked, StimulusSet(["s"], text=[" ".join(WORDS * 4)]))[0]
    assert np.isfinite(value)
    assert value > 0


# --- both


def test_answers_do_not_depend_on_what_follows(model: HuggingFaceText) -> None:
    words = WORDS * 3
    whole, start = bits(model, in_context(words)), bits(model, in_context(words[:29]))
    np.testing.assert_allclose(whole[:29], start, rtol=1e-5)
    region = LAYER["causal" if "transformer.h.1" in model.layers() else "masked"]
    recording = Recording(region)
    states = [model.respond(Experiment(in_context(w), (recording,)))[recording].values for w in (words, words[:29])]
    np.testing.assert_allclose(states[0][:29], states[1], rtol=1e-4, atol=1e-5)


def test_answers_depend_on_what_precedes(model: HuggingFaceText) -> None:
    one, other = bits(model, in_context(["the", "cat", "ran"])), bits(model, in_context(["the", "dog", "ran"]))
    assert abs(one[2] - other[2]) > 1e-3


@pytest.mark.parametrize("folder", ["causal_folder", "masked_folder"])
def test_the_size_of_a_batch_changes_nothing(folder: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(folder)
    sentences = StimulusSet([f"s{k}" for k in range(12)], text=[" ".join(WORDS[k % 5 : k % 5 + 4 + k % 3]) for k in range(12)])
    recording = Recording(LAYER[folder.removesuffix("_folder")])
    answers = []
    for size in (1, 5, 64):
        model = HuggingFaceText.from_folder(path, batch_size=size)
        responses = model.respond(Experiment(sentences, (recording,), task=Surprisal()))
        answers.append((responses[Surprisal()].values, responses[recording].values))
    for surprisal, states in answers[1:]:
        np.testing.assert_allclose(surprisal, answers[0][0], rtol=1e-5)
        np.testing.assert_allclose(states, answers[0][1], rtol=1e-4, atol=1e-5)


def test_the_order_of_the_rows_changes_nothing(model: HuggingFaceText) -> None:
    stimuli = in_context(WORDS)
    order = np.random.default_rng(0).permutation(len(WORDS))
    recording = Recording(LAYER["causal" if "transformer.h.1" in model.layers() else "masked"])
    one, other = (model.respond(Experiment(s, (recording,), task=Surprisal())) for s in (stimuli, stimuli.take(order)))
    np.testing.assert_array_equal(one[Surprisal()].values[order], other[Surprisal()].values)
    np.testing.assert_array_equal(one[recording].values[order], other[recording].values)


def test_the_same_question_has_the_same_answer(model: HuggingFaceText) -> None:
    np.testing.assert_array_equal(bits(model, in_context(WORDS)), bits(model, in_context(WORDS)))


def test_reading_times_are_surprisals(model: HuggingFaceText) -> None:
    answer = model.respond(Experiment(in_context(WORDS), task=ReadingTimes()))[ReadingTimes()]
    np.testing.assert_array_equal(answer.values, bits(model, in_context(WORDS)))


def test_a_gram_holds_the_products_of_the_states(model: HuggingFaceText) -> None:
    region = LAYER["causal" if "transformer.h.1" in model.layers() else "masked"]
    values, gram = Recording(region), Recording(region, form="gram")
    responses = model.respond(Experiment(in_context(WORDS), (values, gram)))
    assert isinstance(responses[gram], Gram)
    states = responses[values].values.astype(np.float64)
    np.testing.assert_allclose(raw_products(responses[gram]), states @ states.T, rtol=1e-6, atol=1e-6)


def test_next_words(model: HuggingFaceText, causal_folder: Path) -> None:
    answer = model.respond(Experiment(in_context(WORDS[:4]), task=NextWord()))[NextWord()]
    assert answer.dtype.kind == "U"
    assert all(" " not in word for word in answer.values.tolist())
    if "transformer.h.1" in model.layers():
        network = transformers.AutoModelForCausalLM.from_pretrained(causal_folder).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder)
        shown = [tokenizer.bos_token_id, *tokenizer(" ".join(WORDS[:4]))["input_ids"]]
        for _ in range(6):
            with torch.no_grad():
                shown.append(int(network(torch.tensor([shown])).logits[0, -1].argmax()))
        assert tokenizer.decode(shown[-6:]).split()[0] == answer.values[3]


@pytest.mark.parametrize(
    ("experiment", "what"),
    [
        (Experiment(in_context(WORDS), task=Label(("a", "b"))), "task"),
        (Experiment(in_context(WORDS), (Recording("IT"),)), "region"),
        (Experiment(in_context(WORDS), (Recording("layer:nowhere"),)), "region"),
        (Experiment(in_context(WORDS), (Recording("layer:lm_head", time_bins=((0, 10),)),)), "region"),
        (Experiment(StimulusSet(["a"], text=[None]), task=Surprisal()), "stimuli"),
        (Experiment(StimulusSet(["a"], text=["  "]), task=Surprisal()), "stimuli"),
    ],
)
def test_declines_what_it_cannot_do(model: HuggingFaceText, experiment: Experiment, what: str) -> None:
    with pytest.raises(NotAble) as raised:
        model.respond(experiment)
    assert raised.value.what == what


# --- loading


def test_a_folder_is_named_by_its_content(causal_folder: Path, tmp_path: Path) -> None:
    for path in causal_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    digest = identity(causal_folder)
    assert identity(tmp_path) == digest
    (tmp_path / "README.md").write_text("words about it")
    assert identity(tmp_path) == digest
    config = tmp_path / "config.json"
    config.write_text(config.read_text() + " ")
    assert identity(tmp_path) != digest


def test_the_card_loads_a_folder(causal_folder: Path) -> None:
    model = fornix.load_model(
        "huggingface-text", folder=str(causal_folder), sha256=identity(causal_folder), layers={"language": "transformer.h.0"}
    )
    recording = Recording("language")
    answer = model.respond(Experiment(in_context(WORDS), (recording,)))[recording]
    assert answer.shape == (len(WORDS), 32)


def test_another_folder_than_the_named_one_is_refused(causal_folder: Path) -> None:
    with pytest.raises(fornix.UsageError, match="not the same model"):
        fornix.load_model("huggingface-text", folder=str(causal_folder), sha256="0" * 64)


def test_the_card_says_what_it_needs(causal_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(fornix.UsageError, match=r"needs the options folder and sha256: fornix.score\(.*options="):
        fornix.load_model("huggingface-text")
    with pytest.raises(fornix.UsageError, match=f"has sha256 {identity(causal_folder)}: give that as the option sha256"):
        fornix.score("huggingface-text", "SyntaxGym2020.center_embed", options={"folder": str(causal_folder)})
    with pytest.raises(fornix.UsageError, match="no folder with a model"):
        fornix.load_model("huggingface-text", folder=str(tmp_path), sha256="0" * 64)


def test_a_layer_that_is_not_there_is_refused(causal_folder: Path) -> None:
    with pytest.raises(ValueError, match="region 'language' is mapped to 'nowhere'"):
        HuggingFaceText.from_folder(causal_folder, layers={"language": "nowhere"})


def test_weights_that_are_not_tensors_are_refused(causal_folder: Path, tmp_path: Path) -> None:
    """A pickle of weights is never opened."""
    for path in causal_folder.iterdir():
        if path.suffix != ".safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    torch.save(transformers.AutoModelForCausalLM.from_pretrained(causal_folder).state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        HuggingFaceText.from_folder(tmp_path)


def test_files_of_a_card_make_a_model(causal: HuggingFaceText, causal_folder: Path, tmp_path: Path) -> None:
    """As a plugin with its own card does, whose files lie in the cache under names of their own."""
    files = {}
    for number, path in enumerate(sorted(causal_folder.iterdir())):
        files[path.name] = tmp_path / f"cached-{number}"
        files[path.name].write_bytes(path.read_bytes())
    np.testing.assert_array_equal(bits(HuggingFaceText.from_files(files), in_context(WORDS)), bits(causal, in_context(WORDS)))
