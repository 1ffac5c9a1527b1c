"""Where new links go."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.update import LayerSignals, Mask, WeightedLinks
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.topology.sampling import sample_distinct

Positions = NDArray[np.int64]
# From a layer, its keep mask, the number of new links, a generator and the layer's signals to ascending positions.
Regrowth = Callable[[WeightedLinks, Mask, int, np.random.Generator, LayerSignals | None], Positions]


def regrow_random(
    layer: WeightedLinks,
    keep: Mask,
    k: int,
    rng: np.random.Generator,
    signals: LayerSignals | None = None,
    *,
    exclude_removed: bool = False,
    backend: str | None = None,
) -> Positions:
    """Choose k new positions, uniformly at random among the absent ones.

    Parameters
    ----------
    layer : WeightedLinks
        Still with the wiring from before the update.
    keep : bool (nnz,)
        Links that stay.
    k : int
        How many to grow.
    rng : numpy.random.Generator
    signals
        For the likeness of all regrowths; chance alone decides.
    exclude_removed : bool
        Whether positions of links that went in this update are closed to new links.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the positions do not depend on it.

    Returns
    -------
    int64 (k,)
        Ascending row-major positions.

    Raises
    ------
    InvalidInputError
        If fewer than k positions are absent, or `exclude_removed` leaves fewer.

    Notes
    -----
    Random regrowth of SET [Mocanu2018]. Ranks among the absent positions are drawn, then found in one pass, so
    nothing is rejected and a layer may be as dense as it likes. Cost O(nnz + k).

    Differences from the original
    -----------------------------
    The 2018 code draws positions until one is free, which stalls in a nearly dense layer.
    """
    structure = layer.structure
    taken = structure.keys() if exclude_removed else structure.keys()[keep]
    population = structure.n_in * structure.n_out
    absent = population - len(taken)
    remedy = "lower zeta or the density, or set exclude_removed=False" if exclude_removed else "lower the density"
    check_room(layer, absent, k, remedy)
    ranks = sample_distinct(absent, k, rng, backend=backend)
    return evolution_ops(backend).sample_absent(taken, population, ranks)


def check_room(layer: WeightedLinks, absent: int, k: int, remedy: str = "lower the density") -> None:
    """Check that k links can grow where `absent` positions are free.

    Raises
    ------
    InvalidInputError
        If they cannot.
    """
    if absent < k:
        raise invalid(f"{absent} positions for {k} new links in layer {layer.name}", f"at least {k}", remedy)
