"""Whether a network can learn at all; if not, the user is warned instead of left with the accuracy of chance."""

from __future__ import annotations

import warnings

import numpy as np

from sparse_mlp.models import Network

REMEDY = "raise the density, or take another wiring"


def warn_if_blind(network: Network) -> None:
    """Warn of a chain of sparse layers through which no path leads.

    Warns
    -----
    UserWarning
        Naming the layer that nothing reaches.
    """
    for unit in network.units:
        if unit.sources or any(unit.turned):
            continue  # what else reaches it is not looked at
        alive = None
        for layer in unit.layers:
            structure, _ = layer.units()
            reached = np.zeros(structure.n_out, bool)
            links = slice(None) if alive is None else alive[structure.rows()]
            reached[structure.indices[links]] = True
            if not reached.any():
                _warn(f"no path leads from the input through layer {layer.name!r}: its outputs never change; {REMEDY}")
                break
            alive = reached


class LearningCheck:
    """Warn once when no weight has a gradient, while the loss is not zero."""

    def __init__(self) -> None:
        self._warned = False

    def look(self, network: Network, loss: float, step: int) -> None:
        """Look at the gradient of the last batch.

        Parameters
        ----------
        network : Network
        loss : float
            Of the batch.
        step : int
            Batches trained.

        Warns
        -----
        UserWarning
            Naming the step.
        """
        store = network.store
        if self._warned or loss < 1e-3 or store.n_decayed == 0 or store.gradient[: store.n_decayed].any():
            return
        self._warned = True
        _warn(
            f"the gradient of all weights is zero at step {step}, with loss {loss:.3g}: only biases can still learn; "
            f"no neuron that the output reads is active; {REMEDY}, or lower the learning rate"
        )


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)
