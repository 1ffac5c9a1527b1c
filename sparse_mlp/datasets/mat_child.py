"""Read MATLAB files into plain arrays; as a program, from standard input to a `.npz` each on standard output.

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


def main() -> None:
    """Answer each file on standard input until that ends.

    A file comes as its length in 8 bytes, and its bytes. The answer is a byte that is 1 if it is sound, a length in 8
    bytes, and its variables as a `.npz`, or what is wrong with it.
    """
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(8):
        size = int.from_bytes(head, "big")
        _limit_memory(size)
        _send(sink, *_answer(source.read(size)))


def _answer(content: bytes) -> tuple[bool, memoryview]:
    output = io.BytesIO()
    try:
        np.savez(output, **variables(io.BytesIO(content)))  # type: ignore[arg-type]
    except Exception as error:
        return False, memoryview(" ".join(f"{type(error).__name__}: {error}".split()).encode(errors="replace"))
    return True, output.getbuffer()


def _send(sink: BinaryIO, sound: bool, answer: memoryview) -> None:
    sink.write(bytes([sound]) + len(answer).to_bytes(8, "big"))
    sink.write(answer)
    sink.flush()


def _limit_memory(size: int) -> None:
    """Bound the memory by what a file of that size may take; the bound of the last file no longer holds."""
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted, most = MEMORY + 20 * size, resource.getrlimit(resource.RLIMIT_AS)[1]
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
    except (ValueError, OSError):  # a system that does not allow it
        pass


if __name__ == "__main__":
    main()
