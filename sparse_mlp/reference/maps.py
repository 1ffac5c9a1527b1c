"""Reference implementation of what stands between convolutions: batch normalisation and pooling.

Maps are arrays (batch, channels, height, width), as in PyTorch. All results are float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def batch_norm_train(
    z: Array, gamma: Array, beta: Array, eps: float, relu: bool = False
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Normalise each channel by the mean and the variance of the batch [Ioffe2015].

    Parameters
    ----------
    z : float (batch, channels, height, width)
    gamma, beta : float (channels,)
        Scale and shift.
    eps : float
        Added to the variance.
    relu : bool
        Whether to return max(y, 0).

    Returns
    -------
    y : float64, like z
    mean, variance : float64 (channels,)
        Of the n = batch x height x width values of a channel; the variance is the biased one, divided by n.

    Notes
    -----
    .. math:: y = \\gamma \\hat x + \\beta, \\quad \\hat x = (z - mean) / \\sqrt{variance + eps}.
    """
    mean, variance = np.zeros(z.shape[1]), np.zeros(z.shape[1])
    for c in range(z.shape[1]):
        values = z[:, c].astype(np.float64)
        mean[c] = values.sum() / values.size
        variance[c] = ((values - mean[c]) ** 2).sum() / values.size
    return batch_norm_eval(z, gamma, beta, mean, variance, eps, relu), mean, variance


def batch_norm_eval(
    z: Array, gamma: Array, beta: Array, mean: Array, variance: Array, eps: float, relu: bool = False
) -> Array:
    """Normalise each channel by a given mean and variance, such as running ones; see `batch_norm_train`."""
    y = np.zeros(z.shape)
    for c in range(z.shape[1]):
        y[:, c] = gamma[c] * _normalised(z[:, c], mean[c], variance[c], eps) + beta[c]
    return _positive_part(y) if relu else y


def batch_norm_backward(
    z: Array, dy: Array, gamma: Array, beta: Array, mean: Array, variance: Array, eps: float, relu: bool = False,
    train: bool = True,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return the gradients by z, gamma and beta.

    Parameters
    ----------
    z, dy : float (batch, channels, height, width)
        Input, and gradient by the output.
    gamma, beta, mean, variance, eps, relu
        As in the forward pass.
    train : bool
        Whether mean and variance were those of z; else they do not depend on it.

    Returns
    -------
    dz : float64, like z
    dgamma, dbeta : float64 (channels,)

    Notes
    -----
    With g = dy, or 0 where a ReLU has silenced y, and means over the n values of a channel,

    .. math:: dz = \\frac{\\gamma}{\\sqrt{variance + eps}} (g - mean(g) - \\hat x \\, mean(g \\hat x)), \\quad
        d\\gamma = \\sum g \\hat x, \\quad d\\beta = \\sum g.

    Without `train` both means are left out.
    """
    dz, dgamma, dbeta = np.zeros(z.shape), np.zeros(z.shape[1]), np.zeros(z.shape[1])
    for c in range(z.shape[1]):
        x_hat = _normalised(z[:, c], mean[c], variance[c], eps)
        g = dy[:, c].astype(np.float64)
        if relu:
            g = np.where(gamma[c] * x_hat + beta[c] <= 0, 0.0, g)
        dgamma[c], dbeta[c] = (g * x_hat).sum(), g.sum()
        if train:
            g = g - dbeta[c] / g.size - x_hat * (dgamma[c] / g.size)
        dz[:, c] = gamma[c] / np.sqrt(variance[c] + eps) * g
    return dz, dgamma, dbeta


def follow(running: Array, found: Array, momentum: float) -> Array:
    """Return a running mean (channels,) that has gone the way of `momentum` towards what a batch had."""
    return (1 - momentum) * running + momentum * found


def max_pool(x: Array, size: int, stride: int) -> Array:
    """Return the largest value of each window of size x size pixels; rows and columns that fill no window drop out.

    Parameters
    ----------
    x : float (batch, channels, height, width)
    size, stride : int
        Side of a window, and how far it is to the next one.

    Returns
    -------
    float64 (batch, channels, (height - size) // stride + 1, (width - size) // stride + 1)
    """
    y = np.zeros((*x.shape[:2], *_pooled(x.shape, size, stride)))
    for i, j, window in _windows(x, size, stride):
        y[:, :, i, j] = window.max(axis=(2, 3))
    return y


def max_pool_backward(x: Array, dy: Array, size: int, stride: int, relu: bool = False) -> Array:
    """Return the gradient by x: that of each window goes to its first maximum, row by row.

    With `relu` x came out of a ReLU, whose derivative is taken as well: a maximum of 0 gets nothing.
    """
    dx = np.zeros(x.shape)
    n, c = np.ogrid[: x.shape[0], : x.shape[1]]
    for i, j, window in _windows(x, size, stride):
        values = window.reshape(*x.shape[:2], size**2)
        a, b = np.divmod(values.argmax(axis=2), size)
        silenced = relu & (values.max(axis=2) <= 0)
        dx[n, c, stride * i + a, stride * j + b] += np.where(silenced, 0.0, dy[:, :, i, j])
    return dx


def average_pool(x: Array, size: int, stride: int) -> Array:
    """Return the mean of each window of size x size pixels; see `max_pool`."""
    y = np.zeros((*x.shape[:2], *_pooled(x.shape, size, stride)))
    for i, j, window in _windows(x, size, stride):
        y[:, :, i, j] = window.sum(axis=(2, 3), dtype=np.float64) / size**2
    return y


def average_pool_backward(dy: Array, size: int, stride: int, height: int, width: int) -> Array:
    """Return the gradient by an input of some height and width: each pixel of a window gets an equal share."""
    dx = np.zeros((*dy.shape[:2], height, width))
    for i, j, window in _windows(dx, size, stride):
        window += dy[:, :, i, j, None, None].astype(np.float64) / size**2
    return dx


def global_average(x: Array) -> Array:
    """Return the mean of each map, float64 (batch, channels)."""
    return x.sum(axis=(2, 3), dtype=np.float64) / (x.shape[2] * x.shape[3])


def global_average_backward(dy: Array, height: int, width: int) -> Array:
    """Return the gradient by maps of some height and width, given that by their means, dy (batch, channels)."""
    shares = dy.astype(np.float64)[:, :, None, None] / (height * width)
    return np.broadcast_to(shares, (*dy.shape, height, width)).copy()


def _normalised(z: Array, mean: float, variance: float, eps: float) -> Array:
    found: Array = (z.astype(np.float64) - mean) / np.sqrt(variance + eps)
    return found


def _positive_part(y: Array) -> Array:
    return np.where(y <= 0, 0.0, y)  # what is not a number stays so


def _pooled(shape: tuple[int, ...], size: int, stride: int) -> tuple[int, int]:
    return (shape[2] - size) // stride + 1, (shape[3] - size) // stride + 1


def _windows(x: Array, size: int, stride: int) -> Iterator[tuple[int, int, Array]]:
    """Yield row and column of each window with a view of it, (batch, channels, size, size)."""
    for i, j in np.ndindex(_pooled(x.shape, size, stride)):
        yield i, j, x[:, :, stride * i : stride * i + size, stride * j : stride * j + size]
