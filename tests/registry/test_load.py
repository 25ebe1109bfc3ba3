"""Plugins at work: the owner alone is called, options are checked, and a fault costs its own plugin only."""

import copy
import hashlib
import sys
import traceback
from pathlib import Path

import pytest

from fornix import card_file, load_benchmark, load_dataset, load_metric, load_model
from fornix.errors import UsageError
from fornix.files.fetch import FileUnavailable
from fornix.registry.discovery import discover
from fornix.registry.importing import MEMBERS, import_plugin
from fornix.registry.load import acting_as, current_registry, use_registry
from fornix.registry.problems import PluginError

LOADERS = {"model": load_model, "dataset": load_dataset, "metric": load_metric, "benchmark": load_benchmark}


@pytest.mark.parametrize("kind", LOADERS)
def test_the_hook_of_the_owner_alone_is_called(write_plugin, card_toml, plugins, in_use, kind):
    one = write_plugin(plugins, card_toml(kind, "one"))
    two = write_plugin(plugins, card_toml(kind, "two"))
    in_use()
    loaded = {name: LOADERS[kind](name) for name in ("one", "two")}
    assert {name: (thing.identifier, thing.owner) for name, thing in loaded.items()} == {
        "one": ("one", f"{one.package}.plugin"),
        "two": ("two", f"{two.package}.plugin"),
    }


def test_nobody_answers_for_another(write_plugin, card_toml, plugins, in_use):
    write_plugin(plugins, card_toml("model", "eager"))
    write_plugin(plugins, card_toml("model", "silent"), code=HOOK.format(kind="model", body="return None"))
    in_use()
    assert load_model("eager").identifier == "eager"
    with pytest.raises(PluginError, match="gave nothing for 'silent'; expected a model"):
        load_model("silent")


HOOK = """
from fornix.registry.hookspecs import hookimpl

@hookimpl
def fornix_load_{kind}(identifier, options):
    {body}
"""
OPTIONS = {
    "alpha": {"type": "float", "default": 1.0},
    "k": {"type": "int", "default": 3, "choices": [1, 3, 5]},
    "name": {"type": "str", "default": "a"},
    "fast": {"type": "bool", "default": False},
    "alphas": {"type": "list"},
    "extra": {"type": "table", "default": {}},
}


@pytest.fixture
def with_options(write_plugin, card_toml, plugins, in_use):
    write_plugin(plugins, card_toml("metric", "ridge", options=OPTIONS, aliases={"ridgecv": {"alphas": [1.0], "k": 5}}))
    in_use()


@pytest.mark.usefixtures("with_options")
class TestOptions:
    defaults = {"alpha": 1.0, "k": 3, "name": "a", "fast": False, "alphas": None, "extra": {}}  # noqa: RUF012

    def test_defaults_are_filled_in(self):
        assert load_metric("ridge").options == self.defaults

    def test_what_is_given_is_coerced(self):
        numpy = pytest.importorskip("numpy")
        loaded = load_metric("ridge", alpha=2, k=numpy.int64(5), alphas=numpy.array([1.5, 2]), extra={"a": (1, None)})
        assert loaded.options == self.defaults | {"alpha": 2.0, "k": 5, "alphas": [1.5, 2.0], "extra": {"a": [1, None]}}
        assert [type(loaded.options[name]) for name in ("alpha", "k", "alphas")] == [float, int, list]

    def test_an_alias_brings_its_options_and_yields_to_given_ones(self):
        assert load_metric("ridgecv").options == self.defaults | {"alphas": [1.0], "k": 5}
        assert load_metric("ridgecv", k=1).options == self.defaults | {"alphas": [1.0], "k": 1}

    def test_an_unknown_option_is_a_usage_error(self):
        with pytest.raises(UsageError, match=r"'ridge' has no option 'alhpa'; did you mean 'alpha'\?"):
            load_metric("ridge", alhpa=1)
        with pytest.raises(UsageError, match="has no option 'zzz'; its options are alpha, alphas"):
            load_metric("ridge", zzz=1)

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("alpha", "1", "a finite number"),
            ("alpha", float("nan"), "a finite number"),
            ("alpha", True, "a finite number"),
            ("k", 3.0, "a whole number"),
            ("k", True, "a whole number"),
            ("k", 2, "one of 1, 3, 5"),
            ("name", 3, "a text"),
            ("fast", 1, "true or false"),
            ("alphas", 3, "a list"),
            ("alphas", [float("inf")], "a list of"),
            ("extra", [1], "a table"),
            ("extra", {1: 2}, "a table"),
            ("extra", {"a": object()}, "a table of"),
        ],
    )
    def test_a_wrong_value_is_a_usage_error_that_says_what_was_expected(self, name, value, expected):
        with pytest.raises(UsageError, match=rf"option '{name}' of metric 'ridge' is .*; expected {expected}"):
            load_metric("ridge", **{name: value})


