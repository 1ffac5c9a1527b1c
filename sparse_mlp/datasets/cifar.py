"""Read the binary version of CIFAR: rows of label bytes and 3,072 pixels, without a header.

A row is one label byte (CIFAR-10) or two (CIFAR-100: coarse, fine), then 1,024 red, 1,024 green and 1,024 blue
pixels, each plane 32 × 32 row by row. Without a header, only the length and the labels can show damage.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparse_mlp.datasets.opening import file_error

PIXELS = 3 * 32 * 32
LABEL_RANGES = {10: (10,), 100: (20, 100)}  # number of classes → values of each label byte of a row
OTHER_VERSION = "is this the Python or MATLAB version, or the other of CIFAR-10 and CIFAR-100? if not, fetch it again"
PICKLE = "a Python pickle, which can run code and is never read"


def parse_cifar(
    path: Path, content: bytes | bytearray, label_ranges: tuple[int, ...], most_rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Read a CIFAR file.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes
        The whole file, unpacked.
    label_ranges : tuple of int
        Number of values of each label byte that a row begins with.
    most_rows : int
        Number of rows of the official file; more are refused.

    Returns
    -------
    pixels : ndarray of uint8, shape (n, 3072)
    labels : ndarray of uint8, shape (n,)
        The last label of each row: the fine one.

    Raises
    ------
    DataFileError
        If the content is empty, has more rows than the official one or part of a row, or has a label out of range.
    """
    width = len(label_ranges) + PIXELS
    wanted = f"1 to {most_rows:,} rows of {width:,} bytes"
    if not content:
        raise file_error(path, "an empty file", wanted)
    if content[0] == 0x80 and content[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        raise file_error(path, PICKLE, wanted, "this is the Python version: fetch the binary version (.bin files)")
    if len(content) > most_rows * width:
        raise file_error(path, f"more than {most_rows * width:,} bytes", wanted, OTHER_VERSION)
    if len(content) % width:
        found = f"{len(content):,} bytes, {len(content) % width:,} more than a whole number of rows"
        raise file_error(path, found, wanted, OTHER_VERSION)
    rows = np.frombuffer(content, dtype=np.uint8).reshape(-1, width)
    for column, n_values in enumerate(label_ranges):
        labels = rows[:, column]
        wrong = np.flatnonzero(labels >= n_values)
        if wrong.size:
            found = f"label {labels[wrong[0]]} in row {wrong[0]:,} ({wrong.size:,} such labels)"
            raise file_error(path, found, f"labels from 0 to {n_values - 1}", OTHER_VERSION)
    return rows[:, len(label_ranges) :], rows[:, len(label_ranges) - 1]
