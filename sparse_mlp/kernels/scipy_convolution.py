"""The sparse convolution as `scipy.sparse` products: the rung between the loops and the kernels.

Each window is unfolded into a column of a matrix ("im2col"), whose rows are the taps. On this matrix the convolution
is the sparse linear layer of `scipy_linear`. The functions and their arguments are those of `reference.convolution`;
results have the dtype of the maps, which may be views with any strides.

The price is memory: the matrix holds each pixel up to k * k times. For 64 channels of 32 x 32, k = 3 and a batch of 32
it takes 75 MB in float32, the maps 8 MB. Compiled kernels read the maps where they are.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.kernels import scipy_linear

Array = NDArray[Any]


def conv_forward(indptr: Array, indices: Array, weight: Array, bias: Array, x: Array, geometry: ConvGeometry) -> Array:
    """Move the kernels over the maps and add the bias; see `reference.convolution.conv_forward`."""
    wiring = csr_array((weight, indices, indptr), shape=geometry.structure_shape)
    y = wiring.T @ unfold(x, geometry) + bias[:, None]
    return y.reshape(geometry.channels_out, len(x), geometry.out_height, geometry.out_width).swapaxes(0, 1)


def conv_input_gradient(indptr: Array, indices: Array, weight: Array, dy: Array, geometry: ConvGeometry) -> Array:
    """Pass the gradient back to the pixels; see `reference.convolution.conv_input_gradient`.

    One product gives the gradient of each tap in each window, as large as the unfolded maps; `fold` adds them up.
    """
    return fold(scipy_linear.spmm_transpose(indptr, indices, weight, _rows(dy)), geometry)


def conv_weight_gradient(indptr: Array, indices: Array, x: Array, dy: Array, geometry: ConvGeometry) -> Array:
    """Compute the gradient of each link's weight; see `reference.convolution.conv_weight_gradient`.

    For each link a row of the unfolded maps and a row of dy are gathered and multiplied: links * windows multiply-adds,
    at the speed of copying. This is by far the slowest part, but needs no gradient of absent links, and memory for the
    unfolded maps alone.
    """
    return scipy_linear.sddmm(indptr, indices, unfold(x, geometry), _rows(dy))


def conv_backward(
    indptr: Array, indices: Array, weight: Array, x: Array, dy: Array, geometry: ConvGeometry
) -> tuple[Array, Array]:
    """Compute `conv_input_gradient` and `conv_weight_gradient`; see `reference.convolution.conv_backward`."""
    dx = conv_input_gradient(indptr, indices, weight, dy, geometry)
    return dx, conv_weight_gradient(indptr, indices, x, dy, geometry)


def bias_grad(dy: Array) -> Array:
    """Sum the gradient of each output channel; see `reference.convolution.bias_grad`."""
    return _rows(dy).sum(axis=1)


def unfold(x: Array, geometry: ConvGeometry) -> Array:
    """Copy what each tap sees in each window, 0 outside of the image.

    Parameters
    ----------
    x : float (batch, channels_in, height, width)
    geometry : ConvGeometry

    Returns
    -------
    columns : (taps, batch * out_height * out_width)
        Of the dtype of x; windows in the order sample, row, column.
    """
    border, s, k = (geometry.padding, geometry.padding), geometry.stride, geometry.kernel
    padded = np.pad(x, ((0, 0), (0, 0), border, border))
    windows = sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::s, ::s]
    return windows.transpose(1, 4, 5, 0, 2, 3).reshape(geometry.taps, -1)


def fold(columns: Array, geometry: ConvGeometry) -> Array:
    """Add each entry of (taps, windows) to the pixel that `unfold` took it from: (batch, channels, height, width)."""
    p, s, k = geometry.padding, geometry.stride, geometry.kernel
    rows, cols = geometry.out_height, geometry.out_width
    seen = columns.reshape(geometry.channels_in, k, k, columns.shape[1] // (rows * cols), rows, cols)
    shape = (seen.shape[3], geometry.channels_in, geometry.height + 2 * p, geometry.width + 2 * p)
    padded = np.zeros(shape, columns.dtype)
    for a, b in product(range(k), repeat=2):
        padded[:, :, a : a + s * rows : s, b : b + s * cols : s] += seen[:, a, b].swapaxes(0, 1)
    return padded[:, :, p : p + geometry.height, p : p + geometry.width]


def _rows(dy: Array) -> Array:
    """Copy dy as a matrix (channels_out, batch * out_height * out_width)."""
    return dy.swapaxes(0, 1).reshape(dy.shape[1], -1)
