"""The sets of sentence pairs that consist of files, as `text_registry.toml` describes them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparse_mlp.datasets.registry import FileSet, FileSpec, names
from sparse_mlp.datasets.words import Words

REVERSAL = "reversal"  # the generated set
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class TextSet:
    """Describe one set of sentence pairs.

    Attributes
    ----------
    files : FileSet
        Its files; the role of a file is its name.
    parts : dict of str to tuple of str
        Part → stems of its files, in order; a file is STEM.LANGUAGE.
    tokens : str
        The usual kind of tokens.
    """

    files: FileSet
    parts: dict[str, tuple[str, ...]]
    tokens: str

    @property
    def languages(self) -> tuple[str, str]:
        """Return its two languages."""
        first, second = sorted({file.name.rpartition(".")[2] for file in self.files.files})
        return first, second


def text_names() -> tuple[str, ...]:
    """Return the names of all sets of sentence pairs.

    Examples
    --------
    >>> text_names()
    ('reversal', 'multi30k', 'wmt17', 'iwslt14')
    """
    return (REVERSAL, *TEXT_SETS)


def known_names() -> tuple[str, ...]:
    """Return the names of all data sets, those of samples first, then those of sentence pairs."""
    return (*names(), *text_names())


def _entry(name: str, table: dict[str, Any]) -> TextSet:
    parts = {part: tuple(table.pop(part)) for part in PARTS}
    tokens = table.pop("tokens", Words.kind)
    files = tuple(FileSpec(role=file["name"], **file) for file in table.pop("files"))
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return TextSet(FileSet(name, "sentences", class_names=(), labels=(), files=files, **values), parts, tokens)


TEXT_SETS: dict[str, TextSet] = {
    name: _entry(name, table)
    for name, table in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")).items()
}
