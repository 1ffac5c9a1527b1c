"""How good a network is on samples that it does not train on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sparse_mlp.layers.base import Array
from sparse_mlp.layers.losses import Loss
from sparse_mlp.models import SparseMLP


class Evaluation(NamedTuple):
    """Mean loss, and the fraction of right labels (None where the target is no label)."""

    loss: float
    accuracy: float | None


def evaluate(model: SparseMLP, x: Array, target: Array, loss: Loss) -> Evaluation:
    """Evaluate a network.

    Parameters
    ----------
    model : SparseMLP
    x : float (n_samples, n_in)
    target : int64 (n_samples,) or float (n_samples, n_out)
    loss : Loss

    Returns
    -------
    Evaluation
    """
    scores = model.predict_scores(x)
    value, _ = loss.forward(scores, target)
    if not np.issubdtype(np.asarray(target).dtype, np.integer):
        return Evaluation(value, None)
    return Evaluation(value, float(np.mean(scores.argmax(axis=1) == target)))
