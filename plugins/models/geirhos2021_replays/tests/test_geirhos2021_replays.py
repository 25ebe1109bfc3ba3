"""Nine published models answer by stimulus: as accurate as published, and unable where nothing was published."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Experiment, Label, NotAble, Recording, Similarity, StimulusSet
from fornix.registry.discovery import discover
from fornix.registry.importing import import_plugin

REGISTRY = discover()
MODELS = {card.identifier: card for card in REGISTRY.cards("model") if card.identifier.startswith("geirhos2021-")}
# fmt: off
CHOICES = (
    "airplane", "bear", "bicycle", "bird", "boat", "bottle", "car", "cat",
    "chair", "clock", "dog", "elephant", "keyboard", "knife", "oven", "truck",
)
# fmt: on
#: Top-1 accuracy (raw-data/performances/resnet50.csv of the same repository).
RESNET50 = {
    "edge": 0.1375,
    "silhouette": 0.54375,
    "cue-conflict": 0.18203125,
    "colour": 0.97578125,
    "contrast": 0.68046875,
    "high-pass": 0.325,
    "low-pass": 0.4125,
    "phase-scrambling": 0.5089285714285714,
    "power-equalisation": 0.8455357142857143,
    "false-colour": 0.9607142857142857,
    "rotation": 0.7546875,
    "eidolonI": 0.47421875,
    "eidolonII": 0.4234375,
    "eidolonIII": 0.37109375,
    "uniform-noise": 0.40546875,
    "sketch": 0.59625,
    "stylized": 0.37125,
}


@cache
def load(kind: str, identifier: str) -> object:
    need_files(kind, identifier)
    return fornix.load_model(identifier) if kind == "model" else fornix.load_dataset(identifier)


def accuracy(model: str, experiment: str) -> float:
    """Of the published model, with the people's trials telling the categories."""
    dataset = load("dataset", f"Geirhos2021.{experiment}")
    stimuli, task = dataset.stimuli(), Label(CHOICES)
    answer = load("model", model).respond(Experiment(stimuli, task=task))[task]
    assert answer["stimulus_id"].values.tolist() == list(stimuli)
    trials = dataset.recordings()["subject-01"]
    category = dict(zip(trials["stimulus_id"].values.tolist(), trials["category"].values.tolist(), strict=True))
    return sum(category[name] == label for name, label in zip(stimuli, answer.values.tolist(), strict=True)) / len(stimuli)


def test_nine_models_replay_seventeen_experiments() -> None:
    assert len(MODELS) == 9
    for card in MODELS.values():
        assert set(card.replays) == {f"Geirhos2021.{experiment}" for experiment in RESNET50}
        assert {file.name for file in card.files} == {f"{experiment}.csv" for experiment in RESNET50}
        names = {file.url.split("/")[-1].split("_")[1] for file in card.files}
        assert names == {card.identifier.removeprefix("geirhos2021-")}


@pytest.mark.mirror
@pytest.mark.parametrize("experiment", RESNET50)
def test_accuracy_of_resnet50_is_as_published(experiment: str) -> None:
    assert accuracy("geirhos2021-resnet50", experiment) == pytest.approx(RESNET50[experiment], abs=1e-12)


@pytest.mark.mirror
@pytest.mark.parametrize(("model", "edge", "silhouette"), [("bagnet33", 0.0875, 0.20625), ("simclr-resnet50x1", 0.20625, 0.5)])
def test_accuracy_of_other_models_is_as_published(model: str, edge: float, silhouette: float) -> None:
    assert accuracy(f"geirhos2021-{model}", "edge") == pytest.approx(edge)
    assert accuracy(f"geirhos2021-{model}", "silhouette") == pytest.approx(silhouette)


@pytest.mark.mirror
@pytest.mark.parametrize("model", MODELS)
def test_every_model_answers_every_experiment(model: str) -> None:
    for experiment in RESNET50:
        assert 1 / 16 < accuracy(model, experiment) <= 1


def replay(folder: Path, **rows: list[tuple[str, str]]) -> object:
    """A model of made-up published files."""
    distribution = REGISTRY.distribution(REGISTRY.get("model", "geirhos2021-resnet50"))
    import_plugin(distribution)
    from fornix_model_geirhos2021_replays.replay import PublishedDecisions

    files = {}
    for experiment, table in rows.items():
        files[experiment] = folder / f"{experiment}.csv"
        lines = ["subj,session,trial,rt,object_response,category,condition,imagename"]
        lines += [f"net,1,{k},NaN,{label},cat,0,{name}" for k, (name, label) in enumerate(table)]
        files[experiment].write_text("\n".join(lines) + "\n")
    return PublishedDecisions(files)


def names(experiment: str, *images: str) -> StimulusSet:
    from fornix_model_geirhos2021_replays.replay import stimulus_id

    return StimulusSet([stimulus_id(experiment, image) for image in images], image=[None] * len(images))


def test_an_image_is_known_whoever_saw_it(tmp_path: Path) -> None:
    model = replay(tmp_path, colour=[("0001_cl_dnn_cr_cat_40_n1_2.png", "dog"), ("0002_cl_dnn_cr_cat_40_n1_3.png", "cat")])
    task = Label(("cat", "dog"))
    seen_by_a_person = names("colour", "0900_cl_s04_cr_cat_40_n1_3.png", "0901_cl_s04_cr_cat_40_n1_2.png")
    assert model.respond(Experiment(seen_by_a_person, task=task))[task].values.tolist() == ["cat", "dog"]


def test_what_was_not_published_is_not_answered(tmp_path: Path) -> None:
    image = "0001_cl_dnn_cr_cat_40_n1_2.png"
    model = replay(tmp_path, colour=[(image, "cat")])
    stimuli = names("colour", image)
    with pytest.raises(NotAble, match="stimuli: 1 of 1 stimuli, for example 'geirhos2021-contrast-"):
        model.respond(Experiment(names("contrast", image), task=Label(CHOICES)))
    with pytest.raises(NotAble, match=r"task: .*this model replays labels only"):
        model.respond(Experiment(stimuli, task=Similarity()))
    with pytest.raises(NotAble, match="task: this model's published labels include 'cat'"):
        model.respond(Experiment(stimuli, task=Label(("dog", "bear"))))
    with pytest.raises(NotAble, match="region: 'IT' was asked"):
        model.respond(Experiment(stimuli, (Recording("IT"),)))
