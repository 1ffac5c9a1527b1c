"""Tiles: how the samples of a batch lie in memory, and memory for them that is used again in each step.

A tile is an array (features, lanes); a lane is a sample. Arrays of tiles (n_tiles, features, lanes) start on a cache
line. Sample n of a batch is lane `n % lanes` of tile `n // lanes`; lanes behind the last sample hold zeros.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.kernels._jit import SIMD, jit

if SIMD:
    from sparse_mlp.kernels.simd_linear import pack_by_16

Array = NDArray[Any]

WIDE, NARROW = 64, 32  # lanes: the rows of a 3000-neuron layer in tiles of 64 stay in a 1 MB second-level cache
MOST_GROUPS = 8  # runs of tiles, each with a gradient buffer; part of what the bytes of a result depend on
LINE = 64  # bytes of a cache line
SUMMED = 2**15  # numbers added at a time: 128 KB of each array
BLOCK = 2**20  # bytes that an arena takes at least at a time


def lanes_for(n_samples: int) -> int:
    """Return the lanes of the tiles of a batch; small batches get narrow tiles, so that two threads have work."""
    return WIDE if n_samples >= 2 * WIDE else NARROW


def cut(n_tiles: int) -> list[slice]:
    """Cut tiles into at most `MOST_GROUPS` runs for threads; the cut depends on their number alone."""
    groups = max(1, min(MOST_GROUPS, n_tiles))
    return [slice(g * n_tiles // groups, (g + 1) * n_tiles // groups) for g in range(groups)]


def aligned_empty(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an uninitialised array that starts on a cache line, so that no vector lies across two of them."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + LINE, np.uint8)
    return np.ndarray(shape, dtype, memory, -memory.ctypes.data % LINE)


class _Scratch(threading.local):
    """Memory of a thread for what a kernel needs while it runs."""

    block: Array = np.empty(0, np.uint8)


_scratch = _Scratch()


def scratch(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return memory that the same thread gets again in its next call; fresh memory would cost page faults."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if len(_scratch.block) < size:
        _scratch.block = aligned_empty((size,), np.uint8)
    return np.ndarray(shape, dtype, _scratch.block)


class Arena:
    """Hand out memory from the front on and take it all back at once; the next step gets the same again.

    Attributes
    ----------
    passes : dict
        What its owner keeps with the memory: ways through a network that used it.

    Notes
    -----
    A training step asks for the same arrays each time. Fresh memory would cost page faults, and its addresses would
    change what the caches still hold. The arrays themselves are kept as well: making one takes a microsecond.
    """

    def __init__(self) -> None:
        self.passes: dict[Any, Any] = {}
        self._blocks: list[Array] = []
        self._given: list[tuple[tuple[int, ...], np.dtype[Any], Array, int, int]] = []
        self.reset()

    def reset(self) -> None:
        """Take back everything that was handed out; it must not be used any more."""
        self._next, self._block, self._used = 0, 0, 0

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an uninitialised array that starts on a cache line."""
        if self._next < len(self._given):
            kept_shape, kept_dtype, array, block, used = self._given[self._next]
            if kept_shape == shape and kept_dtype == dtype:
                self._next, self._block, self._used = self._next + 1, block, used
                return array
            del self._given[self._next :]
        array = self._from_block(shape, dtype)
        self._given.append((shape, dtype, array, self._block, self._used))
        self._next += 1
        return array

    def _from_block(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        size = math.prod(shape) * dtype.itemsize
        while self._block < len(self._blocks):
            block = self._blocks[self._block]
            if self._used + size <= len(block):
                array: Array = np.ndarray(shape, dtype, block, self._used)
                self._used += size + -size % LINE
                return array
            self._block, self._used = self._block + 1, 0
        self._blocks.append(aligned_empty((max(size, BLOCK),), np.uint8))
        return self._from_block(shape, dtype)


class Arenas(deque[Arena]):
    """Hand out arenas to threads, each to one at a time; they are put back by `append`."""

    def take(self) -> Arena:
        """Return an arena that no other thread uses; the one used last is the one that caches still hold."""
        try:
            arena = self.pop()
        except IndexError:
            return Arena()
        arena.reset()
        return arena


def pack(x: Array, rows: Array, out: Array) -> Array:
    """Copy samples into tiles.

    Parameters
    ----------
    x : float (n_samples, n_in)
        C-contiguous.
    rows : int64 (count,)
        Which samples, in the order of the lanes; in range.
    out : float (n_tiles, n_in, lanes)
        Of the type of x, with room for all of them.

    Returns
    -------
    float (n_tiles, n_in, lanes)
        `out`.
    """
    _pack(x, rows, out)
    return out


@jit
def _pack(x: Array, rows: Array, tiles: Array) -> None:
    n_in, lanes = x.shape[1], tiles.shape[2]
    for t in range(tiles.shape[0]):
        tile, first = tiles[t], t * lanes
        count = max(0, min(lanes, len(rows) - first))
        done, features = _pack_block(x, rows, first, count, tile)
        for j in range(count):
            row = x[rows[first + j]]
            for u in range(features if j < done else 0, n_in):
                tile[u, j] = row[u]
        if count < lanes:
            for u in range(n_in):
                for j in range(count, lanes):
                    tile[u, j] = 0


if SIMD:
    _pack_block = pack_by_16
else:

    @jit
    def _pack_block(x: Array, rows: Array, first: int, count: int, tile: Array) -> tuple[int, int]:
        """Copy no sample: all are left to the plain loop."""
        return 0, 0


def unpack(tiles: Array, n_samples: int) -> Array:
    """Return the features of each sample: tiles (n_tiles, n, lanes) → (n_samples, n), feature-major in memory."""
    return flat(tiles, n_samples).T


def flat(tiles: Array, n_samples: int) -> Array:
    """Return tiles (n_tiles, n, lanes) as (n, n_samples), a copy where there are several tiles."""
    if len(tiles) == 1:
        return tiles[0, :, :n_samples]
    return tiles.transpose(1, 0, 2).reshape(tiles.shape[1], -1)[:, :n_samples]


def in_range(numbers: Array, bound: int) -> bool:
    """Tell whether all of the integers (n,) are in [0, bound)."""
    return bool(_in_range(numbers, bound))


@jit
def _in_range(numbers: Array, bound: int) -> bool:
    for number in numbers:  # noqa: SIM110 - a generator would not compile
        if number < 0 or number >= bound:
            return False
    return True


def clear_empty_lanes(tiles: Array, n_samples: int) -> None:
    """Set lanes behind the last sample to zero; only the last tile may have some."""
    tiles[-1, :, n_samples - (len(tiles) - 1) * tiles.shape[2] :] = 0


def sum_in_order(total: Array, parts: list[Array]) -> None:
    """Add arrays (n,) to total (n,), the first array first."""
    for block in range(0, len(total), SUMMED):
        sums = total[block : block + SUMMED]
        for part in parts:
            np.add(sums, part[block : block + SUMMED], out=sums)
