"""A model and a benchmark that cannot share an environment still share a cell: they meet through files only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fornix.engine.work import Finished
from fornix.registry.environments import interpreter
from fornix.store.folder import FolderStore
from tests.engine.conftest import toy_registry


@pytest.mark.slow
def test_a_model_with_requirements_of_its_own_runs_in_an_environment_of_its_own(
    toys: Path, store: FolderStore, run_toys: Callable[..., list[Finished]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import packaging

    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "cache"))
    other = "25.0" if packaging.__version__ != "25.0" else "24.2"
    project = toys / "models/toy/pyproject.toml"
    project.write_text(project.read_text().replace('["fornix"]', f'["fornix", "packaging=={other}"]'))
    model = toys / "models/toy/fornix_model_toy/model.py"
    checked = f'        import packaging\n        assert packaging.__version__ == "{other}", packaging.__version__\n'
    model.write_text(model.read_text().replace("        images = np.stack", checked + "        images = np.stack", 1))
    registry = toy_registry(toys)
    own = interpreter([registry.distribution(registry.get("model", "toy-linear"))])
    assert own.is_relative_to(tmp_path / "cache")
    finished = run_toys(["toy-linear"])
    assert [(f.status, f.reason) for f in finished] == [("ok", "")]
    (cell,) = list(store.cells())
    assert cell.scalars["value"] == pytest.approx(0.9988, abs=1e-3)


@pytest.mark.slow
def test_requirements_that_cannot_be_met_cost_the_plugins_own_cells_only(
    toys: Path, run_toys: Callable[..., list[Finished]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "cache"))
    project = toys / "models/toy/pyproject.toml"
    project.write_text(project.read_text().replace('["fornix"]', '["fornix", "packaging==0.0.1.dev0"]'))
    finished = run_toys(["toy-linear"])
    assert [f.status for f in finished] == ["failed"]
    assert "packaging==0.0.1.dev0" in finished[0].reason
