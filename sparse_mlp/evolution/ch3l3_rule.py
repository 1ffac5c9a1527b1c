"""CH3-L3 regrowth in the robustness paper [Sulyok2026]."""

from __future__ import annotations

from typing import Any

from sparse_mlp.evolution.predicted_regrowth import predicted_regrowth
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.link_prediction.predictors import Predictor
from sparse_mlp.options import extends


@extends(three_stage_rule, percolate=True)
@extends(predicted_regrowth)
def ch3l3_rule(
    *, predictor: str | Predictor = "ch3-l3p", regrowth: str = "hard", ties: str = "index", **shared: Any
) -> ThreeStageRule:
    """Make the rule that removes the smallest weights and regrows the links of highest Cannistraci-Hebb score.

    Notes
    -----
    The three stages of the robustness paper [Sulyok2026]:

    1. in each layer, remove the floor(zeta * nnz) links of smallest magnitude;
    2. remove the links of neurons that lie on no path from input to output;
    3. until each layer has as many links as before, add those with the highest CH3-L3 scores in what is left, with
       fresh weights from N(0, 2 / n_in); at random, where too few scores are positive.

    The paper says "a small fraction" for zeta, calls stage 2 optional and does not say how ties are broken.
    """
    return three_stage_rule(
        "ch3l3", remove=remove_by_magnitude, regrow=predicted_regrowth(predictor, regrowth, ties), **shared
    )
