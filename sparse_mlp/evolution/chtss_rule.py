"""CHTss: CHTs with a density that decays, sigmoid and soft [Zhang2025]."""

from __future__ import annotations

from dataclasses import replace

from sparse_mlp.evolution.chts_rule import chts_rule
from sparse_mlp.evolution.density_decay import density_schedule
from sparse_mlp.evolution.three_stages import ThreeStageRule


def chtss_rule(
    *,
    density: float = 0.01,
    density_start: float = 0.5,
    decay: str = "sigmoid",
    decay_end: float = 0.5,
    steepness: float = 6.0,
    zeta: float = 0.3,
    zeta_schedule: str = "constant",
    zeta_end: float = 0.75,
    delta_start: float = 0.5,
    delta_end: float = 0.75,
    alpha: float = 0.0,
    percolate: bool = True,
    predictor: str = "ch2-l3n",
    regrowth: str = "soft",
    ties: str = "index",
    new_weights: str = "zero",
    keep_regrown: bool = True,
    backend: str | None = None,
) -> ThreeStageRule:
    """Make the rule of CHTss: begin at half of all links and let the density fall while the wiring evolves.

    Parameters
    ----------
    density : float
        The one of each layer at the end; the paper's tables of perceptrons are at 0.01.
    density_start : float
        The one with which the net has to be built, `initial_density` of the rule.
    decay : {"sigmoid", "cubic", "linear"}
        See `density_decay.density_schedule`.
    decay_end : float
        Fraction of training at which the density is the final one. Not stated for perceptrons. An update must follow
        that moment: with one update an epoch, training needs two epochs at least.
    steepness : float
        Of the sigmoid.
    zeta, zeta_schedule, zeta_end, delta_start, delta_end, alpha, percolate, predictor, regrowth, ties, new_weights, \
keep_regrown, backend
        As in `chts_rule`.

    Returns
    -------
    ThreeStageRule

    Notes
    -----
    One update of CHTss [Zhang2025]:

    1. while the density decays, keep in each layer the links of highest relative importance, as many as it now allows;
    2. then as CHTs: of these draw the fraction 1 - zeta, percolate, and draw new links until there are as many again.

    Differences from the original
    -----------------------------
    The decay runs in fractions of training and ends exactly at `density`; in an example of the code beside the paper
    the last update comes before the end of the decay, which leaves some more links than asked for.
    """
    soft = chts_rule(
        zeta=zeta, zeta_schedule=zeta_schedule, zeta_end=zeta_end, delta_start=delta_start, delta_end=delta_end,
        alpha=alpha, percolate=percolate, predictor=predictor, regrowth=regrowth, ties=ties, new_weights=new_weights,
        keep_regrown=keep_regrown, backend=backend,
    )  # fmt: skip
    density_at = density_schedule(decay, density_start, density, end=decay_end, steepness=steepness)
    return replace(soft, name="chtss", density_at=density_at)
