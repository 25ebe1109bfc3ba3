"""Requirements that are not met, and environments in which they are."""

import base64
import hashlib
import importlib.metadata
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from fornix.registry import environments
from fornix.registry.environments import interpreter, unmet
from fornix.registry.problems import EnvironmentBuildError

PLUGGY = importlib.metadata.version("pluggy")


@pytest.fixture
def requiring(write_plugin, plugins):
    def requiring(*requirements):
        return write_plugin(plugins, dependencies=requirements).distribution()

    return requiring


@pytest.mark.parametrize(
    "requirement",
    [
        "pluggy",
        "Pluggy>=1",
        f"pluggy=={PLUGGY}",
        "fornix",
        "not-there; python_version < '3'",
        "not-there; extra == 'gpu'",
        "packaging>=20,!=21.0",
    ],
)
def test_met(requiring, requirement):
    assert unmet(requiring(requirement)) == []


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("not-there", "not-there (not installed)"),
        ("not-there>=2; python_version > '3'", 'not-there>=2; python_version > "3" (not installed)'),
        ("pluggy<1", f"pluggy<1 ({PLUGGY} is installed)"),
        ("fornix[nonsense]", f"fornix[nonsense] (fornix {importlib.metadata.version('fornix')} has no extra 'nonsense')"),
        ("pluggy @ https://example.org/pluggy.whl", "pluggy@ https://example.org/pluggy.whl (installed from elsewhere)"),
        ("a b", "a b (cannot be read: "),
    ],
)
def test_unmet(requiring, requirement, said):
    (found,) = unmet(requiring(requirement))
    assert found.replace(" @ ", "@ ").startswith(said)


@pytest.fixture
def distributions(monkeypatch, tmp_path):
    """Pretend that distributions are installed, beside those that are."""

    def distributions(**requirements):
        for name, (version, extras, requires) in requirements.items():
            folder = tmp_path / "pretended" / f"{name}-{version}.dist-info"
            folder.mkdir(parents=True)
            lines = [f"Name: {name}", f"Version: {version}", *(f"Provides-Extra: {extra}" for extra in extras)]
            text = "\n".join(["Metadata-Version: 2.1", *lines, *(f"Requires-Dist: {each}" for each in requires), ""])
            (folder / "METADATA").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path / "pretended"))

    return distributions


def test_extras_are_followed_through_extras(requiring, distributions):
    distributions(
        outer=(
            "1.0",
            ["all", "gpu", "other"],
            ["outer[gpu]; extra == 'all'", "inner[fast]; extra == 'gpu'", "nope; extra == 'other'"],
        ),
        inner=("2.0", ["fast"], ["plain-but-absent", "missing>=3; extra == 'fast'"]),
    )
    assert unmet(requiring("outer", "inner")) == []
    assert unmet(requiring("outer[all]")) == ['missing>=3; extra == "fast" (not installed)']


def test_extras_that_name_each_other_come_to_an_end(requiring, distributions):
    distributions(ring=("1.0", ["a", "b"], ["ring[b]; extra == 'a'", "ring[a]; extra == 'b'"]))
    assert unmet(requiring("ring[a]")) == []


def test_what_is_met_runs_here(requiring):
    assert str(interpreter([requiring("pluggy"), requiring("fornix")])) == sys.executable
    assert str(interpreter([])) == sys.executable


@pytest.fixture
def builds(monkeypatch):
    """Note what would be built, and build an empty environment in its place."""
    noted = []

    def build(place, requirements, constraints):
        noted.append((requirements, constraints))
        (place / "bin").mkdir(parents=True)
        environments._python(place).touch()

    monkeypatch.setattr(environments, "_build", build)
    return noted


def test_equal_requirements_share_an_environment_whatever_their_order(requiring, builds):
    one = requiring("not-there>=1", "fornix[torch]", "x; python_version < '3'")
    two = requiring("fornix[sklearn]", "not-there>=1")
    here = interpreter([one, two])
    assert here == interpreter([two, one]) != interpreter([one])
    assert len(builds) == 2
    core, *others = builds[0][0]
    assert core.endswith("[sklearn,torch]") or "[sklearn,torch]==" in core
    assert others == ["not-there>=1"]


def test_constraints_are_part_of_the_key(requiring, builds, monkeypatch, tmp_path):
    distribution = requiring("not-there")
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("not-there==1\n")
    free = interpreter([distribution])
    monkeypatch.setenv("FORNIX_CONSTRAINTS", str(constraints))
    first = interpreter([distribution])
    constraints.write_text("not-there==2\n")
    assert len({free, first, interpreter([distribution])}) == 3
    assert builds[1][1] == str(constraints)
    monkeypatch.setenv("FORNIX_CONSTRAINTS", str(tmp_path / "absent.txt"))
    with pytest.raises(EnvironmentBuildError, match=r"absent\.txt, which is no file"):
        interpreter([distribution])


