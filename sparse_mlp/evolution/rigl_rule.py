"""RigL: rigging the lottery [Evci2020]."""

from __future__ import annotations

from functools import partial

from sparse_mlp.errors import check_integer
from sparse_mlp.evolution.gradient_regrowth import regrow_by_gradient
from sparse_mlp.evolution.new_weights import NewWeights
from sparse_mlp.evolution.removal import remove_by_magnitude
from sparse_mlp.evolution.schedules import zeta_schedule as make_zeta_schedule
from sparse_mlp.evolution.three_stages import ThreeStageRule


def rigl_rule(
    *,
    zeta: float = 0.3,
    zeta_schedule: str = "cosine",
    zeta_end: float = 0.75,
    update_steps: int = 100,
    percolate: bool = False,
    new_weights: str = "zero",
    keep_regrown: bool = True,
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule of RigL: remove the smallest weights, grow where the gradient is largest.

    Parameters
    ----------
    zeta : float
        Fraction of the links that the first update replaces; the paper tries 0.1 to 0.5 and takes 0.3.
    zeta_schedule : {"cosine", "constant", "linear"}
    zeta_end : float
        Fraction of training after which a falling zeta is 0 and the wiring rests; a constant one goes on.
    update_steps : int
        Batches between two updates, unless the trainer is told otherwise.
    percolate : bool
        Whether links cut off from input or output are replaced too; not part of RigL.
    new_weights : str
        See `new_weights.NewWeights`.
    keep_regrown : bool
        Whether a link that was removed and grew again in the same update keeps its weight, as in the code beside the
        paper; the paper starts it at 0 too.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    Algorithm 1 of RigL [Evci2020], every `update_steps` batches, with cosine zeta until `zeta_end` of training:

    1. remove the fraction zeta of the links, those of smallest magnitude;
    2. grow as many where the absent links, the removed ones among them, have the largest gradients.

    Differences from the original
    -----------------------------
    There an update replaces a step of the optimizer; here it follows one, and the gradient is that of the same batch
    after the step, with dropout off. The layers' densities are the net's affair: `allocation="er"` builds the paper's.
    """
    return ThreeStageRule(
        name="rigl",
        zeta_at=make_zeta_schedule(zeta_schedule, zeta, end=zeta_end),
        remove=partial(remove_by_magnitude, backend=backend),
        percolate=percolate,
        regrow=partial(regrow_by_gradient, backend=backend),
        new_weights=NewWeights(new_weights, keep_regrown=keep_regrown),
        backend=backend,
        update_steps=check_integer("update_steps", update_steps),
        wants_signals=True,
    )
