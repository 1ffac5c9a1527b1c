"""From flat features to maps and back, and borders set to zero, compiled.

Flat features stand channel by channel, row by row. A copy costs O(maps).
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.bordered import Bordered, Part, channels
from sparse_mlp.kernels.edges import clear_edges
from sparse_mlp.kernels.tape import launch

if SIMD:
    from sparse_mlp.kernels import simd_flattening

Array = NDArray[Any]


def zero_border(maps: Bordered, *, part: Part | None = None) -> Bordered:
    """Set the border of the maps of all channels, or of a part, to 0."""
    launch(_zero_border, *maps, *channels(maps, part))
    return maps


def unflatten(flat: Array, *, out: Bordered, part: Part | None = None) -> Bordered:
    """Copy flat features into maps and set their border to 0.

    Parameters
    ----------
    flat : float (n_wide, channels * height * width, wide)
        Tiles with as many lanes as the maps have, or a multiple of it. Features are channel by channel, row by row.
    out : Bordered
    part : (int, int), optional
        Which channels.
    """
    kernel = simd_flattening.unflatten if SIMD and _is_wide(out, flat) else _unflatten
    launch(kernel, flat, *out, *channels(out, part))
    return out


def flatten(maps: Bordered, *, out: Array, part: Part | None = None) -> Array:
    """Copy maps into flat features; what `unflatten` undoes. Lanes of `out` behind the last tile become 0."""
    kernel = simd_flattening.flatten if SIMD and _is_wide(maps, out) else _flatten
    launch(kernel, *maps, out, *channels(maps, part))
    return out


def _is_wide(maps: Bordered, flat: Array) -> bool:
    return maps.tiles.shape[4] == 16 and flat.shape[2] % 16 == 0


@jit
def _zero_border(tiles: Array, border: int, first: int, last: int) -> None:
    for t in range(tiles.shape[0]):
        for c in range(first, last):
            clear_edges(tiles[t, c], border)


@jit
def _unflatten(flat: Array, tiles: Array, border: int, first: int, last: int) -> None:
    lanes, height, width = tiles.shape[4], tiles.shape[2] - 2 * border, tiles.shape[3] - 2 * border
    for t in range(tiles.shape[0]):
        wide, lane = t * lanes // flat.shape[2], t * lanes % flat.shape[2]
        for c in range(first, last):
            clear_edges(tiles[t, c], border)
            for i in range(height):
                for j in range(width):
                    values = flat[wide, (c * height + i) * width + j, lane : lane + lanes]
                    tiles[t, c, i + border, j + border] = values


@jit
def _flatten(tiles: Array, border: int, flat: Array, first: int, last: int) -> None:
    lanes, height, width = tiles.shape[4], tiles.shape[2] - 2 * border, tiles.shape[3] - 2 * border
    for t in range(flat.shape[0] * flat.shape[2] // lanes):
        wide, lane = t * lanes // flat.shape[2], t * lanes % flat.shape[2]
        for c in range(first, last):
            for i in range(height):
                for j in range(width):
                    target = flat[wide, (c * height + i) * width + j, lane : lane + lanes]
                    if t < tiles.shape[0]:
                        target[:] = tiles[t, c, i + border, j + border]
                    else:
                        target[:] = 0
