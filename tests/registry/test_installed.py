"""One plugin as a wheel, as an editable install and as a bare folder, each found, hashed and loaded for real."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from uv import find_uv_bin

import fornix
from fornix.registry.discovery import discover
from fornix.registry.fingerprint import behaviour_hash

REPORT = """
import json, sys
from fornix import load_model
from fornix.registry import discovery
from fornix.registry.fingerprint import behaviour_hash
discovery._checkout = list
registry = discovery.discover()
ours = [d for d in registry.distributions if d.name == "fornix-model-installed"]
imported = [name for name in sys.modules if name.startswith("fornix_model_installed")]
print(json.dumps({
    "found": [[d.source, d.version, d.requirements] for d in ours],
    "hash": [behaviour_hash(d) for d in ours],
    "title": registry.get("model", "installed").title,
    "problems": [[p.level, p.sentence] for p in registry.problems if "installed" in p.sentence],
    "imported": imported,
    "owner": load_model("installed").owner,
    "path": sys.modules["fornix_model_installed.plugin"].__file__,
}))
"""


@pytest.fixture
def root(write_plugin, card_toml, plugins):
    return write_plugin(
        plugins,
        card_toml("model", "installed", title="Folder"),
        name="fornix-model-installed",
        dependencies=("fornix", "pluggy>=1"),
    ).root


def uv(*arguments):
    done = subprocess.run(
        [find_uv_bin(), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture
def environment(tmp_path):
    """An interpreter without plugins that sees this one's packages, and installs into itself."""
    uv("venv", "--python", sys.executable, tmp_path / "venv")
    purelib = next((tmp_path / "venv" / "lib").glob("python*")) / "site-packages"
    core = Path(fornix.__file__).resolve().parents[1]
    (purelib / "borrowed.pth").write_text(f"{core}\n{sysconfig.get_path('purelib')}\n")
    return tmp_path / "venv/bin/python"


@pytest.fixture
def install(environment):
    isolation = ["--no-build-isolation"] if importlib.util.find_spec("setuptools") else []
    return lambda *what: uv("pip", "install", "--python", environment, "--no-deps", *isolation, *what)


@pytest.fixture
def report(environment, tmp_path):
    def report(**settings):
        outside = {name: value for name, value in os.environ.items() if name not in ("FORNIX_PLUGINS", "PYTHONPATH")}
        command = [environment, "-c", REPORT]
        done = subprocess.run(command, env=outside | settings, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return report


def test_a_wheel(root, install, report):
    expected = behaviour_hash(discover([root]).distributions[0])
    install(root)
    (root / "fornix_model_installed" / "plugin.py").unlink()  # what was built from plays no part any more
    found = report()
    assert found["found"] == [["installed", "1.0", ["fornix", "pluggy>=1"]]]
    assert (found["title"], found["problems"], found["imported"]) == ("Folder", [], [])
    assert found["hash"] == [expected]
    assert "site-packages" in found["path"]


def test_a_wheel_without_its_card_says_so(root, install, environment, report):
    path = root / "pyproject.toml"
    path.write_text(path.read_text().partition("[tool.setuptools.package-data]")[0] + "include-package-data = false\n")
    install(root)
    code = "from fornix.registry.discovery import discover; print([p.sentence for p in discover().problems])"
    said = subprocess.run([environment, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "fornix-model-installed 1.0 is installed and has no plugin.toml" in said


def test_an_editable_install(root, install, report):
    expected = behaviour_hash(discover([root]).distributions[0])
    install("--editable", root)
    found = report()
    assert [source for source, _, _ in found["found"]] == ["installed"]
    assert (found["hash"], found["problems"], found["imported"]) == ([expected], [], [])
    assert Path(found["path"]).parent.parent == root


def test_an_editable_install_of_a_plugin_folder_is_one_plugin(root, install, report):
    install("--editable", root)
    found = report(FORNIX_PLUGINS=str(root))
    assert [source for source, _, _ in found["found"]] == ["installed"]
    assert found["problems"] == []


def test_a_bare_folder(root, report):
    expected = behaviour_hash(discover([root]).distributions[0])
    found = report(FORNIX_PLUGINS=str(root.parent))
    assert found["found"] == [["folder", "1.0", ["fornix", "pluggy>=1"]]]
    assert (found["hash"], found["problems"], found["imported"]) == ([expected], [], [])
    assert Path(found["path"]).parent.parent == root


def test_a_folder_goes_before_a_wheel_of_the_same_name(root, install, report):
    install(root)
    edited = root / "fornix_model_installed" / "plugin.toml"
    edited.write_text(edited.read_text().replace('"Folder"', '"Edited"'))
    shutil.rmtree(root / "build", ignore_errors=True)
    found = report(FORNIX_PLUGINS=str(root.parent))
    assert (found["title"], [source for source, _, _ in found["found"]]) == ("Edited", ["folder"])
    assert Path(found["path"]).parent.parent == root
    ((level, sentence),) = found["problems"]
    assert level == "info"
    assert str(edited.parent) in sentence
    assert "site-packages" in sentence
