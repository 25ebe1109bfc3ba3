"""Behaviour hashes: what changes a number changes them, and nothing else does."""

import errno
import json
import os
from pathlib import Path

import pytest

from fornix.errors import UsageError
from fornix.registry.discovery import discover
from fornix.registry.fingerprint import behaviour_hash, canonical, fingerprint
from fornix.registry.problems import PluginError

OPTIONS = {"alpha": {"type": "float", "default": 1.0, "help": "penalty"}}
FILE = {"name": "w", "url": "https://example.org/w", "bytes": 1, "sha256": "ab" * 32}


@pytest.fixture
def plugin(write_plugin, card_toml, plugins):
    plugin = write_plugin(
        plugins, card_toml("model", "one", options=OPTIONS, files=[FILE], title="One"), card_toml("model", "two", title="Two")
    )
    plugin.write("model.py", "x = 1\ny = 2\n")
    plugin.write("parts/weights.bin", "a\0b\r\n")
    behind = plugins.parent / "behind"
    behind.mkdir()
    (behind / "part.py").write_text("x = 1\n")
    (plugin.folder / "linked").symlink_to(behind, target_is_directory=True)
    (plugin.folder / "circle").symlink_to(plugin.folder, target_is_directory=True)
    return plugin


def of_one(plugin):
    registry = discover([plugin.root])
    return fingerprint(registry, registry.get("model", "one"), {})


def edit(plugin, name, old, new):
    path = plugin.folder / name
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


CHANGES = {
    "a line of code": lambda p: edit(p, "model.py", "x = 1", "x = 3"),
    "a line of the hooks": lambda p: edit(p, "plugin.py", "return Thing", "return  Thing"),
    "a file added": lambda p: p.write("commitment.toml", "V4 = 'layer2'"),
    "a module that reads me": lambda p: p.write("readme_first.py", "x = 1"),
    "a compiled module without its source": lambda p: p.write("network.pyc", "x"),
    "a file of a linked folder": lambda p: edit(p, "linked/part.py", "x = 1", "x = 2"),
    "a file removed": lambda p: (p.folder / "model.py").unlink(),
    "a file renamed": lambda p: (p.folder / "model.py").rename(p.folder / "network.py"),
    "a byte of a binary file": lambda p: edit(p, "parts/weights.bin", "a", "c"),
    "the line ends of a binary file": lambda p: edit(p, "parts/weights.bin", "\r\n", "\n"),
    "the version of the card": lambda p: edit(p, "plugin.toml", "version = 1", "version = 2"),
    "a region of the card": lambda p: edit(p, "plugin.toml", '"V4"', '"IT"'),
    "the default of an option": lambda p: edit(p, "plugin.toml", '"default" = 1.0', '"default" = 2.0'),
    "the hash of a file": lambda p: edit(p, "plugin.toml", "ab" * 32, "cd" * 32),
}
NO_CHANGES = {
    "a title": lambda p: edit(p, "plugin.toml", '"One"', '"The first"'),
    "a licence": lambda p: edit(p, "plugin.toml", '"MIT"', '"BSD-3-Clause"'),
    "a citation": lambda p: edit(p, "plugin.toml", "@misc{someone2026", "@misc{other2026"),
    "the help of an option": lambda p: edit(p, "plugin.toml", '"penalty"', '"how much"'),
    "the url of a file": lambda p: edit(p, "plugin.toml", "example.org", "example.com"),
    "a comment in the card": lambda p: edit(p, "plugin.toml", "schema = 1", "# a comment\nschema = 1"),
    "a README": lambda p: p.write("README.md", "read me"),
    "a README beside the package": lambda p: (p.root / "README.md").write_text("read me"),
    "a test": lambda p: p.write("tests/test_it.py", "def test(): ..."),
    "a test beside the package": lambda p: (p.root / "test_it.py").write_text("def test(): ..."),
    "compiled files": lambda p: p.write("__pycache__/model.cpython-311.pyc", "x"),
    "hidden files": lambda p: p.write(".cache/x", "x"),
    "line ends": lambda p: (p.folder / "model.py").write_bytes(b"x = 1\r\ny = 2\r\n"),
    "times": lambda p: os.utime(p.folder / "model.py", (1, 1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_can_change_a_number_changes_the_hash(plugin, change):
    before, whole = of_one(plugin), behaviour_hash(plugin.distribution())
    CHANGES[change](plugin)
    assert of_one(plugin)["behaviour"] != before["behaviour"]
    assert behaviour_hash(plugin.distribution()) != whole


@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_cannot_does_not(plugin, change):
    before, whole = of_one(plugin), behaviour_hash(plugin.distribution())
    NO_CHANGES[change](plugin)
    assert of_one(plugin) == before
    assert behaviour_hash(plugin.distribution()) == whole


def test_a_card_s_fingerprint_does_not_depend_on_its_siblings(plugin, card_toml):
    before, whole = of_one(plugin), behaviour_hash(plugin.distribution())
    path = plugin.folder / "plugin.toml"
    path.write_text(path.read_text() + card_toml("model", "three"))
    assert of_one(plugin) == before
    assert behaviour_hash(plugin.distribution()) != whole


def test_siblings_differ(plugin):
    registry = discover([plugin.root])
    one, two = (fingerprint(registry, registry.get("model", name), {}) for name in ("one", "two"))
    assert one["behaviour"] != two["behaviour"]


def test_a_fingerprint_is_json_of_what_a_key_needs(plugin):
    registry = discover([plugin.root])
    card = registry.get("model", "one")
    found = fingerprint(registry, card, {"alpha": 3})
    assert json.loads(canonical(found)) == found
    assert {k: v for k, v in found.items() if k != "behaviour"} == {
        "identifier": "one",
        "version": 1,
        "options": {"alpha": 3.0},
        "files": ["ab" * 32],
    }
    assert fingerprint(registry, card, {})["options"] == {"alpha": 1.0}
    with pytest.raises(UsageError, match="did you mean 'alpha'"):
        fingerprint(registry, card, {"alhpa": 3})


def test_where_a_plugin_lies_does_not_matter(plugin, tmp_path):
    before = of_one(plugin)
    plugin.root.rename(tmp_path / "elsewhere")
    registry = discover([tmp_path / "elsewhere"])
    assert fingerprint(registry, registry.get("model", "one"), {}) == before


def test_canonical_json_has_one_form():
    assert canonical({"b": 1, "a": [1.0, "é"]}) == canonical({"a": [1.0, "é"], "b": 1}) == '{"a":[1.0,"é"],"b":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


def test_a_file_s_name_need_not_be_utf_8(plugin):
    before = of_one(plugin)
    try:
        (plugin.folder / os.fsdecode(b"caf\xe9.txt")).touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    assert of_one(plugin)["behaviour"] != before["behaviour"]


def test_a_file_that_cannot_be_read_is_named_with_its_plugin(plugin, monkeypatch):
    refused = plugin.folder / "model.py"
    read = Path.read_bytes

    def read_bytes(path):
        if path == refused:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    plugin.write("model.py", "x = 3\n")  # not hashed before
    with pytest.raises(PluginError, match=rf"\S+ cannot be used, as {refused} cannot be read \(Permission denied\): make it"):
        of_one(plugin)
