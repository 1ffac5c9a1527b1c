"""Where files are searched: the caller's folder, $SPARSE_MLP_DATA, the user's cache, in that order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from sparse_mlp.datasets.file_sets import FileSet, FileSpec
from sparse_mlp.errors import DataFileError, describe

VARIABLE = "SPARSE_MLP_DATA"
DataDir = str | PathLike[str] | None


@dataclass(frozen=True)
class Location:
    """The folder of a data set, and which of its files are there.

    Attributes
    ----------
    folder : Path
        The folder.
    found : dict of str to Path
        Role → file.
    missing : tuple of FileSpec
        The files that are not there.
    needed : tuple of FileSpec
        Those among them that loading needs.
    """

    folder: Path
    found: dict[str, Path]
    missing: tuple[FileSpec, ...]
    needed: tuple[FileSpec, ...]

    @property
    def complete(self) -> bool:
        """Whether the set can be loaded."""
        return not self.needed


def cache_dir() -> Path:
    """Return the user's cache folder of this library (it need not exist)."""
    import pooch

    return Path(pooch.os_cache("sparse_mlp"))


def check_data_dir(data_dir: DataDir) -> None:
    """Refuse a named folder that does not exist, so that other places do not silently replace it.

    Raises
    ------
    DataFileError
        If `data_dir` is given and is not an existing folder.
    """
    if data_dir is not None and not (str(data_dir) and Path(data_dir).expanduser().is_dir()):
        remedy = "pass the folder with the files, or leave it out to search $SPARSE_MLP_DATA and the cache"
        raise DataFileError(describe(f"data_dir={str(data_dir)!r}", "a folder that exists", remedy))


def roots(data_dir: DataDir = None) -> list[Path]:
    """Return the folders that are searched, in order."""
    named = [data_dir, os.environ.get(VARIABLE)]
    return [*(Path(folder).expanduser() for folder in named if folder), cache_dir()]


def locate(entry: FileSet, data_dir: DataDir = None) -> Location:
    """Find the folder that holds a data set.

    Parameters
    ----------
    entry : FileSet
        The data set.
    data_dir : path-like, optional
        Searched before $SPARSE_MLP_DATA and the user's cache; in each, FOLDER/FILE goes before FILE, where FOLDER is
        usually the name of the set.

    Returns
    -------
    Location
        The first folder with all files that loading needs. Otherwise the first folder named after the set that has
        some of them, or the one in which they should be placed. The files of one set never come from two folders,
        because images and labels of different origin may not belong together.
    """
    places = roots(data_dir)
    for root in places:
        for folder in (root / entry.folder, root):
            location = look_into(entry, folder)
            if location.complete:
                return location
    named = [look_into(entry, root / entry.folder) for root in places]
    return next((location for location in named if location.found), named[0])


def look_into(entry: FileSet, folder: Path) -> Location:
    """List which files of a data set a folder has, plain or gzipped (plain first)."""
    found: dict[str, Path] = {}
    for file in entry.files:
        for path in (folder / file.name, folder / f"{file.name}.gz"):
            if path.is_file():
                found[file.role] = path
                break
    missing = tuple(file for file in entry.files if file.role not in found)
    return Location(folder, found, missing, entry.needed(found))
