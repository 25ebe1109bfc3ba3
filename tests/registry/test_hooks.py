"""docs/hooks.md: every hook is there, with its exact signature and a whole plugin that runs and passes the suite."""

import inspect
import re
import textwrap
from pathlib import Path

import pytest

from fornix.conformance.run import run_plugin
from fornix.registry import hookspecs
from fornix.registry.discovery import discover
from fornix.registry.load import use_registry

PAGE = Path(__file__).parents[2] / "docs" / "hooks.md"
GUIDE = PAGE.with_name("plugins.md")
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("fornix_"))


def section(hook):
    """The part of the page below the heading of a hook, or nothing."""
    found = re.search(rf"^## {hook}$(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def blocks(text):
    """The fenced blocks, by the line that introduces each; the signature comes first, under no line."""
    found = re.findall(r"^([^\n]*)\n\n```(?:python|toml)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return {label.strip("`:"): code for label, code in found}


def signature(hook):
    return f"def {hook}{inspect.signature(getattr(hookspecs, hook))}".replace("'", "")


def test_there_is_a_hook_for_each_kind():
    assert HOOKS == ["fornix_load_benchmark", "fornix_load_dataset", "fornix_load_metric", "fornix_load_model"]


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_is_documented_with_its_exact_signature(hook):
    assert f"```python\n{signature(hook)}\n```" in section(hook)


def test_the_page_documents_no_hook_that_is_not_there():
    headings = re.findall(r"^## (\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == HOOKS


def test_hooks_have_docstrings():
    assert all(getattr(hookspecs, hook).__doc__ for hook in HOOKS)


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    """The plugins of the page, each as a contributor would copy it: pyproject.toml of the guide, a README, its use as a test."""
    folder = tmp_path_factory.mktemp("examples")
    (project,) = [
        code for code in re.findall(r"^```toml\n(.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S) if "[project]" in code
    ]
    for hook in HOOKS:
        kind, parts = hook.removeprefix("fornix_load_"), blocks(section(hook))
        package = folder / f"{kind}s" / "example" / f"fornix_{kind}_example"
        tests = package.parent / "tests"
        for made in (package, tests):
            made.mkdir(parents=True)
        (package / "__init__.py").write_text('"""An example."""\n', encoding="utf-8")
        for name in ("plugin.py", "plugin.toml"):
            (package / name).write_text(parts[name], encoding="utf-8")
        named = project.replace("fornix-model-mean-colour", f"fornix-{kind}-example").replace(
            "fornix_model_mean_colour", package.name
        )
        (package.parent / "pyproject.toml").write_text(named, encoding="utf-8")
        (package.parent / "README.md").write_text("This plugin is an example of the page of hooks. " * 3, encoding="utf-8")
        use = textwrap.indent(parts["What it is used for"], "    ")
        (tests / "test_use.py").write_text(f"def test_what_it_is_used_for():\n{use}", encoding="utf-8")
        if "tests/conformance.py" in parts:
            (tests / "conformance.py").write_text(parts["tests/conformance.py"], encoding="utf-8")
    return folder


def test_the_examples_are_found_without_a_fault(examples):
    registry = discover([examples])
    assert registry.problems == ()
    assert len(registry.cards()) == len(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_runs(hook, examples):
    usage = blocks(section(hook))["What it is used for"]
    assert "assert" in usage
    with use_registry(discover([examples])):
        exec(compile(usage, f"{PAGE}: {hook}", "exec"), {})


@pytest.mark.slow
@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_passes_the_conformance_suite(hook, examples):
    root = examples / f"{hook.removeprefix('fornix_load_')}s" / "example"
    verdict = run_plugin(discover([examples]), root, [examples], [])
    assert verdict.passed, f"{verdict.reason}\n{verdict.output}"
