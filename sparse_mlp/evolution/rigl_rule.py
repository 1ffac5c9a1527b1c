"""RigL: rigging the lottery [Evci2020]."""

from __future__ import annotations

from functools import partial
from typing import Any

from sparse_mlp.errors import check_integer
from sparse_mlp.evolution.gradient_regrowth import regrow_by_gradient
from sparse_mlp.evolution.per_kernel import kernel_budgets, remove_per_kernel
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.three_stages import ThreeStageRule, three_stage_rule
from sparse_mlp.options import extends


@extends(three_stage_rule, zeta_schedule="cosine", new_weights="zero", keep_regrown=True)
@extends(kernel_budgets)
def rigl_rule(*, update_steps: int = 100, budget: str = "layer", **shared: Any) -> ThreeStageRule:
    """Make the rule of RigL: remove the smallest weights, grow where the gradient is largest.

    Parameters
    ----------
    update_steps : int
        Batches between two updates, unless the trainer is given another number.

    Notes
    -----
    Algorithm 1 of RigL [Evci2020], every `update_steps` batches, with cosine zeta until `zeta_end` of training:

    1. remove the fraction zeta of the links, those of smallest magnitude; the paper tries 0.1 to 0.5 and takes 0.3;
    2. grow as many where the absent links, the removed ones among them, have the largest gradients.

    Percolation is not part of RigL. The published code lets a regrown link keep its weight; the paper starts it at 0.

    Differences from the original
    -----------------------------
    There an update replaces a step of the optimizer; here it follows one, and the gradient is that of the same batch
    after the step, with dropout off. The densities of the layers are a matter of the network: `allocation="er"` builds
    the paper's.
    """
    per_kernel = kernel_budgets(budget=budget)
    return three_stage_rule(
        "rigl",
        remove=remove_per_kernel if per_kernel else remove_by_magnitude,
        regrow=partial(regrow_by_gradient, per_kernel=per_kernel),
        update_steps=check_integer("update_steps", update_steps),
        wants_signals=True,
        **shared,
    )
