"""Between the arrays that people hand to a layer and the tiles that it computes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.tiles import aligned_empty, lanes_for, pack, unpack
from sparse_mlp.layers._checks import check_batch, check_images
from sparse_mlp.layers.map_flow import MapShape

if TYPE_CHECKING:
    from sparse_mlp.layers.base import Layer

Array = NDArray[Any]


def checked_array(name: str, x: Any, maps: MapShape | None) -> Array:
    """Return x if it is rows (batch, features), or images of the right shape where there are maps."""
    return check_batch(name, x) if maps is None else check_images(name, x, maps.image)


def lanes_of(layer: Layer, n_samples: int) -> int:
    """Return the width of the tiles of a batch for a layer; not every backend cuts a batch into tiles."""
    return (layer.lanes or lanes_for(n_samples)) if layer.backend == "numba" else n_samples


def packed(x: Array, maps: MapShape | None, lanes: int, dtype: Any) -> Array:
    """Copy rows, or images where there are maps, into tiles (n_tiles, features, lanes)."""
    x = np.ascontiguousarray(x, dtype)
    if maps is not None:
        return maps.tiles(x, lanes)
    tiles = aligned_empty((max(1, -(-len(x) // max(1, lanes))), x.shape[1], lanes), x.dtype)
    return pack(x, np.arange(len(x)), tiles)


def unpacked(tiles: Array, n_samples: int, maps: MapShape | None) -> Array:
    """Return the rows of tiles, or their images where there are maps."""
    return unpack(tiles, n_samples) if maps is None else maps.nchw(tiles, n_samples)


def retiled(x: Array, like: Array) -> Array:
    """Copy rows (batch, features) into tiles with as many tiles and lanes as others."""
    tiles = np.zeros((len(like), x.shape[1], like.shape[2]), like.dtype)
    return pack(np.ascontiguousarray(x, like.dtype), np.arange(len(x)), tiles)
