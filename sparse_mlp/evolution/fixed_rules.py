"""The rules that leave the wiring alone: `static` keeps a sparse one, `dense` wants all links from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparse_mlp.evolution.three_stages import Streams
from sparse_mlp.evolution.update import EvolvingLayer, TopologyUpdate


@dataclass(frozen=True)
class FixedRule:
    """Leave the wiring as it is.

    Attributes
    ----------
    name : str
    wants_dense : bool
        Whether the net is to be built dense.
    """

    name: str
    wants_dense: bool = False

    def update(self, layers: Sequence[EvolvingLayer], progress: float, rng: Streams = None) -> TopologyUpdate:
        """Touch nothing and return a log without layers."""
        return TopologyUpdate()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: nothing."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned."""


def static_rule() -> FixedRule:
    """Make the rule that keeps the first wiring, the baseline of every evolving rule."""
    return FixedRule("static")


def dense_rule() -> FixedRule:
    """Make the rule that has the net built with all links and keeps them."""
    return FixedRule("dense", wants_dense=True)
