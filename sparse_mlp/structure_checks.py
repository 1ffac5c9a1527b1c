"""What makes a wiring valid, and the error for each thing that does not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import StructureError, describe


def checked_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return (n_in, n_out) as ints, or raise an error."""
    sizes = tuple(shape)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= 1 for n in sizes)
    if len(sizes) != 2 or not whole:
        raise StructureError(describe(f"shape={shape!r}", "(n_in, n_out), two whole numbers of at least 1"))
    if max(sizes) >= 2**31:
        raise StructureError(describe(f"shape={shape!r}", "fewer than 2**31 neurons on each side"))
    return int(sizes[0]), int(sizes[1])


def integers(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return a one-dimensional integer array, or raise an error."""
    array = np.asarray(values)
    if array.size == 0 and array.ndim == 1:
        return array.astype(np.int64)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise StructureError(
            describe(f"{name} of {array.dtype} with {array.ndim} dimensions", "one dimension of integers")
        )
    return array


def check_indptr(indptr: NDArray[Any], n_in: int, nnz: int) -> None:
    """Check that row pointers of n_in inputs run from 0 to nnz without falling."""
    if len(indptr) != n_in + 1:
        raise StructureError(describe(f"indptr of length {len(indptr)}", f"length n_in + 1 = {n_in + 1}"))
    if indptr[0] != 0 or indptr[-1] != nnz:
        wanted = f"pointers from 0 to {nnz}, the number of links"
        raise StructureError(describe(f"indptr from {indptr[0]} to {indptr[-1]}", wanted))
    falls = np.flatnonzero(indptr[1:] < indptr[:-1])
    if len(falls):
        raise StructureError(describe(f"indptr that falls after input {falls[0]}", "pointers that never fall"))


def check_range(name: str, values: NDArray[Any], bound: int, what: str) -> None:
    """Check that all values are in [0, bound)."""
    outside = np.flatnonzero((values < 0) | (values >= bound))
    if len(outside):
        at = int(outside[0])
        raise StructureError(describe(f"{name}[{at}] = {values[at]}", f"{what} in [0, {bound})"))


def check_sorted(indptr: NDArray[Any], indices: NDArray[Any]) -> None:
    """Check that the outputs of each input ascend, each once."""
    steps = np.diff(indices.astype(np.int64))
    row_starts = np.zeros(len(indices) + 1, bool)
    row_starts[indptr] = True
    bad = np.flatnonzero((steps <= 0) & ~row_starts[1:-1]) if len(steps) else steps
    if not len(bad):
        return
    at = int(bad[0])
    row = int(np.searchsorted(indptr, at, side="right")) - 1
    kind = "duplicate" if steps[at] == 0 else "unsorted"
    found = f"{kind} output {indices[at + 1]} in input {row}"
    raise StructureError(describe(found, "ascending outputs, each once", "see from_coo, which sorts"))
