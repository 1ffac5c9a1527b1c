"""CHTss: CHTs with a density that decays, sigmoid and soft [Zhang2025]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sparse_mlp.evolution.chts_rule import chts_rule
from sparse_mlp.evolution.density_decay import density_schedule
from sparse_mlp.evolution.three_stages import ThreeStageRule
from sparse_mlp.options import extends


@extends(chts_rule, "overlap_stop", "overlap_stop_scope")
def chtss_rule(
    *,
    density: float = 0.01,
    density_start: float = 0.5,
    decay: str = "sigmoid",
    decay_end: float = 0.5,
    steepness: float = 6.0,
    **soft: Any,
) -> ThreeStageRule:
    """Make the rule of CHTss: begin at half of all links and let the density fall while the wiring evolves.

    Parameters
    ----------
    density : float
        Density of each layer at the end; the paper's tables of perceptrons are at 0.01.
    density_start : float
        Density with which the network has to be built, `initial_density` of the rule.
    decay : {"sigmoid", "cubic", "linear"}
        Course of the density, see `density_decay.density_schedule`.
    decay_end : float
        Fraction of training at which the density is the final one. Not stated for perceptrons. An update must follow
        that moment: with one update an epoch, training needs two epochs at least.
    steepness : float
        Steepness of the sigmoid.

    Notes
    -----
    One update of CHTss [Zhang2025]:

    1. while the density decays, keep in each layer the links of highest relative importance, as many as it now allows;
    2. then as CHTs: of these draw the fraction 1 - zeta, percolate, and draw new links until there are as many again.

    Differences from the original
    -----------------------------
    The decay runs in fractions of training and ends exactly at `density`; in a published example the last update comes
    before the end of the decay, which leaves some more links than asked for.
    """
    density_at = density_schedule(decay, density_start, density, end=decay_end, steepness=steepness)
    soft_rule = chts_rule(**soft)
    end = max(soft_rule.planned_end, decay_end)
    return replace(soft_rule, name="chtss", density_at=density_at, planned_end=end)
