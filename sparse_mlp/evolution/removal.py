"""Which links go: those whose weights are nearest to zero, or that matter least.

A rule calls a removal as `remove(links, zeta, progress=…, rng=…)` and gets a mask, bool (nnz,), that is false for the
removed links. A removal that looks at the weights alone ignores progress and rng.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.evolution.update import Mask
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.structure import SparseStructure

Removal = Callable[..., Mask]


class WeightedLinks(Protocol):
    """Links with one weight each, as a layer of single links has them."""

    @property
    def name(self) -> str:
        """The name of the layer."""

    @property
    def structure(self) -> SparseStructure:
        """The wiring."""

    @property
    def weight(self) -> NDArray[Any]:
        """Weights in link order, float (nnz,)."""


def remove_by_magnitude(links: WeightedLinks, zeta: float, **_: Any) -> Mask:
    """Remove the floor(zeta * nnz) links of smallest magnitude; of equal ones the first in row-major order go first.

    Raises
    ------
    InvalidInputError
        If zeta is not a fraction or a weight not finite.

    Notes
    -----
    Stage 1 of the update in the robustness paper [Sulyok2026]; also RigL [Evci2020] and CHT [Zhang2024].
    """
    weight = checked_weight(links)
    return evolution_ops().remove_by_magnitude(weight, share(zeta, len(weight)))


def remove_by_importance(links: WeightedLinks, zeta: float, *, alpha: float = 0.0, **_: Any) -> Mask:
    """Remove the floor(zeta * nnz) links of lowest `link_importance`."""
    nnz = links.structure.nnz
    return keep_most_important(links, nnz - share(zeta, nnz), alpha=alpha)


def link_importance(links: WeightedLinks, *, alpha: float = 0.0) -> NDArray[np.float64]:
    """Score the links of a layer by their weights, relative to the weights of the other links of their neurons.

    Parameters
    ----------
    alpha : float
        In [0, 1]; 0 for the relative importance, 1 for the magnitude (twice its value, hence its order).

    Returns
    -------
    float64 (nnz,)
        0 for a weight of zero.

    Raises
    ------
    InvalidInputError
        If alpha is not a fraction or a weight not finite.

    Notes
    -----
    The removal score of CHTs [Zhang2025] before its exponent, see `reference.evolution.importance`.

    Differences from the original
    -----------------------------
    The published code adds 1e-5 to the sums; here a weight of zero scores 0 without it. Of alpha between 0 and 1 the
    paper gives no example; we read its equation from its two ends, which are all that it uses.
    """
    weight, structure = checked_weight(links), links.structure
    check_fraction("alpha", alpha, zero=True)
    return evolution_ops().importance(structure.indptr, structure.indices, weight, structure.n_out, alpha)


def keep_most_important(links: WeightedLinks, count: int, *, alpha: float = 0.0) -> Mask:
    """Keep exactly `count` links, those of highest importance; of equal ones the first in row-major order go first."""
    score = link_importance(links, alpha=alpha)
    return evolution_ops().remove_by_magnitude(score, len(score) - count)


def share(zeta: float, count: int) -> int:
    """Return floor(zeta * count) of a fraction zeta."""
    return evolution_ops().share(check_fraction("zeta", zeta, zero=True), count)


def checked_weight(links: WeightedLinks) -> NDArray[Any]:
    """Return the weights if all are finite."""
    finite = np.isfinite(links.weight)
    if not finite.all():
        first = int(np.argmin(finite))
        found = f"weight[{first}] = {links.weight[first]} in layer {links.name}"
        raise invalid(found, "a finite number", "training has diverged: lower the learning rate")
    return links.weight
