"""What passes through the evolving layers: the inputs and deltas of a batch, from which any link's gradient follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sparse_mlp.layers.base import Array, feature_major
from sparse_mlp.layers.losses import Loss

if TYPE_CHECKING:
    from sparse_mlp.models.mlp import SparseMLP


def layer_signals(model: SparseMLP, x: Array, target: Array, loss: Loss) -> dict[str, tuple[Array, Array]]:
    """Pass a batch forward and back, layer by layer, and note what arrives at the evolving layers.

    Parameters
    ----------
    model : SparseMLP
        Its parameters and their gradient stay as they are.
    x : float (batch, n_in)
    target : int64 (batch,) or float (batch, n_out)
    loss : Loss

    Returns
    -------
    dict of str to (float (n_in, batch), float (n_out, batch))
        By layer name its inputs and the gradients of the mean loss by its outputs. Their product `inputs @ deltas.T` is
        the gradient by every possible weight of the layer, present or absent. Where links join motifs and share their
        weight, both are summed over motifs; see `MotifLinear.signals`.

    Notes
    -----
    Dropout is off: the gradients say what a link is worth to the whole net, and no random stream moves.
    """
    evolving = {id(layer): layer for layer in model.evolving_layers}
    scores, caches = model.forward(np.ascontiguousarray(x, dtype=model.store.values.dtype))
    _, cache = loss.forward(scores, target)
    dy, signals = loss.backward(cache), {}
    for layer, inputs in zip(reversed(model.layers), reversed(caches), strict=True):
        if id(layer) in evolving:
            evolving[id(layer)].recorded = inputs, feature_major(dy)  # a sparse layer's cache are its inputs
            signals[layer.name] = evolving[id(layer)].signals()
            if len(signals) == len(evolving):
                break
        dy, _ = layer.backward(dy, inputs)
    return {layer.name: signals[layer.name] for layer in model.evolving_layers}
