"""What new links weigh: drawn by a law, as before if they were there a moment ago, or as when they last were there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution.update import LayerUpdate
from sparse_mlp.topology import INITIAL_WEIGHTS, initial_weights

Array = NDArray[Any]
HISTORICAL = "historical"
LAWS = (*INITIAL_WEIGHTS, HISTORICAL)
POSITIONS, WEIGHTS = ".remembered_positions", ".remembered_weights"


class NewWeights:
    """Give the new links of an update their weights.

    Parameters
    ----------
    law : str
        A name of `topology.INITIAL_WEIGHTS`, or "historical": the weight that the link had when it was last taken away,
        0 for one that never was.
    keep_regrown : bool
        Whether a link that was taken away and grew again in the same update keeps its weight.

    Attributes
    ----------
    memory : dict of str to (int64 (k,), float (k,) or (k, m, m))
        For "historical", of each layer the ascending row-major positions of links that once were, and are not now, and
        their weights.

    Raises
    ------
    InvalidInputError
        If the law is unknown.

    Notes
    -----
    The codes beside [Zhang2024] and [Zhang2025] start new links at 0 and keep the weights of regrown ones; appendix J
    of the latter gives links their historical weights. An optimizer's state starts at zero in any case.

    Differences from the original
    -----------------------------
    Those codes hide links behind a mask, so a regrown link there keeps its momentum too.
    """

    def __init__(self, law: str, *, keep_regrown: bool = False) -> None:
        self.law = check_choice("new_weights", law, LAWS)
        self.keep_regrown = bool(keep_regrown)
        self.memory: dict[str, tuple[Array, Array]] = {}

    def draw(self, change: LayerUpdate, weight: Array, rng: np.random.Generator, *, motif_size: int = 1) -> Array:
        """Return the weights of the new links of one layer, in link order.

        Parameters
        ----------
        change : LayerUpdate
        weight : float (change.before.nnz,) or (change.before.nnz, m, m)
            Weights before the update; blocks of them make blocks of new ones.
        rng : numpy.random.Generator
            Moves by one number for each new weight, or not at all, as the law has it.
        motif_size : int
            Neurons that a link joins on either side.
        """
        if self.law == HISTORICAL:
            return self._recall(change, weight)
        shape = len(change.grown[0]), *weight.shape[1:]
        values = initial_weights(
            self.law, change.after, rng=rng, dtype=weight.dtype, count=math.prod(shape), motif_size=motif_size,
            equal_inputs=motif_size if weight.ndim == 1 else 1,
        ).reshape(shape)  # fmt: skip
        return _overwritten(values, _grown(change), _gone(change, weight)) if self.keep_regrown else values

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: the remembered links of each layer."""
        arrays: dict[str, Any] = {}
        for name, (positions, weights) in self.memory.items():
            arrays |= {name + POSITIONS: positions, name + WEIGHTS: weights}
        return arrays

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        names = [key.removesuffix(POSITIONS) for key in state if key.endswith(POSITIONS)]
        self.memory = {name: (np.array(state[name + POSITIONS]), np.array(state[name + WEIGHTS])) for name in names}

    def _recall(self, change: LayerUpdate, weight: Array) -> Array:
        grown, (positions, weights) = _grown(change), _gone(change, weight)
        if change.layer in self.memory:  # of absent positions alone, so none of them has gone again
            positions = np.concatenate((positions, self.memory[change.layer][0]))
            weights = np.concatenate((weights, self.memory[change.layer][1]))
        order = np.argsort(positions)
        positions, weights = positions[order], weights[order]
        values = _overwritten(np.zeros((len(grown), *weights.shape[1:]), weights.dtype), grown, (positions, weights))
        absent = ~np.isin(positions, grown)
        self.memory[change.layer] = positions[absent], weights[absent]
        return values


def _grown(change: LayerUpdate) -> NDArray[np.int64]:
    """Return the ascending positions of the new links."""
    return change.after.keys()[change.carry < 0]


def _gone(change: LayerUpdate, weight: Array) -> tuple[Array, Array]:
    """Return ascending positions and weights of the links that did not survive."""
    gone = np.ones(change.before.nnz, bool)
    gone[change.carry[change.carry >= 0]] = False
    return change.before.keys()[gone], weight[gone]


def _overwritten(values: Array, grown: Array, known: tuple[Array, Array]) -> Array:
    """Return `values` of the grown positions, replaced where the weight of a position is known."""
    _, at, known_at = np.intersect1d(grown, known[0], assume_unique=True, return_indices=True)
    values[at] = known[1][known_at]
    return values
