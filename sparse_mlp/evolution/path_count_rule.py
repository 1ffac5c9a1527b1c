"""Regrowth by path count in the robustness paper [Sulyok2026]."""

from __future__ import annotations

from sparse_mlp.evolution.ch3l3_rule import predicted_rule
from sparse_mlp.evolution.three_stages import ThreeStageRule


def path_count_rule(
    *,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    percolate: bool = True,
    regrowth: str = "hard",
    ties: str = "random",
    new_weights: str = "kaiming",
    keep_regrown: bool = False,
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule that removes the smallest weights and regrows the links that most short paths would close.

    Parameters are those of `ch3l3_rule`. Path counts are small whole numbers, so `ties` decides about many links.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    As `ch3l3_rule`, with the number of paths of length three between two neurons as the score. The robustness paper
    [Sulyok2026] does not give the length; three is the shortest that an absent link of a layer can have.
    """
    return predicted_rule(
        "path-count", zeta=zeta, zeta_schedule=zeta_schedule, zeta_end=zeta_end, percolate=percolate,
        predictor="path-count", regrowth=regrowth, ties=ties, new_weights=new_weights, keep_regrown=keep_regrown,
        backend=backend,
    )  # fmt: skip
