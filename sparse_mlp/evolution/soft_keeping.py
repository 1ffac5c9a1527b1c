"""Soft removal: what stays is drawn, and important links are drawn more often."""

from __future__ import annotations

from functools import partial

import numpy as np

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.evolution.importance import link_importance, remove_by_importance
from sparse_mlp.evolution.removal import Removal, checked_zeta
from sparse_mlp.evolution.update import Mask, WeightedLinks
from sparse_mlp.kernels.dispatch import evolution_ops

SMALLEST_SCORE = 1e-12  # so that links of weight zero can be drawn too


def remove_softly(
    layer: WeightedLinks,
    zeta: float,
    progress: float,
    rng: np.random.Generator,
    *,
    exponents: tuple[float, float],
    end: float,
    alpha: float = 1.0,
    backend: str | None = None,
) -> Mask:
    """Draw the links that stay, the important ones more often; floor(zeta * nnz) are not drawn.

    Parameters
    ----------
    layer : WeightedLinks
    zeta : float
        Fraction in [0, 1].
    progress : float
        Fraction of training that is done.
    rng : numpy.random.Generator
        Moves by nnz exponential numbers.
    exponents : (float, float)
        Of the score at the start of training and at `end`, linear in between and constant thereafter.
    end : float
        Fraction of training, in (0, 1].
    alpha, backend
        As in `importance.link_importance`.

    Returns
    -------
    bool (nnz,)
        False for the removed links.

    Notes
    -----
    Links are drawn one by one without replacement with probability proportional to importance ** exponent [Zhang2025].
    That is another law than to draw the links that go with the inverse probability.

    Differences from the original
    -----------------------------
    Scores below 1e-12 count as 1e-12, as in one of the two codes beside the paper; the other one fails where fewer
    weights than links to be kept differ from zero.
    """
    ops, score = evolution_ops(backend), link_importance(layer, alpha=alpha, backend=backend)
    n_keep = len(score) - ops.share(checked_zeta(zeta), len(score))
    start, stop = exponents
    exponent = start + (stop - start) * min(1.0, progress / end)
    clocks = np.maximum(rng.standard_exponential(len(score)), np.finfo(np.float64).tiny)
    return ops.keep_by_arrival(np.maximum(score, SMALLEST_SCORE), exponent, clocks, n_keep)


def soft_removal(
    delta_start: float, delta_end: float, *, end: float = 0.75, alpha: float = 1.0, backend: str | None = None
) -> Removal:
    """Make the removal that grows from soft to less soft in the course of training.

    Parameters
    ----------
    delta_start, delta_end : float
        Softness in [0, 1]: 0 draws all links alike, 1 always keeps those of the highest score; both 1 or none.
    end : float
        Fraction of training at which `delta_end` is reached.
    alpha, backend
        As in `importance.link_importance`.

    Returns
    -------
    callable
        (layer, zeta, progress, rng) -> keep mask. It can be pickled.

    Raises
    ------
    InvalidInputError
        If a fraction is none, or exactly one delta is 1.

    Notes
    -----
    The exponent is delta / (1 - delta) [Zhang2025], from 1 to 3 for the paper's 0.5 to 0.75. As in the code beside the
    paper the exponent is linear in the step; delta itself then is not.
    """
    deltas = check_fraction("delta_start", delta_start, zero=True), check_fraction("delta_end", delta_end, zero=True)
    check_fraction("alpha", alpha, zero=True)
    check_fraction("zeta_end", end)
    if deltas == (1.0, 1.0):
        return partial(remove_by_importance, alpha=alpha, backend=backend)
    if 1.0 in deltas:
        raise invalid(f"delta_start={delta_start!r} and delta_end={delta_end!r}", "both 1, or both below 1")
    exponents = deltas[0] / (1 - deltas[0]), deltas[1] / (1 - deltas[1])
    return partial(remove_softly, exponents=exponents, end=end, alpha=alpha, backend=backend)
