"""The places of the neurons of a layered network on the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LONGEST_COLUMN = 30  # more neurons than this are placed in a grid on a slanted plane
SMALLEST_IMAGE = 16  # a square number of inputs from here on is taken for an image
SMALLEST_COLOUR_IMAGE = 3 * 16 * 16  # three times a square number of inputs from here on: three colour planes
DEPTH = (0.50, 0.26)  # where one unit of depth points to on the page
PITCH = 0.16  # largest distance of neighbours in a column
GAP = 1.05  # from one layer to the next; a plane is one high


class Place(NamedTuple):
    """The place of one layer."""

    xy: NDArray[np.float64]  # (n, 2): position of each neuron
    grid: tuple[int, int] | None  # rows and columns of the grid on the plane; None for a column
    outline: NDArray[np.float64] | None  # (4, 2): corners of the plane; None for a column


def grid_shape(n: int, image: bool) -> tuple[int, int] | None:
    """Return rows and columns of the grid for `n` neurons, None for a column.

    Of the input (`image`), a square number of neurons is an image, and three times a square number its three colour
    planes, one below the other.
    """
    side = math.isqrt(n)
    if image and side * side == n and n >= SMALLEST_IMAGE:
        return side, side
    side = math.isqrt(n // 3)
    if image and 3 * side * side == n and n >= SMALLEST_COLOUR_IMAGE:
        return 3 * side, side
    if n <= LONGEST_COLUMN:
        return None
    columns = math.ceil(math.sqrt(n))
    return math.ceil(n / columns), columns


def place_layers(sizes: Sequence[int]) -> list[Place]:
    """Place layers of these sizes, left to right: small ones as columns, large ones as slanted planes."""
    places = []
    for i, n in enumerate(sizes):
        grid, x = grid_shape(n, image=i == 0), i * GAP
        column = Place(_spread(n, x, min(PITCH, 1.3 / max(n - 1, 1))), None, None)
        places.append(column if grid is None else _plane(n, grid, x))
    return places


def column_places(sizes: Sequence[int], pitch: float = PITCH, gap: float = GAP) -> list[NDArray[np.float64]]:
    """Return the positions (n, 2) of the neurons of each layer, every layer a column, first neuron on top."""
    return [_spread(n, i * gap, pitch) for i, n in enumerate(sizes)]


def _spread(n: int, x: float, pitch: float) -> NDArray[np.float64]:
    height = pitch * (n - 1) / 2 - pitch * np.arange(n)
    return np.column_stack([np.full(n, x), height])


def _plane(n: int, grid: tuple[int, int], x: float) -> Place:
    row, column = np.divmod(np.arange(n), grid[1])
    depth = (column + 0.5) / grid[1] - 0.5
    height = 0.5 - (row + 0.5) / grid[0]
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    return Place(_project(depth, height, x), grid, _project(corners[:, 0], corners[:, 1], x))


def _project(depth: NDArray[np.float64], height: NDArray[np.float64], x: float) -> NDArray[np.float64]:
    return np.column_stack([x + DEPTH[0] * depth, height + DEPTH[1] * depth])
