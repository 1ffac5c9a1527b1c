"""CH3-L3 regrowth in the robustness paper [Sulyok2026]."""

from __future__ import annotations

from functools import partial

from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.prediction import predicted_regrowth
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.schedules import zeta_schedule as make_zeta_schedule
from sparse_mlp.evolution.three_stages import ThreeStageRule


def ch3l3_rule(
    *,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    percolate: bool = True,
    predictor: str = "ch3-l3p",
    regrowth: str = "hard",
    ties: str = "index",
    new_weights: str = "kaiming",
    keep_regrown: bool = False,
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule that removes the smallest weights and regrows the links of highest Cannistraci-Hebb score.

    Parameters
    ----------
    zeta : float
        Fraction of the links that an update removes; the paper says "a small fraction".
    zeta_schedule : {"constant", "cosine", "linear"}
        Course of zeta; the last two reach 0 at the fraction `zeta_end` of training.
    zeta_end : float
    percolate : bool
        Whether stage 2 takes place. The paper calls it optional and does not say where it was on.
    predictor : str
        One of `link_prediction.PREDICTORS`.
    regrowth : {"hard", "soft"}
        The highest scores, or a draw in proportion to the scores.
    ties : {"random", "index"}
        Which of equal scores are taken in hard regrowth; unstated in the paper.
    new_weights : str
        Law of the new weights, see `new_weights.NewWeights`; the paper's is N(0, 2 / n_in).
    keep_regrown : bool
        Whether a link that was removed and grew again in the same update keeps its weight.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    The three stages of the robustness paper [Sulyok2026]:

    1. in each layer, remove the floor(zeta * nnz) links of smallest magnitude;
    2. remove the links of neurons that lie on no path from input to output;
    3. until each layer has as many links as before, add those with the highest CH3-L3 scores in what is left, with
       fresh weights; at random, where too few scores are positive.
    """
    return predicted_rule(
        "ch3l3", zeta=zeta, zeta_schedule=zeta_schedule, zeta_end=zeta_end, percolate=percolate, predictor=predictor,
        regrowth=regrowth, ties=ties, new_weights=new_weights, keep_regrown=keep_regrown, backend=backend,
    )  # fmt: skip


def predicted_rule(
    name: str,
    *,
    zeta: float,
    zeta_schedule: str,
    zeta_end: float,
    percolate: bool,
    predictor: str,
    regrowth: str,
    ties: str,
    new_weights: str,
    keep_regrown: bool,
    backend: str | None,
) -> ThreeStageRule:
    """Make a rule that removes by magnitude and regrows by link prediction; see `ch3l3_rule` for the options."""
    return ThreeStageRule(
        name=name,
        zeta_at=make_zeta_schedule(zeta_schedule, zeta, end=zeta_end),
        remove=partial(remove_by_magnitude, backend=backend),
        percolate=percolate,
        regrow=predicted_regrowth(predictor, regrowth, ties=ties, backend=backend),
        new_weights=NewWeights(new_weights, keep_regrown=keep_regrown),
        backend=backend,
    )
