"""Where new links go: at random among the positions without a link.

A rule calls every regrowth as `regrow(layer, keep, k, rng=…)`, the layer still having the wiring from before the update
and `keep` marking the links of it that stay; it gets k ascending row-major positions. Positions of links that just went
are as good as any other absent one. A regrowth without chance ignores the generator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.update import Mask
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.layers import Linked
from sparse_mlp.topology.sampling import sample_distinct

Positions = NDArray[np.int64]
Regrowth = Callable[..., Positions]


def regrow_random(
    layer: Linked, keep: Mask, k: int, *, rng: np.random.Generator, exclude_removed: bool = False
) -> Positions:
    """Choose k new positions, uniformly at random among the absent ones.

    Parameters
    ----------
    layer : Linked
        With the wiring from before the update.
    keep : bool (nnz,)
        Links that stay.
    k : int
        How many to grow.
    rng : numpy.random.Generator
    exclude_removed : bool
        Whether positions of links that went in this update are closed to new links.

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
    structure, rows = layer.structure, layer.growable()
    closed = np.ones_like(keep) if exclude_removed else keep
    absent = check_room(layer, closed, k, ", or set exclude_removed=False" if exclude_removed else "")
    taken, n_out = structure.keys().compress(closed), structure.n_out
    if rows is None:
        return evolution_ops().sample_absent(taken, structure.n_in * n_out, sample_distinct(absent, k, rng))
    # Count positions as if there were no rows but those that may bear links, and put the rows back in at the end.
    taken = taken[np.isin(taken // n_out, rows)]
    taken = np.searchsorted(rows, taken // n_out) * n_out + taken % n_out
    found = evolution_ops().sample_absent(taken, len(rows) * n_out, sample_distinct(absent, k, rng))
    return rows[found // n_out] * n_out + found % n_out


def check_room(layer: Linked, taken: Mask, k: int, remedy: str = "") -> int:
    """Return how many positions can grow a link, and check that they are at least k.

    Parameters
    ----------
    layer : Linked
    taken : bool (nnz,)
        Links whose positions are closed to new ones.
    k : int
    remedy : str
        What else to do about it.

    Raises
    ------
    InvalidInputError
        If fewer than k positions are free.
    """
    structure, rows = layer.structure, layer.growable()
    if rows is None:
        free = structure.n_in * structure.n_out - int(np.count_nonzero(taken))
    else:
        free = len(rows) * structure.n_out - int(np.count_nonzero(taken & np.isin(structure.rows(), rows)))
    if free < k:
        found = f"{free} free positions for {k} new links in layer {layer.name}"
        raise invalid(found, f"at least {k}", f"lower zeta or the density{remedy}")
    return free
