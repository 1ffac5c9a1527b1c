"""What SET and RLR have in common: links go by weight and come at random."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sparse_mlp.errors import check_choice
from sparse_mlp.evolution.importance import remove_by_importance
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.regrowth import regrow_random
from sparse_mlp.evolution.removal import remove_by_magnitude, remove_by_sign
from sparse_mlp.evolution.schedules import zeta_schedule as make_zeta_schedule
from sparse_mlp.evolution.three_stages import ThreeStageRule
from sparse_mlp.evolution.update import Mask

REMOVALS: dict[str, Callable[..., Mask]] = {
    "magnitude": remove_by_magnitude,
    "sign": remove_by_sign,
    "importance": remove_by_importance,
}


def random_regrowth_rule(
    name: str,
    *,
    zeta: float,
    zeta_schedule: str,
    zeta_end: float,
    removal: str,
    percolate: bool,
    exclude_removed: bool,
    new_weights: str,
    backend: str | None,
) -> ThreeStageRule:
    """Make a rule that removes by weight and regrows at random; see `set_rule` for the options."""
    return ThreeStageRule(
        name=name,
        zeta_at=make_zeta_schedule(zeta_schedule, zeta, end=zeta_end),
        remove=partial(REMOVALS[check_choice("removal", removal, REMOVALS)], backend=backend),
        percolate=percolate,
        regrow=partial(regrow_random, exclude_removed=exclude_removed, backend=backend),
        new_weights=NewWeights(new_weights),
        backend=backend,
    )
