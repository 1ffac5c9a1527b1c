"""Structural consistency: how well a wiring's own eigenvectors predict links that were taken out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_fraction, check_integer
from sparse_mlp.kernels.blas import one_thread
from sparse_mlp.measures.first_order import perturbed_adjacency, perturbed_block
from sparse_mlp.measures.graph import bipartition, checked_graph, links_of
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.rng import RandomState, as_generator

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Integers = NDArray[np.int64]

DECIMALS = 10  # scores are rounded: equal ones differ by 1e-15 or so


def structural_consistency(
    adjacency: csr_array, *, fraction: float = 0.1, repeats: int = 100, rng: RandomState = None
) -> Repeated:
    """Return the structural consistency sigma_c, once for each random set of removed links.

    Parameters
    ----------
    adjacency
        As in `measures.graph.checked_graph`, such as from `network_graph`.
    fraction : float
        Share of the links that is taken out, in (0, 1); at least one link is.
    repeats : int
        How often links are drawn.
    rng : None, int or numpy.random.Generator

    Returns
    -------
    Repeated
        Values in [0, 1]; nan for a graph without links.

    Notes
    -----
    [Lu2015]: take p links out, predict the whole adjacency from what is left (`perturbed_adjacency`), and return the
    share of the p best absent pairs that were taken out. All pairs compete, those within a column of neurons too, but
    these score 0. Ties are broken at random. The mean of 100 is the figure of [Muscoloni2018] that [Cerretti2025]
    reports. Cost O(N^3) for each repeat, memory O(N^2). In a graph with two sides, as every wiring is, a
    decomposition takes about a fifth of the time (`perturbed_block`).

    Examples
    --------
    >>> from sparse_mlp.measures import network_graph
    >>> from scipy.sparse import csr_array
    >>> complete = csr_array(1 - np.kron(np.eye(2), np.ones((3, 3))))  # K_{3,3}
    >>> structural_consistency(complete, repeats=3, rng=0).values  # the link taken out is always found
    array([1., 1., 1.])
    """
    graph, generator = checked_graph(adjacency), as_generator(rng)
    share, runs = check_fraction("fraction", fraction, one=False), check_integer("repeats", repeats)
    side, n_first = bipartition(graph), 0
    if side is not None:
        n_first, order = int(np.count_nonzero(side)), np.argsort(~side, kind="stable")  # one side first
        graph = graph[order][:, order]
    links = np.stack(links_of(graph))
    n_links = links.shape[1]
    if n_links == 0:
        return Repeated(np.full(runs, np.nan))
    n_removed = max(1, round(share * n_links))
    values = np.empty(runs)
    with one_thread():
        for run in range(runs):
            out = generator.permutation(n_links) < n_removed
            values[run] = _found(graph, links[:, out], n_first, generator)
    return Repeated(values)


def _found(graph: csr_array, out: Integers, n_first: int, rng: np.random.Generator) -> float:
    """Return the share of the links `out`, int64 (2, p), among as many best absent pairs without them.

    `n_first` nodes are one side of the graph, the others the second; 0 if it has no two sides.
    """
    n_removed = out.shape[1]
    removed = np.zeros(graph.shape, bool)
    removed[out[0], out[1]] = True
    left = graph.toarray() & ~(removed | removed.T)
    candidate = np.triu(~left, 1)
    score = np.round(_prediction(left.astype(float), out, n_first)[candidate], DECIMALS)
    wanted = removed[candidate]
    last = np.partition(score, -n_removed)[-n_removed]
    better, tied = score > last, score == last
    places = n_removed - np.count_nonzero(better)
    right = np.count_nonzero(tied & wanted)
    # As many of the tied pairs as there are places left, at random.
    lucky = rng.hypergeometric(right, np.count_nonzero(tied) - right, places)
    return (np.count_nonzero(better & wanted) + int(lucky)) / n_removed


def _prediction(left: NDArray[np.float64], out: Integers, n_first: int) -> NDArray[np.float64]:
    """Predict the adjacency; right above the diagonal."""
    if n_first == 0:
        return perturbed_adjacency(left, *out)
    predicted = np.zeros_like(left)  # exactly 0 within a side
    predicted[:n_first, n_first:] = perturbed_block(left[:n_first, n_first:], out[0], out[1] - n_first)
    return predicted
