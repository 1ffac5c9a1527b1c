"""All data sets by name: load, list, locate and check them; and samples from a file of your own."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from sparse_mlp.datasets import synthetic
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.download import fetch_set, missing_error
from sparse_mlp.datasets.file_reports import MISSING, FileReport, check_files
from sparse_mlp.datasets.locate import DataDir, check_data_dir, locate
from sparse_mlp.datasets.official import load_official
from sparse_mlp.datasets.opening import check_name
from sparse_mlp.datasets.own import load_file
from sparse_mlp.datasets.registry import STAND_IN, FileSet, file_sets
from sparse_mlp.datasets.text_registry import REVERSAL, TEXT_SETS, known_names, text_names
from sparse_mlp.errors import invalid
from sparse_mlp.options import options_of

INSTALLED, GENERATED = "scikit-learn", "generated"
DIGITS_LICENCE = "CC BY 4.0 (UCI Machine Learning Repository)"
DIGITS = "Alpaydin, Kaynak, Optical recognition of handwritten digits, UCI Machine Learning Repository, 1998"


def available(data_dir: DataDir = None) -> tuple[str, ...]:
    """Return the names of the data sets that can be loaded without a download; a `data_dir` must exist."""
    check_data_dir(data_dir)
    sets = _all_sets()
    return tuple(name for name in known_names() if name not in sets or locate(sets[name], data_dir).complete)


def load(
    name_or_path: str | PathLike[str] = "digits",
    data_dir: DataDir = None,
    *,
    format: str | None = None,
    target: str | int | None = None,
    test: str | None = None,
    test_target: str | None = None,
    test_fraction: float = 1 / 3,
    split_seed: int = 0,
    missing: str = "error",
    ignore: Sequence[str] = (),
    one_hot: Sequence[str] = (),
    download: bool = True,
) -> Dataset:
    """Load a data set by name, or samples from a file of your own.

    Parameters
    ----------
    name_or_path : str or path-like
        One of `names`, which always win; or a file, recognised by its ending, by a separator in its path (`./digits`),
        or because `format` is given. All options but `data_dir` and `download` are for files.
    data_dir : path-like, optional
        Folder that is searched first, as DIR/NAME/FILE and then DIR/FILE; after it $SPARSE_MLP_DATA and the user's
        cache. A file of your own is taken from DIR/FILE if it is there.
    format : {"csv", "tsv", "svmlight", "npz", "npy", "arff", "mat"}
        Format of the file, where its ending does not say it.
    target : str or int
        Name of the column or variable with the classes. A number is a column from 0, negative from the end; a name
        wins. For arrays also a .npy file. By default the only column called target, label, class or y, in ARFF the last
        one.
    test : str
        File with the test samples, of the same format and columns, which are matched by name.
    test_target : str
        Classes of the test samples, where the target is a .npy file.
    test_fraction : float
        Fraction of the samples to test, without a test file. Drawn in the same proportion in each class.
    split_seed : int
        Seed of that draw. It is not the seed of the training, so that all runs have the same test samples.
    missing : {"error", "drop", "mean"}
        A missing class is always an error. Missing values are refused, or their samples are left out, or they become
        the mean of the feature in the training samples.
    ignore : sequence of str
        Columns to leave out, such as identifiers.
    one_hot : sequence of str
        Columns of text. Each becomes one column of 0 and 1 for every value in the training samples.
    download : bool
        Download missing files of a data set by name. CIFAR-10 loads with the training batches that are there; `fetch`
        gets the others.

    Returns
    -------
    Dataset
        float32 images in [0, 1], or tables with the values of their files; int64 classes. A set without an official
        split is split here, always in the same way: stratified, a third to test; `resplit` draws another split.

    Raises
    ------
    InvalidInputError
        If the name is unknown, or the options do not fit the file or each other.
    DataFileError
        If a file is damaged, is not what its name says, or is missing and cannot be downloaded; or if `data_dir` is
        not an existing folder.

    Warns
    -----
    UserWarning
        If a column of a file that only counts rows is left out, or the test samples have a value of text that no
        training sample has.

    Examples
    --------
    >>> load("digits").train_x.shape
    (1437, 64)
    """
    options = {
        "format": format, "target": target, "test": test, "test_target": test_target, "test_fraction": test_fraction,
        "split_seed": split_seed, "missing": missing, "ignore": ignore, "one_hot": one_hot,
    }  # fmt: skip
    check_data_dir(data_dir)
    if check_name(name_or_path, format):
        return load_file(name_or_path, data_dir, **options)  # type: ignore[arg-type]
    name = str(name_or_path)
    _refuse_pairs(name)
    _refuse_options(name, options)
    if name == "digits":
        return _load_digits()
    if name in synthetic.NAMES:
        return synthetic.make_synthetic(name)
    entry = file_sets()[name]
    location = locate(entry, data_dir)
    if not location.complete and download and not (location.near and data_dir is not None):
        location = fetch_set(entry, data_dir)
    if not location.complete:
        raise missing_error(entry, location, data_dir, [])
    return load_official(entry, location)


def _refuse_file(name: str) -> None:
    if check_name(name):
        raise invalid(f"the file {name}", "a data set by name", "`inspect_file` describes a file of your own")


def _all_sets() -> dict[str, FileSet]:
    """Return the sets that consist of files, those of sentence pairs too."""
    return file_sets() | {name: entry.files for name, entry in TEXT_SETS.items()}


def _refuse_pairs(name: str) -> None:
    if name in text_names():
        raise invalid(f"{name}, a set of sentence pairs", "one of samples with classes", "`load_translation` loads it")


def _refuse_options(name: str, options: dict[str, Any]) -> None:
    given = [option for option, value in options.items() if value != options_of(load)[option].default]
    if given:
        remedy = "for another split: `resplit`"
        raise invalid(f"{', '.join(given)} with the data set {name}", "a file of your own with these options", remedy)


def _load_digits() -> Dataset:
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    pixels, labels = datasets.load_digits(return_X_y=True)
    x, y = (pixels / 16).astype(np.float32), labels.astype(np.int64)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
    provenance = f"scikit-learn load_digits, stratified 80/20 split; {DIGITS}; {DIGITS_LICENCE}"
    return Dataset("digits", train_x, train_y, test_x, test_y, 10, (8, 8), tuple("0123456789"), provenance)


def fetch(name: str, data_dir: DataDir = None, *, progress: bool = True) -> list[Path]:
    """Download the files of a data set that are missing, and return the paths of all of them.

    Parameters
    ----------
    name : str
        One of `known_names`; sets that need no files return an empty list.
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
    _refuse_file(name)
    new = data_dir is not None and str(data_dir) and not Path(data_dir).expanduser().exists()
    if not new:
        check_data_dir(data_dir)
    sets = _all_sets()
    paths = list(fetch_set(sets[name], data_dir, progress=progress).found.values()) if name in sets else []
    if data_dir is not None:  # even if other places had all files: `load` with the same arguments finds a folder
        Path(data_dir).expanduser().mkdir(parents=True, exist_ok=True)
    return paths


