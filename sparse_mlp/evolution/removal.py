"""Which links go: those whose weights are nearest to zero, jointly or sign by sign."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.evolution.update import Mask, WeightedLinks
from sparse_mlp.kernels.dispatch import evolution_ops

# From a layer, zeta, the progress of training and a generator to the keep mask.
Removal = Callable[[WeightedLinks, float, float, np.random.Generator], Mask]


def remove_by_magnitude(
    layer: WeightedLinks,
    zeta: float,
    progress: float = 0.0,
    rng: np.random.Generator | None = None,
    *,
    backend: str | None = None,
) -> Mask:
    """Remove the floor(zeta * nnz) links of smallest magnitude.

    Parameters
    ----------
    layer : WeightedLinks
    zeta : float
        Fraction in [0, 1].
    progress, rng
        For the likeness of all removals; the weights alone decide.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the result does not depend on it.

    Returns
    -------
    bool (nnz,)
        False for the removed links. Among equal magnitudes the first link in row-major order goes first.

    Raises
    ------
    InvalidInputError
        If zeta is no fraction or a weight is not a number.

    Notes
    -----
    Stage 1 of the update in the robustness paper [Sulyok2026]; also RigL [Evci2020] and CHT [Zhang2024].
    """
    ops, weight = evolution_ops(backend), checked_weight(layer)
    return ops.remove_by_magnitude(weight, ops.share(checked_zeta(zeta), len(weight)))


def remove_by_sign(
    layer: WeightedLinks,
    zeta: float,
    progress: float = 0.0,
    rng: np.random.Generator | None = None,
    *,
    backend: str | None = None,
) -> Mask:
    """Remove the smallest positive and the largest negative weights, the share zeta of each.

    Parameters and errors are those of `remove_by_magnitude`.

    Returns
    -------
    bool (nnz,)
        False for the floor(zeta * count) removed links of each sign. Zeros count as positive. Ties as above.

    Notes
    -----
    SET [Mocanu2018], section "Methods".

    Differences from the original
    -----------------------------
    The 2018 code keeps what lies strictly beyond two thresholds and takes the stored weight nearest to zero for zero
    itself; so up to one link more goes per sign, and ties all go together. Of the weights -.9 -.5 -.3 -.1 .05 .2 .4
    .8 1 at zeta = .3 it removes five in one version and four in the other; here floor(.3 * 4) + floor(.3 * 5) = 2 go.
    """
    return evolution_ops(backend).remove_by_sign(checked_weight(layer), checked_zeta(zeta))


def checked_zeta(zeta: float) -> float:
    """Return zeta if it is a fraction."""
    return check_fraction("zeta", zeta, zero=True)


def checked_weight(layer: WeightedLinks) -> np.ndarray:
    """Return the layer's weights if all are numbers."""
    lost = np.flatnonzero(np.isnan(layer.weight))
    if len(lost):
        remedy = "training has diverged: lower the learning rate"
        raise invalid(f"weight[{lost[0]}] = nan in layer {layer.name}", "a number", remedy)
    return layer.weight
