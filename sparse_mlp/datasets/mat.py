"""Read a table from a MATLAB 5 file: X (samples × features) and Y (samples × 1)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sparse_mlp.datasets.mat5 import DamageError, read_variables
from sparse_mlp.datasets.opening import file_error

WANTED = "a MATLAB 5 file with the numbers X (samples × features) and Y (samples × 1)"
OTHER_BYTES = 1 << 16  # more than the tags of a variable take


def parse_mat(path: Path, content: bytes, n_features: int, most_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the table from the content of a file.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes
        The whole file.
    n_features : int
        Columns that X must have.
    most_samples : int
        Rows that X may have at most.

    Returns
    -------
    x : ndarray, shape (n, n_features)
        Of the type stored in the file.
    y : ndarray, shape (n,)

    Raises
    ------
    DataFileError
        If the file is not a MATLAB 5 file, is damaged, or lacks X or Y of the expected shape and kind.
    """
    if content.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")):
        raise file_error(path, "a MATLAB 7.3 file", WANTED, "save it in MATLAB with the option -v7")
    try:
        found = read_variables(content, most_samples * n_features * 8 + OTHER_BYTES)
    except DamageError as error:
        raise file_error(path, f"a file that is not a complete MATLAB 5 file ({error})", WANTED) from None
    values = {}
    for name in ("X", "Y"):
        if name not in found:
            raise file_error(
                path, f"no variable {name} ({'only ' + ', '.join(found) if found else 'and no other'})", WANTED
            )
        numbers = found[name].values
        if numbers is None:
            raise file_error(path, f"{name} of kind {found[name].kind}", "a full matrix of numbers")
        values[name] = numbers
    x, y = values["X"], values["Y"]
    if x.ndim != 2 or x.shape[1] != n_features or not 1 <= len(x) <= most_samples:
        wanted = f"1 to {most_samples:,} samples × {n_features:,} features"
        raise file_error(path, f"X of shape {' × '.join(map(str, x.shape))}", wanted)
    if y.shape != (len(x), 1):
        raise file_error(
            path, f"Y of shape {' × '.join(map(str, y.shape))}", f"{len(x)} × 1, one label for each row of X"
        )
    return x, y[:, 0]
