"""Tiles: where each sample lies, and memory that is handed out again in each step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sparse_mlp.kernels.tiles import (
    LINE,
    Arena,
    aligned_empty,
    clear_empty_lanes,
    cut,
    flat,
    in_range,
    lanes_for,
    pack,
    unpack,
)

FLOAT = np.dtype(np.float32)


def test_small_batches_get_narrow_tiles() -> None:
    assert [lanes_for(n) for n in (0, 1, 32, 64, 127, 128, 1000)] == [32] * 5 + [64] * 2


def test_tiles_are_cut_into_at_most_eight_runs() -> None:
    assert [[(part.start, part.stop) for part in cut(n)] for n in (0, 1, 3)] == [
        [(0, 0)], [(0, 1)], [(0, 1), (1, 2), (2, 3)],
    ]  # fmt: skip
    for n in (8, 9, 16, 100):
        runs = cut(n)
        assert len(runs) == 8 and runs[0].start == 0 and runs[-1].stop == n
        assert all(a.stop == b.start for a, b in pairwise(runs))
        assert {run.stop - run.start for run in runs} <= {n // 8, n // 8 + 1}


def test_packing_by_hand() -> None:
    """Three samples of two features in tiles of two lanes; the last lane is empty."""
    x = np.array([[1.0, 10], [2, 20], [3, 30], [4, 40]])
    tiles = pack(x, np.array([3, 0, 2]), np.full((2, 2, 2), np.nan))
    assert tiles.tolist() == [[[4, 1], [40, 10]], [[3, 0], [30, 0]]]
    assert flat(tiles, 3).tolist() == [[4, 1, 3], [40, 10, 30]]
    assert unpack(tiles, 3).tolist() == [[4, 40], [1, 10], [3, 30]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_in", [1, 15, 16, 37])
@pytest.mark.parametrize(("count", "lanes"), [(1, 32), (16, 32), (21, 32), (32, 32), (63, 64), (130, 64), (5, 7)])
def test_packing_gathers_and_transposes(dtype: Any, n_in: int, count: int, lanes: int) -> None:
    rng = np.random.default_rng(n_in * count)
    x, rows = rng.standard_normal((50, n_in)).astype(dtype), rng.integers(0, 50, count)
    tiles = pack(x, rows, np.full((-(-count // lanes), n_in, lanes), np.nan, dtype))
    for n in range(count):
        assert np.array_equal(tiles[n // lanes, :, n % lanes], x[rows[n]])
    assert np.array_equal(unpack(tiles, count), x[rows])
    assert not flat(tiles, len(tiles) * lanes)[:, count:].any()


def test_empty_lanes_are_cleared() -> None:
    tiles = np.ones((2, 1, 3))
    clear_empty_lanes(tiles, 4)
    assert tiles.tolist() == [[[1, 1, 1]], [[1, 0, 0]]]
    clear_empty_lanes(tiles, 6)
    assert tiles[1].tolist() == [[1, 0, 0]]


def test_in_range() -> None:
    for numbers, expected in (([0, 4, 2], True), ([], True), ([5], False), ([0, -1], False)):
        assert in_range(np.array(numbers, np.int64), 5) is expected


def test_memory_begins_on_a_cache_line() -> None:
    arena = Arena()
    for shape in ((1, 3, 32), (2, 101, 64), (3,), (0, 4)):
        for array in (aligned_empty(shape, FLOAT), arena.empty(shape, FLOAT)):
            assert array.ctypes.data % LINE == 0 and array.shape == shape and array.dtype == FLOAT
            assert array.flags.c_contiguous


def test_an_arena_hands_out_memory_once_and_the_same_again() -> None:
    arena, shapes = Arena(), [(3, 5), (700, 1000), (2,), (400, 1000)]  # more than a block together
    first = [arena.empty(shape, FLOAT) for shape in shapes]
    for number, array in enumerate(first):
        array[...] = number
    assert [float(array.max()) for array in first] == [float(array.min()) for array in first] == [0, 1, 2, 3]
    arena.reset()
    assert all(a is b for a, b in zip([arena.empty(shape, FLOAT) for shape in shapes], first, strict=True))


def test_an_arena_takes_other_sizes_after_a_reset() -> None:
    arena = Arena()
    kept = [arena.empty((4,), FLOAT), arena.empty((4,), FLOAT)]
    arena.reset()
    again = [arena.empty((4,), FLOAT), arena.empty((900, 900), FLOAT), arena.empty((5,), np.dtype(np.float64))]
    assert again[0] is kept[0]
    for number, array in enumerate(again):
        array[...] = number
    assert [array.max() for array in again] == [array.min() for array in again] == [0, 1, 2]
