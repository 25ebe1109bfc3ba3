"""A spy in the place of a model: what its process is handed holds no recording, no test label, no way to the data."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fornix.engine.keys import CellKeys, digest_json
from fornix.engine.runners import WorkerRunner
from fornix.engine.work import Finished
from fornix.store.folder import FolderStore
from tests.engine.conftest import copied_toys, running, toy_registry

SPY = '''
import json, os, sys
from pathlib import Path

def look(experiment):
    """Everything a model can see without searching the disk."""
    here = Path.cwd()
    opened = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    files = {}
    for folder in (here, here.parent.parent / "stimuli"):
        for path in folder.rglob("*"):
            if path.is_file():
                files[str(path)] = path.read_bytes().decode("latin-1")
    return {
        "attributes": sorted(vars(experiment)),
        "experiment": repr(experiment),
        "stimulus_columns": sorted([*experiment.stimuli.contents, *experiment.stimuli.columns]),
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "opened": opened,
        "links": [str(p) for p in here.rglob("*") if p.is_symlink()],
        "files": files,
        "cwd": str(here),
    }
'''


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the spied run has its places."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def spied(lab: Path) -> dict[str, object]:
    """What the spy saw while it answered the toy benchmark."""
    toys = copied_toys(lab)
    report = lab / "report.json"
    package = toys / "models/toy/fornix_model_toy"
    (package / "spy.py").write_text(SPY)
    model = package / "model.py"
    text = model.read_text()
    told = (
        "        import json\n"
        "        from fornix_model_toy.spy import look\n"
        f"        Path({str(report)!r}).write_text(json.dumps(look(experiment)))\n"
    )
    model.write_text(text.replace("        images = np.stack", told + "        images = np.stack", 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORNIX_MIRROR", str(lab / "a-mirror"))
        patch.setenv("FORNIX_CACHE", str(lab / "a-cache"))
        patch.setenv("FORNIX_STORE", str(lab / "store"))
        patch.setenv("FORNIX_PLUGINS", str(lab / "other-plugins"))
        patch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
        run = running(toys, FolderStore(lab / "store"), WorkerRunner)
        assert [(f.status, f.reason) for f in run(["toy-linear"])] == [("ok", "")]
    return json.loads(report.read_text())


def test_an_experiment_has_nothing_of_recordings_or_labels(spied: dict[str, object]) -> None:
    assert spied["attributes"] == ["recordings", "repetitions", "seed", "stimuli", "task", "trials"]
    assert spied["stimulus_columns"] == ["image"]


def test_the_environment_names_no_mirror_cache_store_or_secret(spied: dict[str, object], lab: Path) -> None:
    environment = spied["environment"]
    assert isinstance(environment, dict)
    assert not [name for name in environment if name.startswith(("FORNIX", "AWS"))]
    text = json.dumps(environment)
    for place in ("a-mirror", "a-cache", str(lab / "store"), "a secret"):
        assert place not in text
    assert environment["HOME"] == spied["cwd"]


def test_neither_arguments_nor_open_files_nor_the_job_folder_lead_to_the_data(spied: dict[str, object], lab: Path) -> None:
    shown = json.dumps([spied["arguments"], spied["opened"]])
    for place in ("a-mirror", "a-cache", str(lab / "store"), "fornix_dataset", "fornix_benchmark"):
        assert place not in shown
    assert spied["links"] == []
    files = spied["files"]
    assert isinstance(files, dict)
    for path, content in files.items():
        for word in ("fornix_dataset", "fornix-dataset", "fornix_benchmark", "Toy.", "recordings_path", "a-mirror", "a-cache"):
            assert word not in content, f"{path} names {word}"


def test_no_recorded_number_is_within_reach(spied: dict[str, object], lab: Path) -> None:
    """The job folder and the stimuli hold none of the dataset's numbers, as text or as bytes."""
    import numpy as np

    namespace: dict[str, object] = {}
    exec((lab / "toys/datasets/toy/fornix_dataset_toy/dataset.py").read_text(), namespace)
    recorded = namespace["Toy"]().recordings()["IT"].values  # type: ignore[operator]
    contents = [c.encode("latin-1") for c in spied["files"].values()]  # type: ignore[attr-defined]
    assert contents
    for value in np.unique(recorded)[:50]:
        for dtype in ("<f8", "<f4"):
            assert not any(np.asarray(value, dtype).tobytes() in content for content in contents)
        assert not any(repr(float(value)).encode() in content for content in contents)


def test_recordings_are_in_every_cell_key_and_in_no_response_key(
    toys: Path, run_toys_here: Callable[..., list[Finished]], store: FolderStore
) -> None:
    def keys() -> dict[tuple[str, str], str]:
        registry = toy_registry(toys)
        return {
            (model.identifier, benchmark.identifier): digest_json(CellKeys(registry).parts(model, benchmark))
            for model in registry.cards("model")
            for benchmark in registry.cards("benchmark")
            if benchmark.aggregate is None
        }

    run_toys_here()
    before = keys()
    responses = {key for cell in store.cells() for key in cell.provenance["responses"]}
    dataset = toys / "datasets/toy/fornix_dataset_toy/dataset.py"
    dataset.write_text(dataset.read_text().replace("NOISE = 0.1", "NOISE = 0.3"))
    after = keys()
    assert all(before[cell] != after[cell] for cell in before)
    run_toys_here()
    assert len(list(store.cells())) == 6
    assert {key for cell in store.cells() for key in cell.provenance["responses"]} == responses


def test_what_is_written_for_a_model_that_learns_labels_holds_none_of_the_test_labels(tmp_path: Path) -> None:
    """The digits: half of them with labels, to learn from; of the other half only images, in an order that tells nothing."""
    pytest.importorskip("sklearn")
    import fornix
    from fornix.engine.exchange import write_experiment

    (experiment,) = fornix.load_benchmark("Digits-accuracy").experiments()
    path = tmp_path / "experiment.json"
    write_experiment(path, experiment, tmp_path / "stimuli")
    data = json.loads(path.read_text())
    shown, learned = (json.loads((tmp_path / "stimuli" / d / "stimuli.json").read_text()) for d in _digests(data))
    assert set(shown) == {"stimulus_id", "contents", "columns"}
    assert set(shown["contents"]) == {"image"}
    assert shown["columns"] == {}
    assert not set(shown["stimulus_id"]) & set(learned["stimulus_id"])
    assert len(data["fitting"]["labels"]) == len(learned["stimulus_id"]) == 898
    assert len(shown["stimulus_id"]) == 899
    assert set(data) == {"stimuli", "recordings", "task", "fitting", "trials", "repetitions", "seed"}
    assert data["task"] == {"name": "label", "choices": list("0123456789")}
    truth = fornix.load_dataset("Digits").recordings()["label"]
    of = dict(zip(truth["stimulus_id"].values.tolist(), truth.values.tolist(), strict=True))
    in_order = [of[name] for name in shown["stimulus_id"]]
    repeats = sum(a == b for a, b in itertools.pairwise(in_order)) / len(in_order)
    assert 0.05 < repeats < 0.15, "neighbours show the same digit more, or less, often than by chance"


def _digests(experiment: dict[str, dict[str, str]]) -> tuple[str, str]:
    return str(experiment["stimuli"]), experiment["fitting"]["stimuli"]
