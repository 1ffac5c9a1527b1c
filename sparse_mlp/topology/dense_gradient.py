"""The gradient of a dense network by its weights, written as its equations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.blas import matmul

Floats = NDArray[Any]


def dense_gradient(weights: Sequence[Floats], x: Floats, target: Floats) -> tuple[float, list[Floats]]:
    """Return the mean loss of a batch and its gradient by each weight matrix.

    Parameters
    ----------
    weights : sequence of float64 (n_in, n_out)
        One for each layer; a ReLU stands behind each but the last, and there are no biases.
    x : float64 (batch, n_in)
    target : int64 (batch,) or float64 (batch, n_out)
        Labels mean softmax cross-entropy, numbers half the mean squared error.

    Returns
    -------
    loss : float
    gradients : list of float64 (n_in, n_out)

    Notes
    -----
    Forward: :math:`A_0 = X`, :math:`A_l = \\max(A_{l-1} W_l, 0)`, scores :math:`S = A_{L-1} W_L`. Backward:
    :math:`\\Delta_L = \\partial L / \\partial S`, :math:`\\partial L / \\partial W_l = A_{l-1}^T \\Delta_l`,
    :math:`\\Delta_{l-1} = \\Delta_l W_l^T \\odot [A_{l-1} > 0]`.
    """
    activations = [x]
    for weight in weights[:-1]:
        activations.append(np.maximum(matmul(activations[-1], weight), 0.0))
    loss, delta = _loss(matmul(activations[-1], weights[-1]), target)
    gradients = []
    for layer in reversed(range(len(weights))):
        gradients.append(matmul(activations[layer].T, delta))
        if layer > 0:
            delta = matmul(delta, weights[layer].T) * (activations[layer] > 0)
    return loss, gradients[::-1]


def _loss(scores: Floats, target: Floats) -> tuple[float, Floats]:
    """Return the mean loss and its gradient by the scores."""
    batch = np.arange(len(scores))
    if target.ndim == 2:
        error = scores - target
        return float(np.mean(error**2) / 2), error / error.size
    shifted = scores - scores.max(axis=1, keepdims=True)
    logarithm = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    delta = np.exp(logarithm)
    delta[batch, target] -= 1.0
    return float(-logarithm[batch, target].mean()), delta / len(scores)


def check_targets(target: ArrayLike | None, n_samples: int, n_out: int) -> Floats:
    """Return labels as int64 (n_samples,) or numbers as float64 (n_samples, n_out), or say why they are none.

    Raises
    ------
    InvalidInputError
        If the target is missing or of another shape, or a label is none of 0 … n_out - 1.
    """
    if target is None:
        raise invalid("a target of None", "labels (n_samples,) or numbers (n_samples, n_out)", "SNIP needs a gradient")
    array = np.asarray(target)
    if array.dtype.kind in "iu" and array.shape == (n_samples,):
        if array.min() < 0 or array.max() >= n_out:
            raise invalid(f"labels from {array.min()} to {array.max()}", f"in [0, {n_out}), the outputs")
        return array.astype(np.int64)
    if array.ndim == 1 and n_out == 1:
        array = array[:, None]
    if array.dtype.kind == "f" and array.shape == (n_samples, n_out):
        return array.astype(np.float64)
    wanted = f"integer labels ({n_samples},) or floating numbers ({n_samples}, {n_out})"
    raise invalid(f"a target of {array.dtype} {array.shape}", wanted)
