"""A layer that reads beyond the edge of maps, for tests of borders."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparse_mlp.layers import MapLayer
from sparse_mlp.layers.maps import checked_image


class Cross(MapLayer):
    """Add the four neighbours of each pixel to it; pixels outside are 0. The gradient does the same.

    It reads its own input and gradient through their border, which it leaves to others to keep at 0.
    """

    needed_border = 1
    gradient_border = 1

    def __init__(self, input_shape: Any, *, backend: str = "numba", name: str = "cross") -> None:
        self.name, self.backend, self.seen = name, backend, []
        shape = checked_image(name, input_shape)
        self.set_shapes(shape, shape)

    def forward_tiles(self, x, batch):
        return self._crossed(self.cleared_input(x), self.output_map, batch), None

    def backward_tiles(self, dy, cache, batch, grads, wants_dx=True):
        return self._crossed(self.output_map.bordered(dy), self.input_map, batch)

    def _crossed(self, maps, given, batch):
        tiles, edge = maps.tiles, maps.border
        around = tiles.copy()
        around[:, :, edge : tiles.shape[2] - edge, edge : tiles.shape[3] - edge] = 0
        self.seen.append(np.count_nonzero(around))
        height, width = given.height, given.width
        y = batch.empty((len(tiles), given.features, tiles.shape[4]), tiles.dtype)
        y[:] = 0
        given.interior(y)[:] = sum(
            tiles[:, :, edge + a : edge + a + height, edge + b : edge + b + width]
            for a, b in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
        )
        return y
