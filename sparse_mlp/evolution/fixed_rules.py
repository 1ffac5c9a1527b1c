"""The rules that leave the wiring alone: `static` keeps a sparse one, `dense` wants all links from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparse_mlp.evolution.units import EvolvingUnit
from sparse_mlp.evolution.update import TopologyUpdate


@dataclass(frozen=True)
class FixedRule:
    """Leave the wiring as it is.

    Attributes
    ----------
    name : str
    wants_dense : bool
        Whether the network is to be built dense.
    initial_density, update_steps, wants_signals
        As of any rule; nothing is asked for.
    """

    name: str
    wants_dense: bool = False
    initial_density: float | None = None
    update_steps: int | None = None
    wants_signals: bool = False

    def update(self, units: Sequence[EvolvingUnit], progress: float, rng: Any = None) -> TopologyUpdate:
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
    """Make the rule that has the network built with all links and keeps them."""
    return FixedRule("dense", wants_dense=True)
