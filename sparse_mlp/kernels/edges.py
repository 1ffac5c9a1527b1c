"""Where the pixels of maps with a border lie; what kernels on such maps share."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


@jit
def clear_edges(plane: Array, border: int) -> None:
    """Set the border of a single map (rows, columns, lanes) to 0."""
    rows, columns = plane.shape[0], plane.shape[1]
    for i in range(rows if border > 0 else 0):
        if i < border or i >= rows - border:
            plane[i] = 0
        else:
            plane[i, :border] = 0
            plane[i, columns - border :] = 0


@jit
def row_start(maps: Array, border: int, t: int, c: int, i: int) -> int:
    """Return the flat position of the first pixel of row i of a map, border left out."""
    rows, columns = maps.shape[2], maps.shape[3]
    return (((t * maps.shape[1] + c) * rows + i + border) * columns + border) * maps.shape[4]
