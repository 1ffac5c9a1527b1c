"""CHTs: Cannistraci-Hebb training with a soft rule [Zhang2025]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sparse_mlp.evolution.predicted_regrowth import predicted_regrowth
from sparse_mlp.evolution.soft_removal import soft_removal
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.link_prediction.predictors import Predictor
from sparse_mlp.options import extends


@extends(three_stage_rule, percolate=True, new_weights="zero", keep_regrown=True)
@extends(predicted_regrowth)
def chts_rule(
    *,
    delta_start: float = 0.5,
    delta_end: float = 0.75,
    alpha: float = 0.0,
    predictor: str | Predictor = "ch2-l3n",
    regrowth: str = "soft",
    ties: str = "index",
    zeta_end: float = 0.75,
    **shared: Any,
) -> ThreeStageRule:
    """Make the rule of CHTs: draw what stays by weight and what comes by link prediction.

    Parameters
    ----------
    delta_start, delta_end : float
        Softness of the removal at the start of training and at `zeta_end`, see `soft_removal`; 1 and 1 for none.
    alpha : float
        1 to remove by magnitude, 0 by relative importance. The paper uses both and does not say which one where; on
        validation samples of Fashion-MNIST relative importance did better.
    zeta_end : float
        Fraction of training at which `delta_end` is reached, and after which a falling zeta is 0.

    Notes
    -----
    One update of CHTs [Zhang2025]:

    1. in each layer, draw the fraction 1 - zeta of the links that stay, with probability proportional to
       score ** (delta / (1 - delta));
    2. remove the links of neurons that lie on no path from input to output;
    3. in each layer, draw as many absent links as have gone, with probability proportional to their CH2-L3 scores.

    In some rows of the paper's table of perceptrons the predictor is CH3-L3. The published code has constant and cosine
    schedules of zeta; which one made that table is not stated.

    Differences from the original
    -----------------------------
    The published code for language models takes the highest scores, contrary to the paper; `regrowth="hard"` does so.
    An update follows a step of the optimizer and does not replace it. A constant zeta goes on to the end of training,
    where the published codes rest in its last quarter. A link that was removed and grew again keeps its momentum there;
    here its momentum starts at 0.
    """
    rule = three_stage_rule(
        "chts",
        remove=soft_removal(delta_start, delta_end, end=zeta_end, alpha=alpha),
        regrow=predicted_regrowth(predictor, regrowth, ties),
        zeta_end=zeta_end,
        **shared,
    )
    return rule if delta_start == delta_end else replace(rule, planned_end=zeta_end)