def test_one_environment_is_built_once_however_many_ask_for_it(requiring, monkeypatch):
    built, looked, python = [], threading.Semaphore(0), environments._python

    def look(place):
        looked.release()
        return python(place)

    def build(place, requirements, constraints):
        built.append(place)
        # the one who builds has looked before and after it got the lock, the other three before
        assert all(looked.acquire(timeout=30) for _ in range(5))
        (place / "bin").mkdir(parents=True)
        python(place).touch()

    monkeypatch.setattr(environments, "_python", look)
    monkeypatch.setattr(environments, "_build", build)
    distribution = requiring("not-there")
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(interpreter, [[distribution]] * 4))
    assert (len(found), len(built)) == (1, 1)


def test_an_abandoned_draft_is_removed_by_the_next_build(requiring, monkeypatch, tmp_path):
    abandoned = tmp_path / "cache/environments/.draft-abandoned/bin"
    abandoned.mkdir(parents=True)
    monkeypatch.setattr(environments, "_uv", lambda *arguments: None)
    interpreter([requiring("not-there")])
    assert not abandoned.exists()


@pytest.mark.parametrize("what", ["python_version", "python_implementation"])
def test_the_interpreter_is_part_of_the_key(requiring, builds, monkeypatch, what):
    before = interpreter([requiring("not-there")])
    monkeypatch.setattr(environments.platform, what, lambda: "another")
    assert interpreter([requiring("not-there")]) != before


def test_pip_s_settings_reach_uv_and_uv_s_own_go_first(monkeypatch):
    seen = {}

    def run(command, env, **_):
        seen.update(env)
        return subprocess.CompletedProcess(command, 0, stdout="")

    monkeypatch.setattr(environments.subprocess, "run", run)
    monkeypatch.setenv("PIP_FIND_LINKS", "/one /two")
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example.org/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.org/simple")
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    environments._uv("--version")
    assert seen["UV_FIND_LINKS"] == "/one,/two"
    assert seen["UV_DEFAULT_INDEX"] == "https://uv.example.org/simple"


def test_a_build_that_fails_says_what_uv_said_and_leaves_nothing(requiring, monkeypatch, tmp_path):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setattr(environments, "_to_install", lambda distributions: list(distributions[0].requirements))
    told = []
    with pytest.raises(EnvironmentBuildError) as caught:
        interpreter([requiring("not-there-and-never-was>=3")], told.append)
    first, _, rest = str(caught.value).partition("\n")
    assert first.startswith("no environment could be built: No solution found when resolving dependencies")
    assert "not-there-and-never-was" in first
    assert "uv pip install" in rest.partition("says:")[0]
    assert "not-there-and-never-was" in rest.partition("says:")[2]
    assert len(told) == 1
    assert told[0].startswith("an environment for ")
    assert told[0].endswith(" is built, once: not-there-and-never-was>=3")
    assert [path.name for path in (tmp_path / "cache/environments").iterdir()] == [".lock"]


def write_wheel(folder, name, version, module):
    """A pure-python wheel of one module."""
    info = f"{name}-{version}.dist-info"
    contents = {
        f"{name}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        records = []
        for path, text in contents.items():
            wheel.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            records.append(f"{path},sha256={digest},{len(text)}")
        wheel.writestr(f"{info}/RECORD", "\n".join([*records, f"{info}/RECORD,,", ""]))


@pytest.mark.slow
def test_a_plugin_whose_requirements_conflict_runs_in_an_environment_of_its_own(
    write_plugin, card_toml, plugins, distributions, monkeypatch, tmp_path
):
    distributions(conflicting=("1.0", [], []))
    write_wheel(tmp_path / "wheels", "conflicting", "2.0", "value = 'two'\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)  # it would go first
    monkeypatch.delenv("FORNIX_CONSTRAINTS", raising=False)
    code = """
from fornix.registry.hookspecs import hookimpl

@hookimpl
def fornix_load_model(identifier, options):
    from conflicting import value
    return type("Model", (), {"respond": lambda self, experiment: value})()
"""
    plugin = write_plugin(plugins, card_toml("model", "m"), code=code, dependencies=("fornix", "conflicting==2.0"))
    distribution = plugin.distribution()
    assert unmet(distribution) == ["conflicting==2.0 (1.0 is installed)"]

    python = interpreter([distribution])
    assert str(python) != sys.executable
    assert python.is_relative_to(tmp_path / "cache" / "environments")
    use = "import fornix; print(fornix.load_model('m').respond(None), fornix.__file__)"
    settings = {"FORNIX_PLUGINS": str(plugins), "PATH": ""}
    said = subprocess.run([python, "-c", use], env=settings, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert said.split()[0] == "two"
    if environments._source_tree() is not None:
        assert said.split()[1] == str(environments._source_tree() / "core/fornix/__init__.py")

    monkeypatch.setattr(environments, "_build", lambda *_: pytest.fail("built twice"))
    again = replace(distribution, name="fornix-model-other", folder=tmp_path)
    assert interpreter([again]) == python
    assert sorted(path.name for path in python.parents[2].iterdir()) == sorted([".lock", python.parents[1].name])
