"""The dense layer, compiled, for one that is small or narrow on a side; BLAS is faster for others.

As in `kernels.linear`, activations are tiles (n_tiles, features, lanes) and results go into given arrays. The twins are
those of `reference.linear`, for a structure with all links in the order of a matrix (n_in, n_out).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.kernels.linear import Kernels, Part, add_scaled, dot, no_bias, plain_bias_grad
from sparse_mlp.kernels.tape import launch

Array = NDArray[Any]

_FORWARD: Kernels = {}
_BACKWARD: Kernels = {}
if SIMD:
    from sparse_mlp.kernels import simd_dense

    _FORWARD = {64: simd_dense.forward_64, 32: simd_dense.forward_32}
    _BACKWARD = {64: simd_dense.backward_64, 32: simd_dense.backward_32}


def dense_forward(
    weight: Array, bias: Array, x: Array, relu: bool = False, *, out: Array, part: Part | None = None
) -> Array:
    """Multiply the activations with a matrix and add the bias; see `reference.linear.spmm`.

    Parameters
    ----------
    weight : float (n_in, n_out)
    bias : float (n_out,)
    x : float (n_tiles, n_in, lanes)
    relu : bool
        Whether to return max(z, 0).
    out : float (n_tiles, n_out, lanes)
        Receives the result.
    part : (int, int), optional
        Which outputs to compute, from the first to before the last.

    Returns
    -------
    float (n_tiles, n_out, lanes)
    """
    kernel = _FORWARD.get(x.shape[2], _forward)
    launch(kernel, weight, bias, x, out, relu, *(part or (0, len(bias))))
    return out


def dense_backward(
    weight: Array, x: Array, dy: Array, relu: bool = False,
    *, out: Array | None, add_to: Array, bias_to: Array | None = None, part: Part | None = None,
) -> None:  # fmt: skip
    """Add the gradient by the matrix, and write that by the inputs; see `reference.linear.linear_backward`.

    Parameters
    ----------
    weight : float (n_in, n_out)
    x : float (n_tiles, n_in, lanes)
    dy : float (n_tiles, n_out, lanes)
    relu : bool
        Whether inputs of 0 were silenced by a ReLU, whose derivative is then taken as well.
    out : float (n_tiles, n_in, lanes) or None
        Receives the gradient by x, where one is wanted; it may be x itself.
    add_to : float (n_in, n_out)
        The gradient by the matrix is added to it.
    bias_to : float (n_out,), optional
        The gradient by the bias is added to it.
    part : (int, int), optional
        Which inputs to compute, from the first to before the last.
    """
    kernel, dx = _BACKWARD.get(x.shape[2], _backward), x[:0] if out is None else out
    dbias = no_bias(x) if bias_to is None else bias_to
    launch(kernel, weight, x, dy, dx, add_to, dbias, relu, *(part or (0, x.shape[1])))


@jit
def _forward(weight: Array, bias: Array, x: Array, y: Array, relu: bool, first: int, last: int) -> None:
    for t in range(x.shape[0]):
        for v in range(first, last):
            z = y[t, v]
            z[:] = bias[v]
            for u in range(x.shape[1]):
                add_scaled(weight[u, v], x[t, u], z)
            if relu:
                for j in range(len(z)):
                    z[j] = max(z[j], 0)


@jit
def _backward(
    weight: Array, x: Array, dy: Array, dx: Array, dweight: Array, dbias: Array, relu: bool, first: int, last: int
) -> None:
    plain_bias_grad(dy, dbias)
    _gradient(x, dy, dweight, first, last)
    gathered = np.empty(x.shape[2], dx.dtype)
    for t in range(dx.shape[0]):  # no tile where nobody wants dx
        for u in range(first, last):
            x_u, dx_u = x[t, u], dx[t, u]
            gathered[:] = 0
            for v in range(dy.shape[1]):
                add_scaled(weight[u, v], dy[t, v], gathered)
            for j in range(len(gathered)):
                dx_u[j] = 0 if relu and x_u[j] <= 0 else gathered[j]


@jit
def _gradient(x: Array, dy: Array, dweight: Array, first: int, last: int) -> None:
    for t in range(x.shape[0]):
        for u in range(first, last):
            for v in range(dy.shape[1]):
                dweight[u, v] += dot(x[t, u], dy[t, v])
