"""The bipartite small-world wiring (BSW): a ring lattice, some links of which are rewired."""

from __future__ import annotations

import numpy as np

from sparse_mlp.errors import check_fraction
from sparse_mlp.kernels.dispatch import generator_ops
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.sampling import add_absent


def small_world(n_in: int, n_out: int, links: int, rng: np.random.Generator, *, beta: float = 0.25) -> SparseStructure:
    """Link neighbours on a ring, then rewire each link with probability `beta`.

    Parameters
    ----------
    n_in, n_out, links, rng
        As every generator of layers takes them, see `topology.generate`. The generator moves only if `beta` is above 0.
    beta : float
        In [0, 1]: 0 leaves the ring lattice, 1 is the Erdős–Rényi wiring.

    Notes
    -----
    The small world of [Watts1998] on two sides, as [Zhang2025] has it. Each of the b neurons on the larger side (the
    outputs if the sides are equal) has a window of consecutive partners on the ring of the a neurons on the smaller
    side, centred below it; neuron j has :math:`\\lfloor (j + 1) L / b \\rfloor - \\lfloor j L / b \\rfloor` of the L
    links, so that long and short windows alternate evenly. See `reference.small_world.ring_windows`. Then each link is
    removed with probability beta, and as many as went are drawn uniformly from all positions that have no link now;
    one that has just been removed may come back. Unlike in [Watts1998] a rewired link keeps neither of its ends.

    Differences from the original
    -----------------------------
    The published code of [Zhang2025] rounds the start of a window toward zero, so the first windows are shifted by one;
    it aims at the left edge of the stretch of the ring that a neuron stands for, we at its middle; it only ever adds
    links, so with few rewired ones the count is what the rounding of the windows makes it. Here starts are rounded
    down and the count is exact. It takes O(n_in * n_out) time and memory, this O(links log links).

    Examples
    --------
    >>> small_world(4, 8, 16, np.random.default_rng(0), beta=0.0).to_scipy().toarray().astype(int)
    array([[1, 1, 1, 1, 0, 0, 0, 0],
           [0, 0, 1, 1, 1, 1, 0, 0],
           [0, 0, 0, 0, 1, 1, 1, 1],
           [1, 1, 0, 0, 0, 0, 1, 1]])
    """
    probability = check_fraction("beta", beta, zero=True)
    few, many = min(n_in, n_out), max(n_in, n_out)
    degrees = np.diff(np.arange(many + 1) * links // many)
    neuron, partner = np.repeat(np.arange(many), degrees), generator_ops("small_world").ring_windows(degrees, few)
    keys = np.sort(partner * n_out + neuron if n_in <= n_out else neuron * n_out + partner)
    if probability > 0:
        keys = keys[rng.random(links) >= probability]
    return SparseStructure.from_keys(add_absent(keys, n_in * n_out, links - len(keys), rng), (n_in, n_out))
