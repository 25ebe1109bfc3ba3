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
ROOMS = ("interfaces numerics", "files", "registry", "store", "extraction", "engine", "matrix", "site", "conformance", "cli")
RANK = {room: rank for rank, names in enumerate(ROOMS) for room in names.split()}
#: Importing these costs nothing and leads nowhere; of the package itself that is its version alone, as all else is of some room.
GROUND = ("fornix.__version__", "fornix.errors", "fornix.numerics.policy")
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
            names = [f"fornix.{alias.name}" for alias in node.names] if node.module == "fornix" else [node.module]
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
            other = name.partition(".")[2].partition(".")[0]
            assert other in RANK, (
                f"{path.relative_to(CORE)} imports {name}, which is of no room: import it from where it is defined"
            )
            assert RANK[other] <= RANK[room], f"{path.relative_to(CORE)} imports {name}"


@pytest.mark.parametrize("room", ["files", "registry", "cli"])
def test_light_rooms_import_nothing_heavy_at_module_level(room: str) -> None:
    for path in (CORE / room).rglob("*.py"):
        heavy = {name for name, at_top in imports(path) if at_top and name.split(".")[0] in HEAVY}
        assert not heavy, f"{path.relative_to(CORE)} imports {heavy}"


def test_no_relative_imports() -> None:
    for path in MODULES:
        assert not any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(ast.parse(path.read_text()))), path


PLUGINS = sorted(CORE.parents[1].glob("plugins/*/*/fornix_*/**/*.py"))


@pytest.mark.parametrize(
    "path", [*MODULES, *PLUGINS], ids=[str(path.relative_to(CORE.parents[1])) for path in [*MODULES, *PLUGINS]]
)
def test_nothing_is_unpickled(path: Path) -> None:
    """No library that unpickles is used, nor another one's loader told to, in the core or a plugin.

    Of pickle itself ``weights.py`` may name the error that torch raises when a file holds more than tensors.
    """
    assert unpickling(ast.parse(path.read_text())) == []
    assert not any(name.split(".")[0] in ("multiprocessing", "dill", "cloudpickle", "joblib") for name, _ in imports(path))


def unpickling(tree: ast.AST) -> list[str]:
    """The calls and names of a module that may unpickle, as its text."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("pickle", "shelve", "marshal"):
            found.append(ast.unparse(node))
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in ("pickle", "shelve", "marshal"):
            found += [] if node.attr == "UnpicklingError" else [ast.unparse(node)]
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        told = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        # NumPy refuses pickles unless told otherwise; torch takes them unless told otherwise, or did so before 2.6
        takes = told.get("allow_pickle", "False") != "False"
        if takes or called.endswith("read_pickle") or (called == "torch.load" and told.get("weights_only") != "True"):
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    ("text", "caught"),
    [
        ("np.load(path)", False),
        ("np.load(path, allow_pickle=False)", False),
        ("np.load(path, allow_pickle=True)", True),
        ("np.load(path, allow_pickle=chosen)", True),
        ("torch.load(path, weights_only=True)", False),
        ("torch.load(path)", True),
        ("torch.load(path, weights_only=False)", True),
        ("pd.read_pickle(path)", True),
        ("pickle.loads(data)", True),
        ("from pickle import loads", True),
        ("pickle.UnpicklingError", False),
    ],
)
def test_what_may_unpickle_is_caught(text: str, caught: bool) -> None:
    assert bool(unpickling(ast.parse(text))) == caught


@pytest.mark.parametrize(
    "statement",
    [
        "import fornix",
        "import fornix; fornix.pull",
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
