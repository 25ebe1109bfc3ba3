"""Plugin distributions: what is known of one, and finding them in plugin folders and among what is installed.

Nothing is imported, and no card is read beyond seeing that it is there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from fornix.registry.card import KINDS
from fornix.registry.cardfile import read_toml
from fornix.registry.hookspecs import PROJECT
from fornix.registry.problems import PluginError, Problem

CARD_FILE: Final = "plugin.toml"


@dataclass(frozen=True)
class Distribution:
    """One plugin distribution.

    Parameters
    ----------
    name, version : str
    package : str
        Its top-level package.
    module : str
        The dotted name of the module with the hooks, as its entry point says.
    folder : Path
        Of the package.
    root : Path or None
        The folder with its pyproject.toml, where it was found as a plugin folder.
    requirements : tuple of str
        As PEP 508 spells them.
    source : {"folder", "installed"}
    """

    name: str
    version: str
    package: str
    module: str
    folder: Path
    root: Path | None
    requirements: tuple[str, ...]
    source: Literal["folder", "installed"]

    @property
    def card_path(self) -> Path:
        """Its plugin.toml."""
        return self.folder / CARD_FILE

    def to_json(self) -> dict[str, Any]:
        """For another process, which need not discover it again."""
        root = None if self.root is None else str(self.root)
        return asdict(self) | {"folder": str(self.folder), "root": root, "requirements": list(self.requirements)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Distribution:
        root = None if data["root"] is None else Path(data["root"])
        paths = {"folder": Path(data["folder"]), "root": root, "requirements": tuple(data["requirements"])}
        return cls(**{**data, **paths})


def in_folder(folder: Path, problems: list[Problem]) -> Iterator[Distribution]:
    """The plugins at ``folder``, in it, or in its ``models``, ``datasets``, ``metrics`` and ``benchmarks``."""
    if not folder.is_dir():
        problems.append(Problem("error", f"there is no plugin folder {folder}; expected a folder", (folder,)))
        return
    folder = folder.resolve()
    if any(folder.glob(f"*/{CARD_FILE}")):
        candidates = [folder]
    else:
        parents = [folder, *(folder / f"{kind}s" for kind in KINDS)]
        candidates = [child for parent in parents if parent.is_dir() for child in sorted(parent.iterdir())]
    for root in candidates:
        if root.is_dir() and not root.name.startswith("."):
            try:
                distribution = _read_root(root)
            except PluginError as error:
                problems.append(Problem("error", str(error), (root,)))
                continue
            if distribution is not None:
                yield distribution


def _read_root(root: Path) -> Distribution | None:
    """The plugin at ``root``; None where there is no plugin.

    Raises
    ------
    PluginError
        If it is a plugin, but not a well-formed one.
    """
    cards = sorted(root.glob(f"*/{CARD_FILE}"))
    pyproject = root / "pyproject.toml"
    if not pyproject.is_file():
        if cards:
            raise PluginError(f"{root} has a {cards[0].relative_to(root)} and no pyproject.toml; expected one beside the package")
        return None
    try:
        document = read_toml(pyproject)
    except ValueError as error:
        raise PluginError(f"{pyproject}: cannot be read as TOML ({error})", error) from error
    project = _table(document, "project")
    modules = list(_table(_table(project, "entry-points"), PROJECT).values())
    if not cards and not modules:
        return None
    if len(cards) != 1:
        raise PluginError(f"{root} has {len(cards)} packages with a {CARD_FILE}; expected one")
    package = cards[0].parent.name
    if len(modules) != 1 or not isinstance(modules[0], str) or modules[0].split(".")[0] != package:
        raise PluginError(
            f"{pyproject}: the entry points of group {PROJECT!r} are {modules}; expected one in the package with the card: "
            f'[project.entry-points.{PROJECT}] <name> = "{package}.plugin"'
        )
    name, version, requirements = project.get("name"), project.get("version"), project.get("dependencies", [])
    listed = isinstance(requirements, list) and all(isinstance(text, str) for text in requirements)
    if not (isinstance(name, str) and isinstance(version, str) and listed) or "dependencies" in _list(project, "dynamic"):
        raise PluginError(
            f"{pyproject}: [project] lacks a name, a version or a list of dependencies; expected all three to be stated there, "
            "as they are read without building the plugin"
        )
    return Distribution(name, version, package, modules[0], cards[0].parent, root, tuple(requirements), "folder")


def _table(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def _list(of: Mapping[str, Any], name: str) -> list[Any]:
    value = of.get(name)
    return value if isinstance(value, list) else []


def among_installed(problems: list[Problem]) -> Iterator[Distribution]:
    """Installed distributions with an entry point of ours and a card."""
    seen = set()
    for entry in importlib.metadata.entry_points(group=PROJECT):
        distribution = entry.dist
        if distribution is None or distribution.name in seen:
            continue
        seen.add(distribution.name)
        package = entry.module.split(".")[0]
        folder = _package_folder(package)
        if folder is None or not (folder / CARD_FILE).is_file():
            missing = f"has no {CARD_FILE} in {folder}" if folder else f"has no package {package!r}"
            sentence = (
                f"{distribution.name} {distribution.version} is installed and {missing}; expected one: is it in its package data?"
            )
            problems.append(Problem("error", sentence, (folder,) if folder else (), distribution.name))
            continue
        requirements = tuple(distribution.requires or ())
        yield Distribution(
            distribution.name, distribution.version, package, entry.module, folder, None, requirements, "installed"
        )


def _package_folder(package: str) -> Path | None:
    """Where a top-level package would be imported from; imports nothing."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec is not None and spec.origin else None
