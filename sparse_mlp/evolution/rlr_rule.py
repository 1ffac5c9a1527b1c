"""RLR: random link regrowth, the baseline of the robustness paper [Sulyok2026]."""

from __future__ import annotations

from sparse_mlp.evolution.random_rule import random_regrowth_rule
from sparse_mlp.evolution.three_stages import ThreeStageRule


def rlr_rule(
    *,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    removal: str = "magnitude",
    percolate: bool = False,
    exclude_removed: bool = False,
    new_weights: str = "kaiming",
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule of random link regrowth: remove the smallest weights, percolate, regrow at random.

    Parameters
    ----------
    zeta, zeta_schedule, zeta_end, removal, exclude_removed, backend
        As in `set_rule`; the paper says "a small fraction" for zeta and leaves the last ones open.
    percolate : bool
        Whether stage 2 takes place, which the paper calls optional.
    new_weights : {"kaiming", "he-uniform", "swi", "normal", "zero", "historical"}
        Law of the new weights; the paper's is N(0, 2 / n_in) with the size of the layer before as n_in.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    The three stages of the robustness paper [Sulyok2026]:

    1. in each layer, remove the floor(zeta * nnz) links of smallest magnitude;
    2. remove the links of neurons that lie on no path from input to output;
    3. regrow links until each layer has as many as before, with fresh weights.
    """
    return random_regrowth_rule(
        "rlr", zeta=zeta, zeta_schedule=zeta_schedule, zeta_end=zeta_end, removal=removal, percolate=percolate,
        exclude_removed=exclude_removed, new_weights=new_weights, backend=backend,
    )  # fmt: skip
