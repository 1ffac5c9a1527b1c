"""How much a link matters beside the other links of its neurons, and which links go by that score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.evolution.removal import checked_weight, checked_zeta
from sparse_mlp.evolution.update import Mask, WeightedLinks
from sparse_mlp.kernels.dispatch import evolution_ops


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
