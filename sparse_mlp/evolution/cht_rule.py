"""CHT: Cannistraci-Hebb training [Zhang2024]."""

from __future__ import annotations

from typing import Any

from sparse_mlp.evolution.predicted_regrowth import predicted_regrowth
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.link_prediction.predictors import Predictor
from sparse_mlp.options import extends


@extends(three_stage_rule, percolate=True, new_weights="zero", keep_regrown=True, overlap_stop=0.9)
@extends(predicted_regrowth)
def cht_rule(
    *, predictor: str | Predictor = "ch3-l3p", regrowth: str = "hard", ties: str = "index", **shared: Any
) -> ThreeStageRule:
    """Make the rule of CHT: remove the smallest weights, percolate, regrow by CH3-L3 until the wiring settles.

    Notes
    -----
    One update of CHT [Zhang2024]:

    1. in each layer, remove the fraction zeta of the links, those of smallest magnitude;
    2. remove the links of neurons that lie on no path from input to output, "chain removal" in the published code;
    3. in each layer, add as many links as have gone where the CH3-L3 scores of what is left are highest.

    The rest of CHT is a matter of the network: `topology="correlated"` for the first wiring, `weights="swi"` for its
    weights. New links start at 0 and are often still the smallest at the next update; they then go, the scores bring
    them back, and evolution stops after a few updates (tutorial 07 follows it, 08 shows how soft rules go on).

    Differences from the original
    -----------------------------
    The published code lets all links in that tie with the last one, so that a layer may grow; here counts are exact.
    There an update replaces a step of the optimizer; here it follows one. There the wiring rests in the last quarter of
    training; here it does so with a falling zeta, a constant one goes on to the end. A link that was removed and grew
    again keeps its momentum there; here its momentum starts at 0.
    """
    return three_stage_rule(
        "cht", remove=remove_by_magnitude, regrow=predicted_regrowth(predictor, regrowth, ties), **shared
    )
