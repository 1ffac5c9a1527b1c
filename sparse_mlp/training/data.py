"""Samples as training wants them, or a word about what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sparse_mlp.errors import invalid
from sparse_mlp.layers import Loss, MeanSquaredError, SoftmaxCrossEntropy
from sparse_mlp.layers.base import Array
from sparse_mlp.models import SparseMLP

Data = tuple[Any, Any]


def check_data(name: str, data: Data, model: SparseMLP) -> tuple[Array, Array]:
    """Return inputs (n_samples, n_in) in the network's dtype and targets: int64 labels, or floats like the outputs.

    Parameters
    ----------
    name : str
        What messages call the data.
    data : (x, target)
    model : SparseMLP

    Raises
    ------
    InvalidInputError
        If the data do not fit the network, are not finite, or there are none.
    """
    x = np.ascontiguousarray(data[0], dtype=model.store.values.dtype)
    target = np.ascontiguousarray(data[1])
    n_in, n_out = model.sizes[0], model.sizes[-1]
    if x.ndim != 2 or x.shape[1] != n_in or len(x) == 0:
        raise invalid(f"{name} inputs of shape {x.shape}", f"(n_samples, {n_in}) with at least one sample")
    if not np.all(np.isfinite(x)):
        raise invalid(f"{name} inputs with infinite or missing numbers", "finite", "fill or drop them first")
    if len(target) != len(x):
        raise invalid(f"{len(x)} {name} inputs and {len(target)} targets", "of equal number")
    if np.issubdtype(target.dtype, np.integer):
        if target.ndim != 1:
            raise invalid(f"{name} labels of shape {target.shape}", f"({len(x)},)", "outputs to regress are floats")
        if target.min() < 0 or target.max() >= n_out:
            raise invalid(f"{name} labels from {target.min()} to {target.max()}", f"in [0, {n_out})")
        return x, target.astype(np.int64, copy=False)
    if target.shape != (len(x), n_out):
        raise invalid(f"{name} targets of shape {target.shape}", f"({len(x)}, {n_out})", "labels are integers")
    target = np.ascontiguousarray(target, dtype=x.dtype)
    if not np.all(np.isfinite(target)):
        raise invalid(f"{name} targets with infinite or missing numbers", "finite", "fill or drop them first")
    return x, target


def loss_for(target: Array, backend: str) -> Loss:
    """Return softmax cross-entropy for labels, mean squared error for other targets."""
    if np.issubdtype(target.dtype, np.integer):
        return SoftmaxCrossEntropy(backend=backend)
    return MeanSquaredError(backend=backend)


def check_target(name: str, target: Array, loss: Loss) -> None:
    """Raise an `InvalidInputError` if checked targets are of the kind that the loss does not take."""
    labels = np.issubdtype(target.dtype, np.integer)
    if labels and isinstance(loss, MeanSquaredError):
        raise invalid(f"{name} labels with a mean squared error", "floats of the outputs' shape")
    if not labels and isinstance(loss, SoftmaxCrossEntropy):
        raise invalid(f"{name} targets of {target.dtype} with a cross-entropy", "integer labels")
