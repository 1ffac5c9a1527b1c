"""Reference implementation of the sparse convolution, as plain loops over samples, windows and links.

Maps are (batch, channels, height, width). A link leads from a tap (c, a, b) to an output channel o. Links are sorted
by tap (`indptr`, `indices`); tap (c, a, b) is row (c k + a) k + b of the wiring. All results are float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry

Array = NDArray[Any]


def conv_forward(indptr: Array, indices: Array, weight: Array, bias: Array, x: Array, geometry: ConvGeometry) -> Array:
    """Move the kernels over the maps and add the bias.

    Parameters
    ----------
    indptr, indices : integer arrays (taps + 1,), (nnz,)
        The links by tap: where those of each tap begin, and the output channel of each.
    weight, bias : float (nnz,), (channels_out,)
    x : float (batch, channels_in, height, width)
    geometry : ConvGeometry

    Returns
    -------
    y : float64 (batch, channels_out, out_height, out_width)

    Notes
    -----
    With x = 0 outside of the image, stride s and padding P:

    .. math:: y_{noij} = b_o + \\sum_{(c, a, b) \\to o} w_{cabo} \\, x_{n, c, si + a - P, sj + b - P}.
    """
    s, padding = geometry.stride, geometry.padding
    y = np.zeros((len(x), geometry.channels_out, geometry.out_height, geometry.out_width))
    links = _links(indptr, indices, geometry)
    for o in range(geometry.channels_out):
        of_kernel = [link for link in links if link.o == o]
        for n, i, j in _places(y):
            products = [
                float(weight[k]) * _value(x, n, c, s * i + a - padding, s * j + b - padding)
                for k, _, c, a, b in of_kernel
            ]
            y[n, o, i, j] = math.fsum([float(bias[o]), *products])
    return y


def conv_input_gradient(indptr: Array, indices: Array, weight: Array, dy: Array, geometry: ConvGeometry) -> Array:
    """Pass the gradient dy back to the pixels: dx, float64 (batch, channels_in, height, width).

    A pixel (p, q) collects from each window that has it under one of its taps:
    :math:`dx_{ncpq} = \\sum_{(c, a, b) \\to o} w_{cabo} \\, dy_{noij}` with si + a - P = p and sj + b - P = q.
    """
    s, padding = geometry.stride, geometry.padding
    dx = np.zeros((len(dy), geometry.channels_in, geometry.height, geometry.width))
    links = _links(indptr, indices, geometry)
    for c in range(geometry.channels_in):
        of_channel = [link for link in links if link.c == c]
        for n, p, q in _places(dx):
            products = []
            for k, o, _, a, b in of_channel:
                (i, skipped_rows), (j, skipped_cols) = divmod(p + padding - a, s), divmod(q + padding - b, s)
                if not skipped_rows and not skipped_cols:  # else the tap stands here in no window
                    products.append(float(weight[k]) * _value(dy, n, o, i, j))
            dx[n, c, p, q] = math.fsum(products)
    return dx


def conv_weight_gradient(indptr: Array, indices: Array, x: Array, dy: Array, geometry: ConvGeometry) -> Array:
    """Compute the gradient of each link's weight, float64 (nnz,), from x and dy, the gradient by the output.

    A weight is used once in each window of each sample:
    :math:`dw_{cabo} = \\sum_{n, i, j} x_{n, c, si + a - P, sj + b - P} \\, dy_{noij}`.
    """
    s, padding = geometry.stride, geometry.padding
    dweight = np.zeros(len(indices))
    for k, o, c, a, b in _links(indptr, indices, geometry):
        dweight[k] = math.fsum(
            _value(x, n, c, s * i + a - padding, s * j + b - padding) * float(dy[n, o, i, j]) for n, i, j in _places(dy)
        )
    return dweight


def conv_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, geometry: ConvGeometry
) -> tuple[Array, Array]:
    """Compute dx by `conv_input_gradient` and dweight by `conv_weight_gradient`."""
    dx = conv_input_gradient(indptr, indices, weight, dy, geometry)
    return dx, conv_weight_gradient(indptr, indices, x, dy, geometry)


def bias_grad(dy: Array) -> Array:
    """Sum the gradient of each output channel over samples and windows: dy → float64 (channels_out,)."""
    return np.array([math.fsum(float(value) for value in channel.ravel()) for channel in dy.swapaxes(0, 1)])


class _Link(NamedTuple):
    """A link: its place in the order by tap, its output channel, and the tap."""

    k: int
    o: int
    c: int
    a: int
    b: int


def _links(indptr: Array, indices: Array, geometry: ConvGeometry) -> list[_Link]:
    rows = [row for row in range(geometry.taps) for _ in range(indptr[row], indptr[row + 1])]
    return [_Link(k, int(indices[k]), *map(int, geometry.tap(row))) for k, row in enumerate(rows)]


def _places(maps: Array) -> Iterator[tuple[int, ...]]:
    """Run over sample, row and column of (batch, channels, height, width)."""
    return np.ndindex(len(maps), *maps.shape[2:])


def _value(maps: Array, n: int, channel: int, row: int, col: int) -> float:
    """Look up one value of the maps: 0 outside of the image."""
    inside = 0 <= row < maps.shape[2] and 0 <= col < maps.shape[3]
    return float(maps[n, channel, row, col]) if inside else 0.0
