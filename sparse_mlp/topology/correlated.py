"""The correlated wiring (CSTI): links where the features of the training data go together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.correlation import absolute_correlation
from sparse_mlp.topology.sampling import add_absent

Floats = NDArray[Any]


def correlated(n_in: int, n_out: int, links: int, rng: np.random.Generator, *, data: ArrayLike) -> SparseStructure:
    """Place exactly `links` links where the absolute correlation of the features is largest.

    Parameters
    ----------
    n_in, n_out, links, rng
        As every generator of layers takes them, see `topology.generate`. The generator moves only if the correlations
        other than zero run out.
    data : float (n_samples, n_features)
        Training inputs. The layer need not be as wide as they are.

    Raises
    ------
    InvalidInputError
        If the data is no such array or has infinite or missing numbers.

    Notes
    -----
    Correlated sparse topological initialization (CSTI) [Zhang2024]. Position (i, j) of the layer has the strength
    :math:`R_{i \\bmod D, j \\bmod D}`, R being the absolute Pearson correlation of the D features with a diagonal of
    zeros: for layers of D or 2 D neurons these are the paper's tiles. The layer's strengths are never stored, only R
    (D x D, float64) and the links: see `absolute_correlation` for the rest.

    Differences from the original
    -----------------------------
    The published code of [Zhang2024] keeps all strengths at or above the k-th largest (in a later version the k+1-th).
    Tiles and symmetry make each strength occur 2 to 8 times, so it places more links than asked for, and if fewer than
    k strengths are above 0 the layer becomes dense. Here the count is exact, ties go to the earlier position by row,
    and zeros are never preferred: what is missing is drawn uniformly from the positions without a link. The paper drops
    constant features; here they stay, with correlation 0, so their neurons have no link before the others run out.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [2.0, 3.0, 0.0]])
    >>> correlated(3, 3, 2, np.random.default_rng(0), data=x).to_scipy().toarray().astype(int)
    array([[0, 1, 0],
           [1, 0, 0],
           [0, 0, 0]])
    """
    return strongest_links(absolute_correlation(data), n_in, n_out, links, rng)


def correlated_network(
    sizes: Sequence[int], links: Sequence[int], rng: np.random.Generator, *, data: tuple[ArrayLike, Any]
) -> list[SparseStructure]:
    """Wire the first layers of a network as `correlated` does, all of them by the correlations of the inputs.

    Arguments as in `topology.generate_network`; the target is not looked at. Hidden layers get the same pattern, as in
    [Zhang2024], although they never see the inputs.
    """
    strength = absolute_correlation(data[0])
    layers = zip(pairwise(sizes), links, strict=False)  # a dense read-out has no count
    return [strongest_links(strength, n, m, count, rng) for (n, m), count in layers]


def strongest_links(strength: Floats, n_in: int, n_out: int, links: int, rng: np.random.Generator) -> SparseStructure:
    """Link the `links` strongest positions of a layer that is tiled with `strength` (D, D), none of them negative."""
    border, at_border = _border(strength, n_in, n_out, links)
    columns = np.arange(n_out) % len(strength)
    by_row = []
    for u in range(n_in):
        row = strength[u % len(strength), columns]
        ties = np.flatnonzero(row == border)[:at_border]
        at_border -= len(ties)
        take = row > border
        take[ties] = True
        by_row.append(u * n_out + np.flatnonzero(take))
    keys = np.concatenate(by_row)
    return SparseStructure.from_keys(add_absent(keys, n_in * n_out, links - len(keys), rng), (n_in, n_out))


def _border(strength: Floats, n_in: int, n_out: int, links: int) -> tuple[float, int]:
    """Return the strength above which all positions of the layer are linked, and how many are linked at it."""
    if links == 0:
        return np.inf, 0
    corner = strength[:n_in, :n_out]
    flat, size = corner.ravel(), corner.size
    # Each entry stands in the layer at least once, so the `links` largest entries hold the `links` largest positions.
    top = np.argpartition(flat, max(size - links, 0))[max(size - links, 0) :]
    top = top[np.argsort(-flat[top], kind="stable")]
    rows, cols = np.divmod(top, corner.shape[1])
    copies = _copies(n_in, len(strength))[rows] * _copies(n_out, len(strength))[cols]
    border = flat[top[np.searchsorted(np.cumsum(copies), links)]]
    if border == 0:
        return 0.0, 0  # a zero is no correlation
    return float(border), links - int(copies[flat[top] > border].sum())


def _copies(length: int, period: int) -> NDArray[np.int64]:
    """Return how often each index below `period` occurs among `length` indices taken modulo it."""
    return np.bincount(np.arange(length) % period, minlength=period)
