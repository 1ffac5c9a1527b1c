"""Reference implementation of layer normalisation, as plain loops; arrays are feature-major and results float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def layer_norm_forward(x: Array, gain: Array, bias: Array, epsilon: float) -> Array:
    """Give each token mean 0 and variance 1 over its features, then scale and shift each feature.

    Parameters
    ----------
    x : float (features, tokens)
    gain, bias : float (features,)
    epsilon : float
        Added to the variance.

    Returns
    -------
    float64 (features, tokens)

    Notes
    -----
    [Ba2016]: :math:`y = g \\hat x + b`, :math:`\\hat x = (x - m(x)) r`,
    :math:`r = (m((x - m(x))^2) + \\epsilon)^{-1/2}`, with m the mean over features.
    """
    y = np.zeros(x.shape)
    for t in range(x.shape[1]):
        normed, _ = _normed(x[:, t], epsilon)
        for f in range(len(x)):
            y[f, t] = gain[f] * normed[f] + bias[f]
    return y


def layer_norm_backward(x: Array, dy: Array, gain: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """Return the gradients by input, gain and bias.

    Parameters
    ----------
    x, gain, epsilon
        As in `layer_norm_forward`.
    dy : float (features, tokens)

    Returns
    -------
    dx : float64 (features, tokens)
    dgain, dbias : float64 (features,)

    Notes
    -----
    With :math:`u = g\\,dy`: :math:`dx = r (u - m(u) - \\hat x\\,m(u \\hat x))`, :math:`dg = \\sum_t dy\\,\\hat x`,
    :math:`db = \\sum_t dy`.
    """
    dx, dgain, dbias, n = np.zeros(x.shape), np.zeros(len(x)), np.zeros(len(x)), len(x)
    for t in range(x.shape[1]):
        normed, r = _normed(x[:, t], epsilon)
        u = [gain[f] * dy[f, t] for f in range(n)]
        mean, agreement = sum(u) / n, sum(u[f] * normed[f] for f in range(n)) / n
        for f in range(n):
            dx[f, t] = r * (u[f] - mean - normed[f] * agreement)
            dgain[f] += dy[f, t] * normed[f]
            dbias[f] += dy[f, t]
    return dx, dgain, dbias


def _normed(x: Array, epsilon: float) -> tuple[list[float], float]:
    """Return the features of a token, normalised, and one over their deviation."""
    mean = sum(x) / len(x)
    r = 1 / math.sqrt(sum((value - mean) ** 2 for value in x) / len(x) + epsilon)
    return [(value - mean) * r for value in x], r
