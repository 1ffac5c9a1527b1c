"""Read the binary version of CIFAR: rows of label bytes and 3,072 pixels, without a header.

A row is one label byte (CIFAR-10) or two (CIFAR-100: coarse, fine), then 1,024 red, 1,024 green and 1,024 blue
pixels, each plane 32 × 32 row by row. Without a header, only the length and the labels can show damage.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from sparse_mlp.datasets.opening import file_error, open_unwrapped, read_at_most

PIXELS = 3 * 32 * 32
OTHER_VERSION = "is this the Python or MATLAB version, or the other of CIFAR-10 and CIFAR-100? if not, fetch it again"


def read_cifar(path: str | PathLike[str], label_ranges: tuple[int, ...], most_rows: int) -> np.ndarray:
    """Read one CIFAR file, gzipped or not.

    Parameters
    ----------
    path : path-like
        The file.
    label_ranges : tuple of int
        Number of values of each label byte that a row begins with.
    most_rows : int
        Number of rows of the official file; more are refused, which bounds the memory that a gzip file can take.

    Returns
    -------
    ndarray of uint8, shape (n, len(label_ranges) + 3072)
        Rows as in the file, labels first.

    Raises
    ------
    DataFileError
        If the file cannot be opened, is empty, has more rows than the official one or part of a row, has a label out
        of range, or if its gzip wrapper is cut or corrupt.
    """
    path = Path(path)
    width = len(label_ranges) + PIXELS
    with open_unwrapped(path) as stream:
        content = read_at_most(stream, most_rows * width + 1)
    wanted = f"1 to {most_rows:,} rows of {width:,} bytes"
    if not content:
        raise file_error(path, "an empty file", wanted)
    if len(content) > most_rows * width:
        raise file_error(path, f"more than {most_rows * width:,} bytes", wanted, OTHER_VERSION)
    if len(content) % width:
        found = f"{len(content):,} bytes, {len(content) % width:,} more than a whole number of rows"
        raise file_error(path, found, wanted, OTHER_VERSION)
    rows = np.frombuffer(content, dtype=np.uint8).reshape(-1, width)
    for column, n_values in enumerate(label_ranges):
        _check_labels(path, rows[:, column], n_values)
    return rows


def _check_labels(path: Path, labels: np.ndarray, n_values: int) -> None:
    wrong = np.flatnonzero(labels >= n_values)
    if wrong.size:
        found = f"label {labels[wrong[0]]} in row {wrong[0]:,} ({wrong.size:,} such rows)"
        raise file_error(path, found, f"labels from 0 to {n_values - 1}", OTHER_VERSION)
