"""How the wiring evolves: remove, percolate, regrow, and the named rules composed of them."""

from __future__ import annotations

from sparse_mlp.evolution.density_decay import DENSITY_DECAYS, density_schedule
from sparse_mlp.evolution.early_stop import EarlyStop, regrown_overlap
from sparse_mlp.evolution.gradient_regrowth import regrow_by_gradient
from sparse_mlp.evolution.importance import keep_most_important, link_importance, remove_by_importance
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.percolation import percolate, warn_disconnected
from sparse_mlp.evolution.prediction import predicted_regrowth, regrow_best, regrow_likely
from sparse_mlp.evolution.random_rule import REMOVALS
from sparse_mlp.evolution.regrowth import regrow_random
from sparse_mlp.evolution.removal import remove_by_magnitude, remove_by_sign
from sparse_mlp.evolution.rules import RULES, Rule, make_rule, register
from sparse_mlp.evolution.schedules import ZETA_SCHEDULES, zeta_schedule
from sparse_mlp.evolution.soft_keeping import remove_softly, soft_removal
from sparse_mlp.evolution.survival import LinkHistory
from sparse_mlp.evolution.three_stages import ThreeStageRule
from sparse_mlp.evolution.update import (
    EvolvingLayer,
    LayerSignals,
    LayerUpdate,
    Signals,
    TopologyUpdate,
    WeightedLinks,
)

__all__ = [
    "DENSITY_DECAYS",
    "REMOVALS",
    "RULES",
    "ZETA_SCHEDULES",
    "EarlyStop",
    "EvolvingLayer",
    "LayerSignals",
    "LayerUpdate",
    "LinkHistory",
    "NewWeights",
    "Rule",
    "Signals",
    "ThreeStageRule",
    "TopologyUpdate",
    "WeightedLinks",
    "density_schedule",
    "keep_most_important",
    "link_importance",
    "make_rule",
    "percolate",
    "predicted_regrowth",
    "register",
    "regrow_best",
    "regrow_by_gradient",
    "regrow_likely",
    "regrow_random",
    "regrown_overlap",
    "remove_by_importance",
    "remove_by_magnitude",
    "remove_by_sign",
    "remove_softly",
    "soft_removal",
    "warn_disconnected",
    "zeta_schedule",
]
