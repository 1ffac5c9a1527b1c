"""The copies of `flattening` with explicit vectors, for tiles of sixteen lanes. Read it first."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import load, store, zeros_of
from sparse_mlp.kernels.edges import clear_edges, row_start

Array = NDArray[Any]


@jit
def unflatten(flat: Array, tiles: Array, border: int, first: int, last: int) -> None:
    """Write channels `first:last` of maps."""
    wide, features = flat.shape[2], flat.shape[1]
    height, width = tiles.shape[2] - 2 * border, tiles.shape[3] - 2 * border
    for t in range(tiles.shape[0]):
        start = 16 * t // wide * features * wide + 16 * t % wide
        for c in range(first, last):
            clear_edges(tiles[t, c], border)
            for i in range(height):
                at, to = start + (c * height + i) * width * wide, row_start(tiles, border, t, c, i)
                for j in range(width):
                    store(tiles, to + 16 * j, load(flat, at + j * wide))


@jit
def flatten(tiles: Array, border: int, flat: Array, first: int, last: int) -> None:
    """Write the features of channels `first:last`."""
    wide, features = flat.shape[2], flat.shape[1]
    height, width = tiles.shape[2] - 2 * border, tiles.shape[3] - 2 * border
    for t in range(flat.shape[0] * wide // 16):
        start = 16 * t // wide * features * wide + 16 * t % wide
        for c in range(first, last):
            for i in range(height):
                to, at = start + (c * height + i) * width * wide, row_start(tiles, border, t, c, i)
                for j in range(width):
                    store(flat, to + j * wide, load(tiles, at + 16 * j) if t < tiles.shape[0] else zeros_of(flat))
