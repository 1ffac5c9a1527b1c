"""Reference implementation of activations, dropout and losses, as plain loops.

Arrays are feature-major: row k of an array (n, batch) is neuron k over the batch. All results are float64.
The functions of one number come first; each `*_forward` and `*_backward` applies them to every entry.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def piecewise_linear(z: float, slope: float) -> float:
    """Return z where it is positive, slope * z elsewhere: ReLU (slope 0), leaky ReLU and All-ReLU in one.

    With slope 0 even z = -inf gives 0, where 0 * z would be NaN; NaN stays NaN for every slope.
    """
    if slope == 0 and z <= 0:
        return 0.0
    return z if z > 0 else slope * z


def piecewise_linear_grad(z: float, slope: float) -> float:
    """Return the derivative of `piecewise_linear`, the left one (slope) at the kink z = 0, and 1 for NaN."""
    return slope if z <= 0 else 1.0


def all_relu_slope(alpha: float, layer_index: int) -> float:
    """Return the slope for z <= 0 of All-ReLU [Curci2021]: -alpha in even hidden layers, +alpha in odd ones.

    They are counted from 0, so the first one has -alpha, as in the code released with that paper.
    """
    return -alpha if layer_index % 2 == 0 else alpha


def sigmoid(z: float) -> float:
    """Return 1 / (1 + exp(-z)); exp is only taken of numbers that are not positive and cannot overflow."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    return math.exp(z) / (1.0 + math.exp(z))


def sigmoid_grad_from_output(a: float) -> float:
    """Return the derivative of the sigmoid where its value is a: a (1 - a)."""
    return a * (1.0 - a)


def tanh_grad_from_output(a: float) -> float:
    """Return the derivative of the hyperbolic tangent where its value is a: 1 - a²."""
    return 1.0 - a * a


def piecewise_linear_forward(z: Array, slope: float) -> Array:
    """Apply `piecewise_linear` to each entry of z (n, batch)."""
    a = np.zeros(z.shape)
    for i, j in np.ndindex(z.shape):
        a[i, j] = piecewise_linear(float(z[i, j]), slope)
    return a


def piecewise_linear_backward(z: Array, da: Array, slope: float) -> Array:
    """Return the gradient by z (n, batch), given z and the gradient da (n, batch) by the output.

    Where the derivative is 0 so is the gradient, even if da is infinite or NaN.
    """
    dz = np.zeros(z.shape)
    for i, j in np.ndindex(z.shape):
        derivative = piecewise_linear_grad(float(z[i, j]), slope)
        if derivative != 0:
            dz[i, j] = float(da[i, j]) * derivative
    return dz


def sigmoid_forward(z: Array) -> Array:
    """Apply `sigmoid` to each entry of z (n, batch)."""
    a = np.zeros(z.shape)
    for i, j in np.ndindex(z.shape):
        a[i, j] = sigmoid(float(z[i, j]))
    return a


def sigmoid_backward(a: Array, da: Array) -> Array:
    """Return the gradient by z (n, batch), given the *output* a and the gradient da (n, batch) by it."""
    dz = np.zeros(a.shape)
    for i, j in np.ndindex(a.shape):
        dz[i, j] = float(da[i, j]) * sigmoid_grad_from_output(float(a[i, j]))
    return dz


def tanh_forward(z: Array) -> Array:
    """Apply the hyperbolic tangent to each entry of z (n, batch)."""
    a = np.zeros(z.shape)
    for i, j in np.ndindex(z.shape):
        a[i, j] = math.tanh(float(z[i, j]))
    return a


def tanh_backward(a: Array, da: Array) -> Array:
    """Return the gradient by z (n, batch), given the *output* a and the gradient da (n, batch) by it."""
    dz = np.zeros(a.shape)
    for i, j in np.ndindex(a.shape):
        dz[i, j] = float(da[i, j]) * tanh_grad_from_output(float(a[i, j]))
    return dz


def dropout(x: Array, draws: Array, threshold: int, first: int = 0) -> Array:
    """Silence the entries whose drawn byte is below a threshold and scale up the others (inverted dropout).

    Parameters
    ----------
    x : float (n, batch)
    draws : uint8 (n, n_samples)
        A uniform random byte for each neuron and each sample of the whole batch.
    threshold : int
        From 0 to 255; the rate is threshold / 256.
    first : int
        Which sample of the whole batch is the first of x.

    Notes
    -----
    :math:`y = x / (1 - rate)` where the byte is at least the threshold, else 0, so the mean over the draws is x.
    The map is linear in x and its own transpose: the backward pass is `dropout(dy, draws, threshold, first)`.
    """
    y = np.zeros(x.shape)
    for i, j in np.ndindex(x.shape):
        if draws[i, first + j] >= threshold:
            y[i, j] = float(x[i, j]) / (1.0 - threshold / 256)
    return y


