"""The dense layer, z = x W + b by BLAS: for read-outs, and to compare with."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_integer
from sparse_mlp.kernels.dense import dense_backward, dense_forward
from sparse_mlp.kernels.dispatch import choose_backend, linear_ops
from sparse_mlp.kernels.pool import one_blas_thread
from sparse_mlp.layers._checks import check_dtype, checked_features
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.flow import Flow, Trace
from sparse_mlp.rng import RandomState
from sparse_mlp.topology import initial_weights
from sparse_mlp.topology.initial_weights import Distribution

# Kernels compute a dense layer where they are faster than BLAS: if it is small, or narrow on a side.
MOST_LINKS, NARROW = 2**20, 32


class Dense(Layer):
    """Link every input with every output.

    Parameters
    ----------
    n_in, n_out : int
    weights : str or callable
        Distribution of the initial weights, see `sparse_mlp.topology.initial_weights`. Biases start at 0.
    rng : None, int or numpy.random.Generator
    dtype : float32 or float64
    backend : str, optional
        BLAS computes this layer for every backend, except that "numba" has kernels for small ones.
    name : str

    Attributes
    ----------
    weight : float (n_in, n_out)
    bias : float (n_out,)

    Notes
    -----
    :math:`Z = X W + b`, hence :math:`dX = dZ \\, W^T`, :math:`dW = X^T dZ` and :math:`db = \\sum_j dZ_j`.
    Cost O(n_in * n_out * batch).
    """

    decayed = ("weight",)
    takes_relu = True
    takes_rectified = True
    keeps_dy = True

    def __init__(
        self, n_in: int, n_out: int, weights: str | Distribution = "kaiming", *, rng: RandomState = None,
        dtype: DTypeLike = np.float32, backend: str | None = None, name: str = "dense",
    ) -> None:  # fmt: skip
        shape = (check_integer("n_in", n_in), check_integer("n_out", n_out))
        self.dtype = check_dtype(dtype)
        drawn = initial_weights(weights, shape[0] * shape[1], fan_in=shape[0], fan_out=shape[1], rng=rng, dtype=dtype)
        self.weight: Array = drawn.reshape(shape)
        self.bias: Array = np.zeros(shape[1], dtype)
        self.name, self.backend = name, choose_backend(backend).name

    @property
    def shape(self) -> tuple[int, int]:
        """(n_in, n_out)."""
        return self.weight.shape[0], self.weight.shape[1]

    def n_out(self, n_in: int) -> int:
        """Return the number of outputs."""
        checked_features(self, n_in)
        return self.shape[1]

    def n_in(self, n_out: int) -> int:
        """Return the number of inputs."""
        return self.shape[0]

    @property
    def uses_blas(self) -> bool:  # type: ignore[override]
        """Whether BLAS computes the layer; `kernels.dense` is faster for a small one on tiles."""
        return self.backend != "numba" or (self.weight.size > MOST_LINKS and min(self.shape) > NARROW)

    @property
    def replays(self) -> bool:  # type: ignore[override]
        """Whether kernels compute the layer, not BLAS."""
        return not self.uses_blas

    def forward_tiles(self, x: Array, batch: Batch, relu: bool = False) -> tuple[Array, Array]:
        """Return z on tiles (n_tiles, n_out, lanes) and, as cache, the inputs."""
        y = batch.empty((len(x), len(self.bias), x.shape[2]), x.dtype)
        if not self.uses_blas:
            args = self.weight, self.bias, x, relu
            batch.over_neurons(_ends(len(self.bias)), lambda part: dense_forward(*args, out=y, part=part))
            return y, x
        np.matmul(self.weight.T, x, out=y)
        y += self.bias[:, None]
        return np.maximum(y, 0, out=y) if relu else y, x

    def backward_tiles(
        self, dy: Array, cache: Array, batch: Batch, grads: Gradients, wants_dx: bool = True, rectified: bool = False
    ) -> Any:
        """Add the gradients by weight and bias and return that by the input, (n_tiles, n_in, lanes)."""
        dx = batch.for_dx(cache, rectified) if wants_dx else None
        back = partial(dense_backward, self.weight, cache, dy, rectified, out=dx, add_to=grads["weight"])
        if not self.uses_blas and not batch.spread:
            back(bias_to=grads["bias"])
            return dx
        linear_ops(self.backend).bias_grad(dy, add_to=grads["bias"])
        if not self.uses_blas:
            batch.over_neurons(_ends(len(self.weight)), lambda part: back(part=part))
            return dx
        with one_blas_thread():  # a split among threads would change how it rounds
            for x_tile, dy_tile in zip(cache, dy, strict=True):
                grads["weight"] += x_tile @ dy_tile.T
        if dx is None:
            return None
        found = np.matmul(self.weight, dy)
        if rectified:
            np.copyto(found, 0, where=cache <= 0)
        dx[:] = found
        return dx

    def parameters(self) -> dict[str, Array]:
        """Return weight (n_in, n_out) and bias (n_out,), sharing memory with the layer."""
        return {"weight": self.weight, "bias": self.bias}

    def trace(self, flow: Flow, trace: Trace) -> Flow:
        """Read all neurons, and feed all behind it."""
        trace.read(flow)
        return Flow()

    def __repr__(self) -> str:
        return f"Dense({self.shape[0]} x {self.shape[1]})"


def _ends(count: int) -> Array:
    """Return where the links of each of `count` neurons end, up to a factor: all have as many."""
    return np.arange(count + 1)
