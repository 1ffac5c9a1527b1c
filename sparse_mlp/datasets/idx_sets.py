"""Build a data set from four IDX files, checking what each must hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparse_mlp.datasets.checksums import Verdict, judge, mismatch_error, what_is_verified
from sparse_mlp.datasets.dataset import Dataset
from sparse_mlp.datasets.file_sets import FileSpec
from sparse_mlp.datasets.idx import read_idx, sha256_of
from sparse_mlp.datasets.locate import Location
from sparse_mlp.datasets.opening import file_error
from sparse_mlp.datasets.registry import IdxSet


def read_file(entry: IdxSet, file: FileSpec, path: Path) -> np.ndarray:
    """Read one file of a data set and check the image size or the range of labels.

    Parameters
    ----------
    entry, file : IdxSet, FileSpec
        What the file must be.
    path : Path
        Where it is.

    Returns
    -------
    ndarray of uint8, (n, height, width) or (n,)

    Raises
    ------
    DataFileError
        If the file is damaged or holds something else.
    """
    array = read_idx(path, file.ndim)
    if file.ndim == 3 and array.shape[1:] != entry.image_shape:
        height, width = entry.image_shape
        raise file_error(path, f"images of {array.shape[1]} × {array.shape[2]} pixels", f"{height} × {width}")
    if file.ndim == 1:
        _check_labels(entry, path, array)
    return array


def verify(file: FileSpec, path: Path, array: np.ndarray) -> Verdict:
    """Compare a file with the official one; `array` is what `read_file` returned."""
    return judge(file, path, len(array), sha256_of(array))


def check_pair(samples: Path, n_samples: int, labels: Path, n_labels: int) -> None:
    """Raise `DataFileError` unless there is one label per sample."""
    if n_samples == n_labels:
        return
    remedy = "the two files do not belong together: delete them and fetch them again"
    raise file_error(labels, f"{n_labels:,} labels", f"{n_samples:,}, the number of samples in {samples.name}", remedy)


def load_idx_set(entry: IdxSet, location: Location) -> Dataset:
    """Build the data set from the four files of a complete location.

    Parameters
    ----------
    entry : IdxSet
        The data set.
    location : Location
        Where its files are; none may be missing.

    Returns
    -------
    Dataset
        Pixels divided by 255; images upright; labels from 0.

    Raises
    ------
    DataFileError
        If a file is damaged, or has the official number of items but not the official content.
    """
    arrays, verdicts = {}, {}
    for file in entry.files:
        path = location.found[file.role]
        arrays[file.role] = read_file(entry, file, path)
        verdicts[file.name] = verify(file, path, arrays[file.role])
        if verdicts[file.name].status == "mismatch":
            raise mismatch_error(file, path, verdicts[file.name])
    for part in ("train", "test"):
        images, labels = f"{part}_images", f"{part}_labels"
        check_pair(location.found[images], len(arrays[images]), location.found[labels], len(arrays[labels]))
    return Dataset(
        name=entry.name,
        train_x=_features(entry, arrays["train_images"]),
        train_y=_classes(entry, arrays["train_labels"]),
        test_x=_features(entry, arrays["test_images"]),
        test_y=_classes(entry, arrays["test_labels"]),
        n_classes=entry.n_classes,
        image_shape=entry.image_shape,
        class_names=entry.class_names,
        provenance=f"{entry.title}: {what_is_verified(verdicts)}; {entry.citation}; {entry.licence}",
    )


def _check_labels(entry: IdxSet, path: Path, labels: np.ndarray) -> None:
    first, last = entry.first_label, entry.first_label + entry.n_classes - 1
    wrong = np.flatnonzero((labels < first) | (labels > last))
    if wrong.size:
        found = f"label {labels[wrong[0]]} at position {wrong[0]:,} ({wrong.size:,} such labels)"
        raise file_error(path, found, f"labels from {first} to {last}", "is this the label file of another data set?")


def _features(entry: IdxSet, images: np.ndarray) -> np.ndarray:
    upright = images.transpose(0, 2, 1) if entry.transposed else images
    return np.divide(upright.reshape(len(images), -1), np.float32(255), dtype=np.float32)


def _classes(entry: IdxSet, labels: np.ndarray) -> np.ndarray:
    return labels.astype(np.int64) - entry.first_label
