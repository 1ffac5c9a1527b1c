"""The data sets that consist of files, as `registry.toml` describes them."""

from __future__ import annotations

import tomllib
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAND_IN = "synthetic-"  # begins the names of generated sets


@dataclass(frozen=True)
class FileSpec:
    """Describe one official file.

    Attributes
    ----------
    name : str
        File name without ``.gz``.
    role : str
        What the file holds; it begins with the part (train, test, or table, which is split here).
    items : int
        Number of samples, labels or sentences in the official file.
    sha256 : str
        Of the uncompressed bytes; empty if unknown.
    sha256_gz : str
        Of the official gzip file; used if `sha256` is empty.
    """

    name: str
    role: str
    items: int
    sha256: str = ""
    sha256_gz: str = ""


@dataclass(frozen=True)
class Archive:
    """Describe a zip or tar file that holds the files of several sets, as ``folder/NAMEsuffix``.

    More than `most_bytes` are not downloaded.
    """

    url: str
    folder: str
    sha256: str
    most_bytes: int
    suffix: str = ""


@dataclass(frozen=True)
class FileSet:
    """Describe one data set.

    Attributes
    ----------
    format : str
        ``idx``, ``cifar``, ``mat``, ``text`` or ``sentences``: the reader of its files.
    labels : tuple of int
        The labels in the files, ascending; the classes are in the same order.
    n_features : int
        Columns of a table; 0 for images.
    image_shape : tuple of int or None
        None if the samples are not images.
    transposed : bool
        The pixels of an image are stored column by column.
    home : str
        Folder that the files share with other sets; empty if the folder has the name of the set.
    folders : tuple of str
        Other names that its folder often has.
    suffix : str
        What mirrors append to the name of a file.
    hint : str
        What to do if the file is missing or is another one than expected.
    """

    name: str
    format: str
    title: str
    class_names: tuple[str, ...]
    labels: tuple[int, ...]
    files: tuple[FileSpec, ...]
    licence: str
    citation: str
    n_features: int = 0
    image_shape: tuple[int, ...] | None = None
    transposed: bool = False
    mirrors: tuple[str, ...] = ()
    archive: Archive | None = None
    home: str = ""
    folders: tuple[str, ...] = ()
    suffix: str = ""
    hint: str = ""

    @property
    def folder(self) -> str:
        """Return the name of the folder with the files."""
        return self.home or self.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of a sample."""
        return self.image_shape or (self.n_features,)

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return len(self.class_names)

    def urls(self, file: FileSpec) -> tuple[str, ...]:
        """Return where `file` can be downloaded, best mirror first."""
        if self.archive is not None:
            return (self.archive.url,)
        return tuple(f"{mirror}/{file.name}{self.suffix}" for mirror in self.mirrors)

    @property
    def batches(self) -> tuple[FileSpec, ...]:
        """Return the training files that can be used without each other, as those of CIFAR-10."""
        return tuple(file for file in self.files if file.role.startswith("train")) if self.format == "cifar" else ()

    def needed(self, roles: Container[str]) -> tuple[FileSpec, ...]:
        """Return the files that loading needs, apart from those of `roles`, which are there."""
        missing = tuple(file for file in self.files if file.role not in roles)
        some = any(file not in missing for file in self.batches)
        return tuple(file for file in missing if file not in self.batches) if some else missing


def names() -> tuple[str, ...]:
    """Return the names of all data sets, the default first.

    Examples
    --------
    >>> names()[:4]
    ('digits', 'mnist', 'fashion-mnist', 'kmnist')
    """
    return ("digits", *SETS, *(f"{STAND_IN}{name}" for name in SETS))


def file_sets() -> dict[str, FileSet]:
    """Return every data set that consists of files, by name."""
    return SETS


def owner_of(sha256: str) -> str | None:
    """Return 'SET: FILE' of the official file with this checksum of its uncompressed bytes, or None."""
    for entry in SETS.values():
        for file in entry.files:
            if file.sha256 == sha256:
                return f"{entry.name}: {file.name}"
    return None


def _entry(name: str, table: dict[str, Any]) -> FileSet:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    values["files"] = tuple(FileSpec(**file) for file in table["files"])
    if "archive" in table:
        values["archive"] = Archive(**table["archive"])
    if isinstance(table["labels"], str):
        first, last = map(int, table["labels"].split("-"))
        values["labels"] = tuple(range(first, last + 1))
    return FileSet(name=name, **values)


SETS: dict[str, FileSet] = {
    name: _entry(name, table)
    for name, table in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")).items()
}
