"""How the wiring evolves: remove, percolate, regrow, and the named rules composed of them."""

from __future__ import annotations

from sparse_mlp.evolution.percolation import percolate, warn_disconnected
from sparse_mlp.evolution.regrowth import regrow_random
from sparse_mlp.evolution.removal import REMOVALS, remove_by_magnitude, remove_by_sign
from sparse_mlp.evolution.rules import RULES, Rule, make_rule, register
from sparse_mlp.evolution.schedules import ZETA_SCHEDULES, zeta_schedule
from sparse_mlp.evolution.survival import LinkHistory
from sparse_mlp.evolution.three_stages import ThreeStageRule
from sparse_mlp.evolution.update import EvolvingLayer, LayerUpdate, TopologyUpdate

__all__ = [
    "REMOVALS",
    "RULES",
    "ZETA_SCHEDULES",
    "EvolvingLayer",
    "LayerUpdate",
    "LinkHistory",
    "Rule",
    "ThreeStageRule",
    "TopologyUpdate",
    "make_rule",
    "percolate",
    "register",
    "regrow_random",
    "remove_by_magnitude",
    "remove_by_sign",
    "warn_disconnected",
    "zeta_schedule",
]
