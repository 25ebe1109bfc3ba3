"""CITATION.cff: what the Citation File Format 1.2.0 requires, and papers as their BibTeX has them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from fornix.matrix.snapshots.citation import citation
from fornix.registry.card import Card
from tests.engine.conftest import TOYS, toy_registry

#: https://github.com/citation-file-format/citation-file-format/blob/1.2.0/schema.json
KEYS = {"cff-version", "message", "type", "title", "version", "date-released", "authors", "references"}
OF_REFERENCE = {
    "type", "title", "authors", "year", "journal", "collection-title", "publisher", "volume", "issue", "start", "end", "doi",
    "url", "notes",
}  # fmt: skip
TYPES = {
    "art", "article", "audiovisual", "bill", "blog", "book", "catalogue", "conference", "conference-paper", "data", "database",
    "dataset", "dictionary", "edited-work", "encyclopedia", "film-broadcast", "generic", "government-document", "grant",
    "hearing", "historical-work", "legal-case", "legal-rule", "magazine-article", "manual", "map", "multimedia", "music",
    "newspaper-article", "pamphlet", "patent", "personal-communication", "proceedings", "report", "serial", "slides",
    "software", "software-code", "software-container", "software-executable", "software-virtual-machine", "sound-recording",
    "standard", "statute", "thesis", "unpublished", "video", "website",
}  # fmt: skip
OF_PERSON = {"family-names", "given-names", "name-particle", "name-suffix"}
DOI = re.compile(r"10\.\d{4,9}(\.\d+)?/[A-Za-z0-9:/_;\-\.\(\)\[\]\\]+")


def cited(bibtex: str, **changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The file that cites one card, and its one reference."""
    card = replace(toy_registry(TOYS).get("dataset", "Toy"), citation=bibtex, **changed)
    whole = yaml.safe_load(citation([card], "2026-05-13-0123456789", {"models": 3, "benchmarks": 4}))
    check(whole)
    (reference,) = whole["references"]
    return whole, reference


def check(whole: dict[str, Any]) -> None:
    """What the schema demands of what is used of it here."""
    assert set(whole) <= KEYS
    assert {"cff-version", "message", "title", "authors"} <= set(whole)
    assert whole["cff-version"] == "1.2.0"
    assert whole["type"] in ("software", "dataset")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", whole["date-released"])
    for work in (whole, *whole["references"]):
        assert work["authors"]
        for author in work["authors"]:
            assert set(author) <= OF_PERSON or set(author) == {"name"}
            assert all(isinstance(part, str) and part for part in author.values())
    for reference in whole["references"]:
        assert set(reference) <= OF_REFERENCE
        assert {"type", "title", "authors"} <= set(reference)
        assert reference["type"] in TYPES
        assert isinstance(reference.get("year", 1), int)
        assert DOI.fullmatch(reference.get("doi", "10.1000/1"))
        assert re.match(r"(https|http|ftp|sftp)://.+", reference.get("url", "https://a"))
        assert all(isinstance(v, str) for k, v in reference.items() if k not in ("authors", "year", "publisher"))


def test_a_paper_is_cited_as_its_bibtex_has_it() -> None:
    whole, reference = cited(
        """@article{schroedinger1926, title = {An Undulatory Theory of the Mechanics of Atoms {\\&} Molecules},
        author = {Schr{\\"o}dinger, Erwin and van der Waals, Jan and {The Atoms Consortium} and King, Jr., Martin Luther
        and others},
        journal = {Physical Review}, volume = {28}, number = 6, pages = {1049--1070}, year = {1926},
        doi = {10.1103/PhysRev.28.1049}, url = {https://doi.org/10.1103/PhysRev.28.1049}}"""
    )
    assert whole["version"] == "2026-05-13-0123456789"
    assert whole["date-released"] == "2026-05-13"
    assert reference == {
        "type": "article",
        "title": "An Undulatory Theory of the Mechanics of Atoms & Molecules",
        "authors": [
            {"family-names": "Schrödinger", "given-names": "Erwin"},
            {"family-names": "Waals", "given-names": "Jan", "name-particle": "van der"},
            {"name": "The Atoms Consortium"},
            {"family-names": "King", "given-names": "Martin Luther", "name-suffix": "Jr."},
        ],
        "year": 1926,
        "journal": "Physical Review",
        "volume": "28",
        "issue": "6",
        "start": "1049",
        "end": "1070",
        "doi": "10.1103/PhysRev.28.1049",
        "url": "https://doi.org/10.1103/PhysRev.28.1049",
        "notes": "dataset Toy",
    }


@pytest.mark.parametrize(
    "bibtex",
    [
        "@misc{toys, title = {Toys}}",
        "@misc{}",
        "@misc{broken, title = {never closed, author = {A and B}}",
        "@misc{undefined, title = nothing # defines, year = soon}",
        '@misc{odd, title = {a: "b" - #c: {d}}, author = {!}, doi = {none}, url = {javascript:alert(1)}, year = {in press}}',
        "@misc{control, title = {x\u0085y\u2028z \x7f}, author = {N\u00fa\u00f1ez, \u00c9}}",
        "@unheard{of, title = {T}, author = {a, b, c, d, e}}",
    ],
)
def test_odd_bibtex_gives_a_valid_reference_all_the_same(bibtex: str) -> None:
    _, reference = cited(bibtex, url="")
    assert "javascript" not in reference.get("url", "")


def test_texts_stay_texts() -> None:
    """No title is taken for a number, a date, a list or a comment, and none breaks out of its line."""
    for title in ("1.20", "2026-05-13", "[a, b]", "yes", "# a", "null", 'it\'s \\ "so"\nauthors: []', "<script>", "\u2028"):
        card = replace(toy_registry(TOYS).get("dataset", "Toy"), citation="@misc{", title=title)
        (reference,) = yaml.safe_load(citation([card], "2026-05-13-0123456789", {"models": 3, "benchmarks": 4}))["references"]
        assert reference["title"] == title


def test_papers_of_several_cards_are_cited_once_and_metrics_not_at_all() -> None:
    registry = toy_registry(TOYS)
    whole = yaml.safe_load(citation(registry.cards(), "2026-05-13-0123456789", {"models": 3, "benchmarks": 4}))
    (reference,) = whole["references"]
    assert reference["notes"] == "model toy-behaving, model toy-linear, dataset Toy"


def test_the_citations_of_this_repository_are_valid() -> None:
    from fornix.registry.discovery import discover

    cards: list[Card] = list(discover().cards())
    whole = yaml.safe_load(citation(cards, "2026-05-13-0123456789", {"models": 3, "benchmarks": 4}))
    check(whole)
    papers = {card.citation for card in cards if card.kind in ("model", "dataset")}
    assert len(whole["references"]) == len(papers) > 10
