"""CHT-Conv: Cannistraci-Hebb training of convolutions [Li2025]."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution.per_kernel import check_rooms, kernel_budgets, lost_by_kernel, remove_per_kernel
from sparse_mlp.evolution.predicted_regrowth import predicted_regrowth
from sparse_mlp.evolution.regrowth import Positions, check_room
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.schedules import ZetaSchedule
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.evolution.update import Mask
from sparse_mlp.layers import Linked
from sparse_mlp.link_prediction import GRAPHS, TIES, choose_links
from sparse_mlp.link_prediction.conv_scores import check_conv_predictor
from sparse_mlp.link_prediction.predictors import Predictor
from sparse_mlp.options import extends


@extends(three_stage_rule, new_weights="zero")
@extends(kernel_budgets)
@extends(predicted_regrowth)
def cht_conv_rule(
    *,
    predictor: str | Predictor = "ch3-l3n",
    graph: str = "kernel",
    budget: str = "kernel",
    regrowth: str = "hard",
    ties: str = "random",
    exclude_removed: bool = False,
    zeta_end: float = 0.75,
    **shared: Any,
) -> ThreeStageRule:
    """Make the rule of CHT-Conv: remove the smallest weights of each kernel, regrow by scores over all its windows.

    Parameters
    ----------
    predictor : str
        Which absent links score high: ch2-l3n or ch3-l3n, or your own, see `link_prediction.conv_score_matrix`.
    graph : {"kernel", "layer"}
        Which links a link is judged by: those of its own kernel, or those of all kernels; only the layer for a layer
        that is no convolution.
    exclude_removed : bool
        Whether positions that were just removed are closed to new links.
    zeta_schedule : {"constant", "cosine", "linear"}
        Course of zeta until `zeta_end`; the last two reach 0 there.
    zeta_end : float
        Fraction of training after which nothing is replaced any more.

    Notes
    -----
    One update of CHT-Conv [Li2025]:

    1. in each kernel, remove the floor(zeta * n) of its n links that have the smallest magnitude;
    2. in each kernel, add as many links where the scores of what is left are highest, with weights of 0. A score is the
       mean over all windows, see `link_prediction.conv_score_matrix`. Kernels without a link are filled at random.

    New links start at 0, are the smallest at the next update and go first; then the scores bring them back. Little else
    than these same links is replaced from the second update on: in a small network at density .3 some .85 of the new
    links had just gone, with 156 steps between two updates; with 31 steps more than .9, with random regrowth .12. The
    history tells the share of each update as `overlap`. Soft regrowth, `exclude_removed` and longer intervals lower it.

    The rule holds the scores of a layer, 8 bytes for each possible link.

    Differences from the original
    -----------------------------
    There is no published code. The paper does not state zeta, interval and end of evolution, what new links weigh, and
    whether budgets and graphs are those of kernels or of layers; the defaults are our reading. It does not percolate.
    """
    check_conv_predictor(predictor)
    check_choice("ties", ties, TIES)
    per_kernel = kernel_budgets(budget=budget)
    rule = three_stage_rule(
        "cht-conv",
        remove=remove_per_kernel if per_kernel else remove_by_magnitude,
        regrow=partial(
            regrow_by_scores,
            predictor=predictor,
            graph=check_choice("graph", graph, GRAPHS),
            per_kernel=per_kernel,
            soft=check_choice("regrowth", regrowth, ("hard", "soft")) == "soft",
            ties=ties,
            exclude_removed=exclude_removed,
        ),
        zeta_end=zeta_end,
        **shared,
    )
    return replace(rule, zeta_at=partial(_until, zeta_at=rule.zeta_at, end=zeta_end), planned_end=float(zeta_end))


def regrow_by_scores(
    layer: Linked, keep: Mask, k: int, *, rng: np.random.Generator, predictor: str | Predictor, graph: str,
    per_kernel: bool, soft: bool, ties: str, exclude_removed: bool,
) -> Positions:  # fmt: skip
    """Choose new positions by their scores in the wiring of the links that stay; arguments as in `regrowth`.

    Parameters
    ----------
    predictor, graph, soft, ties, exclude_removed
        See `cht_conv_rule`.
    per_kernel : bool
        Whether each output gets as many links as it lost, or the layer k.

    Raises
    ------
    InvalidInputError
        If there is no room for so many links, or the layer has no such graph or predictor.
    """
    closed, counts = np.ones_like(keep) if exclude_removed else keep, lost_by_kernel(layer, keep)
    remedy = ", or set exclude_removed=False" if exclude_removed else ""
    if per_kernel:
        check_rooms(layer, closed, counts, remedy)
    else:
        check_room(layer, closed, k, remedy)
    scores = layer.link_scores(predictor, layer.structure.select(keep), graph=graph)
    rows, cols = choose_links(
        layer.structure.select(closed), scores, counts if per_kernel else k, rng=rng, rows=layer.growable(),
        ties=ties, soft=soft,
    )  # fmt: skip
    return rows * layer.structure.n_out + cols


def _until(progress: float, *, zeta_at: ZetaSchedule, end: float) -> float:
    zeta = zeta_at(progress)
    return zeta if progress < end else 0.0
