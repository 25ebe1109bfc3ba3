"""What a site is made of, as far as no browser is needed to see it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from fornix.matrix.snapshots.format import CARDS, CELLS, LAYERS, MANIFEST, MATRIX, SITE, SnapshotError
from fornix.site.build import build, is_site, put
from fornix.site.encoding import compact, write_script
from fornix.site.pages import POLICY
from fornix.site.vendoring import VENDOR, libraries
from tests.site.examples import CITATION_TEXT, HOSTILE, stage


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    folder = tmp_path_factory.mktemp("place") / "snapshot"
    matrix = stage(folder)
    build(folder, folder / SITE)
    return folder, matrix


def script(site: Path, name: str) -> Any:
    """The content of a script of data, read by what a browser would do: the string of a script, then JSON."""
    text = (site / "data" / f"{name}.js").read_text(encoding="ascii")
    said = re.fullmatch(r"fornix\.register\((\".*\"), JSON\.parse\('(.*)'\)\);\n", text, re.DOTALL)
    assert said is not None
    assert json.loads(said[1]) == name
    assert not re.search(r"(?<!\\)(?:\\\\)*'", said[2]), "the string would end early"
    return json.loads(re.sub(r"\\([\\'])", r"\1", said[2]))


def column(table: dict[str, Any], name: str) -> list[Any]:
    said = table["columns"].get(name)
    if said is None:
        return [None] * table["length"]
    if isinstance(said, list):
        return said
    return [said["words"][at] for at in said.get("at", [0] * table["length"])]


def test_every_cell_is_in_the_scripts_as_it_is_in_the_snapshot(staged: tuple[Path, xr.Dataset]) -> None:
    folder, matrix = staged
    site = script(folder / SITE, "site")
    benchmarks = column(site["benchmarks"], "benchmark")
    assert benchmarks == matrix["benchmark"].values.tolist()
    assert column(site["models"], "model") == matrix["model"].values.tolist()
    seen = []
    for group in sorted(set(column(site["benchmarks"], "group"))):
        content = script(folder / SITE, f"groups/{group}")
        assert len(content["benchmarks"]) <= 6, "what is loaded at once"
        for at, table in zip(content["benchmarks"], content["tables"], strict=True):
            seen.append(at)
            for name in ("value", "error", "raw", "rank", "rank_low", "rank_high"):
                found = np.array(column(table, name), dtype=float)
                np.testing.assert_allclose(found, matrix[name].values[:, at], rtol=1e-4)
            for name in ("status", "reason", "why", "flags", "notes"):
                assert [word or "" for word in column(table, name)] == matrix[name].values[:, at].tolist()
            assert column(table, "ranked") == matrix["ranked"].values[:, at].astype(int).tolist()
    assert sorted(seen) == list(range(len(benchmarks)))


def test_pages_of_models_and_benchmarks_have_their_row_and_column(staged: tuple[Path, xr.Dataset]) -> None:
    folder, matrix = staged
    for number, name in enumerate(matrix["model"].values.tolist()[:5]):
        table = script(folder / SITE, f"models/{name}")["cells"]
        np.testing.assert_allclose(
            np.array(column(table, "interval_low"), float), matrix["interval_low"].values[number], rtol=1e-4
        )
    for number, name in enumerate(matrix["benchmark"].values.tolist()):
        table = script(folder / SITE, f"benchmarks/{name}")["cells"]
        np.testing.assert_allclose(np.array(column(table, "ceiling"), float), matrix["ceiling"].values[:, number], rtol=1e-4)
    assert script(folder / SITE, "models/odd")["layers"]["behaviour"] == HOSTILE


def test_the_downloads_are_the_snapshot(staged: tuple[Path, xr.Dataset]) -> None:
    folder, matrix = staged
    files = {label: (folder / SITE / href) for label, href in script(folder / SITE, "site")["files"]}
    assert len(files) == 5
    assert all(path.is_file() for path in files.values())
    table = pd.read_csv(files["All cells as CSV"], keep_default_na=False, na_values={"value": [""]}, dtype={"flags": str})
    np.testing.assert_allclose(table["value"].to_numpy().reshape(matrix["value"].shape), matrix["value"].values, rtol=1e-12)
    assert files["All cells as Parquet"].samefile(folder / CELLS)
    assert files["Numbers as netCDF"].samefile(folder / MATRIX)
    assert files["Citations as BibTeX"].read_text().count(CITATION_TEXT % ("reader", "reader")) == 1


def test_a_site_elsewhere_has_copies_of_the_files(staged: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    folder, _ = staged
    build(folder, tmp_path / "site")
    files = [href for _, href in script(tmp_path / "site", "site")["files"]]
    assert all("/" not in href and (tmp_path / "site" / href).is_file() for href in files)
    assert (tmp_path / "site" / CELLS).read_bytes() == (folder / CELLS).read_bytes()
    assert is_site(tmp_path / "site")
    assert not is_site(tmp_path)


def test_all_of_a_site_is_moved_to_its_place(staged: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    for name in ("first", "second"):
        build(staged[0], tmp_path / name / "site")
        made = {path.relative_to(tmp_path / name / "site") for path in (tmp_path / name / "site").rglob("*")}
        put(tmp_path / name / "site", tmp_path / "target")
        assert list((tmp_path / name / "site").iterdir()) == []
        assert {path.relative_to(tmp_path / "target") for path in (tmp_path / "target").rglob("*")} == made


def test_the_same_snapshot_gives_the_same_bytes(staged: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    folder, _ = staged
    for name in ("a", "b"):
        build(folder, tmp_path / name)
    made = [{p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*") if p.is_file()} for n in ("a", "b")]
    assert made[0] == made[1]
    assert len(made[0]) > 100


def test_every_page_has_its_policy_and_nothing_inline(staged: tuple[Path, xr.Dataset]) -> None:
    folder, matrix = staged
    pages = sorted((folder / SITE).rglob("*.html"))
    assert len(pages) == 4 + sum(matrix.sizes.values())
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in text
        assert text.index("Content-Security-Policy") < text.index("<script")
        assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
        assert "<style" not in text
        assert " style=" not in text
        assert re.search(r"\son\w+=", text) is None
        assert "://" not in text
        named = re.findall(r'(?:src|href)="([^"#]+)"', text)
        assert named
        assert [name for name in named if not (path.parent / name).is_file()] == [], path
        assert HOSTILE not in text
        assert "<script>hacked" not in text


def test_a_folder_that_is_not_empty_is_left_alone(staged: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(SnapshotError, match="is not empty; give another folder"):
        build(staged[0], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", [MANIFEST, CARDS])
def test_a_folder_that_lacks_a_file_is_no_snapshot(staged: tuple[Path, xr.Dataset], tmp_path: Path, name: str) -> None:
    for file in (MANIFEST, CARDS, CELLS):
        if file != name:
            (tmp_path / file).write_bytes((staged[0] / file).read_bytes())
    with pytest.raises(SnapshotError, match=f"it lacks {name}"):
        build(tmp_path, tmp_path / "site")


def test_a_snapshot_without_layers_has_a_site(staged: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    for file in (MANIFEST, CARDS, CELLS):
        (tmp_path / file).write_bytes((staged[0] / file).read_bytes())
    assert not (tmp_path / LAYERS).exists()
    build(tmp_path, tmp_path / "site")
    assert script(tmp_path / "site", "models/odd")["layers"] is None


@pytest.mark.parametrize(
    ("number", "digits", "short"),
    [(0.123456789, 5, 0.12346), (1234567.8, 5, 1234600), (3.0, 5, 3), (2e-9, 3, 2e-9), (float("nan"), 3, None), (True, 5, 1)],
)
def test_numbers_are_shortened_to_their_digits(number: float, digits: int, short: float | None) -> None:
    assert compact(number, digits) == short


def test_a_script_is_ascii_whatever_its_content(tmp_path: Path) -> None:
    content = {"__proto__": HOSTILE, "nested": [HOSTILE, "\\", "'", "\\'", None]}
    write_script(tmp_path / "data", "groups/x", content)
    assert script(tmp_path, "groups/x") == content


def test_the_libraries_are_those_that_the_manifest_names() -> None:
    said = libraries()
    kept = {name: sha256 for library in said for name, sha256 in library["sha256"].items()}
    assert kept == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in VENDOR.iterdir() if p.name != "manifest.json"}
    for library in said:
        assert any(name.endswith(".LICENSE") for name in library["sha256"]), f"{library['name']} comes without its licence"
        assert library["integrity"].startswith("sha512-")
