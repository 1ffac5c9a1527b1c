"""A wiring as a graph: neurons are nodes, links have no direction.

What the measures take is checked here: wirings by `layers_of`, adjacencies by `checked_graph`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.measures.percolation import check_chain
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Wiring = SparseStructure | Sequence[SparseStructure]


def network_graph(structures: Wiring) -> csr_array:
    """Return the adjacency of a whole network, as in `layers_of`, as one graph.

    Returns
    -------
    csr_array, bool (N, N)
        Symmetric, with an empty diagonal and no stored zeros. N = n_0 + n_1 + … + n_L: the neurons of column 0 come
        first, then those of column 1, and so on.

    Notes
    -----
    The measures of [Cerretti2025] see a network of several layers as one graph of all its neurons. It has no
    triangles: each link joins an even column to an odd one. Cost O(N + nnz).

    Examples
    --------
    >>> first = SparseStructure.from_coo([0, 0], [0, 1], (1, 2))
    >>> second = SparseStructure.from_coo([1], [0], (2, 1))
    >>> network_graph([first, second]).toarray().astype(int)
    array([[0, 1, 1, 0],
           [1, 0, 0, 0],
           [1, 0, 0, 1],
           [0, 0, 1, 0]])
    """
    from scipy.sparse import csr_array

    layers = layers_of(structures)
    starts = np.cumsum([0, *column_sizes(layers)])
    rows = np.concatenate([s.rows() + start for s, start in zip(layers, starts[:-1], strict=False)])
    cols = np.concatenate([s.indices + start for s, start in zip(layers, starts[1:], strict=False)])
    both = np.concatenate([rows, cols]), np.concatenate([cols, rows])
    graph = csr_array((np.ones(2 * len(rows), bool), both), shape=(starts[-1], starts[-1]))
    graph.sort_indices()
    return graph


def two_sides(structures: Wiring) -> SparseStructure:
    """Fold a network into one bipartite layer: the even columns of neurons against the odd ones.

    The result has the shape (n_0 + n_2 + …, n_1 + n_3 + …). It is the same graph as that of `network_graph`, its
    neurons grouped by side and in order of their columns. One layer is returned as it is.

    Examples
    --------
    >>> first = SparseStructure.from_coo([0, 0], [0, 1], (1, 2))
    >>> second = SparseStructure.from_coo([1], [0], (2, 1))
    >>> two_sides([first, second]).to_scipy().toarray().astype(int)  # input and output against the hidden neurons
    array([[1, 1],
           [0, 1]])
    """
    layers = layers_of(structures)
    if len(layers) == 1:
        return layers[0]
    sizes = column_sizes(layers)
    side = np.repeat(np.arange(len(sizes)) % 2, sizes)
    order = np.argsort(side, kind="stable")
    n_even = int(np.count_nonzero(side == 0))
    return SparseStructure.from_scipy(network_graph(layers)[order[:n_even]][:, order[n_even:]])


def layers_of(structures: Wiring) -> list[SparseStructure]:
    """Return the layers of a network as a list, after a check that they form a chain.

    Parameters
    ----------
    structures : SparseStructure or sequence of SparseStructure
        The sparse layers from input to output, each feeding the next; one structure is a network of one layer.

    Raises
    ------
    InvalidInputError
        If there is no layer, or one does not fit the next.
    """
    layers = [structures] if isinstance(structures, SparseStructure) else list(structures)
    if not layers:
        raise invalid("no layer", "at least one sparse layer")
    check_chain(layers)
    return layers


def column_sizes(layers: Sequence[SparseStructure]) -> list[int]:
    """Return the number of neurons of each column, input first: one more than layers."""
    return [layers[0].n_in, *(s.n_out for s in layers)]


def checked_graph(adjacency: Any) -> csr_array:
    """Check that a sparse matrix is the adjacency of an undirected graph without loops.

    Parameters
    ----------
    adjacency : sparse array (N, N)
        Each nonzero entry is a link.

    Returns
    -------
    csr_array, bool (N, N)
        A copy without stored zeros, columns ascending.

    Raises
    ------
    InvalidInputError
        If it is dense, not square, without nodes or not symmetric, or a node has a link to itself.
    """
    from scipy.sparse import csr_array, issparse

    remedy = "network_graph(structures) makes one"
    if not issparse(adjacency) or adjacency.ndim != 2:
        raise invalid(f"adjacency of type {type(adjacency).__name__}", "a SciPy sparse matrix", remedy)
    if adjacency.shape[0] != adjacency.shape[1] or adjacency.shape[0] == 0:
        raise invalid(f"adjacency of shape {adjacency.shape}", "a square matrix of at least one node", remedy)
    graph = csr_array(adjacency).astype(bool)
    graph.eliminate_zeros()
    graph.sum_duplicates()
    if graph.diagonal().any():
        raise invalid("a node with a link to itself", "an adjacency with an empty diagonal")
    if (graph != graph.T).nnz:
        raise invalid("an adjacency that is not symmetric", "a symmetric one: links have no direction")
    return graph


def links_of(graph: csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ends i < j of each link, by i, then j; int64 (E,) each."""
    i, j = graph.nonzero()
    upper = i < j
    return i[upper].astype(np.int64), j[upper].astype(np.int64)


def bipartition(graph: csr_array) -> NDArray[np.bool_] | None:
    """Find the two sides of a graph, as from `checked_graph`, whose links all join one side to the other.

    Returns
    -------
    bool (N,) or None
        True for one side, with all nodes that have no link; None if a cycle of odd length forbids it.

    Notes
    -----
    In the double cover each node i occurs twice, as i and i', and a link i-j becomes i-j' and i'-j. A component falls
    apart there, into its one side with the other's doubles and the reverse, exactly if it has two sides.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> bipartition(csr_array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]))
    array([ True, False,  True])
    """
    from scipy.sparse import block_array
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(block_array([[None, graph], [graph, None]]), directed=False)
    first, double = np.split(label, 2)
    return None if np.any(first == double) else first < double
