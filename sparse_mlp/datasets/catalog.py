"""All data sets by name: load, list, locate and check them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparse_mlp.datasets import digits, synthetic
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.download import fetch_set, missing_error
from sparse_mlp.datasets.file_sets import FileSpec
from sparse_mlp.datasets.formats import examine, load_set
from sparse_mlp.datasets.idx_sets import check_pair
from sparse_mlp.datasets.locate import DataDir, Location, check_data_dir, locate
from sparse_mlp.datasets.registry import AnySet, file_sets
from sparse_mlp.errors import DataFileError, check_choice

INSTALLED, GENERATED, MISSING = "scikit-learn", "generated", "missing"


@dataclass(frozen=True)
class FileReport:
    """Report on one file.

    `status` is ``ok``, ``unverified``, ``partial``, ``absent``, ``mismatch``, ``damaged`` or ``missing``. The first
    three can be loaded, and a set loads even if an ``absent`` one is not there.
    """

    path: str
    status: str
    detail: str

    @property
    def usable(self) -> bool:
        """Whether the set can be loaded as far as this file is concerned."""
        return self.status in ("ok", "unverified", "partial", "absent")


def names() -> tuple[str, ...]:
    """Return the names of all data sets, the default first.

    Examples
    --------
    >>> names()[:4]
    ('digits', 'mnist', 'fashion-mnist', 'kmnist')
    """
    return ("digits", *file_sets(), *synthetic.NAMES)


def available(data_dir: DataDir = None) -> tuple[str, ...]:
    """Return the names of the data sets that can be loaded without a download; a `data_dir` must exist."""
    check_data_dir(data_dir)
    sets = file_sets()
    return tuple(name for name in names() if name not in sets or locate(sets[name], data_dir).complete)


def load(name: str = "digits", data_dir: DataDir = None, *, download: bool = True) -> Dataset:
    """Load a data set by name.

    Parameters
    ----------
    name : str
        One of `names`.
    data_dir : path-like, optional
        Folder that is searched first, as DIR/NAME/FILE and then DIR/FILE; after it $SPARSE_MLP_DATA and the user's
        cache.
    download : bool
        Download missing files. CIFAR-10 loads with the training batches that are there; `fetch` gets the others.

    Returns
    -------
    Dataset
        float32 images in [0, 1], or tables with the values of their files; int64 labels. A set without an official
        split is split here, always in the same way: stratified, a third to test; `resplit` draws another split.

    Raises
    ------
    InvalidInputError
        If the name is unknown.
    DataFileError
        If a file is damaged, is not what its name says, or is missing and cannot be downloaded; or if `data_dir` is
        not an existing folder.

    Examples
    --------
    >>> load("digits").train_x.shape
    (1437, 64)
    """
    check_choice("name", name, names())
    check_data_dir(data_dir)
    if name == "digits":
        return digits.load_digits()
    if name in synthetic.NAMES:
        return synthetic.make_synthetic(name)
    entry = file_sets()[name]
    location = locate(entry, data_dir)
    if not location.complete and download:
        location = fetch_set(entry, data_dir)
    if not location.complete:
        raise missing_error(entry, location, data_dir, [])
    return load_set(entry, location)


def fetch(name: str, data_dir: DataDir = None, *, progress: bool = True) -> list[Path]:
    """Download the files of a data set that are missing, and return the paths of all of them.

    Parameters
    ----------
    name : str
        One of `names`; sets that need no files return an empty list.
    data_dir : path-like, optional
        Searched first, and where new files are stored; created if needed. Else $SPARSE_MLP_DATA, else the user's cache.
    progress : bool
        Draw a progress bar on standard error.

    Raises
    ------
    InvalidInputError
        If the name is unknown.
    DataFileError
        If no mirror has a file that passes its checks, or `data_dir` is a file.
    """
    check_choice("name", name, names())
    new = data_dir is not None and str(data_dir) and not Path(data_dir).expanduser().exists()
    if not new:
        check_data_dir(data_dir)
    sets = file_sets()
    paths = list(fetch_set(sets[name], data_dir, progress=progress).found.values()) if name in sets else []
    if (
        data_dir is not None
    ):  # even if other places had all files, so that `load` with the same arguments finds a folder
        Path(data_dir).expanduser().mkdir(parents=True, exist_ok=True)
    return paths


def check(name: str, data_dir: DataDir = None) -> list[FileReport]:
    """Read every file of a data set and report on each; nothing is downloaded, and bad files raise no error.

    Parameters
    ----------
    name : str
        One of `names`.
    data_dir : path-like, optional
        Folder that is searched first.

    Returns
    -------
    list of FileReport
        One per file; a single one for a data set that needs no files.

    Raises
    ------
    InvalidInputError
        If the name is unknown.
    DataFileError
        If `data_dir` is not an existing folder.
    """
    check_choice("name", name, names())
    check_data_dir(data_dir)
    if name == "digits":
        return [FileReport(INSTALLED, "ok", "comes with scikit-learn")]
    if name in synthetic.NAMES:
        return [FileReport(GENERATED, "ok", "SYNTHETIC: generated, needs no files")]
    return _check_files(file_sets()[name], data_dir)


def describe_all(data_dir: DataDir = None) -> list[dict[str, Any]]:
    """Describe every data set, one table row each.

    Parameters
    ----------
    data_dir : path-like, optional
        Folder that is searched first.

    Returns
    -------
    list of dict
        Keys ``name``, ``classes``, ``shape`` (tuple), ``licence``, ``found`` (folder, 'scikit-learn', 'generated' or
        'missing'), ``bytes`` (on disk, 0 without files), ``synthetic``.
    """
    check_data_dir(data_dir)
    rows = [_row("digits", 10, (8, 8), digits.LICENCE, INSTALLED)]
    for entry in file_sets().values():
        location = locate(entry, data_dir)
        found = str(location.folder) if location.complete else MISSING
        size = sum(path.stat().st_size for path in location.found.values())
        rows.append(_row(entry.name, entry.n_classes, entry.shape, entry.licence, found, size))
    for name in synthetic.NAMES:
        like = file_sets()[name.removeprefix(synthetic.PREFIX)]
        rows.append(_row(name, like.n_classes, like.shape, "none needed", GENERATED))
    return rows


def _row(name: str, classes: int, shape: tuple[int, ...], licence: str, found: str, size: int = 0) -> dict[str, Any]:
    return {
        "name": name,
        "classes": classes,
        "shape": shape,
        "licence": licence,
        "found": found,
        "bytes": size,
        "synthetic": name in synthetic.NAMES,
    }


def _check_files(entry: AnySet, data_dir: DataDir) -> list[FileReport]:
    location = locate(entry, data_dir)
    reports: dict[str, FileReport] = {}
    counts: dict[str, int] = {}
    for file in entry.files:
        path = location.found.get(file.role)
        if path is None:
            reports[file.role] = _missing(entry, file, location)
            continue
        try:
            counts[file.role], verdict = examine(entry, file, path)
        except DataFileError as error:
            reports[file.role] = FileReport(str(path), "damaged", str(error))
            continue
        reports[file.role] = FileReport(str(path), verdict.status, verdict.detail)
    for samples, labels in itertools.product(counts, counts):
        if not (labels.endswith("_labels") and samples.startswith(labels.removesuffix("labels")) and samples != labels):
            continue
        try:
            check_pair(location.found[samples], counts[samples], location.found[labels], counts[labels])
        except DataFileError as error:
            reports[labels] = FileReport(str(location.found[labels]), "damaged", str(error))
    return list(reports.values())


def _missing(entry: AnySet, file: FileSpec, location: Location) -> FileReport:
    path = f"{location.folder / file.name}(.gz)"
    remedy = "; ".join([*(f"download {url}" for url in entry.urls(file)[:1]), *([entry.hint] if entry.hint else [])])
    if location.complete:
        return FileReport(path, "absent", f"the set loads without it; {remedy}")
    return FileReport(path, MISSING, remedy)
