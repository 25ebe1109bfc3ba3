"""The HTML of the pages: a frame each, with the scripts that draw it. What is said of models and benchmarks comes as data."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Final

#: Nothing but what lies beside the page, and nothing inline; images are the icon alone.
POLICY: Final = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"

_LIBRARIES: Final = {"table": "vendor/table-core.js", "virtual": "vendor/virtual-core.js", "d3": "vendor/d3.js"}
#: Script that draws a kind of page -> what it needs before it, in order.
_NEEDS: Final = {
    "matrix": ("table", "virtual", "cells", "grid", "scores", "view", "places", "panel"),
    "model": ("d3", "cells", "charts", "facts"),
    "benchmark": ("d3", "cells", "charts", "facts"),
    "compare": ("d3", "cells", "charts", "facts"),
    "scatter": ("d3", "cells", "charts", "facts"),
    "about": ("cells", "facts"),
}
_CURRENT: Final = ' aria-current="page"'
_NAVIGATION: Final = (
    ("index.html", "matrix", "Matrix"),
    ("compare.html", "compare", "Compare"),
    ("scatter.html", "scatter", "Scatter"),
    ("about.html", "about", "About"),
)


def page(kind: str, title: str, *, root: str = "", name: str = "") -> str:
    """A page.

    Parameters
    ----------
    kind : str
        "matrix", "model", "benchmark", "compare", "scatter" or "about": the script that draws it.
    title : str
    root : str
        The way from the page to the site's folder.
    name : str
        The model or benchmark that it is about.
    """
    scripts = [_LIBRARIES.get(script, f"assets/{script}.js") for script in _scripts(kind)]
    links = [f'<a href="{root}{file}"{_CURRENT if kind == drawn else ""}>{label}</a>' for file, drawn, label in _NAVIGATION]
    template = Template((Path(__file__).parent / "templates" / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        policy=POLICY,
        root=root,
        kind=kind,
        title=escape(title),
        name=escape(name),
        scripts="\n".join(f'<script src="{root}{script}" defer></script>' for script in scripts),
        navigation="\n".join(links),
    )


def _scripts(kind: str) -> Sequence[str]:
    return ("data", "page", *_NEEDS[kind], kind)
