"""``fornix site``, and the site that ``fornix publish`` puts beside a snapshot."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

from fornix.cli.main import main
from fornix.matrix.snapshots.format import LATEST, SITE, Pointer, folder_of
from fornix.site.build import is_site
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS
from tests.matrix.snapshots.lab import PARENT, fill
from tests.matrix.snapshots.placed import MODEL, OTHER
from tests.site.test_build import column, script

CHOSEN = ["--plugins", str(TOYS), "--models", MODEL, OTHER, "--benchmarks", PARENT]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("lab") / "store"
    fill(FolderStore(folder), TOYS, models=[MODEL, OTHER])
    return str(folder)


@pytest.fixture(scope="module")
def published(store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("published")
    assert main(["publish", "--store", store, "--to", str(place), *CHOSEN]) == 0
    return place


def test_a_store_is_written_as_a_site_and_opened(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: bool(shown.append(address)) or True)
    target = tmp_path / "deep" / "site"
    assert main(["site", "--store", store, "-o", str(target), "--open", *CHOSEN]) == 0
    assert capsys.readouterr().out == f"written: {target / 'index.html'}\n"
    assert shown == [(target / "index.html").as_uri()]
    content = script(target, "models/" + MODEL)
    assert content["card"]["identifier"] == MODEL
    scored = [value for value in column(content["cells"], "value") if value is not None]
    assert min(scored) >= 0.3
    assert sorted(path.name for path in tmp_path.glob("*")) == ["deep"], "nothing is left beside it"


def test_a_site_is_replaced_and_another_folder_is_not(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "site"
    arguments = ["site", "--store", store, "-o", str(target), *CHOSEN]
    assert main(arguments) == 0
    (target / "model" / f"{MODEL}.html").unlink()
    assert main(arguments) == 0
    assert (target / "model" / f"{MODEL}.html").is_file()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    assert main(["site", "--store", store, "-o", str(tmp_path / "mine"), *CHOSEN]) == 2
    assert "is there and is no site; give another folder with -o" in capsys.readouterr().err
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"


def test_no_browser_is_a_sentence(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert main(["site", "--store", store, "-o", str(tmp_path / "site"), "--open", *CHOSEN]) == 0
    assert "no browser was found to open it in" in capsys.readouterr().out


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


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--snapshot", "there", "--models", MODEL], "--models chooses from a store, --snapshot shows a published matrix whole"),
        (["--snapshot", "there", "--with", "x"], "--with chooses from a store"),
        (["--version", "2026-05-13-0123456789"], "--version names a snapshot; give --snapshot PLACE with it"),
    ],
)
def test_what_goes_not_together_is_said(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_an_empty_store_has_no_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "--store", str(tmp_path / "none"), "-o", str(tmp_path / "site"), *CHOSEN]) == 1
    assert "has no result to publish" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()
