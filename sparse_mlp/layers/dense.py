"""The dense layer, z = x W + b by BLAS: for read-outs, and to compare with."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_integer
from sparse_mlp.kernels.blas import matmul
from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.layers._checks import check_batch
from sparse_mlp.layers.base import Array, Gradients, Layer, batch_major, feature_major
from sparse_mlp.rng import RandomState
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import initial_weights


class Dense(Layer):
    """Link every input with every output.

    Parameters
    ----------
    n_in, n_out : int
    weights : str
        Law of the initial weights, see `sparse_mlp.topology.initial_weights`. Biases start at 0.
    rng : None, int or numpy.random.Generator
    dtype : float32 or float64
    backend : str, optional
        Taken for the likeness of all layers; every backend computes this one by BLAS.
    name : str

    Attributes
    ----------
    weight : float (n_in, n_out)
    bias : float (n_out,)

    Notes
    -----
    :math:`Z = X W + b`, hence :math:`dX = dZ \\, W^T`, :math:`dW = X^T dZ` and :math:`db = \\sum_j dZ_j`.
    Cost O(n_in * n_out * batch), in the threads of the BLAS.
    """

    def __init__(
        self, n_in: int, n_out: int, weights: str = "kaiming", *, rng: RandomState = None,
        dtype: DTypeLike = np.float32, backend: str | None = None, name: str = "dense",
    ) -> None:  # fmt: skip
        shape = (check_integer("n_in", n_in), check_integer("n_out", n_out))
        drawn = initial_weights(weights, SparseStructure.complete(shape), rng=rng, dtype=dtype)
        self.weight: Array = drawn.reshape(shape)
        self.bias: Array = np.zeros(shape[1], dtype)
        self.dtype = np.dtype(dtype)
        self.name, self.backend = name, choose_backend(backend).name

    @property
    def shape(self) -> tuple[int, int]:
        """(n_in, n_out)."""
        return self.weight.shape[0], self.weight.shape[1]

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Array]:
        """Return z (batch, n_out) and, as cache, the inputs feature-major."""
        x_fm = feature_major(check_batch("x", x, self.shape[0]), self.dtype)
        return batch_major(matmul(self.weight.T, x_fm) + self.bias[:, None]), x_fm

    def backward(self, dy: Array, cache: Array) -> tuple[Array, Gradients]:
        """Return the gradient by the input (batch, n_in), by the weight (n_in, n_out) and by the bias (n_out,)."""
        dz = feature_major(dy, self.dtype)
        return batch_major(matmul(self.weight, dz)), {"weight": matmul(cache, dz.T), "bias": dz.sum(axis=1)}

    def parameters(self) -> dict[str, Array]:
        """Return weight (n_in, n_out) and bias (n_out,), sharing memory with the layer."""
        return {"weight": self.weight, "bias": self.bias}

    def __repr__(self) -> str:
        return f"Dense({self.shape[0]} x {self.shape[1]})"
