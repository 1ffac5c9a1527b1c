"""CHTs: Cannistraci-Hebb training with a soft rule [Zhang2025]."""

from __future__ import annotations

from sparse_mlp.evolution.early_stop import EarlyStop
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.prediction import predicted_regrowth
from sparse_mlp.evolution.schedules import zeta_schedule as make_zeta_schedule
from sparse_mlp.evolution.soft_keeping import soft_removal
from sparse_mlp.evolution.three_stages import ThreeStageRule


def chts_rule(
    *,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    delta_start: float = 0.5,
    delta_end: float = 0.75,
    alpha: float = 0.0,
    percolate: bool = True,
    predictor: str = "ch2-l3n",
    regrowth: str = "soft",
    ties: str = "index",
    new_weights: str = "zero",
    keep_regrown: bool = True,
    overlap_stop: float = 1.0,
    overlap_stop_scope: str = "global",
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule of CHTs: draw what stays by weight and what comes by link prediction.

    Parameters
    ----------
    zeta : float
        Fraction of the links that an update removes.
    zeta_schedule : {"constant", "cosine", "linear"}
        Course of zeta. The code beside the paper has both constant and cosine; which one made its table of perceptrons
        is not stated.
    zeta_end : float
        Fraction of training at which `delta_end` is reached, and zeta is 0 unless it is constant.
    delta_start, delta_end : float
        Softness of the removal at the start of training and at `zeta_end`, see `soft_keeping.soft_removal`; 1 and 1 for
        none.
    alpha : float
        1 to remove by magnitude, 0 by relative importance. The paper uses both and does not say which one where; on
        validation samples of Fashion-MNIST relative importance did better.
    percolate, ties, new_weights, keep_regrown, overlap_stop, overlap_stop_scope, backend
        As in `cht_rule`; no early stop unless asked for.
    predictor : str
        One of `link_prediction.PREDICTORS`; "ch3-l3p" in some rows of the paper's table of perceptrons.
    regrowth : {"soft", "hard"}
        A draw in proportion to the scores, or the highest of them.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    One update of CHTs [Zhang2025]:

    1. in each layer, draw the fraction 1 - zeta of the links that stay, with probability proportional to
       score ** (delta / (1 - delta));
    2. remove the links of neurons that lie on no path from input to output;
    3. in each layer, draw as many absent links as have gone, with probability proportional to their CH2-L3 scores.

    Differences from the original
    -----------------------------
    The code for language models beside the paper takes the highest scores, contrary to the paper; `regrowth="hard"`
    does so. An update follows a step of the optimizer and does not replace it. A constant zeta goes on to the end of
    training, where the codes rest in its last quarter. A link that was removed and grew again keeps its momentum there,
    here it starts anew.
    """
    return ThreeStageRule(
        name="chts",
        zeta_at=make_zeta_schedule(zeta_schedule, zeta, end=zeta_end),
        remove=soft_removal(delta_start, delta_end, end=zeta_end, alpha=alpha, backend=backend),
        percolate=percolate,
        regrow=predicted_regrowth(predictor, regrowth, ties=ties, backend=backend),
        new_weights=NewWeights(new_weights, keep_regrown=keep_regrown),
        backend=backend,
        early_stop=EarlyStop(overlap_stop, overlap_stop_scope),
    )
