"""Words and reading times, from small files in the published formats and from the published file that can be had.

The per-subject file with the alignment of 2025 could not be had when this was written; its format is that of the corpus's
own script: each row of the raw data joined with the word and the summary of the word.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fornix_dataset_natural_stories.reading_times import NaturalStories

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import check_assembly
from fornix.registry.discovery import discover

WORDS = "word\tzone\titem\nIf\t1\t1\n'NA\"\t2\t1\nNA\t3\t1\nOnce\t1\t2\nupon\t2\t2\n"
HEADER = "WorkerId\tWorkTimeInSeconds\tcorrect\titem\tzone\tRT\tword\tnItem\tmeanItemRT\tsdItemRT\tgmeanItemRT\tgsdItemRT\n"


def row(subject: str, item: int, zone: int, time: int, word: str) -> str:
    return f"{subject}\t900\t6\t{item}\t{zone}\t{time}\t{word}\t2\t350\t10\t349\t1.1\n"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "all_stories.tok"
    path.write_text(WORDS)
    return path


def by_subject(words: Path, rows: str) -> NaturalStories:
    path = words.parent / "processed_RTs.tsv"
    path.write_text(HEADER + rows)
    return NaturalStories(words, by_subject=path)


def test_stimuli_are_the_words_in_the_order_of_reading(words: Path) -> None:
    stimuli = by_subject(words, row("A", 1, 1, 300, "If")).stimuli()
    assert list(stimuli) == ["1.1", "1.2", "1.3", "2.1", "2.2"]
    assert stimuli.contents["text"] == ("If", "'NA\"", "NA", "Once", "upon")
    assert stimuli.columns["context"].tolist() == ["1", "1", "1", "2", "2"]
    assert stimuli.columns["order"].tolist() == [1, 2, 3, 1, 2]


def test_each_subject_is_a_recording_of_the_words_it_read(words: Path) -> None:
    rows = row("B", 2, 2, 410, "upon") + row("A", 1, 3, 330, "NA") + row("A", 1, 1, 300, "If") + row("B", 2, 1, 400, "Once")
    recordings = by_subject(words, rows).recordings()
    read = {name: dict(zip(r["stimulus_id"].values.tolist(), r.values.tolist(), strict=True)) for name, r in recordings.items()}
    assert read == {"A": {"1.1": 300, "1.3": 330}, "B": {"2.1": 400, "2.2": 410}}


def test_a_file_about_other_words_is_refused(words: Path) -> None:
    """A shift by one position, the fault of the first release, would be seen if it moved the words."""
    dataset = by_subject(words, row("A", 1, 2, 300, "If"))
    with pytest.raises(ValueError, match=r"processed_RTs\.tsv has 'If' at story 1, position 2, where .* has"):
        dataset.recordings()


def test_a_word_read_twice_is_refused(words: Path) -> None:
    dataset = by_subject(words, row("A", 1, 1, 300, "If") * 2)
    with pytest.raises(ValueError, match="second reading time"):
        dataset.recordings()


def test_a_file_with_other_columns_is_refused(words: Path) -> None:
    path = words.parent / "processed_RTs.tsv"
    path.write_text("item\tzone\tRT\n1\t1\t300\n")
    with pytest.raises(ValueError, match="lacks the column 'WorkerId'"):
        NaturalStories(words, by_subject=path).recordings()


def test_means_or_subjects_not_both(words: Path) -> None:
    with pytest.raises(ValueError, match="one of the two"):
        NaturalStories(words)


@pytest.mark.mirror
def test_the_published_means() -> None:
    need_files("dataset", "NaturalStories.misaligned")
    dataset = fornix.load_dataset("NaturalStories.misaligned")
    stimuli, means = dataset.stimuli(), dataset.recordings()["mean"]
    check_assembly(means, dims=("presentation",), stimulus_ids=stimuli, finite=True)
    assert len(stimuli) == 10256
    stories, counts = np.unique(stimuli.columns["context"].astype(int), return_counts=True)
    assert stories.tolist() == list(range(1, 11))
    assert counts.tolist() == [1073, 990, 1040, 1085, 1013, 1099, 999, 980, 1038, 939]
    assert float(means.sel(presentation=means["stimulus_id"] == "9.344").item()) == pytest.approx(426.0921052631579)


def test_only_the_misaligned_dataset_is_defective() -> None:
    registry = discover()
    assert registry.get("dataset", "NaturalStories").defect is None
    assert "misaligned" in registry.get("dataset", "NaturalStories.misaligned").defect.what
