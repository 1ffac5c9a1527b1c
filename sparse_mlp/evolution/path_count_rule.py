"""Regrowth by path count in the robustness paper [Sulyok2026]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sparse_mlp.evolution.ch3l3_rule import ch3l3_rule
from sparse_mlp.evolution.three_stages import ThreeStageRule
from sparse_mlp.options import extends


@extends(ch3l3_rule, "predictor", ties="random")
def path_count_rule(**options: Any) -> ThreeStageRule:
    """Make the rule that removes the smallest weights and regrows the links that most short paths would close.

    Notes
    -----
    As `ch3l3_rule`, with the number of paths of length three between two neurons as the score. The robustness paper
    [Sulyok2026] does not give the length; three is the shortest that an absent link of a layer can have. Path counts
    are small whole numbers, so `ties` decides about many links.
    """
    return replace(ch3l3_rule(predictor="path-count", **options), name="path-count")
