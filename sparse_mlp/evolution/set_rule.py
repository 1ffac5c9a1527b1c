"""SET, sparse evolutionary training [Mocanu2018]: the rule, and its two stages."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sparse_mlp.errors import check_choice, check_fraction
from sparse_mlp.evolution.per_kernel import kernel_budgets, regrow_random_per_kernel, remove_per_kernel
from sparse_mlp.evolution.regrowth import Positions, check_room
from sparse_mlp.evolution.removal import (
    Removal,
    WeightedLinks,
    checked_weight,
    remove_by_importance,
    remove_by_magnitude,
)
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.evolution.update import Mask
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.layers import Linked
from sparse_mlp.options import extends
from sparse_mlp.topology.sampling import sample_distinct


@extends(three_stage_rule, new_weights="he-uniform")
@extends(kernel_budgets)
def set_rule(
    *, removal: str = "sign", exclude_removed: bool = False, budget: str = "layer", **shared: Any
) -> ThreeStageRule:
    """Make the rule of SET: remove weights near zero sign by sign, regrow as many links at random.

    Parameters
    ----------
    removal : {"sign", "magnitude", "importance"}
        Which weights go: sign by sign, all together, or by relative importance, see `removal.link_importance`.
    exclude_removed : bool
        Whether positions that were just removed are closed to new links.

    Notes
    -----
    The algorithm of SET [Mocanu2018], at the end of each epoch, in each sparse layer:

    1. remove the fraction zeta of the smallest positive and of the largest negative weights: `remove_by_sign`;
    2. add as many new links at random: `regrow_random`.

    `ThreeStageRule.update` calls both. Percolation is not part of SET.
    """
    remove, regrow = REMOVALS[check_choice("removal", removal, REMOVALS)], regrow_random
    if kernel_budgets(budget=budget):
        remove, regrow = partial(remove_per_kernel, by=removal), regrow_random_per_kernel
    return three_stage_rule("set", remove=remove, regrow=partial(regrow, exclude_removed=exclude_removed), **shared)


def remove_by_sign(links: WeightedLinks, zeta: float, **_: Any) -> Mask:
    """Remove the smallest positive and the largest negative weights, the share zeta of each.

    Parameters and errors are those of `removal.remove_by_magnitude`.

    Returns
    -------
    bool (nnz,)
        False for the floor(zeta * count) removed links of each sign. Zeros count as positive. Among equal weights the
        first link in row-major order goes first.

    Notes
    -----
    SET [Mocanu2018], section "Methods".

    Differences from the original
    -----------------------------
    The 2018 code keeps what lies strictly beyond two thresholds and takes the stored weight nearest to zero for zero
    itself; so up to one link more goes per sign, and ties all go together. Of the weights -.9 -.5 -.3 -.1 .05 .2 .4
    .8 1 at zeta = .3 it removes five in one version and four in the other; here floor(.3 * 4) + floor(.3 * 5) = 2 go.
    """
    return evolution_ops().remove_by_sign(checked_weight(links), check_fraction("zeta", zeta, zero=True))


REMOVALS: dict[str, Removal] = {
    "magnitude": remove_by_magnitude,
    "sign": remove_by_sign,
    "importance": remove_by_importance,
}


def regrow_random(
    layer: Linked, keep: Mask, k: int, *, rng: np.random.Generator, exclude_removed: bool = False
) -> Positions:
    """Choose k new positions, uniformly at random among the absent ones; arguments as in `regrowth`.

    Parameters
    ----------
    exclude_removed : bool
        Whether positions of links that went in this update are closed to new links.

    Raises
    ------
    InvalidInputError
        If fewer than k positions are absent, or `exclude_removed` leaves fewer.

    Notes
    -----
    Ranks among the absent positions are drawn, then found in one pass, so nothing is rejected and a layer may be as
    dense as it likes. Cost O(nnz + k).

    Differences from the original
    -----------------------------
    The 2018 code draws positions until one is free, which stalls in a nearly dense layer.
    """
    structure, rows = layer.structure, layer.growable()
    closed = np.ones_like(keep) if exclude_removed else keep
    absent = check_room(layer, closed, k, ", or set exclude_removed=False" if exclude_removed else "")
    taken, n_out = structure.keys().compress(closed), structure.n_out
    if rows is None:
        return evolution_ops().sample_absent(taken, structure.n_in * n_out, sample_distinct(absent, k, rng))
    # Count positions as if there were no rows but those that may bear links, and put the rows back in at the end.
    taken = taken[np.isin(taken // n_out, rows)]
    taken = np.searchsorted(rows, taken // n_out) * n_out + taken % n_out
    found = evolution_ops().sample_absent(taken, len(rows) * n_out, sample_distinct(absent, k, rng))
    return rows[found // n_out] * n_out + found % n_out
