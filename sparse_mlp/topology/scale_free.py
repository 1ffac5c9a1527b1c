"""The bipartite scale-free wiring (BSF): neurons link themselves to those that have many links."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels.dispatch import generator_ops
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.degrees import fit_degrees


def scale_free(n_in: int, n_out: int, links: int, rng: np.random.Generator) -> SparseStructure:
    """Grow a layer by preferential attachment, so that both sides have hubs.

    Parameters
    ----------
    n_in, n_out, links, rng
        As every generator of layers takes them, see `topology.generate`.

    Notes
    -----
    The model of [Barabasi1999] on two sides. All neurons arrive in random order. An input brings
    :math:`L / 2 n_{in}` of the L links with it, an output :math:`L / 2 n_{out}`, rounded up or down by `fit_degrees`,
    and links itself to as many neurons of the other side, with probability in proportion to the links that these have.
    Each side thus brings half of all links, and a neuron that arrived at the time t has about
    :math:`\\sqrt{(n_{in} + n_{out}) / t}` times the links that it brought: the degrees of both sides follow a power law
    with the exponent 3, whatever their sizes are.

    A neuron cannot bring more links than there are neurons on the other side by then; what the first ones lack, those
    that come later bring in equal parts. This is a minor matter in sparse layers, but towards complete ones degrees
    are bounded by the size of the other side, and no power law is left. Where a side brings less than a link for each
    neuron, neurons without links are common, since no link prefers them. Time O(links log links); memory
    grows with the links and neurons alone.

    Differences from the original
    -----------------------------
    [Zhang2025] grows one graph on all neurons, splits them into two sides at random, and turns pairs of links within
    the sides into links across with the same degrees. That leaves links over unless the sides are equally large. Here
    no link is made within a side, and the count is exact.

    Examples
    --------
    >>> wiring = scale_free(1000, 1000, 10000, np.random.default_rng(0))
    >>> int(wiring.degrees_in().max()) > 100
    True
    """
    arrival = rng.permutation(n_in + n_out)
    side = (arrival >= n_in).astype(np.int64)
    brings = _brings(side, n_in, n_out, links, rng)
    inputs, outputs = generator_ops("scale_free").attach(side, brings, rng.random(links), n_in, n_out)
    rows, cols = arrival[side == 0][inputs], arrival[side == 1][outputs] - n_in
    return SparseStructure.from_keys(np.sort(rows * n_out + cols), (n_in, n_out))


def _brings(side: NDArray[np.int64], n_in: int, n_out: int, links: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return how many links each neuron makes when it arrives: half of its side's mean, if so many can be met."""
    outputs_before = np.cumsum(side) - side
    inputs_before = np.arange(len(side)) - outputs_before
    others_before = np.where(side == 0, outputs_before, inputs_before)  # the sum is n_in * n_out
    wanted = np.where(side == 0, links / (2 * n_in), links / (2 * n_out))
    return fit_degrees(wanted, links, 0, others_before, rng)
