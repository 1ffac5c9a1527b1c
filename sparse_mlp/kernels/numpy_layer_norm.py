"""Layer normalisation in NumPy: the twin of `reference.layer_norm`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def layer_norm_forward(x: Array, gain: Array, bias: Array, epsilon: float) -> Array:
    """Normalise each token; see `reference.layer_norm.layer_norm_forward`."""
    normed, _ = _normed(x, epsilon)
    return gain[:, None] * normed + bias[:, None]


def layer_norm_backward(x: Array, dy: Array, gain: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """Return the gradients by input, gain and bias; see `reference.layer_norm.layer_norm_backward`."""
    normed, r = _normed(x, epsilon)
    u = gain[:, None] * dy
    dx = r * (u - u.mean(axis=0) - normed * (u * normed).mean(axis=0))
    return dx, (dy * normed).sum(axis=1), dy.sum(axis=1)


def _normed(x: Array, epsilon: float) -> tuple[Array, Array]:
    centred = x - x.mean(axis=0)
    r = 1 / np.sqrt((centred**2).mean(axis=0) + x.dtype.type(epsilon))
    return centred * r, r
