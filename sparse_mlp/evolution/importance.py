"""How much a link matters beside the other links of its neurons, and which links go by that score, softly or not."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.evolution.removal import Removal, checked_weight, checked_zeta
from sparse_mlp.evolution.update import Mask, WeightedLinks
from sparse_mlp.kernels.dispatch import evolution_ops

SMALLEST_SCORE = 1e-12  # of a link that is drawn softly, so that those of weight zero can be drawn too


def link_importance(layer: WeightedLinks, *, alpha: float = 0.0, backend: str | None = None) -> NDArray[np.float64]:
    """Score the links of a layer by their weights, and by the weights that they share a neuron with.

    Parameters
    ----------
    layer : WeightedLinks
    alpha : float
        In [0, 1]; 0 for the relative importance, 1 for the magnitude (twice its value, hence its order).
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the result does not depend on it.

    Returns
    -------
    float64 (nnz,)
        0 for a weight of zero.

    Raises
    ------
    InvalidInputError
        If alpha is no fraction or a weight is infinite or not a number.

    Notes
    -----
    The removal score of CHTs [Zhang2025] before its exponent, see `reference.evolution.importance`.

    Differences from the original
    -----------------------------
    The code beside the paper adds 1e-5 to the sums; here a weight of zero scores 0 without it. Of alpha between 0 and 1
    the paper gives no example; we read its equation from its two ends, which are all that it uses.
    """
    weight, structure = checked_weight(layer), layer.structure
    if not np.all(np.isfinite(weight)):
        raise invalid(f"infinite weights in layer {layer.name}", "finite", "training has diverged")
    check_fraction("alpha", alpha, zero=True)
    return evolution_ops(backend).importance(structure.indptr, structure.indices, weight, structure.n_out, alpha)


def keep_most_important(layer: WeightedLinks, count: int, *, alpha: float = 0.0, backend: str | None = None) -> Mask:
    """Keep the `count` links of highest importance; among equals the first in row-major order go first.

    Parameters
    ----------
    layer : WeightedLinks
    count : int
        0 to nnz.
    alpha, backend
        As in `link_importance`.

    Returns
    -------
    bool (nnz,)
        With exactly `count` entries true.
    """
    score = link_importance(layer, alpha=alpha, backend=backend)
    return evolution_ops(backend).remove_by_magnitude(score, len(score) - count)


def remove_by_importance(
    layer: WeightedLinks,
    zeta: float,
    progress: float = 0.0,
    rng: np.random.Generator | None = None,
    *,
    alpha: float = 0.0,
    backend: str | None = None,
) -> Mask:
    """Remove the floor(zeta * nnz) links of lowest importance.

    Parameters are those of `remove_by_magnitude` and `link_importance`.

    Returns
    -------
    bool (nnz,)
        False for the removed links.
    """
    nnz = layer.structure.nnz
    gone = evolution_ops(backend).share(checked_zeta(zeta), nnz)
    return keep_most_important(layer, nnz - gone, alpha=alpha, backend=backend)


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
        As in `link_importance`.

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
        As in `link_importance`.

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