def test_a_plugin_that_fails_to_import_breaks_itself_alone(write_plugin, card_toml, plugins, in_use):
    broken = write_plugin(plugins, card_toml("model", "broken"), code="import this_is_not_there")
    write_plugin(plugins, card_toml("model", "good"))
    in_use()
    for _ in range(2):
        with pytest.raises(
            PluginError,
            match=r"cannot be imported: ModuleNotFoundError: No module named 'this_is_not_there'; if .* list that under",
        ) as caught:
            load_model("broken")
        assert isinstance(caught.value.__cause__, ModuleNotFoundError)
        assert f'{broken.folder / "plugin.py"}", line 1' in caught.value.traceback
        assert "import this_is_not_there" in "".join(traceback.format_exception(caught.value))
    assert load_model("good").identifier == "good"
    assert not [name for name in sys.modules if name.startswith(broken.package)]


def test_a_plugin_that_was_mended_can_be_imported(write_plugin, card_toml, plugins, in_use):
    plugin = write_plugin(plugins, card_toml("model", "m"), code="from .model import Model")
    working = write_plugin(plugins / "spare").folder / "plugin.py"
    in_use()
    with pytest.raises(PluginError, match=r"No module named '.*\.model'$"):
        load_model("m")
    plugin.write("plugin.py", working.read_text() + "\n# mended\n")
    assert load_model("m").identifier == "m"


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "1 / 0", "def ("])
def test_whatever_an_import_raises_is_a_plugin_error(write_plugin, card_toml, plugins, in_use, code):
    write_plugin(plugins, card_toml("model", "broken"), code=code)
    in_use()
    with pytest.raises(PluginError, match="cannot be imported"):
        load_model("broken")


def test_an_interruption_stays_one(write_plugin, card_toml, plugins, in_use):
    plugin = write_plugin(plugins, card_toml("model", "slow"), code="raise KeyboardInterrupt")
    in_use()
    with pytest.raises(KeyboardInterrupt):
        load_model("slow")
    assert plugin.package not in sys.modules


def test_an_import_that_fails_inside_the_hook_names_what_is_missing(write_plugin, card_toml, plugins, in_use):
    code = HOOK.format(kind="model", body="import this_is_not_there")
    write_plugin(plugins, card_toml("model", "m"), code=code, dependencies=("this-is-not-there>=1",))
    in_use()
    with pytest.raises(PluginError, match=r"does not meet its requirements: this-is-not-there>=1 \(not installed\)"):
        load_model("m")


def test_what_else_a_hook_raises_passes_through(write_plugin, card_toml, plugins, in_use):
    write_plugin(plugins, card_toml("model", "m"), code=HOOK.format(kind="model", body="raise ValueError('as it is')"))
    in_use()
    with pytest.raises(ValueError, match=r"^as it is$"):
        load_model("m")


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (HOOK.format(kind="modle", body="pass"), "unknown hook 'fornix_load_modle'"),
        (
            HOOK.format(kind="model", body="pass").replace("options", "settings"),
            r"\(identifier, settings\); Argument.*'settings'",
        ),
        ("", "no hook fornix_load_model"),
        (HOOK.format(kind="dataset", body="pass"), "no hook fornix_load_model"),
        (HOOK.format(kind="model", body="return 3"), "gave a int, which lacks respond for 'm'; expected a model"),
    ],
)
def test_hooks_that_do_not_fit_are_refused(write_plugin, card_toml, plugins, in_use, code, part):
    write_plugin(plugins, card_toml("model", "m"), code=code)
    write_plugin(plugins, card_toml("model", "good"))
    in_use()
    for _ in range(2):
        with pytest.raises(PluginError, match=part):
            load_model("m")
    assert load_model("good").identifier == "good"


