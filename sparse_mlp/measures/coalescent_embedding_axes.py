"""Dimension reduction for coalescent embedding: from distances on links to an angle, or an order, of the neurons.

Each function takes the distances on the links of a connected graph, a symmetric float64 csr_array (N, N), and returns
float64 (N,): an angle in [0, 2π) or, over the minimum spanning tree, a place on a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TIE = 1e-9  # of the largest entry of an eigenvector: entries nearer than this are equal but for rounding


def isomap(weights: csr_array) -> NDArray[np.float64]:
    """Return the angle of each neuron in the plane of the two leading axes of centred shortest-path distances.

    Notes
    -----
    Classical scaling of the path lengths D: eigenvectors of −J D² J / 2 with J = I − 11ᵀ/N, of the two largest
    eigenvalues, each scaled by its root. O(N² log N + N E) for the paths, O(N³) for the axes.
    """
    values, vectors = _largest(_centred(_path_lengths(weights)), 2)
    return polar_angle(vectors * np.sqrt(np.maximum(values, 0.0)))


def noncentred_isomap(weights: csr_array) -> NDArray[np.float64]:
    """Return the angle of each neuron in the plane of the second and third axis of the shortest-path distances.

    The first axis of distances that are not centred tells only how central
    a neuron is.
    """
    values, vectors = _strongest(_path_lengths(weights), 3)
    return polar_angle((vectors * np.sqrt(np.abs(values)))[:, 1:])


def laplacian_eigenmaps(weights: csr_array) -> NDArray[np.float64]:
    """Return the angle of each neuron in the plane of the two slowest diffusions over the links.

    Notes
    -----
    Solves L y = λ D y, where L = D − W and the heat kernel W = exp(−(w / mean w)²) on the links turns distances into
    similarities; the constant y of λ = 0 is left out. Taken from the three largest eigenvalues 1 − λ of
    D^(−1/2) W D^(−1/2), whose eigenvectors D^(1/2) y have the same angles.
    """
    from scipy.sparse import csr_array

    kernel = np.exp(-((weights.data / weights.data.mean()) ** 2))
    # A link far longer than the mean would vanish and could take a neuron off the graph.
    kernel = np.maximum(kernel, np.finfo(np.float64).tiny ** 0.5)
    similar = csr_array((kernel, weights.indices, weights.indptr), shape=weights.shape).toarray()
    root = np.sqrt(similar.sum(axis=1))
    _, vectors = _largest(similar / np.outer(root, root), 3)
    return polar_angle(vectors[:, 1:])


def minimum_curvilinear(weights: csr_array) -> NDArray[np.float64]:
    """Return the place of each neuron on the leading axis of centred distances over the minimum spanning tree."""
    values, vectors = _largest(_centred(_tree_lengths(weights)), 1)
    return vectors[:, 0] * np.sqrt(max(values[0], 0.0))


def noncentred_minimum_curvilinear(weights: csr_array) -> NDArray[np.float64]:
    """Return the place of each neuron on the second axis of distances over the minimum spanning tree."""
    values, vectors = _strongest(_tree_lengths(weights), 2)
    return vectors[:, 1] * np.sqrt(abs(values[1]))


# Those that give an angle, and those that give an order on a line, which is bent to a circle.
ANGULAR = {"isomap": isomap, "noncentred-isomap": noncentred_isomap, "laplacian-eigenmaps": laplacian_eigenmaps}
LINEAR = {"minimum-curvilinear": minimum_curvilinear, "noncentred-minimum-curvilinear": noncentred_minimum_curvilinear}


def polar_angle(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the polar angle in [0, 2π) of points (N, 2)."""
    # Twice: a tiny negative angle plus 2π rounds to 2π itself.
    return np.arctan2(xy[:, 1], xy[:, 0]) % (2 * np.pi) % (2 * np.pi)


def _path_lengths(weights: csr_array) -> NDArray[np.float64]:
    from scipy.sparse.csgraph import dijkstra

    lengths = dijkstra(weights, directed=False)
    return np.maximum(lengths, lengths.T)  # rounding depends on where a path starts


def _tree_lengths(weights: csr_array) -> NDArray[np.float64]:
    from scipy.sparse.csgraph import minimum_spanning_tree

    return _path_lengths(minimum_spanning_tree(weights))


def _centred(lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = lengths**2
    rows = squares.mean(axis=1)
    return -0.5 * (squares - rows[:, None] - rows[None, :] + rows.mean())


def _largest(matrix: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the `count` largest eigenvalues of a symmetric matrix, largest first, and their eigenvectors (N, count).

    Eigenvectors that a matrix too small for them does not have are zero.
    """
    from scipy.linalg import eigh

    n = len(matrix)
    values, vectors = eigh(matrix, subset_by_index=(max(0, n - count), n - 1))
    return _padded(values[::-1], vectors[:, ::-1], count)


def _strongest(matrix: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the `count` eigenvalues of largest size, of either sign, and their eigenvectors, as from `_largest`."""
    from scipy.linalg import eigh

    values, vectors = eigh(matrix)
    order = np.argsort(-np.abs(values), kind="stable")[:count]
    return _padded(values[order], vectors[:, order], count)


def _padded(
    values: NDArray[np.float64], vectors: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    missing = count - len(values)
    return np.pad(values, (0, missing)), np.pad(_signed(vectors), ((0, 0), (0, missing)))


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn each eigenvector so that its first largest entry is positive: a solver may return either sign."""
    size = np.abs(vectors)
    first = np.argmax(size >= size.max(axis=0) * (1 - TIE), axis=0)
    return vectors * np.where(vectors[first, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
