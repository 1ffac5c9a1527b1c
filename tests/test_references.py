"""Whoever is cited is in the list of references, once."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
CITING = [
    *sorted((ROOT / "sparse_mlp").rglob("*.py")),
    *sorted((ROOT / "tutorials").glob("*.py")),
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
CITATION = re.compile(r"\[([A-Z][A-Za-z]+(?:19|20)\d\d[a-z]?)\]")
ENTRY = re.compile(r"^@\w+\{([^,\s]+),", re.MULTILINE)
BIB = (ROOT / "references.bib").read_text(encoding="utf-8")
ENTRIES = ENTRY.findall(BIB)
ENTRY_TEXTS = re.split(r"^(?=@)", BIB, flags=re.MULTILINE)[1:]


def keys_in(path: Path) -> set[str]:
    return set(CITATION.findall(path.read_text(encoding="utf-8")))


def test_keys_are_unique_and_say_author_and_year() -> None:
    assert len(ENTRIES) == len(set(ENTRIES)) > 0
    assert [key for key in ENTRIES if not CITATION.fullmatch(f"[{key}]")] == []


def test_every_entry_ends_before_the_next_begins() -> None:
    """A merge may lose the brace that closes an entry; BibTeX then drops the entry behind it."""
    for start, text in zip(ENTRIES, ENTRY_TEXTS, strict=True):
        assert text.count("{") == text.count("}"), start
        assert text.rstrip().endswith("\n}"), start


def test_every_citation_is_listed() -> None:
    unlisted = {str(path.relative_to(ROOT)): keys_in(path) - set(ENTRIES) for path in CITING}
    assert {path: keys for path, keys in unlisted.items() if keys} == {}


def test_citations_are_found() -> None:
    assert {"Mocanu2018", "Bentley1987", "Loshchilov2019"} <= {key for path in CITING for key in keys_in(path)}
