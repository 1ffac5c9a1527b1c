"""Pooling: fewer pixels, of the largest or the mean value of each window."""

from __future__ import annotations

from typing import Any

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.kernels.dispatch import choose_backend, map_ops
from sparse_mlp.layers.base import Array, Gradients
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.map_flow import Image
from sparse_mlp.layers.maps import MapLayer, checked_image


class Pool(MapLayer):
    """Be a layer that makes one pixel out of each window; windows that would reach beyond the edge drop out.

    Attributes
    ----------
    size, stride : int
        Side of a window, and how far it is to the next one.
    """

    keeps_dy = True

    def __init__(
        self, input_shape: Image, size: int = 2, stride: int | None = None,
        *, backend: str | None = None, name: str = "",
    ) -> None:  # fmt: skip
        self.name, self.backend = name or type(self).__name__.lower(), choose_backend(backend).name
        channels, height, width = checked_image(self.name, input_shape)
        self.size = check_integer("size", size)
        self.stride = self.size if stride is None else check_integer("stride", stride)
        if self.size > min(height, width):
            found = f"windows of {size} x {size} pixels on maps of {height} x {width} at layer {self.name!r}"
            raise invalid(found, "windows no larger than the maps", "pool less often, or take larger images")
        pooled = (height - self.size) // self.stride + 1, (width - self.size) // self.stride + 1
        self.set_shapes((channels, height, width), (channels, *pooled))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.input_shape}, size={self.size}, stride={self.stride})"


class MaxPool2d(Pool):
    """Keep the largest value of each window of pixels.

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width of the maps.
    size : int
        Side of a window.
    stride : int, optional
        How far it is to the next window; `size` if not given.
    backend : str, optional
    name : str

    Notes
    -----
    The gradient goes to the first maximum of a window, row by row, as in PyTorch. The last row or column of an odd size
    drops out.

    Examples
    --------
    >>> import numpy as np
    >>> layer = MaxPool2d((1, 2, 4))
    >>> layer.forward(np.array([[[[1.0, 2.0, 0.0, 5.0], [3.0, 4.0, 6.0, 0.0]]]]))[0]
    array([[[[4., 6.]]]])
    """

    takes_rectified = True
    replays = True

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the maxima and, as cache, the input."""
        y, ops = batch.empty((len(x), self.output_map.features, x.shape[2]), x.dtype), map_ops(self.backend)
        maps, out = self.input_map.bordered(x), self.output_map.bordered(y)
        batch.over_channels(
            self.input_map.channels, lambda part: ops.max_pool(maps, self.size, self.stride, out=out, part=part)
        )
        return y, x

    def backward_tiles(
        self, dy: Array, cache: Array, batch: Batch, grads: Gradients, wants_dx: bool = True, rectified: bool = False
    ) -> Any:
        """Return the gradient by the input, which is that of a window at its first maximum."""
        if not wants_dx:
            return None
        dx, ops = batch.empty_like(cache), map_ops(self.backend)
        maps = self.input_map.bordered(cache), self.output_map.bordered(dy)
        args, out = (*maps, self.size, self.stride, rectified), self.input_map.bordered(dx)
        batch.over_channels(
            self.input_map.channels, lambda part: ops.max_pool_backward(*args, out=out, part=part)
        )  # fmt: skip
        return dx


class AveragePool2d(Pool):
    """Take the mean of each window of pixels; the parameters are those of `MaxPool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = AveragePool2d((1, 2, 4))
    >>> layer.forward(np.array([[[[1.0, 2.0, 0.0, 5.0], [3.0, 4.0, 6.0, 0.0]]]]))[0]
    array([[[[2.5 , 2.75]]]])
    """

    replays = True

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, tuple[int, ...]]:
        """Return the means and, as cache, the shape of the input."""
        y, ops = batch.empty((len(x), self.output_map.features, x.shape[2]), x.dtype), map_ops(self.backend)
        maps, out = self.input_map.bordered(x), self.output_map.bordered(y)
        batch.over_channels(
            self.input_map.channels, lambda part: ops.average_pool(maps, self.size, self.stride, out=out, part=part)
        )
        return y, x.shape

    def backward_tiles(
        self, dy: Array, cache: tuple[int, ...], batch: Batch, grads: Gradients, wants_dx: bool = True
    ) -> Any:
        """Return the gradient by the input: equal shares for all pixels of a window."""
        if not wants_dx:
            return None
        dx, ops = batch.empty(cache, dy.dtype), map_ops(self.backend)
        args = self.output_map.bordered(dy), self.size, self.stride, *self.input_shape[1:]
        out = self.input_map.bordered(dx)
        batch.over_channels(
            self.input_map.channels, lambda part: ops.average_pool_backward(*args, out=out, part=part)
        )  # fmt: skip
        return dx


class GlobalAveragePool(MapLayer):
    """Take the mean of each map as a feature of the sample: flat features, as many as channels.

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width of the maps.
    backend : str, optional
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> GlobalAveragePool((2, 1, 2)).forward(np.array([[[[1.0, 2.0]], [[5.0, 7.0]]]]))[0]
    array([[1.5, 6. ]])
    """

    writes_maps = False
    keeps_dy = True
    replays = True

    def __init__(self, input_shape: Image, *, backend: str | None = None, name: str = "globalaveragepool") -> None:
        self.name, self.backend = name, choose_backend(backend).name
        shape = checked_image(name, input_shape)
        self.set_shapes(shape, (shape[0], 1, 1))

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, tuple[int, ...]]:
        """Return the means in wide tiles and, as cache, the shape of the input."""
        y, ops = batch.empty_wide(self.input_map.channels, x, self.backend == "numba"), map_ops(self.backend)
        maps = self.input_map.bordered(x)
        batch.over_channels(self.input_map.channels, lambda part: ops.global_average(maps, out=y, part=part))
        return y, x.shape

    def backward_tiles(
        self, dy: Array, cache: tuple[int, ...], batch: Batch, grads: Gradients, wants_dx: bool = True
    ) -> Any:
        """Return the gradient by the maps: equal shares for all pixels."""
        if not wants_dx:
            return None
        dx, ops = batch.empty(cache, dy.dtype), map_ops(self.backend)
        args, out = (dy, *self.input_shape[1:]), self.input_map.bordered(dx)
        batch.over_channels(
            self.input_map.channels, lambda part: ops.global_average_backward(*args, out=out, part=part)
        )  # fmt: skip
        return dx

    def __repr__(self) -> str:
        return f"GlobalAveragePool({self.input_shape})"
