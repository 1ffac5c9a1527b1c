"""SET: sparse evolutionary training [Mocanu2018]."""

from __future__ import annotations

from functools import partial
from typing import Any

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution.regrowth import regrow_random
from sparse_mlp.evolution.removal import REMOVALS
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.options import extends


@extends(three_stage_rule, new_weights="he-uniform")
def set_rule(*, removal: str = "sign", exclude_removed: bool = False, **shared: Any) -> ThreeStageRule:
    """Make the rule of SET: remove weights near zero sign by sign, regrow as many links at random.

    Parameters
    ----------
    removal : {"sign", "magnitude", "importance"}
        Which weights go: sign by sign, all together, or by relative importance, see `removal.link_importance`.
    exclude_removed : bool
        Whether positions that were just removed are closed to new links.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    The algorithm of SET [Mocanu2018], at the end of each epoch, in each sparse layer:

    1. remove the fraction zeta of the smallest positive and of the largest negative weights;
    2. add as many new links at random.

    Percolation is not part of SET.
    """
    return three_stage_rule(
        "set",
        remove=REMOVALS[check_choice("removal", removal, REMOVALS)],
        regrow=partial(regrow_random, exclude_removed=exclude_removed),
        **shared,
    )
