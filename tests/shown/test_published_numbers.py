"""The published numbers that the whole pipeline gives, read from the matrix and its store.

Where each number that is known of the data, recomputed by two implementations, is tested (``plugins/`` and this module):

====================================================================  =================================================
number                                                                tested in
====================================================================  =================================================
Cowley 210325: 0.6302, 0.7731 (0.5027 to 0.9375), odd and even        datasets/cowley2023
Cowley 210325: 0.5694, 0.7256, first and last repeats                 datasets/cowley2023
Cowley 210325: average = nanmean of the repeats, 6 to 10, 7.5625      datasets/cowley2023
Cowley 210325: drift, autocorrelation 0.04 to 0.07; others none       datasets/cowley2023
Cowley 210325: ceiling of random halves, about 0.76                   benchmarks/cowley2023, here
Kriegeskorte: monkey to human IT 0.4912, 0.4389                       datasets/kriegeskorte2008
Kriegeskorte: bounds 0.3786, 0.6607 and 0.4776, 0.5751                datasets and benchmarks/kriegeskorte2008, here (lower)
Kriegeskorte: animacy 0.3862, monkey IT 0.2963, HMAX 0.1599           datasets/kriegeskorte2008
Kriegeskorte: against the mean RDM 0.5882, 0.2217                     datasets/kriegeskorte2008
Geirhos, people: 0.41543, 0.43703, mean 0.43122                       benchmarks/geirhos2021, here
Geirhos, ResNet-50: 0.21135, 0.22546, mean 0.20834, parent 0.4692     benchmarks/geirhos2021, here
Geirhos, other rules: 0.4288 to 0.1756, 0.4831                        benchmarks/geirhos2021
Golan: 0.765, 0.782, 0.879                                            benchmarks/golan2023, here (0.765)
Golan: agreement 0.857; 0.318, 0.445, 0.610                           benchmarks/golan2023, here
Natural Stories, misaligned: 0.2121, 0.1793; 0.2310, 0.1795           benchmarks/natural_stories, here
Natural Stories, misaligned: word length 0.3215                       benchmarks/natural_stories, here
Natural Stories, misaligned: 10,246 and 10,236 words                  benchmarks/natural_stories (the first), here
====================================================================  =================================================
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Score
from fornix.registry.discovery import Registry

pytestmark = [pytest.mark.slow, pytest.mark.mirror]

RESNET50 = "geirhos2021-resnet50"
MISALIGNED = "NaturalStories-reading_times.misaligned"


@pytest.mark.parametrize(("experiment", "ceiling", "raw"), [("colour", 0.41543, 0.21135), ("contrast", 0.43703, 0.22546)])
def test_error_consistency_of_resnet50_and_people(
    score_of: Callable[[str, str], Score], experiment: str, ceiling: float, raw: float
) -> None:
    score = score_of(RESNET50, f"Geirhos2021.{experiment}-error_consistency")
    assert score.ceiling is not None
    assert (round(score.ceiling.value, 5), round(score.raw, 5)) == (ceiling, raw)


def test_error_consistency_over_the_seventeen_experiments(
    matrix: xr.Dataset, key_of: Callable[[str, str], str], registry: Registry
) -> None:
    parent = registry.get("benchmark", "Geirhos2021-error_consistency")
    assert parent.aggregate is not None
    leaves = list(parent.aggregate.leaves())
    for leaf in leaves:
        key_of(RESNET50, leaf)
    children, cell = matrix.sel(model=RESNET50, benchmark=leaves), matrix.sel(model=RESNET50, benchmark=parent.identifier)
    assert round(float(children["ceiling"].mean()), 5) == 0.43122
    assert round(float(children["raw"].mean()), 5) == 0.20834
    assert round(float(cell["value"]), 4) == 0.4692
    assert cell["coverage"] == "17/17"


def test_reliability_of_people_who_judge_sentences(score_of: Callable[[str, str], Score]) -> None:
    ceiling = score_of("golan2023-bert", "Golan2023-preference").ceiling
    assert ceiling is not None
    assert round(ceiling.value, 3) == 0.765


@pytest.mark.parametrize(
    ("model", "agreement"),
    [
        ("bert", 0.857),
        ("electra", 0.857),
        ("roberta", 0.857),
        ("bert-has_a_mouth", 0.318),
        ("electra-has_a_mouth", 0.445),
        ("roberta-has_a_mouth", 0.610),
    ],
)
def test_agreement_of_language_models_with_single_choices(
    score_of: Callable[[str, str], Score], model: str, agreement: float
) -> None:
    assert round(score_of(f"golan2023-{model}", "Golan2023-preference").details["agreement"], 3) == agreement


def test_surprisal_and_the_misaligned_reading_times(score_of: Callable[[str, str], Score]) -> None:
    score = score_of("gpt3-davinci-surprisal", MISALIGNED)
    named = ("spearman", "without_last_words", "spearman_without_last_words")
    assert [round(v, 4) for v in (score.value, *(score.details[n] for n in named))] == [0.2121, 0.1793, 0.2310, 0.1795]
    assert score.details["words"] == 10246


def test_word_length_and_the_misaligned_reading_times(score_of: Callable[[str, str], Score]) -> None:
    assert round(score_of("word-length", MISALIGNED).value, 4) == 0.3215


def test_words_with_a_surprisal_that_do_not_end_a_story(key_of: Callable[[str, str], str]) -> None:
    key_of("word-length", MISALIGNED)
    dataset = fornix.load_dataset("NaturalStories.misaligned")
    (times,) = dataset.recordings().values()
    stimuli = dataset.stimuli()
    story, order = stimuli.columns["context"], stimuli.columns["order"]
    ends = {s: (order[story == s].min(), order[story == s].max()) for s in np.unique(story)}
    inner = {name for name, s, k in zip(stimuli, story, order, strict=True) if ends[s][0] < k < ends[s][1]}
    assert len(inner & set(times["stimulus_id"].values[np.isfinite(times.values)])) == 10236


@pytest.mark.parametrize(("measured", "bound"), [("humanIT", 0.3786), ("judgements", 0.4776)])
def test_ceilings_of_people(score_of: Callable[[str, str], Score], measured: str, bound: float) -> None:
    ceiling = score_of("pixels", f"Kriegeskorte2008.{measured}-rdm").ceiling
    assert ceiling is not None
    assert round(ceiling.value, 4) == bound


@pytest.mark.parametrize("metric", ["pls", "ridge"])
def test_one_session_of_v4_has_a_ceiling_and_none_borrows_it(score_of: Callable[[str, str], Score], metric: str) -> None:
    ceilings = {s: score_of("pixels", f"Cowley2023.V4-{metric}.{s}").ceiling for s in ("190923", "201025", "210225", "210325")}
    ceiling = ceilings.pop("210325")
    assert ceiling is not None
    assert ceiling.value == pytest.approx(0.76, abs=0.005)
    assert set(ceilings.values()) == {None}
