"""Tokens become words by their characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fornix_model_gpt3_surprisal.replay import PublishedSurprisal, word_surprisals

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Experiment, NotAble, ReadingTimes, Recording, StimulusSet, Surprisal


def test_a_word_is_the_sum_of_its_tokens() -> None:
    words = ["If", "you", "journey,", "go"]
    tokens = ["If", " you", " jour", "ney", ",", " go"]
    nats = np.array([np.nan, -1, -2, -3, -4, -5])
    bits = word_surprisals(words, tokens, nats)
    np.testing.assert_allclose(bits * np.log(2), [np.nan, 1, 2 + 3 + 4, 5])


def test_a_token_across_two_words_counts_for_both() -> None:
    bits = word_surprisals(["ab", "cd"], ["a", "bc", "d"], np.array([-1.0, -2, -4]))
    np.testing.assert_allclose(bits * np.log(2), [3, 6])


def test_white_space_is_no_text() -> None:
    bits = word_surprisals(["long - bearded"], ["long", "-", "beard ", "\n", "ed"], np.array([-1.0, -1, -1, -8, -1]))
    np.testing.assert_allclose(bits * np.log(2), [4])


def test_another_text_is_refused() -> None:
    with pytest.raises(ValueError, match="not the same text"):
        word_surprisals(["peaked"], ["peeked"], np.array([-1.0]))


@pytest.fixture
def model(tmp_path: Path) -> PublishedSurprisal:
    (tmp_path / "words.tsv").write_text("1.1.whole\tOnce\n1.1.word\tOnce\n1.1.1\tOnce\n1.2.whole\tupon .\n1.2.word\tupon\n")
    (tmp_path / "gpt3.csv").write_text(
        "token,logprob,offset,story\nOnce,,0,0\n upon,-0.693147180559945,4,0\n.,-1.38629436111989,9,0\n"
    )
    return PublishedSurprisal(tmp_path / "gpt3.csv", tmp_path / "words.tsv")


@pytest.mark.parametrize(("task", "first"), [(Surprisal(), 0), (ReadingTimes(), np.nan)])
def test_answers_by_identifier(model: PublishedSurprisal, task: Surprisal | ReadingTimes, first: float) -> None:
    answer = model.respond(Experiment(StimulusSet(["1.2", "1.1"], text=["upon.", "Once"]), task=task))[task]
    np.testing.assert_allclose(answer.values, [3, first])
    assert answer["stimulus_id"].values.tolist() == ["1.2", "1.1"]


def test_declines_what_was_not_published(model: PublishedSurprisal) -> None:
    with pytest.raises(NotAble, match=r"stimuli: '3\.1' was shown"):
        model.respond(Experiment(StimulusSet(["3.1"], text=["Yes"]), task=Surprisal()))
    with pytest.raises(NotAble, match="region"):
        model.respond(Experiment(StimulusSet(["1.1"], text=["Once"]), recordings=(Recording("IT"),)))


@pytest.mark.mirror
def test_only_the_first_word_of_a_story_has_none() -> None:
    need_files("model", "gpt3-davinci-surprisal")
    model = fornix.load_model("gpt3-davinci-surprisal")
    names = [f"{story}.{place}" for story in range(1, 11) for place in (1, 2, 900)]
    answer = model.respond(Experiment(StimulusSet(names), task=ReadingTimes()))[ReadingTimes()]
    assert np.isnan(answer.values).tolist() == [True, False, False] * 10
    assert (answer.values[np.isfinite(answer.values)] > 0).all()
    # The second token of the published file, " you": -0.7762714 nats.
    assert float(answer.values[1]) == pytest.approx(0.7762714 / np.log(2))