def residual_backward(x: Array, dy: Array, da: Array) -> Array:
    """Add the gradients dy and da of two ways that begin at the output x of a ReLU, and go back through that ReLU.

    The result, float64 (n, batch), is their sum where x is positive or not a number, else 0.
    """
    dz = np.zeros(x.shape)
    for i, j in np.ndindex(x.shape):
        if not x[i, j] <= 0:
            dz[i, j] = float(dy[i, j]) + float(da[i, j])
    return dz


def softmax(scores: Array) -> Array:
    """Turn each column of scores (n_out, batch) into probabilities, exp(s_k) / sum_l exp(s_l).

    The largest score of a column is subtracted first; the result is the same, and exp cannot overflow.
    """
    probabilities = np.zeros(scores.shape)
    for j in range(scores.shape[1]):
        largest = max(float(s) for s in scores[:, j])
        exponentials = [math.exp(float(s) - largest) for s in scores[:, j]]
        total = math.fsum(exponentials)
        for k, exponential in enumerate(exponentials):
            probabilities[k, j] = exponential / total
    return probabilities


def softmax_cross_entropy(
    scores: Array, labels: Array, smoothing: float, normaliser: float | None = None, weights: Array | None = None
) -> tuple[float, Array]:
    """Compute the cross-entropy between the softmax of the scores and the labels, and its gradient.

    Parameters
    ----------
    scores : float (n_out, batch)
    labels : integer (batch,)
        Class of each sample, in [0, n_out).
    smoothing : float
        Fraction of the target spread evenly over all classes, in [0, 1).
    normaliser : float, optional
        What the sum over the samples is divided by: their number, or that of a larger batch of which these are a part;
        with weights, the sum of the weights.
    weights : float (batch,), optional
        How much each sample counts; 1 if not given.

    Returns
    -------
    loss : float
        In nats.
    dscores : float64 (n_out, batch)
        Gradient of the loss.

    Notes
    -----
    With the target :math:`q_k = (1 - s) [k = label] + s / n_{out}` and the softmax p, the loss of a column is
    :math:`-\\sum_k q_k \\log p_k` and its gradient :math:`p - q`. Of a batch with weights w the loss is
    :math:`\\sum_j w_j L_j / \\sum_j w_j`.
    """
    n_out, batch = scores.shape
    w = np.ones(batch) if weights is None else weights
    divisor = w.sum() if normaliser is None else normaliser
    p = softmax(scores)
    dscores = np.zeros(scores.shape)
    losses = []
    for j in range(batch):
        largest = max(float(s) for s in scores[:, j])
        log_total = math.log(math.fsum(math.exp(float(s) - largest) for s in scores[:, j]))
        for k in range(n_out):
            q = (1.0 - smoothing) * (k == labels[j]) + smoothing / n_out
            if q > 0:
                losses.append(-w[j] * q * (float(scores[k, j]) - largest - log_total))
            dscores[k, j] = w[j] * (p[k, j] - q) / divisor
    return math.fsum(losses) / divisor, dscores


def mean_squared_error(
    scores: Array, target: Array, normaliser: float | None = None, weights: Array | None = None
) -> tuple[float, Array]:
    """Compute half the mean squared error over batch and outputs, and its gradient.

    Parameters
    ----------
    scores, target : float (n_out, batch)
    normaliser : float, optional
        What the sum is divided by: the number of scores, or that of a larger batch of which these are a part; with
        weights, their sum times the number of outputs.
    weights : float (batch,), optional
        How much each sample counts; 1 if not given.

    Notes
    -----
    :math:`\\frac{1}{2 \\, batch \\, n_{out}} \\sum_{kj} (s_{kj} - t_{kj})^2`, the loss that scikit-learn's
    `MLPRegressor` reports. (For several outputs its gradient leaves out the factor 1 / n_out; ours has it, so that it
    is the gradient of the loss.)
    """
    dscores = np.zeros(scores.shape)
    n_out, batch = scores.shape
    w = np.ones(batch) if weights is None else weights
    divisor = n_out * w.sum() if normaliser is None else normaliser
    squares = []
    for i, j in np.ndindex(scores.shape):
        difference = float(scores[i, j]) - float(target[i, j])
        squares.append(w[j] * difference * difference)
        dscores[i, j] = w[j] * difference / divisor
    return 0.5 * math.fsum(squares) / divisor, dscores
