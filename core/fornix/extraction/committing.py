"""Writing what was selected: profile, figure and commitment, all of them or none, by one process at a time."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from fornix.errors import FornixError
from fornix.extraction.commitment import Selected, with_selected
from fornix.extraction.profile import joined, profile, profile_csv, read_profile
from fornix.extraction.selection import Selection
from fornix.files import durable
from fornix.files.held import held, lacks_locks

#: How often it is looked whether another process is done with writing, in seconds.
_LOOK_S: Final = 0.1


@dataclass(frozen=True)
class Place:
    """Where what is selected for a model goes.

    Parameters
    ----------
    model : str
    commitment : Path
        Its ``commitment.toml``.
    folder : Path
        Of the profile, ``<model>.csv`` and ``<model>.png``.
    """

    model: str
    commitment: Path
    folder: Path

    @property
    def table(self) -> Path:
        return self.folder / f"{self.model}.csv"

    @property
    def figure(self) -> Path:
        return self.folder / f"{self.model}.png"

    def check(self) -> None:
        """See that everything can be written, before hours of work; raises FornixError."""
        for file in (self.commitment, self.table, self.figure):
            try:
                with self._alone():
                    durable.check_writable(file)
            except OSError as error:
                raise FornixError(f"{self._why(error)}, so no layer was scored: make it and its folder writable") from error
        read_profile(self.table)

    def write(
        self,
        selections: Sequence[Selection],
        selected: Mapping[str, Selected],
        *,
        every_layer: bool,
        draw: Callable[[pd.DataFrame], bytes],
    ) -> list[str]:
        """Enter what was selected into what is there now, which others may have changed since the model was loaded.

        Parameters
        ----------
        every_layer : bool
            Whether all layers of the model were scored; see :func:`fornix.extraction.profile.joined`.
        draw : callable
            The profile -> its figure as PNG; a FornixError of it leaves the figure out, and is said.

        Returns
        -------
        list of str
            Sentences about what was not written, and why.

        Raises
        ------
        FornixError
            If something cannot be written; the commitment, which is the last, is then as it was.
        """
        try:
            with self._alone():
                commitment = with_selected(self.commitment, selected)
                table, said = joined(read_profile(self.table), profile(self.model, selections), every_layer=every_layer)
                files = {self.table: profile_csv(table)}
                try:
                    files[self.figure] = draw(table)
                except FornixError as error:
                    said.append(f"no figure: {error}")
                durable.write({**files, self.commitment: commitment.encode()})
        except OSError as error:
            raise FornixError(f"{self._why(error)}; the commitment {self.commitment} is as it was") from error
        return said

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process writes for a model of this plugin, and keep others waiting."""
        with ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                while not stack.enter_context(held(self.folder / ".lock")):
                    stack.close()
                    time.sleep(_LOOK_S)
            except OSError as error:
                if not lacks_locks(error):
                    raise
                warnings.warn(
                    f"the file system of {self.folder} has no locks: of two commits at once, one may be lost", stacklevel=3
                )
            yield

    def _why(self, error: OSError) -> str:
        return f"{error.filename or self.folder} cannot be written ({error.strerror})"
