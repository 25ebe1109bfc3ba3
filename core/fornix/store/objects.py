"""What a store is made of, be it files in a folder or objects in a bucket. What they mean is :mod:`fornix.store.kept`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

Result = TypeVar("Result")


class Found(NamedTuple):
    """The content of an object, and its version: another after each write of other content."""

    content: bytes
    version: str


class Entry(NamedTuple):
    """An object as a listing shows it: ``version`` as :class:`Found` has it, ``changed`` in seconds since the epoch."""

    name: str
    version: str
    changed: float


class Objects(Protocol):
    """Named objects (:mod:`fornix.store.layout`), each whole or not there.

    What cannot be done raises StoreError, with a sentence; an OSError of a disk becomes one within :meth:`writing`.
    """

    @property
    def place(self) -> str:
        """The place as its user would name it."""

    @property
    def read_only(self) -> bool:
        """Whether every write is refused."""

    def writing(self, what: str) -> AbstractContextManager[Path]:
        """Within this context objects may be put: a local folder to make them in, which goes whatever happens.

        Parameters
        ----------
        what : str
            What is to be stored, as errors name it.
        """

    def read(self, name: str) -> Found | None:
        """An object, or None; raises OSError where a disk does not give it."""

    def sound(self, name: str, sha256: str, *, anew: bool = False) -> Path | None:
        """A local file with an object's content, to be read only; None if it is missing or has another hash.

        Parameters
        ----------
        anew : bool
            Read the object itself, whatever was found of it before.
        """

    def holds(self, name: str) -> bool:
        """Whether there is such an object."""

    def put_new(self, name: str, file: Path) -> bool:
        """Move a local file to a name unless the name is taken (False): of several writers exactly one is first."""

    def put_hashed(self, name: str, file: Path, sha256: str) -> None:
        """Move a local file to a name that states its hash, unless the same bytes are there already."""

    def put(self, name: str, file: Path) -> None:
        """Move a local file to a name, whatever is there."""

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""

    def children(self, folder: str) -> Iterator[str]:
        """What lies right below a folder (``""``, or with a ``/`` at its end); the names of folders end with ``/``."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """All objects below a folder, in no particular order."""

    def each(self, call: Callable[[str], Result], names: Iterable[str]) -> Iterator[Result]:
        """What a call, mostly a read, gives for each name: in order, several at once where that is faster."""

    def claim(self, name: str) -> AbstractContextManager[bool]:
        """Claim a name; see :meth:`fornix.store.interface.Store.claim`."""

    def tidy(self, now: float) -> int:
        """Remove what killed writers left here that is no object, older than a day, and claims that lapsed.

        Parameters
        ----------
        now : float
            Seconds since the epoch.

        Returns
        -------
        how many things were removed
        """
