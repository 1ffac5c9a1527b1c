"""Where new links go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.update import EvolvingLayer, Mask
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.topology.sampling import sample_distinct


def regrow_random(
    layer: EvolvingLayer,
    keep: Mask,
    rng: np.random.Generator,
    *,
    exclude_removed: bool = False,
    backend: str | None = None,
) -> NDArray[np.int64]:
    """Choose a new position for each link that is gone, uniformly at random among the absent ones.

    Parameters
    ----------
    layer : EvolvingLayer
        Still with the wiring from before the update.
    keep : bool (nnz,)
        Links that stay.
    rng : numpy.random.Generator
    exclude_removed : bool
        Whether positions of links that went in this update are closed to new links.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the positions do not depend on it.

    Returns
    -------
    int64 (k,)
        Ascending row-major positions, k = number of links not kept.

    Raises
    ------
    InvalidInputError
        If `exclude_removed` leaves fewer than k positions.

    Notes
    -----
    Random regrowth of SET [Mocanu2018]. Ranks among the absent positions are drawn, then found in one pass, so
    nothing is rejected and a layer may be as dense as it likes. Cost O(nnz + k).

    Differences from the original
    -----------------------------
    The 2018 code draws positions until one is free, which stalls in a nearly dense layer.
    """
    structure = layer.structure
    k = structure.nnz - int(np.count_nonzero(keep))
    taken = structure.keys() if exclude_removed else structure.keys()[keep]
    population = structure.n_in * structure.n_out
    absent = population - len(taken)
    if absent < k:
        found = f"{absent} positions for {k} new links in layer {layer.name}"
        raise invalid(found, f"at least {k}", "lower zeta or the density, or set exclude_removed=False")
    ranks = sample_distinct(absent, k, rng, backend=backend)
    return evolution_ops(backend).sample_absent(taken, population, ranks)
