"""Read MATLAB files (versions 4 and 5): verified ones here, all others in a child process, which may crash."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from sparse_mlp.datasets import mat_child
from sparse_mlp.datasets.arrays import check_width, parse_npz
from sparse_mlp.datasets.mat_process import ReaderError, one_reader
from sparse_mlp.datasets.opening import file_error, parsing

WANTED = "a complete MATLAB 5 file"


def parse_mat(path: Path, content: bytes | bytearray, *, verified: bool = False) -> dict[str, Any]:
    """Read the variables of a file.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes
        The whole file, unpacked.
    verified : bool
        The bytes are known by their checksum, so that they can be parsed in this process, which is faster.

    Returns
    -------
    dict of str to object
        By name: an array of numbers or text, a `csr_array`, or a word for what is neither.

    Raises
    ------
    DataFileError
        If the file is not a MATLAB file of version 4 or 5, or is one that is cut or damaged.
    """
    if not content:
        raise file_error(path, "an empty file", WANTED)
    if content.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")):
        raise file_error(path, "a MATLAB 7.3 file", WANTED, "save it in MATLAB with the option -v7")
    with parsing(path, WANTED):
        flat = mat_child.variables(io.BytesIO(content)) if verified else _in_child(path, content)
        return _joined(path, flat)


def _in_child(path: Path, content: bytes | bytearray) -> dict[str, np.ndarray]:
    try:
        with one_reader() as reader:
            return parse_npz(path, reader.read(content))
    except ReaderError as error:
        raise file_error(path, str(error), WANTED) from None


def _joined(path: Path, flat: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the variables, each sparse matrix in one piece again."""
    from scipy.sparse import csr_array

    found: dict[str, Any] = {}
    for key, array in flat.items():
        name, _, part = key.partition(".")
        if not part:
            found[name] = array
        elif part == "kind":
            found[name] = str(array)
        elif part == "shape":
            check_width(path, int(array[1]))
            pieces = tuple(flat[f"{name}.{piece}"] for piece in ("data", "indices", "indptr"))
            found[name] = csr_array(pieces, shape=tuple(map(int, array)))
            found[name].check_format(full_check=True)
    return found
