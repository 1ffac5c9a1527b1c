"""What every regrowth takes and returns, and the check that there is room for new links.

A rule calls a regrowth as `regrow(layer, keep, k, rng=…)`: `layer` still has the wiring from before the update, `keep`,
bool (nnz,), marks its links that stay, and k new ones are wanted. It gets their row-major positions, ascending, int64
(k,). Links may grow where others were just removed. A regrowth without chance ignores the generator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.update import Mask
from sparse_mlp.layers import Linked

Positions = NDArray[np.int64]
Regrowth = Callable[..., Positions]


def check_room(layer: Linked, taken: Mask, k: int, remedy: str = "") -> int:
    """Return how many positions can grow a link, those of the links in `taken` being closed; raise if fewer than k."""
    structure, rows = layer.structure, layer.growable()
    if rows is None:
        free = structure.n_in * structure.n_out - int(np.count_nonzero(taken))
    else:
        free = len(rows) * structure.n_out - int(np.count_nonzero(taken & np.isin(structure.rows(), rows)))
    if free < k:
        found = f"{free} free positions for {k} new links in layer {layer.name}"
        raise invalid(found, f"at least {k}", f"lower zeta or the density{remedy}")
    return free
