"""The papers' protocols, and searches for what the papers do not tell."""

from __future__ import annotations

from sparse_mlp.experiments.feature_evaluation import FeatureEvaluation, evaluate_selection
from sparse_mlp.experiments.search_spaces import SEARCHED, search_space
from sparse_mlp.experiments.static_training import StaticTraining
from sparse_mlp.experiments.successive_halving import Rung, plan_rungs, successive_halving
from sparse_mlp.experiments.trade_off import TradeOff, break_even_weight, comprehensive_score
from sparse_mlp.experiments.wiring_search import WiringSearch, search_wirings

__all__ = [
    "SEARCHED",
    "FeatureEvaluation",
    "Rung",
    "StaticTraining",
    "TradeOff",
    "WiringSearch",
    "break_even_weight",
    "comprehensive_score",
    "evaluate_selection",
    "plan_rungs",
    "search_space",
    "search_wirings",
    "successive_halving",
]
