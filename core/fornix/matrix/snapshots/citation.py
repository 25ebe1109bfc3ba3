"""CITATION.cff of a snapshot (Citation File Format 1.2.0): how to cite it, and the papers of every dataset and model in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from fornix.registry.card import Card

_TYPES: Final = {
    "article": "article", "book": "book", "booklet": "pamphlet", "conference": "conference-paper", "inbook": "book",
    "incollection": "book", "inproceedings": "conference-paper", "manual": "manual", "mastersthesis": "thesis",
    "online": "website", "phdthesis": "thesis", "proceedings": "proceedings", "report": "report", "software": "software",
    "techreport": "report", "thesis": "thesis", "dataset": "dataset", "unpublished": "unpublished",
}  # fmt: skip
_DOI: Final = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-.()\[\]\\]+")
_URL: Final = re.compile(r"https?://\S+")
_PAGES: Final = re.compile(r"(\w+)\s*[-–—]+\s*(\w+)")
#: What json.dumps leaves as it is, and YAML takes for the end of a line, or for no text.
_BREAKS: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def citation(
    cards: Iterable[Card], version: str, counts: Mapping[str, int], told: Callable[[dict[str, Any]], dict[str, Any]] = dict
) -> str:
    """The text of CITATION.cff.

    Parameters
    ----------
    cards : iterable of Card
        Of the snapshot; its datasets and models are cited, those of one paper once.
    version : str
        Of the snapshot.
    counts : mapping
        As its manifest has them.
    told : callable
        Makes of a paper what may be said of it.
    """
    said = {
        "cff-version": "1.2.0",
        "message": "If you use these scores, please cite this snapshot and the datasets and models that you used.",
        "type": "dataset",
        "title": f"fornix: scores of {counts['models']} models on {counts['benchmarks']} benchmarks of brains and behaviour",
        "version": version,
        "date-released": version[:10],
        "authors": [{"name": "The fornix developers"}],
        "references": list(_references(cards, told)),
    }
    return "\n".join(_yaml({name: value for name, value in said.items() if value})) + "\n"


def _references(cards: Iterable[Card], told: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    cited: dict[str, list[Card]] = {}
    for card in cards:
        if card.kind in ("dataset", "model"):
            cited.setdefault(card.citation, []).append(card)
    for bibtex, of in sorted(cited.items(), key=lambda each: (each[1][0].kind, each[1][0].identifier)):
        where = ", ".join(f"{card.kind} {card.identifier}" for card in of)
        yield {**told(_reference(bibtex, of[0])), "notes": where}


def _reference(bibtex: str, card: Card) -> dict[str, Any]:
    """A paper; what of its BibTeX is missing or cannot be read, the card itself says."""
    entry = _entry(bibtex)
    year = re.fullmatch(r"\d{4}", entry.get("year", ""))
    pages = _PAGES.fullmatch(entry.get("pages", ""))
    doi, url = entry.get("doi", "").removeprefix("https://doi.org/"), entry.get("url", card.url)
    found: dict[str, Any] = {
        "type": _TYPES.get(entry.get("ENTRYTYPE", ""), "generic"),
        "title": entry.get("title") or card.title,
        "authors": list(_authors(entry.get("author", ""))) or [{"name": name} for name in card.authors],
        "year": int(year[0]) if year else card.year,
        "journal": entry.get("journal"),
        "collection-title": entry.get("booktitle"),
        "publisher": {"name": entry["publisher"]} if entry.get("publisher") else None,
        "volume": entry.get("volume"),
        "issue": entry.get("number"),
        "start": pages[1] if pages else None,
        "end": pages[2] if pages else None,
        "doi": doi if _DOI.fullmatch(doi) else None,
        "url": url if _URL.fullmatch(url) else None,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


@lru_cache(maxsize=4096)
def _entry(bibtex: str) -> Mapping[str, str]:
    """The fields of the first entry, in Unicode; nothing where it cannot be read."""
    import bibtexparser
    from bibtexparser.latexenc import latex_to_unicode

    parser = bibtexparser.bparser.BibTexParser(common_strings=True, ignore_nonstandard_types=False)
    try:
        entries = parser.parse(bibtex, partial=True).entries
    except Exception:  # it raises whatever its grammar or a string that is not defined does
        return {}
    entry = entries[0] if entries else {}
    as_written = ("ENTRYTYPE", "author", "doi", "url")
    return {name: str(text) if name in as_written else _plain(latex_to_unicode(str(text))) for name, text in entry.items()}


def _authors(names: str) -> Iterator[dict[str, str]]:
    """People, and in braces institutions, as a BibTeX field has them."""
    from bibtexparser.customization import InvalidName, splitname
    from bibtexparser.latexenc import latex_to_unicode

    for name in re.split(r"\s+and\s+", names.strip()):
        if name == "others":
            continue
        if re.fullmatch(r"\{[^{}]*\}", name):
            yield {"name": _plain(name)}
            continue
        try:
            parts = splitname(latex_to_unicode(name))
        except InvalidName:
            parts = {}
        found = {
            "family-names": _plain(" ".join(parts.get("last", ()))),
            "given-names": _plain(" ".join(parts.get("first", ()))),
            "name-particle": _plain(" ".join(parts.get("von", ()))),
            "name-suffix": _plain(" ".join(parts.get("jr", ()))),
        }
        found = {part: text for part, text in found.items() if text}
        if found:
            yield found if "given-names" in found or len(found) > 1 else {"name": found.get("family-names", _plain(name))}
        elif _plain(name):
            yield {"name": _plain(name)}


def _plain(text: str) -> str:
    return " ".join(text.replace("{", "").replace("}", "").replace("\\&", "&").split())


def _yaml(value: Any, indent: str = "") -> Iterator[str]:
    """Lines of YAML: texts in double quotes, as in JSON, so that none is taken for something else."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, Mapping | list):
                yield f"{indent}{name}:"
                yield from _yaml(item, f"{indent}  ")
            else:
                yield f"{indent}{name}: {_scalar(item)}"
        return
    for item in value:
        first, *others = _yaml(item, f"{indent}  ")
        yield f"{indent}- {first.lstrip()}"
        yield from others


def _scalar(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
