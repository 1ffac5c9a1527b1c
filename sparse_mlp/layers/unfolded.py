"""A convolution unfolded: what its taps saw in a batch, a few rows at a time, and its links between pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.layers.map_flow import MapShape
from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]


class Unfolded:
    """The inputs of all taps in all windows, (taps, windows): a matrix of which only asked rows are made.

    Whole it would hold each pixel up to k * k times, 302 MB for 64 channels of 32 x 32 and 128 samples. Windows are in
    the order row, column, sample.

    Parameters
    ----------
    recorded : float (features, batch)
        Maps with border, as a network keeps them for a layer.
    maps : MapShape
        How they lie in it; the border is at least the padding, and holds zeros.
    geometry : ConvGeometry

    Examples
    --------
    >>> geometry = ConvGeometry(1, 1, kernel=2, stride=1, padding=0, height=2, width=3)
    >>> seen = Unfolded(np.arange(6.0)[:, None], MapShape(1, 2, 3), geometry)
    >>> seen.shape, seen[1:3]
    ((4, 2), array([[1., 2.], [3., 4.]]))
    """

    def __init__(self, recorded: Array, maps: MapShape, geometry: ConvGeometry) -> None:
        size = maps.channels, maps.padded_height, maps.padded_width, recorded.shape[1]
        self._maps, self._edge, self.geometry = recorded.reshape(size), maps.border - geometry.padding, geometry
        self.shape = geometry.taps, geometry.out_height * geometry.out_width * recorded.shape[1]
        self.dtype = recorded.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Array:
        """Return some rows, (count, windows)."""
        wanted = range(*rows.indices(len(self)))
        found = np.empty((len(wanted), self.shape[1]), self.dtype)
        for row, values in zip(wanted, found, strict=True):
            values[:] = self._row(row).ravel()
        return found

    def _row(self, row: int) -> Array:
        """View what one tap saw, (rows, columns, batch)."""
        g, (channel, a, b) = self.geometry, self.geometry.tap(row)
        up, left = self._edge + a, self._edge + b
        down, right = up + g.stride * (g.out_height - 1) + 1, left + g.stride * (g.out_width - 1) + 1
        return self._maps[channel, up : down : g.stride, left : right : g.stride]


def pixel_links(structure: SparseStructure, geometry: ConvGeometry) -> tuple[SparseStructure, NDArray[np.int64]]:
    """Return the links between the pixels of all maps that the links of a convolution stand for.

    Returns
    -------
    pixels : SparseStructure
        Of all input pixels with all output pixels, both in the order channel, row, column.
    link : int64 (pixels.nnz,)
        Which link of the convolution each of them is.
    """
    g = geometry
    (channel, a, b), out = g.tap(structure.rows().astype(np.int64)), structure.indices.astype(np.int64)
    i, j = np.indices((g.out_height, g.out_width)).reshape(2, 1, -1)
    row, column = g.stride * i + a[:, None] - g.padding, g.stride * j + b[:, None] - g.padding
    shape = g.channels_in * g.height * g.width, g.channels_out * g.out_height * g.out_width
    read = (channel[:, None] * g.height + row) * g.width + column
    keys = read * shape[1] + (out[:, None] * g.out_height + i) * g.out_width + j
    inside = (row >= 0) & (row < g.height) & (column >= 0) & (column < g.width)
    order = np.argsort(keys[inside])
    return SparseStructure.from_keys(keys[inside][order], shape), np.nonzero(inside)[0][order]
