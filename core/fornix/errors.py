"""The exceptions that a caller of fornix would catch; every message is one sentence a newcomer can act on."""

from __future__ import annotations


class FornixError(Exception):
    """Something the user can mend; the command line prints its message without a traceback."""


class UsageError(FornixError):
    """A request that makes no sense as asked (unknown identifier, unknown option); the command line exits with 2."""


def lacks(doing: str, library: str, extra: str) -> FornixError:
    """The error of something that needs a library which an extra of fornix brings, and this environment does not have.

    Parameters
    ----------
    doing : str
        What needs it: "decoding images".
    library, extra : str
        "pillow", "image".
    """
    return FornixError(
        f"{doing} needs {library}, which this environment lacks: for yourself run pip install 'fornix[{extra}]'; for a plugin "
        f'write "fornix[{extra}]" among the dependencies of its pyproject.toml, of which its environment is made'
    )


class NotAble(Exception):
    """A model cannot give what an experiment asks of it.

    Parameters
    ----------
    what : {"region", "task", "stimuli"}
        Which part of the experiment it cannot serve.
    why : str
        One sentence: what was asked, what the model offers.
    """

    def __init__(self, what: str, why: str) -> None:
        if what not in ("region", "task", "stimuli"):
            raise ValueError(f"NotAble names one of region, task or stimuli, not {what!r}")
        super().__init__(what, why)
        self.what = what
        self.why = why

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"
