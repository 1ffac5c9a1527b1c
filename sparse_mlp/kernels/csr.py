"""Rows of a sparse data set as tiles, compiled: the twin of `reference.csr`.

Costs one pass over the tiles, which are cleared, and one step for each stored entry.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


def pack_csr(data: Array, indices: Array, indptr: Array, rows: Array, out: Array) -> Array:
    """Write samples `rows` (count,) in compressed sparse rows into tiles out (n_tiles, n_in, lanes)."""
    _pack_csr(data, indices, indptr, rows, out)
    return out


@jit
def _pack_csr(data: Array, indices: Array, indptr: Array, rows: Array, tiles: Array) -> None:
    lanes = tiles.shape[2]
    for t in range(tiles.shape[0]):
        tile, first = tiles[t], t * lanes
        tile[:] = 0
        for j in range(min(lanes, len(rows) - first)):
            s = rows[first + j]
            for k in range(indptr[s], indptr[s + 1]):
                tile[indices[k], j] += data[k]
