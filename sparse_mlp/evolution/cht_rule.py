"""CHT: Cannistraci-Hebb training [Zhang2024]."""

from __future__ import annotations

from functools import partial

from sparse_mlp.evolution.early_stop import EarlyStop
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.prediction import predicted_regrowth
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.schedules import zeta_schedule as make_zeta_schedule
from sparse_mlp.evolution.three_stages import ThreeStageRule


def cht_rule(
    *,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    percolate: bool = True,
    predictor: str = "ch3-l3p",
    regrowth: str = "hard",
    ties: str = "index",
    new_weights: str = "zero",
    keep_regrown: bool = True,
    overlap_stop: float = 0.9,
    overlap_stop_scope: str = "global",
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule of CHT: remove the smallest weights, percolate, regrow by CH3-L3 until the wiring settles.

    Parameters
    ----------
    zeta : float
        Fraction of the links that an update removes.
    zeta_schedule : {"constant", "cosine", "linear"}
        Course of zeta; the last two reach 0 at the fraction `zeta_end` of training.
    zeta_end : float
    percolate : bool
        Whether links cut off from input or output are replaced too, "chain removal" in the code beside the paper.
    predictor : str
        One of `link_prediction.PREDICTORS`.
    regrowth : {"hard", "soft"}
        The highest scores, or a draw in proportion to the scores.
    ties : {"random", "index"}
        Which of equal scores are taken in hard regrowth.
    new_weights : str
        Law of the new weights, see `new_weights.NewWeights`.
    keep_regrown : bool
        Whether a link that was removed and grew again in the same update keeps its weight.
    overlap_stop : float
        A layer has settled when more than this fraction of its new links are ones that were just removed; 1 for never.
    overlap_stop_scope : {"global", "layer"}
        Whether evolution ends when all layers have settled, or each layer rests as soon as it has.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    One update of CHT [Zhang2024]:

    1. in each layer, remove the fraction zeta of the links, those of smallest magnitude;
    2. remove the links of neurons that lie on no path from input to output;
    3. in each layer, add as many links as have gone where the CH3-L3 scores of what is left are highest.

    The rest of CHT is the net's affair: `topology="correlated"` for the first wiring, `weights="swi"` for its weights.
    New links start at 0 and are often still the smallest at the next update; they then go, the scores bring them back,
    and the wiring has settled after a few updates (tutorial 07 follows it, 08 shows how soft rules go on).

    Differences from the original
    -----------------------------
    The code beside the paper lets all links in that tie with the last one, so that a layer may grow; here counts are
    exact. There an update replaces a step of the optimizer; here it follows one. There the wiring rests in the last
    quarter of training; here it does so with a falling zeta, a constant one goes on to the end. A link that was removed
    and grew again keeps its momentum there, here it starts anew.
    """
    return ThreeStageRule(
        name="cht",
        zeta_at=make_zeta_schedule(zeta_schedule, zeta, end=zeta_end),
        remove=partial(remove_by_magnitude, backend=backend),
        percolate=percolate,
        regrow=predicted_regrowth(predictor, regrowth, ties=ties, backend=backend),
        new_weights=NewWeights(new_weights, keep_regrown=keep_regrown),
        backend=backend,
        early_stop=EarlyStop(overlap_stop, overlap_stop_scope),
    )
