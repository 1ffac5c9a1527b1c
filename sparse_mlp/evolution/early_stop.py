"""When a layer regrows little else than what was just removed, its evolution can stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sparse_mlp.errors import check_choice, check_fraction
from sparse_mlp.evolution.update import LayerUpdate

SCOPES = ("global", "layer")


class EarlyStop:
    """Stop layers whose overlap of grown and lost links exceeds a threshold.

    Parameters
    ----------
    threshold : float
        In [0, 1]; at 1 no layer ever stops, since no overlap exceeds it.
    scope : {"global", "layer"}
        Whether all layers evolve until the last one has stopped, or each one only until it has stopped itself.

    Notes
    -----
    Early stop of CHT [Zhang2024], with the threshold 0.9. "global" is what the published code does, "layer" what one
    may read in the paper's words.
    """

    def __init__(self, threshold: float = 1.0, scope: str = "global") -> None:
        self.threshold = check_fraction("overlap_stop", threshold, zero=True)
        self.scope = check_choice("overlap_stop_scope", scope, SCOPES)
        self.stopped: set[str] = set()  # names of layers; one that has stopped stays so

    def is_over(self, names: Iterable[str]) -> bool:
        """Tell whether all of these layers have stopped."""
        return self.stopped.issuperset(names)

    def spares(self, name: str) -> bool:
        """Tell whether this layer is to be left alone although others evolve."""
        return self.scope == "layer" and name in self.stopped

    def observe(self, changes: Iterable[LayerUpdate]) -> None:
        """Stop the layers of an update whose overlap exceeds the threshold."""
        if self.threshold < 1:
            self.stopped |= {change.layer for change in changes if change.overlap > self.threshold}

    def state(self) -> dict[str, Any]:
        """Return the names of stopped layers, if there are any, for a checkpoint."""
        return {"stopped": sorted(self.stopped)} if self.stopped else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""
        self.stopped = set(state.get("stopped", ()))
