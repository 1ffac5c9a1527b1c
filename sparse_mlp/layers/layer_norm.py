"""Layer normalisation: each sample gets mean 0 and variance 1 over its features, then a scale and a shift."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_integer, check_number, invalid
from sparse_mlp.kernels.dispatch import choose_backend, layer_norm_ops
from sparse_mlp.layers._checks import check_dtype
from sparse_mlp.layers.base import Array, Gradients, Layer
from sparse_mlp.layers.batch import Batch


class LayerNorm(Layer):
    """Normalise each sample, or token, over its features.

    Parameters
    ----------
    features : int
    epsilon : float
        Added to the variance, above 0.
    dtype : float32 or float64
    backend : str, optional
    name : str

    Attributes
    ----------
    gain, bias : float (features,)
        At first 1 and 0; neither decays.

    Notes
    -----
    [Ba2016], see `reference.layer_norm`. It needs nothing of other samples, and does the same for inference.

    Examples
    --------
    >>> layer = LayerNorm(4, dtype="float64")
    >>> layer.forward(np.array([[1.0, 2.0, 3.0, 4.0]]))[0].round(3)
    array([[-1.342, -0.447,  0.447,  1.342]])
    """

    dtype: np.dtype[Any]

    def __init__(
        self, features: int, *, epsilon: float = 1e-6, dtype: DTypeLike = np.float32, backend: str | None = None,
        name: str = "norm",
    ) -> None:  # fmt: skip
        self.name, self.backend, self.dtype = name, choose_backend(backend).name, check_dtype(dtype)
        self.epsilon = check_number("epsilon", epsilon, strict=True)
        self.gain = np.ones(check_integer("features", features), self.dtype)
        self.bias = np.zeros(features, self.dtype)

    def n_out(self, n_in: int) -> int:
        """Return the number of features."""
        if n_in != len(self.gain):
            raise invalid(f"{n_in} features at the input of layer {self.name!r}", f"{len(self.gain)}")
        return n_in

    def n_in(self, n_out: int) -> int:
        """Return the number of features."""
        return len(self.gain)

    def forward_tiles(self, x: Array, batch: Batch) -> tuple[Array, Array]:
        """Return y on tiles and, as cache, the input."""
        y = batch.empty_like(x)
        layer_norm_ops(self.backend).layer_norm_forward(x, self.gain, self.bias, self.epsilon, out=y)
        return y, x

    def backward_tiles(self, dy: Array, cache: Array, batch: Batch, grads: Gradients, wants_dx: bool = True) -> Array:
        """Add the gradients by gain and bias and return that by the input."""
        ops, dx = layer_norm_ops(self.backend), batch.empty_like(dy)
        _, dgain, dbias = ops.layer_norm_backward(cache, dy, self.gain, self.epsilon, out=dx)
        grads["gain"] += dgain
        grads["bias"] += dbias
        return dx

    def parameters(self) -> dict[str, Array]:
        """Return `gain` and `bias`."""
        return {"gain": self.gain, "bias": self.bias}

    def __repr__(self) -> str:
        return f"LayerNorm({len(self.gain)})"
