"""The house as docs/architecture.md draws it: which room may import which, and what importing fornix costs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fornix

CORE = Path(fornix.__file__).parent
ROOMS = ("interfaces numerics", "files", "registry", "store", "extraction", "engine", "matrix", "conformance", "cli")
RANK = {room: rank for rank, names in enumerate(ROOMS) for room in names.split()}
#: Importing these costs nothing and leads nowhere.
GROUND = ("fornix", "fornix.errors", "fornix.numerics.policy")
HEAVY = {"numpy", "pandas", "xarray", "netCDF4", "pyarrow", "scipy", "sklearn", "torch", "boto3"}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The modules that a file imports, and whether it does so at module level (type checking aside)."""
    tree = ast.parse(path.read_text())
    checking = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    inside = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if node not in checking:
                yield name, node not in inside


MODULES = sorted(CORE.rglob("*.py"))


def test_every_room_has_its_place() -> None:
    found = {path.name for path in CORE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert found == set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(CORE)) for path in MODULES])
def test_a_room_imports_only_rooms_to_its_left(path: Path) -> None:
    room = path.relative_to(CORE).parts[0]
    if room not in RANK:
        return
    for name, _ in imports(path):
        if name.startswith("fornix") and name not in GROUND and name.split(".")[0] == "fornix":
            other = name.split(".")[1]
            assert RANK[other] <= RANK[room], f"{path.relative_to(CORE)} imports {name}"


@pytest.mark.parametrize("room", ["files", "registry", "cli"])
def test_light_rooms_import_nothing_heavy_at_module_level(room: str) -> None:
    for path in (CORE / room).rglob("*.py"):
        heavy = {name for name, at_top in imports(path) if at_top and name.split(".")[0] in HEAVY}
        assert not heavy, f"{path.relative_to(CORE)} imports {heavy}"


def test_no_relative_imports_and_nothing_is_unpickled() -> None:
    """``weights.py`` may name the error that torch raises when a file holds more than tensors, and nothing else of pickle."""
    for path in MODULES:
        tree = ast.parse(path.read_text())
        assert not any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(tree)), path
        assert not any(name.split(".")[0] in ("multiprocessing", "dill", "cloudpickle") for name, _ in imports(path)), path
        used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and getattr(n.value, "id", "") == "pickle"}
        assert used <= {"UnpicklingError"}, path
        assert not any(isinstance(n, ast.ImportFrom) and n.module == "pickle" for n in ast.walk(tree)), path


@pytest.mark.parametrize(
    "statement",
    [
        "import fornix",
        "from fornix.cli.main import main; main(['list'])",
        "from fornix.cli.main import main; main(['show', 'pixels'])",
        "from fornix.cli.main import main; main(['plan', '--models', 'pixels', '--benchmarks', 'Digits-accuracy'])",
    ],
)
def test_importing_listing_showing_and_planning_load_nothing_heavy(statement: str, tmp_path: Path) -> None:
    script = f"{statement}\nimport sys, json\nprint()\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & HEAVY
    assert not {
        name for name in loaded if name.startswith(("fornix_model", "fornix_dataset", "fornix_metric", "fornix_benchmark"))
    }


def test_python_lists_no_heavy_import_for_import_fornix() -> None:
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", "import fornix"], capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not imported & HEAVY


def test_modules_are_rooms_not_halls() -> None:
    """Most modules stay under 300 lines; none grows past 450."""
    lengths = {path.relative_to(CORE): len(path.read_text().splitlines()) for path in MODULES}
    assert max(lengths.values()) <= 450, {k: v for k, v in lengths.items() if v > 450}
    assert sum(length > 300 for length in lengths.values()) <= len(lengths) / 10


def test_no_name_of_a_module_says_nothing() -> None:
    assert not [path for path in MODULES if path.stem.rstrip("s") in ("util", "helper", "common", "misc", "stuff", "manager2")]
