"""What a rule becomes when training continues with a network that exists."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sparse_mlp.evolution import Rule, ThreeStageRule
from sparse_mlp.evolution.density_decay import DensitySchedule
from sparse_mlp.models import Network


def resume_density(rule: Rule, model: Network) -> Rule:
    """Return the rule with a density that decays from that of the trained model, and not from the start again.

    It is the same rule if its density does not decay.
    """
    if not isinstance(rule, ThreeStageRule) or rule.density_at is None or not model.evolving_layers:
        return rule
    return replace(rule, density_at=partial(_at_most, density_at=rule.density_at, limit=_density(model)))


def _at_most(progress: float, density_at: DensitySchedule, limit: float) -> float:
    return min(limit, density_at(progress))


def _density(model: Network) -> float:
    """Return the density that gives, rounded, the number of links of every layer, if there is one."""
    wirings = [layer.structure for layer in model.evolving_layers]
    lowest = max((wiring.nnz - 0.5) / (wiring.n_in * wiring.n_out) for wiring in wirings)
    highest = min((wiring.nnz + 0.5) / (wiring.n_in * wiring.n_out) for wiring in wirings)
    return (lowest + highest) / 2