def test_the_members_asked_for_are_those_of_the_protocols():
    interfaces = pytest.importorskip("fornix.interfaces")
    for kind, members in MEMBERS.items():
        protocol = getattr(interfaces, kind.capitalize())
        declared = {*protocol.__annotations__, *(name for name, value in vars(protocol).items() if callable(value))}
        own = {name for name in declared if not name.startswith("_") or name == "__call__"}
        assert own == set(members)


def test_a_metric_accepts_what_its_card_says(write_plugin, card_toml, plugins, in_use):
    write_plugin(plugins, card_toml("metric", "r", accepts=["values", "gram"]))
    in_use()
    with pytest.raises(PluginError, match=r"accepts \['values'\], but its card says \['gram', 'values'\]"):
        load_metric("r")


def test_submodules_of_a_folder_can_be_imported_and_the_path_stays_clean(write_plugin, card_toml, plugins, in_use):
    plugin = write_plugin(plugins, card_toml("model", "m"))
    code = HOOK.format(kind="model", body=f"from {plugin.package}.deep.inner import Model; return Model()")
    plugin.write("plugin.py", code)
    plugin.write("deep/__init__.py", "")
    plugin.write("deep/inner.py", "from ..sibling import Model")
    plugin.write("sibling.py", "class Model:\n    def respond(self, experiment): ...")
    in_use()
    before = list(sys.path)
    assert type(load_model("m")).__module__ == f"{plugin.package}.sibling"
    assert sys.path == before


def test_one_package_from_two_places_is_refused(write_plugin, card_toml, plugins):
    for place in ("one", "two"):
        write_plugin(plugins / place, card_toml("model", "m"), name="fornix-same-package")
    with use_registry(discover([plugins / "one"])):
        load_model("m")
    with use_registry(discover([plugins / "two"])), pytest.raises(PluginError, match="already imported its package"):
        load_model("m")


def test_a_plugin_is_imported_once(write_plugin, plugins):
    distribution = write_plugin(plugins, "model = []").distribution()
    assert import_plugin(distribution) is import_plugin(distribution)


def test_registries_nest(plugins):
    outer, inner = discover([plugins]), discover([plugins])
    with use_registry(outer):
        with use_registry(inner):
            assert current_registry() is inner
        assert current_registry() is outer


BENCHMARK = """
import fornix
from fornix.registry.hookspecs import hookimpl


class Benchmark:
    extra = "kept"

    def __init__(self, options):
        self.options = options
        self.load("init")

    def load(self, moment):
        if self.options["when"] == moment:
            getattr(fornix, f"load_{self.options['kind']}")(self.options["what"])

    def experiments(self, so_far=()):
        self.load("experiments")
        yield "experiment"

    def score(self, responses):
        self.load("score")
        return "score"

    def ceiling(self):
        self.load("ceiling")


@hookimpl
def fornix_load_benchmark(identifier, options):
    return Benchmark(options)
"""


@pytest.fixture
def benchmarks(write_plugin, card_toml, plugins, in_use):
    """A benchmark that uses the dataset `d`, by its alias, and the metric `r`, and loads what its options say."""
    options = {name: {"type": "str", "default": ""} for name in ("when", "kind", "what")}
    uses = {"datasets": ["d-alias"], "metrics": ["r"]}
    write_plugin(plugins, card_toml("benchmark", "b", options=options, uses=uses), code=BENCHMARK)
    parent = card_toml("benchmark", "parent", uses=None, aggregate={"of": "raw", "children": [["b"], "c"]})
    data = [card_toml("dataset", "d", aliases={"d-alias": {}}), card_toml("dataset", "other"), card_toml("metric", "r")]
    write_plugin(plugins, parent, *data, card_toml("metric", "other"), card_toml("model", "m"), card_toml("benchmark", "c"))
    return in_use()


