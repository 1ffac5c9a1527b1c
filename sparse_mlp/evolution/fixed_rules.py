"""The rules that leave the wiring alone: `static` keeps a sparse one, `dense` wants all links from the start."""

from __future__ import annotations

from dataclasses import replace

from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.set_rule import regrow_random
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule


def static_rule() -> ThreeStageRule:
    """Make the rule that keeps the first wiring, the baseline of every evolving rule: zeta is 0."""
    return three_stage_rule("static", remove=remove_by_magnitude, regrow=regrow_random, zeta=0.0)


def dense_rule() -> ThreeStageRule:
    """Make the rule that has the network built with all links and keeps them."""
    return replace(static_rule(), name="dense", wants_dense=True)
