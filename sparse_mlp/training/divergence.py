"""Where a network went wrong: the first layer in which numbers stop being finite."""

from __future__ import annotations

import numpy as np

from sparse_mlp.errors import DivergenceError, describe
from sparse_mlp.layers.base import Array, leaves
from sparse_mlp.models import Network, Samples

REMEDY = "train again with a lower learning rate"


def divergence(network: Network, batch: Samples, step: int, loss: float) -> DivergenceError:
    """Build the error for a loss that is not finite.

    Parameters
    ----------
    network : Network
    batch : Samples
        The batch at which it happened.
    step : int
        Batches trained before it.
    loss : float

    Returns
    -------
    DivergenceError
        Naming layer and step.
    """
    found = f"loss={loss} at step {step}, first in {_first_bad_layer(network, batch)}"
    return DivergenceError(describe(found, "a finite number", REMEDY))


def check_finite(network: Network, step: int) -> None:
    """Raise a `DivergenceError` if a parameter is infinite or not a number."""
    if np.all(np.isfinite(network.store.values)):
        return
    bad = next(path for path, layer in leaves(network.root) if not _finite(*layer.parameters().values()))
    found = f"parameters that are not finite after step {step}, first in layer {bad!r}"
    raise DivergenceError(describe(found, "finite numbers", REMEDY))


def _first_bad_layer(network: Network, batch: Samples) -> str:
    with np.errstate(all="ignore"):
        for number, (layer, y) in enumerate(network.root.outputs(batch.inputs()), 1):
            name = f"layer {layer.name or type(layer).__name__!r} (number {number})"
            if not _finite(*layer.parameters().values()):
                return f"the parameters of {name}"
            if not _finite(y):
                return f"the output of {name}"
    return "the loss itself"


def _finite(*arrays: Array) -> bool:
    return all(bool(np.all(np.isfinite(array))) for array in arrays)
