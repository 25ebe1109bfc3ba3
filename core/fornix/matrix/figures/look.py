"""The one look of all figures: type, colours, sizes, and how a figure becomes a file.

Sizes on paper are in mm, type in points. Text stays text in every vector format, and equal figures give equal bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fornix.errors import UsageError, lacks

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: Widths of a column and of a page of a journal, in mm, and the height of a page.
COLUMN_MM: Final = 84.0
PAGE_MM: Final = 174.0
PAGE_HEIGHT_MM: Final = 235.0
MM_PER_INCH: Final = 25.4
#: The smallest type that is read in print, and what a line of it takes in mm.
TYPE_PT: Final = 7.0
LINE_MM: Final = 2.9
#: Of a raster (png), and of what a vector format has no shapes for.
DPI: Final = 300

#: Colours that people with each kind of colour blindness tell apart: Okabe and Ito, Color Universal Design (2008).
BLACK: Final = "#000000"
ORANGE: Final = "#E69F00"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
BLUE: Final = "#0072B2"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
CYCLE: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK)
GREY: Final = "#767676"  # on white a contrast of 4.5
DARK: Final = "#404040"  # names of points, on bands and lines too
PALE: Final = "#d9d9d9"
#: How opaque a band of uncertainty is.
BAND: Final = 0.2

#: Scores from 0 to 1, and correlations from -1 to 1.
SCORES: Final = "cividis"
CORRELATIONS: Final = "RdBu_r"

#: What files are made of each suffix, and what is left out of them: dates, and the versions of libraries.
_METADATA: Final[dict[str, dict[str, Any]]] = {
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": "fornix"},
    ".svg": {"Date": None, "Creator": "fornix"},
    ".png": {"Software": None},
}

_SETTINGS: Final[dict[str, Any]] = {
    "font.family": ["DejaVu Sans"],  # which comes with matplotlib, so that text is as wide everywhere
    "font.size": TYPE_PT,
    "axes.titlesize": TYPE_PT,
    "axes.labelsize": TYPE_PT,
    "xtick.labelsize": TYPE_PT,
    "ytick.labelsize": TYPE_PT,
    "legend.fontsize": TYPE_PT,
    "figure.titlesize": TYPE_PT,
    "text.parse_math": False,  # a dollar sign in a name is one
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.4,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "hatch.linewidth": 0.4,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "figure.dpi": 100.0,
    "savefig.dpi": DPI,
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "fornix",
}


@contextmanager
def look() -> Iterator[None]:
    """Within the block, matplotlib draws as fornix does, whatever the user has set.

    Raises
    ------
    FornixError
        If matplotlib is not installed.
    """
    try:
        from matplotlib import style
    except ImportError:
        raise lacks("drawing", "matplotlib", "plot") from None
    with style.context(["default", _SETTINGS], after_reset=True):
        yield


def sheet(width_mm: float, height_mm: float, *, layout: str | None = None) -> Figure:
    """An empty figure of a size on paper; it belongs to no window and no list of open figures."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), layout=layout)  # type: ignore[arg-type]


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure in the format that the suffix of a path names (.pdf, .svg, .png); a file of that name is replaced.

    Raises
    ------
    UsageError
        If the suffix names no such format.
    """
    path = Path(path)
    content = encoded(figure, drawable(path))
    path.write_bytes(content)


def encoded(figure: Figure, suffix: str) -> bytes:
    """A figure as the content of a file with a suffix that :func:`drawable` gives."""
    content = BytesIO()
    with look():
        figure.savefig(content, format=suffix[1:], metadata=_METADATA[suffix])
    return content.getvalue()


def drawable(path: Path) -> str:
    """The suffix of a path that a figure can be written to.

    Raises
    ------
    UsageError
        If it names no format that figures are written in.
    """
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise UsageError(f"{path} names no format of figures by its suffix; the formats are {', '.join(_METADATA)}")
    return suffix


def plain(name: str) -> str:
    """A name as one line of text that every format can hold: controls and line ends become spaces, lone surrogates marks."""
    shown = ("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) == "Cs" else c for c in name)
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in shown)


def width_of(text: str, *, bold: bool = False) -> float:
    """How wide the widest line of a text is, in mm, as it is drawn."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=_SETTINGS["font.family"], size=TYPE_PT, weight="bold" if bold else "normal")
    points = (text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in text.split("\n"))
    return float(max(points)) / 72 * MM_PER_INCH


def shortened(names: Iterable[str], widest_mm: float) -> list[str]:
    """Names no wider than this: the middle of longer ones becomes an ellipsis, as names of versions differ at the end."""
    shown = []
    for name in names:
        short, kept = name, len(name)
        while width_of(short) > widest_mm and kept > 2:
            kept -= 1
            short = f"{name[: (kept + 1) // 2]}…{name[len(name) - kept // 2 :]}"
        shown.append(short)
    return shown


def score_colours(low: float) -> Colormap:
    """Colours of scores from ``low`` to 1: those of cividis from 0 on, and from its first to purple below 0, full at -1.

    Parameters
    ----------
    low : float
        0, or below.
    """
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgb

    above = colormaps[SCORES]
    if low >= 0:
        return above
    towards = LinearSegmentedColormap.from_list("below", [to_rgb(PURPLE), above(0.0)[:3]])
    steps = [low + (1.0 - low) * i / 1023 for i in range(1024)]
    return ListedColormap([towards(1.0 + max(s, -1.0))[:3] if s < 0 else above(s)[:3] for s in steps])


def ink_on(colour: tuple[float, ...]) -> str:
    """Black or white, whichever stands out more from a colour (red, green, blue from 0 to 1): a contrast of 4.5 at least.

    Contrast is that of WCAG 2.2: (L1 + 0.05)/(L2 + 0.05) of relative luminances.
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "black"
