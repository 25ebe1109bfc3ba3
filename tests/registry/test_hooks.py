"""docs/hooks.md: every hook is there, with its exact signature and an example that runs."""

import inspect
import re
from pathlib import Path

import pytest

from fornix.registry import hookspecs

PAGE = Path(__file__).parents[2] / "docs" / "hooks.md"
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


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_runs(hook, write_plugin, plugins, in_use):
    parts = blocks(section(hook))
    plugin = write_plugin(plugins, code=parts["plugin.py"])
    plugin.write("plugin.toml", parts["plugin.toml"])
    registry = in_use()
    assert registry.problems == ()
    usage = parts["What it is used for"]
    assert "assert" in usage
    exec(compile(usage, f"{PAGE}: {hook}", "exec"), {})
