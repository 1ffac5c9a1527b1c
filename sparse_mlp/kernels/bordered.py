"""Maps in tiles, with a border of zeros.

Maps of some channels are an array (n_tiles, channels, rows, columns, lanes); a lane is a sample, see `tiles`. Rows and
columns of the border hold zeros, so that kernels which look beyond the edge of a map need no tests. Who writes a map
writes its border too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]
Part = tuple[int, int]  # channels, from the first to before the last


class Bordered(NamedTuple):
    """Maps with the width of their border.

    Attributes
    ----------
    tiles : float (n_tiles, channels, height + 2 * border, width + 2 * border, lanes)
        C-contiguous.
    border : int
    """

    tiles: Array
    border: int

    @property
    def inside(self) -> Array:
        """The maps without border, (n_tiles, channels, height, width, lanes); a view."""
        edge, (rows, columns) = self.border, self.tiles.shape[2:4]
        return self.tiles[:, :, edge : rows - edge, edge : columns - edge]

    @property
    def images(self) -> Array:
        """The images (lanes, channels, height, width) of a single tile; a view."""
        return self.inside[0].transpose(3, 0, 1, 2)


def channels(maps: Bordered, part: Part | None) -> Part:
    """Return the part of the channels that is asked for, all where it is None."""
    return part or (0, maps.tiles.shape[1])
