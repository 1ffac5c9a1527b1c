"""What new links weigh: drawn, as before if they were there a moment ago, or as when they last were there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.update import LayerUpdate
from sparse_mlp.layers import Linked
from sparse_mlp.plugins import find
from sparse_mlp.topology.initial_weights import INITIAL_WEIGHTS, Distribution

Array = NDArray[Any]
HISTORICAL = "historical"
POSITIONS, WEIGHTS = ".remembered_positions", ".remembered_weights"


class NewWeights:
    """Give the new links of an update their weights.

    Parameters
    ----------
    distribution : str or callable
        As in `topology.initial_weights`, or "historical": the weight that the link had when it was last taken away, 0
        for one that never was.
    keep_regrown : bool
        Whether a link that was taken away and grew again in the same update keeps its weight.

    Attributes
    ----------
    memory : dict of str to (int64 (k,), float (k, …))
        For "historical", of each layer the ascending row-major positions of links that once were, and are not now, and
        their weights.

    Notes
    -----
    The codes of [Zhang2024] and [Zhang2025] start new links at 0 and keep the weights of regrown ones; appendix J of
    the latter gives links their historical weights. An optimizer's state starts at zero in any case.

    Differences from the original
    -----------------------------
    Those codes hide links behind a mask, so a regrown link there keeps its momentum too.
    """

    def __init__(self, distribution: str | Distribution, *, keep_regrown: bool = False) -> None:
        find("new_weights", distribution, {**INITIAL_WEIGHTS, HISTORICAL: None})
        self.distribution = distribution
        self.keep_regrown = bool(keep_regrown)
        self.memory: dict[str, tuple[Array, Array]] = {}

    def draw(self, change: LayerUpdate, layer: Linked, rng: np.random.Generator) -> Array:
        """Return the weights of the new links, float (new links, …), in link order.

        The layer still has the weights from before the update. The generator moves by one number for each new weight,
        or not at all, as the distribution has it.
        """
        if self.distribution == HISTORICAL:
            return self._recall(change, layer.weight)
        values = layer.draw(self.distribution, change.after, len(change.grown_positions), rng)
        if self.keep_regrown:
            again = change.regrown_from >= 0
            values[again] = layer.weight[change.regrown_from[again]]
        return values

    def state(self) -> dict[str, Any]:
        """Return the remembered links of each layer, for a checkpoint."""
        arrays: dict[str, Any] = {}
        for name, (positions, weights) in self.memory.items():
            arrays |= {name + POSITIONS: positions, name + WEIGHTS: weights}
        return arrays

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned.

        Raises
        ------
        InvalidInputError
            If positions and weights of a layer do not fit each other.
        """
        names = [key.removesuffix(POSITIONS) for key in state if key.endswith(POSITIONS)]
        self.memory = {name: _remembered(name, state) for name in names}

    def _recall(self, change: LayerUpdate, weight: Array) -> Array:
        grown, lost = change.grown_positions, ~change.after_percolation
        positions, weights = change.before.keys()[lost], weight[lost]
        if change.layer in self.memory:  # absent positions only, so none of them was lost just now
            positions = np.concatenate((positions, self.memory[change.layer][0]))
            weights = np.concatenate((weights, self.memory[change.layer][1]))
        order = np.argsort(positions)
        positions, weights = positions[order], weights[order]
        values = np.zeros((len(grown), *weights.shape[1:]), weights.dtype)
        _, at, known_at = np.intersect1d(grown, positions, assume_unique=True, return_indices=True)
        values[at] = weights[known_at]
        absent = np.ones(len(positions), bool)
        absent[known_at] = False
        self.memory[change.layer] = positions[absent], weights[absent]
        return values


def _remembered(name: str, state: Mapping[str, Any]) -> tuple[Array, Array]:
    positions, weights = np.array(state[name + POSITIONS]), np.array(state.get(name + WEIGHTS))
    ascending = positions.dtype == np.int64 and positions.ndim == 1 and np.all(np.diff(positions, prepend=-1) > 0)
    if not ascending or weights.dtype not in (np.float32, np.float64) or weights.shape[:1] != positions.shape:
        found = f"remembered weights of {name}: {positions.dtype} {positions.shape}, {weights.dtype} {weights.shape}"
        raise invalid(found, "ascending positions, and as many weights")
    return positions, weights
