"""``fornix site``, and the site that ``fornix publish`` puts beside a snapshot."""

from __future__ import annotations

import json
import shutil
import webbrowser
from dataclasses import replace
from pathlib import Path

import pytest

from fornix.cli.main import main
from fornix.matrix.snapshots.format import LATEST, LAYERS, MANIFEST, MATRIX, SITE, Manifest, Pointer, folder_of
from fornix.site.build import is_site
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS
from tests.matrix.snapshots.lab import PARENT, fill
from tests.matrix.snapshots.placed import MODEL, OTHER
from tests.site.test_build import column, script

PROFILE = """model,region,data,metric,place,layer,value,error,interval_low,interval_high,selected
toy-behaving,IT,Toy,toy-correlation,0,early,0.2,0.01,0.18,0.22,False
toy-behaving,IT,Toy,toy-correlation,1,late,0.4,0.01,0.38,0.42,True
"""


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toys, of which one has a profile of its layers."""
    folder = tmp_path_factory.mktemp("plugins") / "toys"
    shutil.copytree(TOYS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    profile = folder / "models" / "toy" / "commitment" / f"{MODEL}.csv"
    profile.parent.mkdir()
    profile.write_text(PROFILE)
    return folder


@pytest.fixture(scope="module")
def chosen(plugins: Path) -> list[str]:
    return ["--plugins", str(plugins), "--models", MODEL, OTHER, "--benchmarks", PARENT]


@pytest.fixture(scope="module")
def store(plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("lab") / "store"
    fill(FolderStore(folder), plugins, models=[MODEL, OTHER])
    return str(folder)


@pytest.fixture(scope="module")
def published(store: str, chosen: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("published")
    assert main(["publish", "--store", store, "--to", str(place), *chosen]) == 0
    return place


def test_a_store_is_written_as_a_site_and_opened(
    store: str, chosen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: bool(shown.append(address)) or True)
    target = tmp_path / "deep" / "site"
    assert main(["site", "--store", store, "-o", str(target), "--open", *chosen]) == 0
    assert capsys.readouterr().out == f"written: {target / 'index.html'}\n"
    assert shown == [(target / "index.html").as_uri()]
    content = script(target, "models/" + MODEL)
    assert content["card"]["identifier"] == MODEL
    scored = [value for value in column(content["cells"], "value") if value is not None]
    assert min(scored) >= 0.3
    assert sorted(path.name for path in tmp_path.glob("*")) == ["deep"], "nothing is left beside it"


def test_a_site_is_replaced_and_another_folder_is_not(
    store: str, chosen: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "site"
    arguments = ["site", "--store", store, "-o", str(target), *chosen]
    assert main(arguments) == 0
    (target / "model" / f"{MODEL}.html").unlink()
    (target / "model" / "gone.html").write_text("of a model that there was")
    (target / ".git").mkdir()
    (target / ".git" / "HEAD").write_text("ref: refs/heads/gh-pages")
    (target / "CNAME").write_text("matrix.example.org")
    assert main(arguments) == 0
    assert (target / "model" / f"{MODEL}.html").is_file()
    assert not (target / "model" / "gone.html").exists()
    assert (target / ".git" / "HEAD").read_text() == "ref: refs/heads/gh-pages"
    assert (target / "CNAME").read_text() == "matrix.example.org"
    assert [path.name for path in tmp_path.iterdir()] == ["site"], "nothing is left beside it"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert main(["site", "--store", store, "-o", str(tmp_path / "mine"), *chosen]) == 2
    assert "is there and is no site; give another folder with -o" in capsys.readouterr().err
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_a_site_that_cannot_be_replaced_stays(
    store: str, chosen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "site"
    arguments = ["site", "--store", store, "-o", str(target), *chosen]
    assert main(arguments) == 0
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    move = shutil.move

    def full(source: Path, to: Path) -> object:
        if Path(to) == target / "vendor":
            monkeypatch.setattr(shutil, "move", move)
            raise OSError(28, "No space left on device", str(to))
        return move(source, to)

    monkeypatch.setattr(shutil, "move", full)
    assert main(arguments) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["site"], "nothing is left beside it"


def test_no_browser_is_a_sentence(
    store: str, chosen: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert main(["site", "--store", store, "-o", str(tmp_path / "site"), "--open", *chosen]) == 0
    assert "no browser was found to open it in" in capsys.readouterr().out
    assert main(["site", "--store", store, "-o", str(tmp_path / "site"), "--open", "--json", *chosen]) == 0
    page = str((tmp_path / "site" / "index.html").resolve())
    assert json.loads(capsys.readouterr().out) == {"page": page, "opened": False, "left_out": []}


def test_publishing_puts_the_site_beside_the_snapshot(published: Path) -> None:
    version = Pointer.from_bytes((published / LATEST).read_bytes(), "here").version
    site = published / folder_of(version) / SITE
    assert is_site(site)
    assert f"{folder_of(version)}{SITE}index.html" in (published / "index.html").read_text()
    assert script(site, "site")["version"] == version
    assert all((site / href).is_file() for _, href in script(site, "site")["files"])


def test_a_published_snapshot_is_written_as_the_same_site(published: Path, tmp_path: Path) -> None:
    version = Pointer.from_bytes((published / LATEST).read_bytes(), "here").version
    assert main(["site", "--snapshot", str(published), "--version", version, "-o", str(tmp_path / "site")]) == 0
    theirs = published / folder_of(version) / SITE / "data"
    ours = tmp_path / "site" / "data"
    names = {path.relative_to(theirs) for path in theirs.rglob("*.js")}
    assert names == {path.relative_to(ours) for path in ours.rglob("*.js")}
    assert [name for name in names if (theirs / name).read_bytes() != (ours / name).read_bytes()] == [Path("site.js")]
    assert script(tmp_path / "site", "site") | {"files": []} == script(theirs.parent, "site") | {"files": []}
    assert [row["layer"] for row in script(tmp_path / "site", "models/" + MODEL)["layers"]["profile"]] == ["early", "late"]


def test_a_snapshot_without_what_it_need_not_have_is_written_as_a_site(published: Path, tmp_path: Path) -> None:
    whole = published / folder_of(Pointer.from_bytes((published / LATEST).read_bytes(), "here").version)
    manifest = Manifest.from_bytes((whole / MANIFEST).read_bytes(), "here")
    lacking = replace(manifest, files={name: of for name, of in manifest.files.items() if name not in (MATRIX, LAYERS)}).named()
    folder = tmp_path / "place" / folder_of(lacking.version)
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns(MATRIX, LAYERS))
    (folder / MANIFEST).write_bytes(lacking.to_bytes())
    arguments = ["--snapshot", str(tmp_path / "place"), "--version", lacking.version, "-o", str(tmp_path / "site")]
    assert main(["site", *arguments]) == 0
    assert "Numbers as netCDF" not in dict(script(tmp_path / "site", "site")["files"])
    assert script(tmp_path / "site", "models/" + MODEL)["layers"] is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--snapshot", "there", "--models", MODEL], "--models goes with a store, and --snapshot names a published matrix"),
        (["--snapshot", "there", "--with", "x"], "--with goes with a store"),
        (["--version", "2026-05-13-0123456789"], "--version names a snapshot; give --snapshot PLACE with it"),
    ],
)
def test_what_goes_not_together_is_said(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_an_empty_store_has_no_site(chosen: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "--store", str(tmp_path / "none"), "-o", str(tmp_path / "site"), *chosen]) == 1
    assert "has no result to publish" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()
