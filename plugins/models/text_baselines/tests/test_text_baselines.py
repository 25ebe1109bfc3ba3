"""Length, frequency and position by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fornix_model_text_baselines.predictors import WordPredictor, frequency_from, length, position

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Experiment, NotAble, ReadingTimes, Recording, StimulusSet, Surprisal

STIMULI = StimulusSet(["a", "b", "c"], text=["Once", "long - bearded", "'hoover'."], context=["s", "s", "s"], order=[4, 5, 6])


def predicted(model: WordPredictor, stimuli: StimulusSet = STIMULI) -> list[float]:
    answer = model.respond(Experiment(stimuli, task=ReadingTimes()))[ReadingTimes()]
    assert answer["stimulus_id"].values.tolist() == list(stimuli)
    return answer.values.tolist()


def test_length_counts_characters_but_no_space() -> None:
    assert predicted(WordPredictor(length)) == [4, 12, 9]


def test_position_is_that_in_the_context() -> None:
    assert predicted(WordPredictor(position)) == [4, 5, 6]
    with pytest.raises(NotAble, match="no position"):
        predicted(WordPredictor(position), StimulusSet(["a"], text=["Once"]))


def test_frequency_is_that_of_the_word_without_punctuation(tmp_path: Path) -> None:
    rows = [
        ("1.1.whole", "Once", 7), ("1.1.word", "Once", 7), ("1.1.1", "Once", 7),
        ("6.391.whole", "' hoover ' .", 0), ("6.391.word", "hoover", 1023), ("6.391.1", "'", 99),
    ]  # fmt: skip
    (tmp_path / "freqs.tsv").write_text("".join(f"{code}\t1\t{token}\t{count}\tNA\n" for code, token, count in rows))
    assert predicted(WordPredictor(frequency_from(tmp_path / "freqs.tsv"))) == [-3, 0, -10]


@pytest.mark.parametrize(
    ("experiment", "what"),
    [
        (Experiment(STIMULI, task=Surprisal()), "task"),
        (Experiment(STIMULI, recordings=(Recording("IT"),)), "region"),
        (Experiment(StimulusSet(["a"], text=[None]), task=ReadingTimes()), "stimuli"),
    ],
)
def test_declines_other_requests(experiment: Experiment, what: str) -> None:
    with pytest.raises(NotAble) as raised:
        WordPredictor(length).respond(experiment)
    assert raised.value.what == what


@pytest.mark.mirror
def test_published_frequencies() -> None:
    need_files("model", "word-frequency")
    values = predicted(fornix.load_model("word-frequency"), StimulusSet(["a", "b", "c"], text=["the", "England,", "neverseen"]))
    np.testing.assert_allclose(values, [-np.log2(1 + 9819942513), -np.log2(1 + 21443938), 0])
