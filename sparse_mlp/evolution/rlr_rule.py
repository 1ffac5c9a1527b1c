"""RLR: random link regrowth, the baseline of the robustness paper [Sulyok2026]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sparse_mlp.evolution.set_rule import set_rule
from sparse_mlp.evolution.three_stages import ThreeStageRule
from sparse_mlp.options import extends


@extends(set_rule, removal="magnitude", new_weights="kaiming")
def rlr_rule(**options: Any) -> ThreeStageRule:
    """Make the rule of random link regrowth: remove the smallest weights, percolate, regrow at random.

    Notes
    -----
    The three stages of the robustness paper [Sulyok2026]:

    1. in each layer, remove the floor(zeta * nnz) links of smallest magnitude;
    2. remove the links of neurons that lie on no path from input to output (off by default; the paper calls it
       optional);
    3. regrow links at random until each layer has as many as before, with fresh weights from N(0, 2 / n_in), where n_in
       is the size of the layer before.

    The paper says "a small fraction" for zeta.
    """
    return replace(set_rule(**options), name="rlr")
