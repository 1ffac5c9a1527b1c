"""Where a network went wrong: the first layer in which numbers stop being finite."""

from __future__ import annotations

import numpy as np

from sparse_mlp.errors import DivergenceError
from sparse_mlp.layers.base import Array
from sparse_mlp.models import SparseMLP


def divergence(model: SparseMLP, x: Array, step: int, loss: float) -> DivergenceError:
    """Build the error for a loss that is not finite.

    Parameters
    ----------
    model : SparseMLP
    x : float (batch, n_in)
        The batch at which it happened.
    step : int
        Batches trained before it.
    loss : float

    Returns
    -------
    DivergenceError
        Naming layer and step.
    """
    return DivergenceError(
        f"loss={loss} found at step {step}, first in {_first_bad_layer(model, x)}; must be finite; train again "
        "with a lower learning rate"
    )


def check_finite(model: SparseMLP, step: int) -> None:
    """Raise a `DivergenceError` if a parameter is infinite or not a number."""
    if np.all(np.isfinite(model.store.values)):
        return
    bad = next(layer for layer in model.linear_layers if not _finite(layer.weight, layer.bias))
    raise DivergenceError(
        f"parameters that are not finite found after step {step}, first in layer {bad.name!r}; must be finite; train "
        "again with a lower learning rate"
    )


def _first_bad_layer(model: SparseMLP, x: Array) -> str:
    for number, layer in enumerate(model.layers, 1):
        name = f"layer {layer.name or type(layer).__name__!r} ({number} of {len(model.layers)})"
        if not _finite(*layer.parameters().values()):
            return f"the parameters of {name}"
        with np.errstate(all="ignore"):
            x = layer.forward(x)[0]
        if not _finite(x):
            return f"the output of {name}"
    return "the loss itself"


def _finite(*arrays: Array) -> bool:
    return all(bool(np.all(np.isfinite(array))) for array in arrays)
