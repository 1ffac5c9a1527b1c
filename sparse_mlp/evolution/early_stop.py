"""When a layer regrows little else than what was just removed, its wiring has settled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sparse_mlp.errors import check_choice, check_fraction
from sparse_mlp.evolution.update import LayerUpdate
from sparse_mlp.measures import overlap

SCOPES = ("global", "layer")


def regrown_overlap(change: LayerUpdate) -> float:
    """Return which fraction of a layer's new links the same update had removed or percolated, 0 if none grew."""
    gone = np.ones(change.before.nnz, bool)
    gone[change.carry[change.carry >= 0]] = False
    return overlap(change.before.keys()[gone], change.after.keys()[change.carry < 0])


class EarlyStop:
    """Flag layers whose overlap of grown and removed links exceeds a threshold, and say who may rest.

    Parameters
    ----------
    threshold : float
        In [0, 1]; at 1 no layer is ever flagged, since no overlap exceeds it.
    scope : {"global", "layer"}
        Whether evolution goes on in all layers until all are flagged, or each flagged layer rests at once.

    Attributes
    ----------
    flagged : set of str
        Names of layers. A flag stays.

    Raises
    ------
    InvalidInputError
        If the threshold is no fraction or the scope is unknown.

    Notes
    -----
    Early stop of CHT [Zhang2024], with the threshold 0.9. "global" is what the code beside the paper does, "layer" what
    one may read in the paper's words.
    """

    def __init__(self, threshold: float = 1.0, scope: str = "global") -> None:
        self.threshold = check_fraction("overlap_stop", threshold, zero=True)
        self.scope = check_choice("overlap_stop_scope", scope, SCOPES)
        self.flagged: set[str] = set()

    def is_over(self, names: Iterable[str]) -> bool:
        """Tell whether all of these layers are flagged."""
        return self.flagged.issuperset(names)

    def rests(self, name: str) -> bool:
        """Tell whether this layer is to be left alone although others evolve."""
        return self.scope == "layer" and name in self.flagged

    def observe(self, changes: Iterable[LayerUpdate]) -> None:
        """Flag the layers of an update that have settled."""
        self.flagged |= {change.layer for change in changes if regrown_overlap(change) > self.threshold}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: the names of flagged layers, if there are any."""
        return {"settled": sorted(self.flagged)} if self.flagged else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self.flagged = set(state.get("settled", ()))