def check(name: str, data_dir: DataDir = None) -> list[FileReport]:
    """Read every file of a data set and report on each; nothing is downloaded, and bad files raise no error.

    Parameters
    ----------
    name : str
        One of `known_names`.
    data_dir : path-like, optional
        Folder that is searched first.

    Returns
    -------
    list of FileReport
        One per file, or a single one without files.

    Raises
    ------
    InvalidInputError
        If the name is unknown.
    DataFileError
        If `data_dir` is not an existing folder.
    """
    _refuse_file(name)
    check_data_dir(data_dir)
    if name == "digits":
        return [FileReport(INSTALLED, "ok", "comes with scikit-learn")]
    if name in (*synthetic.NAMES, REVERSAL):
        return [FileReport(GENERATED, "ok", "SYNTHETIC: generated, needs no files")]
    return check_files(_all_sets()[name], data_dir)


def describe_all(data_dir: DataDir = None) -> list[dict[str, Any]]:
    """Describe every data set, one table row each.

    Parameters
    ----------
    data_dir : path-like, optional
        Folder that is searched first.

    Returns
    -------
    list of dict
        Keys ``name``, ``classes`` (0 for sentence pairs), ``shape`` (tuple), ``licence``, ``found`` (folder,
        'scikit-learn', 'generated' or 'missing'), ``bytes`` (on disk, 0 without files), ``synthetic``.
    """
    check_data_dir(data_dir)
    rows = [_row("digits", 10, (8, 8), DIGITS_LICENCE, INSTALLED)]
    rows += [_row_of_files(entry, data_dir) for entry in file_sets().values()]
    for name in synthetic.NAMES:
        like = file_sets()[name.removeprefix(STAND_IN)]
        rows.append(_row(name, like.n_classes, like.shape, "none needed", GENERATED))
    rows.append(_row(REVERSAL, 0, (), "none needed", GENERATED))
    return rows + [_row_of_files(entry.files, data_dir) for entry in TEXT_SETS.values()]


def _row_of_files(entry: FileSet, data_dir: DataDir) -> dict[str, Any]:
    location = locate(entry, data_dir)
    found = str(location.folder) if location.complete else MISSING
    size = sum(path.stat().st_size for path in location.found.values())
    return _row(entry.name, entry.n_classes, entry.shape, entry.licence, found, size)


def _row(name: str, classes: int, shape: tuple[int, ...], licence: str, found: str, size: int = 0) -> dict[str, Any]:
    return {
        "name": name, "classes": classes, "shape": shape, "licence": licence, "found": found, "bytes": size,
        "synthetic": name in (*synthetic.NAMES, REVERSAL),
    }  # fmt: skip
