"""Dropout: silence random neurons while training."""

from __future__ import annotations

import numpy as np

from sparse_mlp.errors import check_fraction
from sparse_mlp.kernels.dispatch import choose_backend, elementwise_ops
from sparse_mlp.layers._checks import check_batch
from sparse_mlp.layers.base import Array, Gradients, Layer, batch_major, feature_major


class Dropout(Layer):
    """Silence a fraction of the activations while training and scale up the others (inverted dropout).

    Parameters
    ----------
    rate : float
        Fraction to silence, in [0, 1).
    backend : str, optional
    name : str

    Notes
    -----
    Dropout [Srivastava2014], with the scale 1 / (1 - rate) moved from inference to training. One float32 uniform number
    is drawn for each entry, neuron by neuron: `rng.random((n, batch), dtype=np.float32)`.
    """

    def __init__(self, rate: float, *, backend: str | None = None, name: str = "dropout") -> None:
        self.rate = check_fraction("rate", rate, zero=True, one=False)
        self.backend = choose_backend(backend).name
        self.name = name

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Array | None]:
        """Return x (batch, n) with entries silenced, or x itself for inference, when `rng` is None."""
        x = check_batch("x", x)
        if rng is None or self.rate == 0:
            return x, None
        uniforms = rng.random((x.shape[1], x.shape[0]), dtype=np.float32)
        return self._silence(x, uniforms), uniforms

    def backward(self, dy: Array, cache: Array | None) -> tuple[Array, Gradients]:
        """Return the gradient by the input (batch, n): the same entries silenced, the same scale."""
        if cache is None:
            return dy, {}
        return self._silence(dy, cache), {}

    def _silence(self, x: Array, uniforms: Array) -> Array:
        y = elementwise_ops(self.backend).dropout(feature_major(x), uniforms, self.rate)
        return batch_major(y.astype(x.dtype, copy=False))

    def __repr__(self) -> str:
        return f"Dropout(rate={self.rate:g})"
