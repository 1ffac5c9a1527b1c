"""What all data sets in files have: the files, where to download them, licence, citation."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class FileSpec:
    """Describe one official file.

    Attributes
    ----------
    name : str
        File name without ``.gz``.
    role : str
        What the file holds; unique within its set.
    items : int
        Number of images or labels in the official file.
    sha256 : str or None
        Of the uncompressed bytes; None if unknown.
    sha256_gz : str or None
        Of the official gzip file; used if `sha256` is None.
    """

    name: str
    role: str
    items: int
    sha256: str | None = None
    sha256_gz: str | None = None

    @property
    def ndim(self) -> int:
        """Return the number of dimensions of an IDX file: 3 for images, 1 for labels."""
        return 3 if self.role.endswith("images") else 1


@dataclass(frozen=True)
class Archive:
    """Describe a zip or tar file that holds the files of one or several data sets.

    Its members are named ``folder/NAMEsuffix``, NAME being that of the `FileSpec`.
    """

    url: str
    sha256: str
    folder: str
    suffix: str = ".gz"


@dataclass(frozen=True)
class FileSet:
    """Describe one data set, in what is common to all formats.

    Attributes
    ----------
    image_shape : tuple of int or None
        None if the samples are not images.
    home : str
        Folder that the files share with other sets; empty if the folder has the name of the set.
    suffix : str
        What mirrors append to the name of a file.
    hint : str
        What to do if the file is missing or is another one than expected.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    files: tuple[FileSpec, ...]
    licence: str
    citation: str
    mirrors: tuple[str, ...] = ()
    archive: Archive | None = None
    image_shape: tuple[int, ...] | None = (28, 28)
    home: str = ""
    suffix: str = ".gz"
    hint: str = ""

    @property
    def folder(self) -> str:
        """Return the name of the folder with the files."""
        return self.home or self.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of a sample."""
        return self.image_shape or ()

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return len(self.class_names)

    def urls(self, file: FileSpec) -> tuple[str, ...]:
        """Return where `file` can be downloaded, best mirror first."""
        if self.archive is not None:
            return (self.archive.url,)
        return tuple(f"{mirror}/{file.name}{self.suffix}" for mirror in self.mirrors)

    def needed(self, roles: Container[str]) -> tuple[FileSpec, ...]:
        """Return the files that loading needs, apart from those of `roles`, which are there."""
        return tuple(file for file in self.files if file.role not in roles)
