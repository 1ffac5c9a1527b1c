"""Build a data set from CIFAR files: the training batches that are there, and the test batch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sparse_mlp.datasets.checksums import Verdict, judge, mismatch_error, what_is_verified
from sparse_mlp.datasets.cifar import PIXELS, read_cifar
from sparse_mlp.datasets.cifar_registry import CifarSet
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.file_sets import FileSpec
from sparse_mlp.datasets.locate import Location


def read_file(entry: CifarSet, file: FileSpec, path: Path) -> np.ndarray:
    """Read one file of a data set: uint8 rows, labels first.

    Raises
    ------
    DataFileError
        If the file is damaged or holds something else.
    """
    return read_cifar(path, entry.label_ranges, file.items)


def verify(file: FileSpec, path: Path, rows: np.ndarray) -> Verdict:
    """Compare a file with the official one; `rows` is what `read_file` returned."""
    return judge(file, path, len(rows), hashlib.sha256(rows.data).hexdigest())


def load_cifar_set(entry: CifarSet, location: Location) -> Dataset:
    """Build the data set from the test batch and at least one training batch.

    Parameters
    ----------
    entry : CifarSet
        The data set.
    location : Location
        Where its files are; some training batches may be missing.

    Returns
    -------
    Dataset
        Pixels divided by 255, red plane first; the provenance says which training batches these are.

    Raises
    ------
    DataFileError
        If a file is damaged, or has the official number of rows but not the official content.

    Notes
    -----
    CIFAR-100 is loaded with its 100 fine classes; coarse labels are checked and otherwise ignored.
    """
    rows, verdicts = {}, {}
    for file in entry.files:
        if file.role not in location.found:
            continue
        path = location.found[file.role]
        rows[file.role] = read_file(entry, file, path)
        verdicts[file.name] = verify(file, path, rows[file.role])
        if verdicts[file.name].status == "mismatch":
            raise mismatch_error(file, path, verdicts[file.name])
    training = [rows[file.role] for file in entry.training_files if file.role in rows]
    return Dataset(
        name=entry.name,
        train_x=_features(training),
        train_y=_classes(entry, training),
        test_x=_features([rows["test"]]),
        test_y=_classes(entry, [rows["test"]]),
        n_classes=entry.n_classes,
        image_shape=entry.image_shape,
        class_names=entry.class_names,
        provenance=f"{entry.title}: {_which(entry, verdicts)}{what_is_verified(verdicts)}; "
        f"{entry.citation}; {entry.licence}",
    )


def _features(batches: Sequence[np.ndarray]) -> np.ndarray:
    x = np.empty((sum(map(len, batches)), PIXELS), dtype=np.float32)
    start = 0
    for rows in batches:
        np.divide(rows[:, -PIXELS:], np.float32(255), out=x[start : start + len(rows)])
        start += len(rows)
    return x


def _classes(entry: CifarSet, batches: Sequence[np.ndarray]) -> np.ndarray:
    last_label = len(entry.label_ranges) - 1
    return np.concatenate([rows[:, last_label] for rows in batches]).astype(np.int64)


def _which(entry: CifarSet, verdicts: dict[str, Verdict]) -> str:
    """Say which training batches are there, unless all are."""
    there = [file for file in entry.training_files if file.name in verdicts]
    if len(there) == len(entry.training_files):
        return ""
    numbers = [file.role.removeprefix("train_") for file in there]
    batches = f"batch {numbers[0]}" if len(numbers) == 1 else f"batches {', '.join(numbers[:-1])} and {numbers[-1]}"
    if any(verdicts[file.name].status != "ok" for file in there):
        return f"only training {batches} of {len(entry.training_files)}; "
    n_there, n_all = (sum(file.items for file in files) for files in (there, entry.training_files))
    return f"{n_there:,} of {n_all:,} official training images: {batches}; "
