"""Finding plugins: from folders, in order, without importing one; what is broken breaks itself alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fornix.errors import UsageError
from fornix.registry import discovery
from fornix.registry.discovery import Registry, discover
from fornix.registry.distribution import Distribution
from fornix.registry.problems import PluginError

HEAVY = ("numpy", "pandas", "xarray", "netCDF4", "pyarrow", "scipy", "sklearn", "torch", "boto3")


def names(registry, kind=None):
    return [card.identifier for card in registry.cards(kind)]


@pytest.fixture
def explosive(write_plugin, card_toml):
    """A plugin that cannot be imported without being noticed."""

    def explosive(folder, *cards, **kwargs):
        plugin = write_plugin(folder, *(cards or [card_toml("model", "m")]), **kwargs)
        for module in ("__init__.py", "plugin.py"):
            plugin.write(module, "raise RuntimeError('imported')")
        return plugin

    return explosive


def test_a_plugin_is_found_without_being_imported(explosive, plugins):
    plugin = explosive(plugins, dependencies=("fornix[torch]", "numpy>=2"), version="1.2")
    registry = discover([plugins])
    (card,) = registry.cards()
    assert registry.distribution(card) == Distribution(
        name=plugin.name,
        version="1.2",
        package=plugin.package,
        module=f"{plugin.package}.plugin",
        folder=plugin.folder.resolve(),
        root=plugin.root.resolve(),
        requirements=("fornix[torch]", "numpy>=2"),
        source="folder",
    )
    assert plugin.package not in sys.modules
    assert registry.problems == ()


def test_a_folder_is_a_plugin_or_holds_plugins_or_holds_them_by_kind(explosive, plugins, card_toml):
    alone = explosive(plugins / "elsewhere", card_toml("model", "alone"))
    explosive(plugins, card_toml("model", "directly"))
    explosive(plugins / "datasets", card_toml("dataset", "by-kind"))
    assert names(discover([alone.root])) == ["alone"]
    assert names(discover([plugins])) == ["directly", "by-kind"]


def test_cards_come_by_kind_and_identifier(explosive, plugins, card_toml):
    explosive(plugins, card_toml("dataset", "b"), card_toml("dataset", "A"), card_toml("model", "z"))
    registry = discover([plugins])
    assert names(registry) == ["z", "A", "b"]
    assert names(registry, "dataset") == ["A", "b"]


def test_folders_of_the_environment_and_of_the_checkout_are_searched(explosive, plugins, card_toml, monkeypatch):
    for place in ("given", "environment", "checkout"):
        explosive(plugins / place, card_toml("model", place))
    monkeypatch.setattr(discovery, "_checkout", lambda: [plugins / "checkout"])
    monkeypatch.setenv("FORNIX_PLUGINS", os.pathsep.join([str(plugins / "environment"), ""]))
    assert names(discover([plugins / "given"])) == ["checkout", "environment", "given"]
    assert names(discover()) == ["checkout", "environment"]


def test_a_folder_that_is_not_there_is_a_problem(plugins):
    (problem,) = discover([plugins / "missing"]).problems
    assert problem.level == "error"
    assert f"there is no plugin folder {plugins / 'missing'}" in problem.sentence


def test_an_unknown_identifier_is_met_with_did_you_mean(explosive, plugins, card_toml):
    explosive(plugins, card_toml("model", "gabor"), card_toml("metric", "gabber"))
    registry = discover([plugins])
    with pytest.raises(UsageError, match=r"no model 'gabro'; did you mean 'gabor'\?"):
        registry.get("model", "gabro")
    with pytest.raises(UsageError, match=r"no model 'Gabor'; did you mean 'gabor'\?"):
        registry.get("model", "Gabor")
    with pytest.raises(UsageError, match="no model 'x'; `fornix list` shows all 1"):
        registry.get("model", "x")
    with pytest.raises(UsageError, match="no plugin offers any"):
        registry.get("benchmark", "x")


def test_an_alias_stands_for_a_card_and_options(explosive, plugins, card_toml):
    options = {"alphas": {"type": "list"}}
    explosive(plugins, card_toml("metric", "ridge", options=options, aliases={"ridgecv": {"alphas": [1, 2]}}))
    registry = discover([plugins])
    assert registry.resolve("metric", "ridgecv") == (registry.get("metric", "ridge"), {"alphas": [1, 2]})
    with pytest.raises(UsageError, match=r"did you mean 'ridgecv'\?"):
        registry.get("metric", "ridgcv")


def test_cards_at_hand_make_a_registry_without_plugins(explosive, plugins, card_toml):
    explosive(plugins, card_toml("model", "gabor", aliases={"gabors": {}}))
    found = discover([plugins])
    card = found.get("model", "gabor")
    made = Registry.of_cards([card])
    assert made.cards() == (card,)
    assert made.resolve("model", "gabors") == (card, {})
    assert made.distributions == made.problems == ()
    with pytest.raises(UsageError, match="there is no model 'gabar'; did you mean 'gabor'"):
        made.get("model", "gabar")
    owned = Registry.of_cards([card], {card: found.distribution(card)})
    assert owned.distribution(card) == found.distribution(card)


@pytest.mark.parametrize(
    "text",
    [
        "schema = 1\n[[model]]\nidentifier = 'broken'\n",
        "schema = 1\n[[model]\n",
        "\x00",
        "",
        "x = " + "[" * 9999 + "]" * 9999,
        "x = " + "9" * 9999,
        "schema = 1\n" + "".join(f"a{i} = 1\n" for i in range(200_000)),
    ],
    ids=["invalid", "toml", "binary", "empty", "nested", "digits", "huge"],
)
def test_a_malformed_card_breaks_its_own_distribution_alone(explosive, plugins, card_toml, text):
    explosive(plugins, card_toml("model", "good"))
    broken = explosive(plugins)
    broken.write("plugin.toml", text)
    registry = discover([plugins])
    assert names(registry) == ["good"]
    assert registry.problems
    assert {(problem.level, problem.distribution) for problem in registry.problems} == {("error", broken.name)}
    assert all(str(broken.folder / "plugin.toml") in problem.sentence for problem in registry.problems)


def test_a_card_that_is_a_pipe_is_not_waited_for(explosive, plugins, card_toml):
    explosive(plugins, card_toml("model", "good"))
    broken = explosive(plugins)
    (broken.folder / "plugin.toml").unlink()
    os.mkfifo(broken.folder / "plugin.toml")
    registry = discover([plugins])
    assert names(registry) == ["good"]
    assert [problem.distribution for problem in registry.problems] == [broken.name]


PARENT = {"uses": None, "modalities": None, "regions": None}


def parent(*children):
    return {**PARENT, "aggregate": {"of": "value", "children": list(children)}}


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"b": {"uses": {"datasets": ["absent"]}}}, "dataset 'absent'"),
        ({"b": {"uses": {"metrics": ["absent"]}}}, "metric 'absent'"),
        ({"b": parent("absent")}, "benchmark 'absent'"),
        ({"b": parent("GOOD")}, "benchmark 'GOOD'"),
        ({"b": parent("alias")}, "benchmark 'alias'"),
        ({"b": parent("good", "c"), "c": {"uses": {"datasets": ["absent"]}}}, "benchmark 'c'"),
        ({"b": parent("b1"), **{f"b{i}": parent(f"b{i + 1}") for i in range(1, 1100)}, "b1100": {}}, "benchmark 'b1'"),
    ],
    ids=["dataset", "metric", "child", "case", "alias", "grandchild", "generations"],
)
def test_a_benchmark_that_names_what_cannot_be_had_is_alone_unusable(explosive, plugins, card_toml, broken, named):
    explosive(plugins, card_toml("benchmark", "good", aliases={"alias": {}}), card_toml("benchmark", "mean", **parent("good")))
    explosive(plugins, *(card_toml("benchmark", name, **fields) for name, fields in broken.items()))
    registry = discover([plugins])
    assert {"good", "mean"} <= set(names(registry))
    assert "b" not in names(registry)
    with pytest.raises(PluginError, match=f"benchmark 'b' cannot be used: its card names the {named}"):
        registry.get("benchmark", "b")
    assert any(f"benchmark b: its card names the {named}" in problem.sentence for problem in registry.problems)


def test_a_mean_that_would_count_a_leaf_twice_is_unusable_and_so_is_what_is_above_it(explosive, plugins, card_toml):
    explosive(plugins, *(card_toml("benchmark", name) for name in "abc"))
    means = {"ab": ("a", "b"), "bc": ("b", "c"), "own": ("ab", "c"), "twice": ("ab", "bc"), "above": ("twice",)}
    explosive(plugins, *(card_toml("benchmark", name, **parent(*children)) for name, children in means.items()))
    registry = discover([plugins])
    assert names(registry) == ["a", "ab", "b", "bc", "c", "own"], "a child may have several parents"
    with pytest.raises(
        PluginError, match="benchmark 'twice' cannot be used: its mean would count 'b' more than once, which is in"
    ):
        registry.get("benchmark", "twice")
    with pytest.raises(
        PluginError, match="benchmark 'above' cannot be used: its card names the benchmark 'twice', which no usable"
    ):
        registry.get("benchmark", "above")
    assert [problem.sentence.partition(":")[0] for problem in registry.problems] == ["benchmark twice", "benchmark above"]


def test_why_a_child_cannot_be_had_that_is_there_is_said(explosive, plugins, card_toml):
    explosive(plugins, card_toml("benchmark", "leaf", aliases={"short": {}}), card_toml("benchmark", "a", **parent("short")))
    means = {"x": "y", "y": "z", "z": "y", "deep0": "leaf", **{f"deep{i + 1}": f"deep{i}" for i in range(20)}}
    explosive(plugins, *(card_toml("benchmark", name, **parent(child)) for name, child in means.items()))
    registry = discover([plugins])
    assert {problem.sentence for problem in registry.problems} == {
        "benchmark a: its card names the benchmark 'short', an alias of 'leaf', and a mean is made of benchmarks by their "
        "identifiers; give that",
        "benchmark y: it would be a mean of itself ('y' of 'z' of 'y'); take a child out of one of these",
        "benchmark z: it would be a mean of itself ('z' of 'y' of 'z'); take a child out of one of these",
        "benchmark x: its card names the benchmark 'y', which no usable plugin provides; install or mend its plugin",
        "benchmark deep20: its card names the benchmark 'deep19', below which there are 20 levels already; leave some out",
    }
    with pytest.raises(PluginError, match="benchmark 'y' cannot be used: it would be a mean of itself"):
        registry.get("benchmark", "y")


def test_what_cannot_be_used_either_is_not_suggested(explosive, plugins, card_toml):
    lost = card_toml("benchmark", "leaf", uses={"datasets": ["absent"]})
    explosive(plugins, card_toml("benchmark", "a", **parent("leaf")), card_toml("benchmark", "b", **parent("leafs")), lost)
    said = [problem.sentence for problem in discover([plugins]).problems]
    for name, child in (("a", "leaf"), ("b", "leafs")):
        lacking = f"its card names the benchmark {child!r}, which no usable plugin provides; install or mend its plugin"
        assert f"benchmark {name}: {lacking}" in said


def test_who_asks_for_a_malformed_card_is_told_what_is_wrong(explosive, plugins, card_toml):
    explosive(plugins, card_toml("model", "unlicensed", licence=None))
    with pytest.raises(PluginError, match=r"'unlicensed' cannot be used.*licence is missing"):
        discover([plugins]).get("model", "unlicensed")


def test_a_malformed_card_takes_no_identifier_from_a_good_one(explosive, plugins, card_toml):
    good = explosive(plugins, card_toml("model", "gabor"), name="fornix-good")
    explosive(plugins, card_toml("model", "gabor", licence=None), name="fornix-bad")
    registry = discover([plugins])
    assert registry.distribution(registry.get("model", "gabor")).name == good.name


@pytest.mark.parametrize("second", ["gabor", "GABOR"])
def test_two_distributions_that_claim_one_identifier_make_it_unusable(explosive, plugins, card_toml, second):
    one = explosive(plugins, card_toml("model", "gabor"), card_toml("model", "one"))
    two = explosive(plugins, card_toml("model", second), card_toml("model", "two"), card_toml("dataset", "gabor"))
    registry = discover([plugins])
    assert names(registry) == ["one", "two", "gabor"]
    for name in ("gabor", second):
        with pytest.raises(PluginError) as caught:
            registry.get("model", name)
        assert str(one.folder / "plugin.toml") in str(caught.value)
        assert str(two.folder / "plugin.toml") in str(caught.value)
    (problem,) = registry.problems
    assert problem.level == "error"
    assert set(problem.where) == {one.folder.resolve() / "plugin.toml", two.folder.resolve() / "plugin.toml"}


def test_an_alias_that_is_claimed_twice_leaves_both_cards(explosive, plugins, card_toml):
    explosive(plugins, card_toml("metric", "ridge", aliases={"cv": {}}))
    explosive(plugins, card_toml("metric", "lasso", aliases={"cv": {}}))
    registry = discover([plugins])
    assert names(registry) == ["lasso", "ridge"]
    with pytest.raises(PluginError, match="'cv' is claimed by"):
        registry.get("metric", "cv")


def test_aliases_of_a_contested_card_are_unusable_too(explosive, plugins, card_toml):
    for alias in ("a", "b"):
        explosive(plugins, card_toml("metric", "ridge", aliases={alias: {}}))
    registry = discover([plugins])
    for name in ("ridge", "a", "b"):
        with pytest.raises(PluginError, match="claimed by"):
            registry.get("metric", name)


def test_the_folder_named_first_wins_and_a_warning_names_both(explosive, plugins, card_toml):
    mine = explosive(plugins / "mine", card_toml("model", "gabor", title="Mine"), name="fornix-model-gabor")
    theirs = explosive(plugins / "theirs", card_toml("model", "gabor", title="Theirs"), name="fornix_model_gabor")
    registry = discover([plugins / "mine", plugins / "theirs"])
    assert registry.get("model", "gabor").title == "Mine"
    (problem,) = registry.problems
    assert problem.level == "warning"
    assert str(mine.folder) in problem.sentence
    assert str(theirs.folder) in problem.sentence


def test_one_plugin_reached_by_two_paths_is_one_plugin(explosive, plugins, tmp_path):
    explosive(plugins)
    (tmp_path / "link").symlink_to(plugins)
    registry = discover([plugins, tmp_path / "link"])
    assert (len(registry.distributions), registry.problems) == (1, ())


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda p: (p.root / "pyproject.toml").unlink(), "no pyproject.toml"),
        (lambda p: (p.root / "pyproject.toml").write_text("[project"), "cannot be read as TOML"),
        (lambda p: (p.folder / "plugin.toml").unlink(), "0 packages"),
        (lambda p: ((p.root / "other").mkdir(), (p.root / "other/plugin.toml").touch()), "2 packages"),
        (
            lambda p: edit(p, "[project.entry-points.fornix]\ngenerated", "[project.entry-points.other]\ngenerated"),
            "entry points",
        ),
        (lambda p: edit(p, f'"{p.package}.plugin"', '"elsewhere.plugin"'), "entry points"),
        (lambda p: edit(p, 'version = "1.0"', 'dynamic = ["version"]'), "version"),
        (lambda p: edit(p, "dependencies = []", 'dynamic = ["dependencies"]'), "dependencies"),
        (lambda p: edit(p, "dependencies = []", 'dependencies = "numpy"'), "dependencies"),
        (lambda p: edit(p, "dependencies = []", "dependencies = [5]"), "dependencies"),
        (lambda p: (p.root / "pyproject.toml").write_text("project = 1"), "entry points"),
        (lambda p: (p.root / "pyproject.toml").write_text("[project]\nentry-points = 1"), "entry points"),
        (lambda p: (p.root / "pyproject.toml").write_text("[project.entry-points]\nfornix = ['x']"), "entry points"),
        (lambda p: edit(p, 'version = "1.0"', "dynamic = 5"), "version"),
        (lambda p: (p.root / "pyproject.toml").write_text("x = " + "[" * 9999 + "]" * 9999), "nested too deeply"),
    ],
)
def test_a_malformed_folder_is_a_problem_and_no_more(explosive, plugins, card_toml, change, part):
    explosive(plugins, card_toml("model", "good"))
    broken = explosive(plugins, card_toml("model", "broken"))
    change(broken)
    registry = discover([plugins])
    assert names(registry) == ["good"]
    (problem,) = registry.problems
    assert part in problem.sentence
    assert str(broken.root) in problem.sentence


def edit(plugin, old, new):
    path = plugin.root / "pyproject.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_folders_that_are_no_plugins_are_passed_over(plugins):
    (plugins / "notes").mkdir()
    (plugins / "other").mkdir()
    (plugins / "other" / "pyproject.toml").write_text("[project]\nname = 'other'\nversion = '1'\n")
    (plugins / "file.txt").touch()
    registry = discover([plugins])
    assert (registry.distributions, registry.problems) == ((), ())


def test_a_distribution_travels_as_json(explosive, plugins):
    distribution = explosive(plugins).distribution()
    assert Distribution.from_json(json.loads(json.dumps(distribution.to_json()))) == distribution


def run_python(code, **environment):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout


def test_a_thousand_plugins_are_listed_without_importing_one(explosive, plugins, card_toml):
    for number in range(1000):
        explosive(plugins, card_toml("model", f"model-{number}"), name=f"fornix-thousand-{number}")
    listed = run_python(
        f"""
import sys
from fornix.registry.discovery import Registry, discover
registry = discover()
cards = [card for card in registry.cards("model") if card.identifier.startswith("model-")]
imported = [name for name in sys.modules if name.startswith("fornix_thousand")]
print(len(cards), imported, [name for name in {HEAVY} if name in sys.modules])
""",
        FORNIX_PLUGINS=str(plugins),
    )
    assert listed.split("\n")[0] == "1000 [] []"


def test_importing_fornix_and_looking_for_plugins_imports_nothing_heavy():
    code = f"import fornix, sys; [print(name) for name in {HEAVY} if name in sys.modules]"
    assert run_python(code) == ""
    rooms = "fornix.registry.load, fornix.registry.doctor, fornix.registry.fingerprint, fornix.registry.environments"
    assert run_python(f"import {rooms}; fornix.registry.load.current_registry(); {code}") == ""


def test_the_checkout_is_that_of_the_core(monkeypatch):
    monkeypatch.undo()
    import fornix

    plugins = Path(fornix.__file__).resolve().parents[2] / "plugins"
    assert discovery._checkout() == ([plugins] if plugins.is_dir() else [])
