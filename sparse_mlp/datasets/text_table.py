"""Read a table of numbers from text: one sample per line, numbers separated by blanks."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from sparse_mlp.datasets.opening import file_error


def parse_text(path: Path, content: bytes, n_columns: int, most_rows: int) -> np.ndarray:
    """Read the table from the content of a text file.

    Parameters
    ----------
    path : Path
        Named in errors.
    content : bytes
        The whole file.
    n_columns : int
        Numbers in each line.
    most_rows : int
        Lines that there may be at most.

    Returns
    -------
    ndarray of float64, shape (n, n_columns)

    Raises
    ------
    DataFileError
        If the file is empty, is not a table of numbers, or has another number of lines or columns.
    """
    wanted = f"1 to {most_rows:,} lines of {n_columns:,} {'number' if n_columns == 1 else 'numbers'}"
    if not content.strip():
        raise file_error(path, "an empty file", wanted)
    try:
        table = np.loadtxt(io.BytesIO(content), ndmin=2, comments=None, encoding="ascii")
    except ValueError as error:
        raise file_error(path, f"a file that is not a table of numbers ({str(error).split(';')[0]})", wanted) from None
    if table.shape[1] != n_columns:
        raise file_error(path, f"{table.shape[1]:,} numbers in a line", wanted)
    if len(table) > most_rows:
        raise file_error(path, f"more than {most_rows:,} lines", wanted)
    return table
