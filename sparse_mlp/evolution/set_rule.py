"""SET: sparse evolutionary training [Mocanu2018]."""

from __future__ import annotations

from sparse_mlp.evolution.random_rule import random_regrowth_rule
from sparse_mlp.evolution.three_stages import ThreeStageRule


def set_rule(
    *,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    removal: str = "sign",
    percolate: bool = False,
    exclude_removed: bool = False,
    new_weights: str = "he-uniform",
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule of SET: remove weights near zero sign by sign, regrow as many links at random.

    Parameters
    ----------
    zeta : float
        Fraction of the links that an update replaces.
    zeta_schedule : {"constant", "cosine", "linear"}
        Course of zeta; the last two reach 0 at the fraction `zeta_end` of training.
    zeta_end : float
    removal : {"sign", "magnitude", "importance"}
        Sign by sign, all weights together, or by relative importance, see `importance.link_importance`.
    percolate : bool
        Whether links cut off from input or output are replaced too; not part of SET.
    exclude_removed : bool
        Whether positions that were just removed are closed to new links.
    new_weights : {"he-uniform", "kaiming", "swi", "normal", "zero", "historical"}
        Law of the new weights, see `new_weights.NewWeights`.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the result does not depend on it.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    The algorithm of SET [Mocanu2018], at the end of each epoch, in each sparse layer:

    1. remove the fraction zeta of the smallest positive and of the largest negative weights;
    2. add as many new links at random.
    """
    return random_regrowth_rule(
        "set", zeta=zeta, zeta_schedule=zeta_schedule, zeta_end=zeta_end, removal=removal, percolate=percolate,
        exclude_removed=exclude_removed, new_weights=new_weights, backend=backend,
    )  # fmt: skip
