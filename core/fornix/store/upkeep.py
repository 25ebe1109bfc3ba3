"""Keeping a store in order: everything read and checked, what nobody needs removed, and all of it copied to another place."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fornix.store import layout, records
from fornix.store.folder import FolderStore
from fornix.store.index import COMPACTED, SEGMENT
from fornix.store.interface import Attempt, Cell, StoredResponse, StoreError
from fornix.store.kept import KeptStore
from fornix.store.objects import Objects
from fornix.store.writing import ABANDONED_S

_JSON = ".json"


@dataclass(frozen=True)
class Damage:
    """What is wrong with an object: its name, and how it is damaged, as a clause about it."""

    name: str
    wrong: str


def verify(store: KeptStore, told: Callable[[str], None] = lambda name: None) -> Iterator[Damage]:
    """Read everything in a store; yields what is damaged or missing.

    Parameters
    ----------
    told : callable
        Called with the name of each record that was read, sound or not.
    """
    cells: dict[str, tuple[str, Cell]] = {}

    def check(name: str) -> tuple[str, list[Damage]]:
        found = store.objects.read(name)
        if found is None:  # removed meanwhile
            return name, []
        record, wrong = _record(name, found.content)
        if record is None:
            return name, [Damage(name, wrong)]
        if isinstance(record, Cell):
            cells[record.key] = found.version, record
        return name, [Damage(*damage) for damage in _beside(store.objects, name, record)]

    for folder in (layout.CELLS, layout.RESPONSES, layout.ATTEMPTS):
        names = [entry.name for entry in store.objects.entries(folder) if entry.name.endswith(_JSON)]
        for name, damages in store.objects.each(check, names):
            told(name)
            yield from damages
    for name in store.index.segments():
        if store.objects.sound(name, layout.stem(name).removesuffix(".parquet"), anew=True) is None:
            yield Damage(name, "is damaged; remove it, the next listing reads the cells instead")
    for version, cell in store.index.cells():
        found = cells.get(cell.key)
        if found is not None and found[0] == version and found[1] != cell:
            yield Damage(layout.INDEX, f"says otherwise than {layout.cell(cell.key)}; remove it, the next listing makes it anew")


def _record(name: str, content: bytes) -> tuple[Cell | StoredResponse | Attempt | None, str]:
    """The record of this name and content; None, and why, where it is damaged."""
    key = layout.stem(name)
    try:
        if name.startswith(layout.CELLS):
            return records.from_text(Cell, content, key=key), ""
        if name.startswith(layout.RESPONSES):
            return records.from_text(StoredResponse, content, key=key), ""
        return records.from_text(Attempt, content, identifier=key), ""
    except records.Damaged as damaged:
        return None, str(damaged)


def _beside(objects: Objects, name: str, record: Cell | StoredResponse | Attempt) -> Iterator[tuple[str, str]]:
    """What is wrong with the object that belongs to a record."""
    if isinstance(record, Attempt):
        log = f"{name.removesuffix(_JSON)}.log"
        if not objects.holds(log):
            yield log, "is missing"
        return
    arrays, sha256 = _arrays(record)
    if sha256 is not None and objects.sound(arrays, sha256, anew=True) is None:
        yield arrays, "is damaged" if objects.holds(arrays) else "is missing"


def _arrays(record: Cell | StoredResponse) -> tuple[str, str | None]:
    """The name and the hash of the file of arrays that a record names; no hash where it names none."""
    if isinstance(record, Cell):
        return layout.units(record), record.units_sha256
    return layout.response(record), record.sha256


@dataclass(frozen=True)
class Removed:
    """How much was removed: of what killed writers left and claims that lapsed, of files of arrays that no record names, and of
    segments of the index that others supersede."""

    left: int
    unnamed: int
    segments: int


def collect(store: KeptStore) -> Removed:
    """Remove what nobody needs: what killed writers left a day ago or earlier, lapsed claims, superseded segments of the index.

    Raises
    ------
    StoreError
        If the store cannot be written.
    """
    now = time.time()
    with store.objects.writing("a clean-up"):
        pass
    unnamed = sum(_remove_unnamed(store, folder, record, now) for folder, record in _PAIRS)
    return Removed(store.objects.tidy(now), unnamed, _compact(store))


#: Folders of arrays, and of the records that name them.
_PAIRS = ((layout.UNITS, layout.CELLS), (layout.RESPONSES, layout.RESPONSES))


def _remove_unnamed(store: KeptStore, folder: str, of: str, now: float) -> int:
    old = [e.name for e in store.objects.entries(folder) if e.name.endswith(".nc") and now - e.changed > ABANDONED_S]

    def remove(name: str) -> bool:
        # One by one, right before: a writer may have come to name it meanwhile.
        key = name.rpartition("/")[2].partition(".")[0]
        found = store.objects.read(f"{of}{key[:2]}/{key}{_JSON}")
        if found is not None:
            record, _ = _record(f"{of}{key[:2]}/{key}{_JSON}", found.content)
            if record is None or isinstance(record, Attempt) or _arrays(record)[0] == name:
                return False
        store.objects.remove(name)
        return True

    return sum(store.objects.each(remove, old))


def _compact(store: KeptStore) -> int:
    """Write the index anew in few segments; returns how many of those before are gone."""
    before = store.index.segments()
    written: set[str] = set()
    rows: list[tuple[str, Cell]] = []
    for row in store.versioned_cells(note=False):
        rows.append(row)
        if len(rows) == COMPACTED:
            written.add(store.index.write(rows))
            rows = []
    if rows and (before or written or len(rows) >= SEGMENT):
        written.add(store.index.write(rows))
    superseded = [name for name in before if name not in written]
    for name in superseded:
        store.objects.remove(name)
    return len(superseded)


@dataclass(frozen=True)
class Copied:
    """What became of one record: "copied", "there", "other" (another is there under its key, and stays) or "damaged"."""

    name: str
    how: str
    wrong: str = ""


def copy(source: KeptStore, target: KeptStore) -> Iterator[Copied]:
    """Copy all that a store holds to another, skipping what is there; yields what became of each record.

    Each record follows what it names, so to run it again after it was interrupted goes on where it was. Everything is
    verified: what is read, and what was written.
    """
    several = source if isinstance(target, FolderStore) else target

    def one(name: str) -> Copied:
        return _copy_record(source.objects, target.objects, name)

    for folder in (layout.RESPONSES, layout.CELLS, layout.ATTEMPTS):
        names = [entry.name for entry in source.objects.entries(folder) if entry.name.endswith(_JSON)]
        yield from several.objects.each(one, names)


def _copy_record(source: Objects, target: Objects, name: str) -> Copied:
    found = source.read(name)
    if found is None:
        return Copied(name, "damaged", "was removed meanwhile")
    record, wrong = _record(name, found.content)
    if record is None:
        return Copied(name, "damaged", wrong)
    there = target.read(name)
    if there is not None and _record(name, there.content)[0] is not None:
        return Copied(name, "there" if there.content == found.content else "other")
    with target.writing(name) as scratch:
        if isinstance(record, Attempt):
            log = f"{name.removesuffix(_JSON)}.log"
            text = source.read(log)
            (scratch / "log").write_bytes(text.content if text is not None else b"")
            target.put(log, scratch / "log")
        else:
            arrays, sha256 = _arrays(record)
            if sha256 is not None:
                path = source.sound(arrays, sha256)
                if path is None:
                    return Copied(name, "damaged", f"names {arrays}, which is damaged or missing")
                shutil.copyfile(path, scratch / "arrays.nc")
                target.put_hashed(arrays, scratch / "arrays.nc", sha256)
        (scratch / "record.json").write_bytes(found.content)
        if there is None:
            target.put_new(name, scratch / "record.json")
        else:  # damaged, so it does not count as first
            target.put(name, scratch / "record.json")
    written = target.read(name)
    if written is None or _record(name, written.content)[0] is None:
        raise StoreError(f"what was written to {target.place}/{name} cannot be read back")
    return Copied(name, "copied" if written.content == found.content else "other")
