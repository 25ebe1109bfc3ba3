"""Ratings and sentences as published; identifiers that tell nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fornix_dataset_golan2023.preferences import Golan2023

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import check_assembly

HEADER = "subject,rating,sentence1,sentence2\n"


def written(folder: Path, rows: str) -> Golan2023:
    (folder / "ratings.csv").write_text(HEADER + rows)
    return Golan2023(folder / "ratings.csv")


def test_ratings_stand_at_their_subject_and_pair(tmp_path: Path) -> None:
    dataset = written(tmp_path, "0,5,It rains,Rain it\n0,2,A cat,Cat a\n1,6,It rains,Rain it\n1,1,A cat,Cat a\n")
    stimuli, ratings = dataset.stimuli(), dataset.recordings()["ratings"]
    check_assembly(ratings, dims=("subject", "pair"), finite=True)
    text = dict(zip(stimuli, stimuli.contents["text"], strict=True))
    read = {
        (subject, text[a], text[b]): float(value)
        for subject, row in zip(ratings["subject"].values, ratings.values, strict=True)
        for a, b, value in zip(ratings["stimulus_a"].values, ratings["stimulus_b"].values, row, strict=True)
    }
    assert read == {
        ("0", "It rains", "Rain it"): 5,
        ("0", "A cat", "Cat a"): 2,
        ("1", "It rains", "Rain it"): 6,
        ("1", "A cat", "Cat a"): 1,
    }


def test_stimuli_do_not_depend_on_ratings_or_the_order_of_the_file(tmp_path: Path) -> None:
    one = written(tmp_path, "0,5,It rains,Rain it\n0,2,A cat,Cat a\n").stimuli()
    other = written(tmp_path, "0,1,A cat,Cat a\n0,4,It rains,Rain it\n").stimuli()
    assert one == other
    assert list(one) == sorted(one)
    assert not one.in_context


def test_a_rating_off_the_scale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"1 ratings in ratings\.csv are not between 1 and 6"):
        written(tmp_path, "0,7,It rains,Rain it\n").stimuli()


def test_a_missing_rating_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not every subject"):
        written(tmp_path, "0,5,It rains,Rain it\n0,2,A cat,Cat a\n1,6,It rains,Rain it\n").recordings()


@pytest.mark.mirror
def test_the_published_file() -> None:
    need_files("dataset", "Golan2023")
    dataset = fornix.load_dataset("Golan2023")
    stimuli, ratings = dataset.stimuli(), dataset.recordings()["ratings"]
    assert (len(stimuli), ratings.shape) == (264, (30, 132))
    assert set(np.unique(ratings.values)) == {1, 2, 3, 4, 5, 6}
    # The file states, for each row, the mean rating of all subjects.
    table = pd.read_csv(fornix.card_file("dataset", "Golan2023", "ratings.csv"))
    published = table.drop_duplicates(["sentence1", "sentence2"]).set_index(["sentence1", "sentence2"])["mean_rating_NC_UB"]
    text = dict(zip(stimuli, stimuli.contents["text"], strict=True))
    pairs = [(text[a], text[b]) for a, b in zip(ratings["stimulus_a"].values, ratings["stimulus_b"].values, strict=True)]
    np.testing.assert_allclose(ratings.mean("subject").values, published.loc[pairs].to_numpy(), atol=1e-6)
