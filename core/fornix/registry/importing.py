"""Importing the plugin that owns a card, calling its hook on it alone, and checking what comes back."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pluggy

from fornix.registry import hookspecs
from fornix.registry.card import JSON, Card, Kind
from fornix.registry.distribution import Distribution
from fornix.registry.environments import unmet
from fornix.registry.problems import PluginError

#: What the object of each kind must have; the protocols of ``fornix.interfaces`` by name, so that they need no import.
MEMBERS: Final[dict[Kind, tuple[str, ...]]] = {
    "model": ("respond",),
    "dataset": ("stimuli", "recordings"),
    "metric": ("accepts", "__call__"),
    "benchmark": ("experiments", "score", "ceiling"),
}

_lock = threading.RLock()
_manager = pluggy.PluginManager(hookspecs.PROJECT)
_manager.add_hookspecs(hookspecs)


def call_hook(distribution: Distribution, card: Card, options: dict[str, JSON]) -> Any:
    """What the hook of a card's owner gives, called on the owner alone and checked.

    Raises
    ------
    PluginError
        If the owner cannot be imported, lacks the hook, or gives something else than the card's kind.
    """
    plugin = import_plugin(distribution)
    owner = f"{distribution.name} ({plugin.__file__})"
    check_hooks(plugin, [card.kind])
    hook = f"fornix_load_{card.kind}"
    caller = _manager.subset_hook_caller(hook, [other for other in _manager.get_plugins() if other is not plugin])
    try:
        loaded = caller(identifier=card.identifier, options=options)
    except ImportError as error:
        raise PluginError(f"{card.kind} {card.identifier!r} cannot be loaded: {_why(error, distribution)}", error) from error
    missing = [member for member in MEMBERS[card.kind] if not hasattr(loaded, member)]
    if loaded is None or missing:
        given = "nothing" if loaded is None else f"a {type(loaded).__name__}, which lacks {', '.join(missing)}"
        raise PluginError(f"{hook} of {owner} gave {given} for {card.identifier!r}; expected a {card.kind} (fornix.interfaces)")
    return loaded


def check_hooks(plugin: ModuleType, kinds: Iterable[Kind]) -> None:
    """See that an imported plugin has the hooks for the kinds of its cards.

    Raises
    ------
    PluginError
        If it lacks one.
    """
    have = {caller.name for caller in _manager.get_hookcallers(plugin) or ()}
    for kind in kinds:
        if f"fornix_load_{kind}" not in have:
            raise PluginError(f"{plugin.__file__} has a {kind} card, but no hook fornix_load_{kind}; docs/hooks.md shows it")


def import_plugin(distribution: Distribution) -> ModuleType:
    """Import the module with a distribution's hooks and register it, once per process.

    Raises
    ------
    PluginError
        If it cannot be imported (chained to what it raised) or its hooks do not fit the specifications.
    """
    name = str(distribution.folder)
    with _lock:
        registered = _manager.get_plugin(name)
        if isinstance(registered, ModuleType):
            return registered
        module = _import(distribution)
        try:
            _manager.register(module, name=name)
            _manager.check_pending()
        except pluggy.PluginValidationError as error:
            if _manager.has_plugin(name):
                _manager.unregister(name=name)
            # of several lines the first says which plugin and hook; reports show one line, so what is wrong has to be in it
            what = "; ".join(line for line in str(error).splitlines() if not line.startswith("Plugin "))
            sentence = f"the hooks of {distribution.name} do not fit their specifications (docs/hooks.md): {what}"
            raise PluginError(sentence, error) from error
        return module


def _import(distribution: Distribution) -> ModuleType:
    before = set(sys.modules)
    try:
        _import_package(distribution)
        return importlib.import_module(distribution.module)
    except BaseException as error:
        for name in set(sys.modules) - before:
            if name.split(".")[0] == distribution.package:
                del sys.modules[name]  # half imported: the next attempt starts afresh
        if isinstance(error, PluginError) or not isinstance(error, Exception | SystemExit):
            raise
        raise PluginError(f"{distribution.name} cannot be imported: {_why(error, distribution)}", error) from error


def _import_package(distribution: Distribution) -> None:
    """Import the top-level package from the distribution's folder, and from nowhere else.

    By location rather than by a path on ``sys.path``, so that nothing else of a plugin folder becomes importable and a
    plugin folder goes before an installed copy.
    """
    package, folder = distribution.package, distribution.folder.resolve()
    loaded = sys.modules.get(package)
    if loaded is not None:
        place = Path(loaded.__file__ or "").resolve().parent
        if place != folder:
            raise PluginError(
                f"{distribution.name} cannot be imported from {folder}, as this process has already imported its package "
                f"{package!r} from {place}; start a new process"
            )
        return
    initial = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(package, initial, submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None or not initial.is_file():
        raise PluginError(f"{distribution.name} has no {initial}; expected a package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)


def _why(error: BaseException, distribution: Distribution) -> str:
    """What was raised, and what of its requirements this interpreter lacks or it may have left unsaid."""
    lacking = unmet(distribution)
    needs = f"; this interpreter does not meet its requirements: {', '.join(lacking)}" if lacking else ""
    if not lacking and isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] != distribution.package:
        needs = "; if another distribution brings it, list that under `dependencies` in the plugin's pyproject.toml"
    return f"{type(error).__name__}: {error}{needs}"
