"""Read svmlight (libsvm) files: a label and `index:value` pairs per line; they stay sparse."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sparse_mlp.datasets.arrays import check_width
from sparse_mlp.datasets.delimited import check_utf8
from sparse_mlp.datasets.opening import file_error, parsing
from sparse_mlp.datasets.part import LARGEST, Part

WANTED = "lines such as 1 3:0.5 7:2"
BOM = b"\xef\xbb\xbf"


def read_svmlight(files: Sequence[tuple[Path, bytes | bytearray]]) -> list[Part]:
    """Read the files of one data set, training samples first.

    Parameters
    ----------
    files : sequence of (Path, bytes)
        Each unpacked. All are read together: whether indices begin at 0 or 1, and how many features there are, is the
        same for all.

    Raises
    ------
    DataFileError
        If a line has another form, or an index is impossibly large.

    Warns
    -----
    UserWarning
        If there are query ids, which are ignored.
    """
    from scipy.sparse import csr_array
    from sklearn.datasets import load_svmlight_files

    names = ", ".join(str(path) for path, _ in files)
    for path, content in files:
        check_utf8(path, content)
        if not content.strip():
            raise file_error(path, "an empty file", WANTED, "is this the right file?")
        if b"qid:" in content:
            warnings.warn(f"{path}: qid is ignored", stacklevel=2)
    streams = [io.BytesIO(bytes(content).removeprefix(BOM)) for _, content in files]
    with parsing(names, WANTED, "one label, then index:value pairs with ascending indices, in each line"):
        read = load_svmlight_files(streams, dtype=np.float64, zero_based="auto")
    parts = []
    for (path, _), x, y in zip(files, read[::2], read[1::2], strict=True):
        check_width(path, x.shape[1])
        if not len(y):
            raise file_error(path, "no samples", WANTED, "is this the right file?")
        x = csr_array(x)
        x.sum_duplicates()
        if (wrong := np.abs(x.data) > LARGEST).any():
            found = f"the value {x.data[wrong][0]}"
            raise file_error(path, found, "a number that float32 can hold", "scale the feature")
        parts.append(Part(x.astype(np.float32), y, path, "label"))
    return parts