def at_work(benchmark):
    list(benchmark.experiments())
    benchmark.score([])
    benchmark.ceiling()


@pytest.mark.usefixtures("benchmarks")
@pytest.mark.parametrize("when", ["init", "experiments", "score", "ceiling"])
class TestUses:
    @pytest.mark.parametrize(("kind", "what"), [("dataset", "other"), ("metric", "other"), ("model", "m"), ("benchmark", "c")])
    def test_a_benchmark_loads_nothing_beside_what_it_uses(self, when, kind, what):
        with pytest.raises(PluginError, match=f"benchmark 'b' loads {kind} '{what}', which its card does not use"):
            at_work(load_benchmark("b", when=when, kind=kind, what=what))

    @pytest.mark.parametrize(("kind", "what"), [("dataset", "d"), ("dataset", "d-alias"), ("metric", "r")])
    def test_a_benchmark_loads_what_it_uses(self, when, kind, what):
        at_work(load_benchmark("b", when=when, kind=kind, what=what))


@pytest.mark.usefixtures("benchmarks")
def test_outside_a_benchmark_everything_can_be_loaded():
    at_work(load_benchmark("b"))
    assert load_dataset("other").identifier == "other"


@pytest.mark.usefixtures("benchmarks")
def test_a_benchmark_behaves_as_itself():
    benchmark = load_benchmark("b")
    assert benchmark.experiments() == ("experiment",)
    assert (benchmark.score([]), benchmark.ceiling(), benchmark.extra) == ("score", None, "kept")
    assert copy.copy(benchmark).score([]) == "score"
    with pytest.raises(AttributeError):
        _ = benchmark.nothing


@pytest.mark.usefixtures("benchmarks")
def test_a_parent_is_scored_through_its_leaves():
    with pytest.raises(UsageError, match="is a parent, scored through its children: load one of b, c"):
        load_benchmark("parent")


def test_a_model_loads_no_dataset(write_plugin, card_toml, plugins, in_use):
    body = "import fornix; fornix.load_dataset('d')"
    write_plugin(plugins, card_toml("model", "peeping"), code=HOOK.format(kind="model", body=body))
    write_plugin(plugins, card_toml("dataset", "d"))
    in_use()
    with pytest.raises(PluginError, match=r"model 'peeping' loads dataset 'd'.*a model may not"):
        load_model("peeping")


CONTENT = b"weights"
FILE = {
    "name": "weights.bin",
    "url": "https://example.invalid/a/weights.bin",
    "bytes": len(CONTENT),
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
}


@pytest.fixture
def with_file(write_plugin, card_toml, plugins, in_use, tmp_path, monkeypatch):
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    mirrored = tmp_path / "mirror/example.invalid/a/weights.bin"
    mirrored.parent.mkdir(parents=True)
    mirrored.write_bytes(CONTENT)
    cards = [card_toml("dataset", name, files=[FILE]) for name in ("d", "other")]
    write_plugin(plugins, *cards, card_toml("benchmark", "b", uses={"datasets": ["d"]}))
    return in_use()


def test_a_card_file_is_fetched(with_file):
    assert Path(card_file("dataset", "d", "weights.bin")).read_bytes() == CONTENT
    with pytest.raises(UsageError, match=r"has no file 'weight.bin'; did you mean 'weights.bin'\?"):
        card_file("dataset", "d", "weight.bin")
    with pytest.raises(UsageError, match="no dataset 'dd'"):
        card_file("dataset", "dd", "weights.bin")


def test_a_card_file_that_cannot_be_had_says_so(with_file, monkeypatch):
    monkeypatch.setattr("fornix.registry.load.fetch", unavailable)
    with pytest.raises(FileUnavailable, match="no network"):
        card_file("dataset", "d", "weights.bin")


def unavailable(file):
    raise FileUnavailable("no network")


def test_a_benchmark_reads_the_files_of_what_it_uses_only(with_file):
    with acting_as(with_file.get("benchmark", "b")):
        assert card_file("dataset", "d", "weights.bin").is_file()
        with pytest.raises(PluginError, match="reads a file of dataset 'other'"):
            card_file("dataset", "other", "weights.bin")
