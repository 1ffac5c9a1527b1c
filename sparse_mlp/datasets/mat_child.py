"""Read a MATLAB file into plain arrays; as a program, from standard input to a `.npz` on standard output.

It runs in a separate process, because `scipy.io.loadmat` can crash on damaged files; so it imports nothing of us.
"""

from __future__ import annotations

import io
import sys
import warnings
from typing import Any, BinaryIO

import numpy as np

MEMORY = 2 << 30


def variables(stream: BinaryIO) -> dict[str, np.ndarray]:
    """Return the variables of a file as arrays of numbers or text.

    A sparse matrix is in `NAME.data`, `NAME.indices`, `NAME.indptr`, `NAME.shape`. What is neither numbers nor text has
    its kind in `NAME.kind`.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError, MatReadWarning

    with warnings.catch_warnings():
        warnings.simplefilter("error", MatReadWarning)
        try:
            found = loadmat(stream)
        except MatReadWarning as error:
            raise MatReadError(str(error)) from None
    flat: dict[str, np.ndarray] = {}
    for name, value in found.items():
        if not name.startswith("__"):
            flat |= {name + suffix: array for suffix, array in _plain(value).items()}
    return flat


def _plain(value: Any) -> dict[str, np.ndarray]:
    from scipy.sparse import csc_array, issparse

    if issparse(value):
        matrix = csc_array(value)
        matrix.check_format(full_check=True)
        matrix = matrix.tocsr()
        parts = {".data": matrix.data, ".indices": matrix.indices, ".indptr": matrix.indptr}
        return {**parts, ".shape": np.array(matrix.shape)}
    if not isinstance(value, np.ndarray):
        return {".kind": np.array(type(value).__name__)}
    if value.dtype.kind in "biufU":
        return {"": np.ascontiguousarray(value)}
    if value.dtype == object and all(_is_text(cell) for cell in value.flat):
        return {"": np.array(["".join(cell.ravel()) for cell in value.flat], dtype=np.str_)}
    kind = "complex numbers" if value.dtype.kind == "c" else "cell" if value.dtype == object else "structure"
    return {".kind": np.array(kind)}


def _is_text(cell: Any) -> bool:
    return isinstance(cell, np.ndarray) and (cell.dtype.kind == "U" or not cell.size)


def main() -> int:
    """Convert standard input; the last line on standard error says what went wrong."""
    content = sys.stdin.buffer.read()
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY + 20 * len(content),) * 2)
    except (ImportError, ValueError, OSError):  # Windows; or a limit below this one is set already
        pass
    try:
        output = io.BytesIO()
        np.savez(output, **variables(io.BytesIO(content)))  # type: ignore[arg-type]
    except Exception as error:
        print(" ".join(f"{type(error).__name__}: {error}".split()), file=sys.stderr)
        return 1
    sys.stdout.buffer.write(output.getbuffer())
    return 0


if __name__ == "__main__":
    sys.exit(main())
