"""Overlap of removal and regrowth: how much of what an update grows it has just taken away."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def overlap(removed: ArrayLike, regrown: ArrayLike) -> float:
    """Return which fraction of the regrown links stood at a position that the same update had emptied.

    Parameters
    ----------
    removed : int64 (r,)
        Row-major positions `u * n_out + v` of all links that the update took away, percolated ones too.
    regrown : int64 (k,)
        Positions of the links that it grew.

    Notes
    -----
    |regrown and removed| / |regrown| in [0, 1]; 0 where nothing regrew. The evolution of a layer has settled when
    this is high: above 0.9, CHT [Zhang2024] stops it early.

    Examples
    --------
    >>> overlap(removed=[3, 7, 8], regrown=[0, 3, 5, 8])
    0.5
    """
    grown = np.asarray(regrown, np.int64)
    return float(np.isin(grown, np.asarray(removed, np.int64)).mean()) if len(grown) else 0.0
