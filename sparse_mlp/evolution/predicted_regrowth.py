"""New links where link prediction expects them, from the wiring alone."""

from __future__ import annotations

from functools import partial

import numpy as np

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution.regrowth import Positions, Regrowth, check_room
from sparse_mlp.evolution.update import Mask
from sparse_mlp.layers import Linked
from sparse_mlp.link_prediction import PREDICTORS, TIES
from sparse_mlp.link_prediction.predictors import Predictor
from sparse_mlp.plugins import find


def predicted_regrowth(predictor: str | Predictor = "ch3-l3p", regrowth: str = "hard", ties: str = "index") -> Regrowth:
    """Make a regrowth by link prediction; it can be pickled.

    Parameters
    ----------
    predictor : str
        Which absent links score high: one of `link_prediction.PREDICTORS`, or your own, see
        `link_prediction.score_matrix`.
    regrowth : {"hard", "soft"}
        Whether the positions of highest score grow, or a draw in proportion to the scores.
    ties : {"index", "random"}
        Which of equal scores are taken in hard regrowth: the first in row-major order, or any.

    Notes
    -----
    Hard regrowth is that of CHT [Zhang2024] and of the robustness paper [Sulyok2026], soft regrowth that of CHTs
    [Zhang2025].

    Differences from the original
    -----------------------------
    The code of [Zhang2024] lets all links in that tie with the k-th, so that the layer may grow; here k grow.
    """
    find("predictor", predictor, PREDICTORS)
    check_choice("ties", ties, TIES)
    soft = check_choice("regrowth", regrowth, ("hard", "soft")) == "soft"
    return partial(regrow_predicted, predictor=predictor, soft=soft, ties=ties)


def regrow_predicted(
    layer: Linked, keep: Mask, k: int, *, rng: np.random.Generator, predictor: str | Predictor, soft: bool, ties: str
) -> Positions:
    """Choose k absent positions by their scores in the wiring of the links that stay; arguments as in `regrowth`.

    The generator draws positions without replacement if `soft`, decides about ties, and fills up at random where too
    few scores are positive.
    """
    check_room(layer, keep, k)
    left = layer.structure.select(keep)
    if soft:
        rows, cols = layer.sample_links(left, predictor, k, rng=rng)
    else:
        rows, cols = layer.top_links(left, predictor, k, rng=rng, ties=ties)
    return np.sort(rows.astype(np.int64) * left.n_out + cols)
