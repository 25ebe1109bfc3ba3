"""The picture of the README and the guide to figures: what they say is so."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from fornix.matrix.table import write_netcdf
from tests.matrix.analyses.tables import table

ROOT = Path(__file__).parents[3]
PICTURE = ROOT / "docs" / "matrix.svg"
COMMAND = "fornix plot matrix -o docs/matrix.svg"


def test_the_picture_of_the_readme_shows_its_tables() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](docs/matrix.svg)" in readme
    assert COMMAND in readme
    tables = readme.partition("<!-- matrix -->")[2].partition("<!-- /matrix -->")[0]
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in tables.splitlines() if line.startswith("|")]
    models = {row[0] for row in rows} - {"model", "---"}
    scores = sorted(float(match[0]) for row in rows for cell in row[1:] if (match := re.match(r"-?\d\.\d{3}", cell)))
    assert len(models) > 30
    assert len(scores) > 100

    root = ElementTree.parse(PICTURE).getroot()
    said = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    again = f"the tables of the README are newer than the picture: `{COMMAND}` makes it from the store they are of"
    assert models <= set(said), again
    drawn = sorted(float(text.rstrip("†").replace("−", "-")) for text in said if re.fullmatch(r"−?\d\.\d\d†?", text))
    assert len(drawn) == len(scores), again
    np.testing.assert_allclose(drawn, scores, atol=0.0056, err_msg=again)


def test_the_picture_loads_fast() -> None:
    assert PICTURE.stat().st_size < 150_000


def test_the_python_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    matrix = table(
        rng.random((8, 2)), benchmarks=["Cowley2023.V4-ridge", "Digits-accuracy"], parameters=10 ** rng.uniform(4, 8, 8)
    )
    write_netcdf(matrix, tmp_path / "matrix.nc")
    (block,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs/analyses.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    exec(compile(block, "docs/analyses.md", "exec"), {})
    assert (tmp_path / "size.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "benchmarks.svg").exists()
