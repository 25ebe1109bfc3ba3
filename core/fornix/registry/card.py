"""Cards: what a plugin says about itself without being imported. One dataclass, one field for each key of plugin.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final, Literal, TypeAlias

from fornix.files.file import File

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Kind: TypeAlias = Literal["model", "dataset", "metric", "benchmark"]
#: Names of benchmarks; a nested tuple is averaged before it joins its neighbours (sessions within an animal).
Children: TypeAlias = "tuple[str | Children, ...]"

KINDS: Final[tuple[Kind, ...]] = ("model", "dataset", "metric", "benchmark")
#: Fields that tell people something and change no number: no key contains them.
DESCRIPTIVE: Final = frozenset(
    {
        "title",
        "note",
        "authors",
        "licence",
        "licence_note",
        "citation",
        "url",
        "year",
        "visibility",
        "resources",
        "superseded_by",
        "species",
        "technique",
        "subjects",
        "parameters",
        "training",
        "selected_on",
        "commitment",
        "defect",
        "control",
    }
)


@dataclass(frozen=True)
class Option:
    """One option of a plugin's ``load`` hook.

    Parameters
    ----------
    name : str
    type : {"int", "float", "str", "bool", "list", "table"}
    default : JSON
        None where the card states none: the plugin decides what an option that was not given means.
    choices : tuple
        The values allowed; empty: any.
    help : str
    """

    name: str
    type: Literal["int", "float", "str", "bool", "list", "table"]
    default: JSON = field(default=None, hash=False)
    choices: tuple[JSON, ...] = field(default=(), hash=False)
    help: str = ""


@dataclass(frozen=True)
class Training:
    """Data that a model was trained on: which, what part of it, and what the model took from it."""

    dataset: str
    kind: Literal["stimuli", "labels", "responses", "same-subject"]
    subset: str = ""


@dataclass(frozen=True)
class Uses:
    """The datasets and metrics that a benchmark loads; loading another raises."""

    datasets: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resources:
    """What a plugin's work needs: memory in GB, a GPU, seconds after which it is taken to hang. None: not stated.

    A model that asks for a GPU runs on the CPU where there is none, and its log says so.
    """

    memory_gb: float | None = None
    gpu: bool = False
    time_limit_s: float | None = None


@dataclass(frozen=True)
class Defect:
    """A known fault of a dataset, and where it is documented."""

    what: str
    erratum: str


@dataclass(frozen=True)
class ChoosesBy:
    """How a dataset that is set aside for it chooses a model's layer for a region.

    Parameters
    ----------
    metric : str
        Layers are scored by this metric; the highest is chosen.
    options : mapping
        Of the metric: its splits and groups, above all.
    recording : str
        Of the dataset; empty: the one that has the region's name.
    """

    metric: str
    options: Mapping[str, JSON] = field(default_factory=dict, hash=False)
    recording: str = ""


@dataclass(frozen=True)
class Aggregate:
    """How a parent benchmark is made of its children.

    Parameters
    ----------
    of : {"value", "raw"}
        Which number of the children is averaged.
    children : nested tuple of str
        In order; a nested tuple is averaged first.
    """

    of: Literal["value", "raw"]
    children: Children = field(default=())

    def leaves(self) -> tuple[str, ...]:
        """The children by name, in order, nesting removed."""
        return tuple(_flatten(self.children))


def _flatten(children: Children) -> Iterator[str]:
    for child in children:
        if isinstance(child, str):
            yield child
        else:
            yield from _flatten(child)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A plugin's static metadata; ``docs/plugins.md`` says what each field means and which kinds have it.

    A field that the card's kind does not have keeps its default.
    """

    kind: Kind
    identifier: str
    version: int
    title: str
    authors: tuple[str, ...]
    licence: str
    citation: str
    note: str = ""
    licence_note: str = ""
    url: str = ""
    year: int | None = None
    visibility: Literal["public", "private"] = "public"
    options: Mapping[str, Option] = field(default_factory=dict, hash=False)
    files: tuple[File, ...] = ()
    resources: Resources = Resources()
    superseded_by: str | None = None
    aliases: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict, hash=False)
    modalities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    parameters: int | None = None
    training: tuple[Training, ...] = ()
    replays: tuple[str, ...] = ()
    selected_on: tuple[str, ...] = ()
    deterministic: bool = True
    control: bool = False
    species: str = ""
    technique: str = ""
    subjects: tuple[str, ...] = ()
    stimuli: Literal["present", "absent"] = "present"
    simulated: bool = False
    commitment: Mapping[str, ChoosesBy] = field(default_factory=dict, hash=False)
    defect: Defect | None = None
    accepts: tuple[str, ...] = ()
    chance: float | None = 0.0
    uses: Uses = Uses()
    normalisation: str = "none"
    parent: str | None = None
    aggregate: Aggregate | None = None

    def file(self, name: str) -> File:
        """The file called ``name``.

        Raises
        ------
        KeyError
            If the card has no such file.
        """
        for file in self.files:
            if file.name == name:
                return file
        raise KeyError(name)

    def behavioural(self) -> dict[str, Any]:
        """The fields that are part of every key, as JSON; fields at their default are left out.

        Leaving defaults out keeps keys as they are when a later version of fornix adds a field. Of an option, its help
        is left out, and of a file, where it is fetched from: neither changes a number.
        """
        stated: dict[str, Any] = {}
        for declared in fields(self):
            value = getattr(self, declared.name)
            default = declared.default_factory() if declared.default_factory is not MISSING else declared.default
            if declared.name not in DESCRIPTIVE and value != default:
                stated[declared.name] = _to_json(value)
        return stated


def _to_json(value: Any) -> Any:
    if isinstance(value, File):
        return {"name": value.name, "sha256": value.sha256, "git_blob": value.git_blob}
    if isinstance(value, Option):
        return {"type": value.type, "default": value.default, "choices": list(value.choices)}
    if isinstance(value, Uses | Aggregate):
        return {declared.name: _to_json(getattr(value, declared.name)) for declared in fields(value)}
    if isinstance(value, Mapping):
        return {name: _to_json(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_to_json(item) for item in value]
    return value
