"""What every data set that lives in files has: the files, where they can be had, licence, citation."""

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
        What the file is in its set; unique there.
    items : int
        Number of images or labels in the official file.
    sha256 : str or None
        Of the uncompressed bytes; None where it is not known.
    sha256_gz : str or None
        Of the official gzip wrapper; used where `sha256` is None.
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
    """Describe the one zip or tar file that holds the files of one or several data sets.

    A member is called ``folder/NAMEsuffix``, where NAME is that of the `FileSpec`.
    """

    url: str
    sha256: str
    folder: str
    suffix: str = ".gz"


@dataclass(frozen=True)
class FileSet:
    """Describe one data set: what is common to all formats."""

    name: str
    title: str
    class_names: tuple[str, ...]
    files: tuple[FileSpec, ...]
    licence: str
    citation: str
    mirrors: tuple[str, ...] = ()
    archive: Archive | None = None
    image_shape: tuple[int, ...] = (28, 28)

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return len(self.class_names)

    def urls(self, file: FileSpec) -> tuple[str, ...]:
        """Return where `file` can be downloaded, best mirror first."""
        if self.archive is not None:
            return (self.archive.url,)
        return tuple(f"{mirror}/{file.name}.gz" for mirror in self.mirrors)

    def needed(self, roles: Container[str]) -> tuple[FileSpec, ...]:
        """Return the files without which the set cannot be loaded, where those of `roles` are there."""
        return tuple(file for file in self.files if file.role not in roles)
