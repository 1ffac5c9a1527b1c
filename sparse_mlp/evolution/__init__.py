"""How the wiring evolves: remove, percolate, regrow, and the named rules composed of them."""

from __future__ import annotations

from sparse_mlp.evolution.density_decay import DENSITY_DECAYS, density_schedule
from sparse_mlp.evolution.early_stop import EarlyStop
from sparse_mlp.evolution.gradient_regrowth import regrow_by_gradient
from sparse_mlp.evolution.link_ages import LinkAges
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.percolation import percolate, warn_disconnected
from sparse_mlp.evolution.predicted_regrowth import predicted_regrowth
from sparse_mlp.evolution.removal import (
    keep_most_important,
    link_importance,
    remove_by_importance,
    remove_by_magnitude,
)
from sparse_mlp.evolution.rules import RULES, Rule, make_rule
from sparse_mlp.evolution.schedules import ZETA_SCHEDULES, zeta_schedule
from sparse_mlp.evolution.set_rule import REMOVALS, regrow_random, remove_by_sign
from sparse_mlp.evolution.soft_removal import soft_removal
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.evolution.units import EvolvingUnit, one_chain
from sparse_mlp.evolution.update import LayerUpdate, TopologyUpdate

__all__ = [
    "DENSITY_DECAYS",
    "REMOVALS",
    "RULES",
    "ZETA_SCHEDULES",
    "EarlyStop",
    "EvolvingUnit",
    "LayerUpdate",
    "LinkAges",
    "NewWeights",
    "Rule",
    "ThreeStageRule",
    "TopologyUpdate",
    "density_schedule",
    "keep_most_important",
    "link_importance",
    "make_rule",
    "one_chain",
    "percolate",
    "predicted_regrowth",
    "regrow_by_gradient",
    "regrow_random",
    "remove_by_importance",
    "remove_by_magnitude",
    "remove_by_sign",
    "soft_removal",
    "three_stage_rule",
    "warn_disconnected",
    "zeta_schedule",
]
