"""Images as maps in tiles and back, for tests: what nobody has written shows as 99."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from sparse_mlp.kernels.bordered import Bordered
from sparse_mlp.kernels.tiles import aligned_empty

BATCHES = st.sampled_from([1, 15, 16, 17, 33])
CHANNELS = st.integers(1, 3)
SIDES = st.integers(1, 7)
SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.sampled_from([(16, "float32"), (16, "float64"), (8, "float64")])  # with explicit vectors, and without
BORDERS = st.tuples(st.integers(0, 2), st.integers(0, 2))


def empty(image: tuple[int, ...], n_samples: int, border: int, lanes: int, dtype: Any) -> Bordered:
    """Return maps full of 99, with room for so many samples."""
    channels, height, width = image
    shape = -(-n_samples // lanes), channels, height + 2 * border, width + 2 * border, lanes
    maps = Bordered(aligned_empty(shape, dtype), border)
    maps.tiles[:] = 99
    return maps


def bordered(images: np.ndarray, border: int = 0, lanes: int = 16, around: float = 0.0) -> Bordered:
    """Return images (n, channels, height, width) as maps; border and empty lanes hold `around`."""
    maps = empty(images.shape[1:], len(images), border, lanes, images.dtype)
    maps.tiles[:] = around
    for t, tile in enumerate(maps.inside):
        samples = images[t * lanes : (t + 1) * lanes]
        tile[..., : len(samples)] = samples.transpose(1, 2, 3, 0)
    return maps


def images_of(maps: Bordered, n_samples: int) -> np.ndarray:
    """Return the images (n, channels, height, width), after a look at the border."""
    around = np.ones(maps.tiles.shape[2:4], bool)
    around[maps.border : around.shape[0] - maps.border, maps.border : around.shape[1] - maps.border] = False
    assert not maps.tiles[:, :, around].any(), "something else than 0 in the border"
    inside = maps.inside.transpose(0, 4, 1, 2, 3)
    return inside.reshape(-1, *inside.shape[2:])[:n_samples]


def wide(rows: np.ndarray, lanes: int) -> np.ndarray:
    """Return rows (n, features) as tiles (n_tiles, features, lanes) with zeros in empty lanes."""
    tiles = np.zeros((-(-len(rows) // lanes), rows.shape[1], lanes), rows.dtype)
    for t, tile in enumerate(tiles):
        samples = rows[t * lanes : (t + 1) * lanes]
        tile[:, : len(samples)] = samples.T
    return tiles


def rows_of(tiles: np.ndarray, n_samples: int) -> np.ndarray:
    """Return tiles as rows (n, features), after a look at the empty lanes."""
    rows = tiles.transpose(0, 2, 1).reshape(-1, tiles.shape[1])
    return rows[:n_samples]
