"""Soft removal: what stays is drawn, and important links are drawn more often."""

from __future__ import annotations

from functools import partial

import numpy as np

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.evolution.removal import Removal, WeightedLinks, link_importance, remove_by_importance, share
from sparse_mlp.evolution.update import Mask
from sparse_mlp.kernels.dispatch import evolution_ops

SMALLEST_SCORE = 1e-12  # so that links of weight zero can be drawn too


def soft_removal(delta_start: float, delta_end: float, *, end: float = 0.75, alpha: float = 1.0) -> Removal:
    """Make the removal that draws which links stay, the important ones more often, and hardens with training.

    It can be pickled.

    Parameters
    ----------
    delta_start, delta_end : float
        Softness in [0, 1]: 0 draws all links alike, 1 always keeps those of the highest score; both 1 or none.
    end : float
        Fraction of training at which `delta_end` is reached.
    alpha : float
        As in `removal.link_importance`.

    Raises
    ------
    InvalidInputError
        If a value is not a fraction, or exactly one delta is 1.

    Notes
    -----
    Links are drawn one by one without replacement with probability proportional to importance ** exponent, until all
    but floor(zeta * nnz) are drawn [Zhang2025]. To draw the links that go with the inverse probability would be another
    distribution. The exponent is delta / (1 - delta), from 1 to 3 for the paper's 0.5 to 0.75. As in the published code
    the exponent is linear in the step; delta itself then is not.

    Differences from the original
    -----------------------------
    Scores below 1e-12 count as 1e-12, as in one of the two published codes; the other one fails where fewer weights
    than links to be kept differ from zero.
    """
    deltas = check_fraction("delta_start", delta_start, zero=True), check_fraction("delta_end", delta_end, zero=True)
    check_fraction("alpha", alpha, zero=True)
    check_fraction("zeta_end", end)
    if deltas == (1.0, 1.0):
        return partial(remove_by_importance, alpha=alpha)
    if 1.0 in deltas:
        raise invalid(f"delta_start={delta_start!r} and delta_end={delta_end!r}", "both 1, or both below 1")
    exponents = deltas[0] / (1 - deltas[0]), deltas[1] / (1 - deltas[1])
    return partial(_remove_softly, exponents=exponents, end=end, alpha=alpha)


def _remove_softly(
    links: WeightedLinks, zeta: float, *, progress: float, rng: np.random.Generator, exponents: tuple[float, float],
    end: float, alpha: float,
) -> Mask:  # fmt: skip
    """Draw the links that stay; the exponent goes from the first to the last of `exponents` until `end`."""
    score = link_importance(links, alpha=alpha)
    n_keep = len(score) - share(zeta, len(score))
    start, stop = exponents
    exponent = start + (stop - start) * min(1.0, progress / end)
    exponentials = np.maximum(rng.standard_exponential(len(score)), np.finfo(np.float64).tiny)
    score = np.maximum(score, SMALLEST_SCORE)
    return evolution_ops().sample_without_replacement(score, exponent, exponentials, n_keep)
