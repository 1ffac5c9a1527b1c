"""Campaigns, the figures of the papers, and searches for what the papers leave open."""

from __future__ import annotations

from sparse_mlp.experiments.campaign import CampaignOutcome, run_campaign
from sparse_mlp.experiments.feature_evaluation import FeatureEvaluation, draw_evaluations, evaluate_selection
from sparse_mlp.experiments.measurements import MEASUREMENTS
from sparse_mlp.experiments.planned_run import PlannedRun, make_run_id, plan_run
from sparse_mlp.experiments.recipe import Preset, Recipe, load_recipe, recipe_names
from sparse_mlp.experiments.search_spaces import SEARCHED, search_space
from sparse_mlp.experiments.store import Store
from sparse_mlp.experiments.successive_halving import Rung, plan_rungs, successive_halving
from sparse_mlp.experiments.trade_off import (
    PUBLISHED_SECONDS_PER_EPOCH,
    PUBLISHED_TRADE_OFFS,
    TradeOff,
    break_even_weight,
    comprehensive_score,
)
from sparse_mlp.experiments.wiring_search import WiringSearch, search_wirings

__all__ = [
    "MEASUREMENTS",
    "PUBLISHED_SECONDS_PER_EPOCH",
    "PUBLISHED_TRADE_OFFS",
    "SEARCHED",
    "CampaignOutcome",
    "FeatureEvaluation",
    "PlannedRun",
    "Preset",
    "Recipe",
    "Rung",
    "Store",
    "TradeOff",
    "WiringSearch",
    "break_even_weight",
    "comprehensive_score",
    "draw_evaluations",
    "evaluate_selection",
    "load_recipe",
    "make_run_id",
    "plan_run",
    "plan_rungs",
    "recipe_names",
    "run_campaign",
    "search_space",
    "search_wirings",
    "successive_halving",
]
