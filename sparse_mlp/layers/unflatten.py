"""From flat features to maps: the first layer of a network on images."""

from __future__ import annotations

from typing import Any

from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.kernels.flattening import flatten, unflatten
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.map_flow import Image
from sparse_mlp.layers.maps import LANES, MapLayer, checked_image


class Unflatten(MapLayer):
    """Take the features of a sample as maps: channel by channel, row by row.

    Parameters
    ----------
    shape : (int, int, int)
        Channels, height and width.
    backend : str, optional
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> y, _ = Unflatten((1, 2, 2)).forward(np.array([[1.0, 2.0, 3.0, 4.0]]))
    >>> y
    array([[[[1., 2.],
             [3., 4.]]]])
    """

    reads_maps = False
    keeps_dy = True
    replays = True

    def __init__(self, shape: Image, *, backend: str | None = None, name: str = "unflatten") -> None:
        self.name, self.backend = name, choose_backend(backend).name
        shape = checked_image(name, shape)
        self.set_shapes(shape, shape)

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Count as reader of all features, since channels are fewer."""
        trace.read(flow)
        return Flow()

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, tuple[int, ...]]:
        """Return maps and, as cache, the shape of the input."""
        lanes = LANES if self.backend == "numba" else x.shape[2]
        y = batch.empty((-(-batch.n_samples // max(1, lanes)), self.output_map.features, lanes), x.dtype)
        maps = self.output_map.bordered(y)
        batch.over_channels(self.output_map.channels, lambda part: unflatten(x, out=maps, part=part))
        return y, x.shape

    def backward_tiles(
        self, dy: Array, cache: tuple[int, ...], batch: Batch, grads: Gradients, wants_dx: bool = True
    ) -> Any:
        """Return the gradient by the features."""
        if not wants_dx:
            return None
        dx, maps = batch.empty(cache, dy.dtype), self.output_map.bordered(dy)
        batch.over_channels(self.output_map.channels, lambda part: flatten(maps, out=dx, part=part))
        return dx

    def __repr__(self) -> str:
        return f"Unflatten({self.output_shape})"
