"""From maps to flat features, for the linear layers at the end of a network on images."""

from __future__ import annotations

from typing import Any

from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.kernels.flattening import flatten, unflatten
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.layers.map_flow import Image
from sparse_mlp.layers.maps import MapLayer, checked_image


class Flatten(MapLayer):
    """Take the pixels of all maps as the features of a sample: channel by channel, row by row.

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width of the maps.
    backend : str, optional
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> Flatten((1, 2, 2)).forward(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))[0]
    array([[1., 2., 3., 4.]])
    """

    writes_maps = False
    keeps_dy = True
    replays = True

    def __init__(self, input_shape: Image, *, backend: str | None = None, name: str = "flatten") -> None:
        self.name, self.backend = name, choose_backend(backend).name
        shape = checked_image(name, input_shape)
        self.set_shapes(shape, shape)

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Count as reader of all channels, since features are more."""
        trace.read(flow)
        return Flow()

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, tuple[int, ...]]:
        """Return flat features in wide tiles and, as cache, the shape of the input."""
        y, maps = batch.empty_wide(self.output_map.features, x, self.backend == "numba"), self.input_map.bordered(x)
        batch.over_channels(self.input_map.channels, lambda part: flatten(maps, out=y, part=part))
        return y, x.shape

    def backward_tiles(
        self, dy: Array, cache: tuple[int, ...], batch: Batch, grads: Gradients, wants_dx: bool = True
    ) -> Any:
        """Return the gradient by the maps."""
        if not wants_dx:
            return None
        dx = batch.empty(cache, dy.dtype)
        maps = self.input_map.bordered(dx)
        batch.over_channels(self.input_map.channels, lambda part: unflatten(dy, out=maps, part=part))
        return dx

    def __repr__(self) -> str:
        return f"Flatten({self.input_shape})"
