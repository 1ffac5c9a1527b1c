"""Where files are searched: the caller's folder, $SPARSE_MLP_DATA, the user's cache, in that order.

Other sites and libraries keep the same bytes under other names, which are known here: `train-images.idx3-ubyte`,
`MNIST/raw/`, `name (1).gz`. Who reads a file verifies its content.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from sparse_mlp.datasets.registry import SETS, FileSet, FileSpec
from sparse_mlp.errors import DataFileError, describe

VARIABLE = "SPARSE_MLP_DATA"
DataDir = str | PathLike[str] | None
ALIKE = 0.75  # of the letters of two names, for one to be taken for the other mistyped


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
    near : dict of str to Path
        Name of a missing file → a file there with a similar name.
    """

    folder: Path
    found: dict[str, Path]
    missing: tuple[FileSpec, ...]
    needed: tuple[FileSpec, ...]
    near: dict[str, Path] = field(default_factory=dict)

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
        Searched before $SPARSE_MLP_DATA and the user's cache; in each, the folder of the set under any of its usual
        names goes before the folder itself.

    Returns
    -------
    Location
        The first folder with all files that loading needs. Otherwise the first one that has some of them, or files
        with similar names, or the one in which they should be placed. The files of one set never come from two
        folders, because images and labels of different origin may not belong together.
    """
    places = [look_into(entry, folder) for root in roots(data_dir) for folder in _folders(entry, root)]
    for wanted in ("complete", "found", "near"):
        if found := next((place for place in places if getattr(place, wanted)), None):
            return found
    return places[0]


def look_into(entry: FileSet, folder: Path) -> Location:
    """List which files of a data set a folder has, plain or gzipped (plain first), under any of their usual names."""
    there = sorted((path for path in _listed(folder) if path.is_file()), key=lambda path: path.name)
    found: dict[str, Path] = {}
    for file in entry.files:
        exact = [path for name in (file.name, f"{file.name}.gz") for path in there if path.name == name]
        alike = [path for path in there if _plain(path.name) == _plain(file.name)]
        if exact or alike:
            found[file.role] = [*exact, *alike][0]
    missing = tuple(file for file in entry.files if file.role not in found)
    known = {_plain(file.name) for each in SETS.values() for file in each.files}
    rest = {_plain(path.name): path for path in there if _plain(path.name) not in known}
    near = {file.name: rest[name] for file in missing for name in _similar(file, rest)}
    return Location(folder, found, missing, entry.needed(found), near)


def near_words(location: Location) -> list[str]:
    """Say which files have nearly the names of missing ones, and what to do about them."""
    return [
        f"{path} is the Python version, which is never read: fetch the binary version, {name}"
        if name == f"{path.name}.bin" else f"{path} has a similar name: if it is {name}, rename it to that"
        for name, path in location.near.items()
    ]  # fmt: skip


def _folders(entry: FileSet, root: Path) -> list[Path]:
    """Return the folders below a root that may hold a set: its own one first, then by other usual names, then all."""
    names = [entry.name, entry.home, *entry.folders, *([entry.archive.folder] if entry.archive else [])]
    usual = {name.lower() for name in names if name}
    found, level = [root / entry.folder], [root]
    for _ in range(3):  # as deep as EMNIST/raw/gzip
        level = [inner for path in level for inner in sorted(_listed(path)) if inner.name.lower() in ("raw", *usual)]
        found += (path for path in level if path.is_dir())
    return list(dict.fromkeys([*found, root]))


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _plain(name: str) -> str:
    """Return a name without what sites, browsers and unpackers change about it."""
    name = re.sub(r" ?\(\d+\)", "", name.lower()).removesuffix(".gz")
    return re.sub(r"[._]idx(\d)[-._]ubyte", r"-idx\1-ubyte", name)


def _similar(file: FileSpec, rest: dict[str, Path]) -> list[str]:
    close = difflib.get_close_matches(_plain(file.name), rest, n=1, cutoff=ALIKE)
    words = re.compile("train|t10k|test|valid|images|labels")  # `t10k-labels` is as near to `train-labels` as a typo
    return [name for name in close if set(words.findall(_plain(file.name))) >= set(words.findall(name))]
