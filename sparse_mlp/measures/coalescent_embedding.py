"""Coalescent embedding: a place in the hyperbolic disk for each neuron, similar ones close in angle, hubs inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.kernels.blas import one_thread
from sparse_mlp.measures.coalescent_embedding_axes import ANGULAR, LINEAR
from sparse_mlp.measures.coalescent_embedding_weights import WEIGHTINGS
from sparse_mlp.measures.graph import checked_graph
from sparse_mlp.measures.power_law import power_law

if TYPE_CHECKING:
    from scipy.sparse import csr_array

REDUCTIONS = (*ANGULAR, *LINEAR)
SPACINGS = ("equidistant", "original")


@dataclass(frozen=True, eq=False)
class Embedding:
    """Hold the places of the neurons of a giant component in the hyperbolic disk.

    Attributes
    ----------
    nodes : int64 (k,)
        The neurons that were embedded, ascending.
    angle : float64 (k,)
        Polar angle in [0, 2π).
    radius : float64 (k,)
        Distance from the centre of the disk (curvature −1), from 0 to 2 ln k.
    gamma : float
        Exponent of the degree distribution that the radii follow; infinite if all degrees are equal.
    """

    nodes: NDArray[np.int64]
    angle: NDArray[np.float64]
    radius: NDArray[np.float64]
    gamma: float


def coalescent_embedding(
    adjacency: Any, *, weighting: str = "ra1", reduction: str = "isomap", spacing: str = "equidistant",
    gamma: float | None = None,
) -> Embedding:  # fmt: skip
    """Place the neurons of the giant component in the hyperbolic disk.

    Parameters
    ----------
    adjacency
        As in `measures.graph.checked_graph`, such as from `network_graph`.
    weighting : str
        Distance of linked neurons: "ra1" or "ra2" (repulsion of degrees, attraction of common neighbours), or
        "edge-betweenness".
    reduction : str
        What finds the angles: "isomap", "noncentred-isomap", "laplacian-eigenmaps", or an order over the minimum
        spanning tree, "minimum-curvilinear" or "noncentred-minimum-curvilinear".
    spacing : str
        "equidistant": angles 2π·0/k, 2π·1/k, … in the order found. "original": angles as the reduction gives them; the
        orders over the tree are stretched to the circle.
    gamma : float, optional
        Power-law exponent of the degrees, above 1; fitted with `power_law` by default.

    Returns
    -------
    Embedding
        Of the largest connected component; of several of that size, the one with the lowest neuron.

    Notes
    -----
    [Muscoloni2017]. With degrees in descending order and rank i = 1 … k, the radius is
    r_i = max(0, 2β ln i + 2(1 − β) ln k), β = 1/(γ − 1); neurons of equal degree share the mean of their radii. If
    all degrees are equal there is no hierarchy: γ = ∞ and β = 0 put every neuron on the border, r = 2 ln k. At γ = 2
    the largest hub stands in the centre. For 1 < γ < 2, β > 1, and the inner hubs, whose radius would be negative,
    share it.

    Repeatable: no randomness, eigenvectors have a fixed sign, and one BLAS thread decomposes. In a graph with
    symmetries (a ring) the axes may be turned in their plane; the circular order stays.

    Differences from the original: a graph of several components or of equal degrees is refused there, here its giant
    component is embedded and the case of equal degrees is defined; neurons of equal degree stand in the order of their
    numbers there, which draws spirals into a wiring whose neurons are ordered; centred reductions take the largest
    eigenvalues, there the largest singular values, which can belong to negative eigenvalues that no distances in a
    plane have.

    Examples
    --------
    >>> from sparse_mlp.measures import network_graph
    >>> from sparse_mlp.structure import SparseStructure
    >>> star = SparseStructure.from_coo([0, 0, 0], [0, 1, 2], (1, 4))  # output 3 has no link
    >>> place = coalescent_embedding(network_graph(star), gamma=2.0)
    >>> place.nodes.tolist(), place.radius.round(2).tolist()
    ([0, 1, 2, 3], [0.0, 2.12, 2.12, 2.12])
    """
    weigh = WEIGHTINGS[check_choice("weighting", weighting, WEIGHTINGS)]
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("spacing", spacing, SPACINGS)
    graph, nodes = _giant_part(checked_graph(adjacency))
    degrees = np.diff(graph.indptr)
    if gamma is None:
        gamma = power_law(degrees).gamma if len(np.unique(degrees)) > 1 else np.inf
    if not gamma > 1:  # also refuses NaN
        raise invalid(f"gamma={gamma!r}", "a number above 1", "other power laws cannot be normalised")
    angle = np.zeros(len(nodes)) if len(nodes) == 1 else _angles(weigh(graph), reduction, spacing)
    return Embedding(nodes, angle, radii(degrees, gamma), float(gamma))


def radii(degrees: NDArray[Any], gamma: float) -> NDArray[np.float64]:
    """Return the distance from the centre of neurons with `degrees` (k,), the higher the degree the closer.

    Examples
    --------
    >>> radii(np.array([1, 9, 4]), 3.0).round(3).tolist()  # r_i = ln i + ln 3 for the ranks 3, 1, 2
    [2.197, 1.099, 1.792]
    """
    beta, n = 1.0 / (gamma - 1.0), len(degrees)
    ranked = np.maximum(0.0, 2 * beta * np.log(np.arange(1, n + 1)) + 2 * (1 - beta) * np.log(n))
    _, group, size = np.unique(-np.asarray(degrees, np.int64), return_inverse=True, return_counts=True)
    ends = np.cumsum(size)
    shared = [ranked[end - count : end].mean() for end, count in zip(ends, size, strict=True)]
    return np.array(shared)[group]


def equidistant(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles at equal distances around the circle, in the order of `angle`, first at 0.

    Examples
    --------
    >>> (equidistant(np.array([0.3, 0.1, 5.0, 0.2])) / np.pi).tolist()
    [1.0, 0.0, 1.5, 0.5]
    """
    place = np.empty(len(angle))
    place[np.argsort(angle, kind="stable")] = 2 * np.pi * np.arange(len(angle)) / len(angle)
    return place


def _angles(weights: csr_array, reduction: str, spacing: str) -> NDArray[np.float64]:
    with one_thread():
        found = (ANGULAR | LINEAR)[reduction](weights)
    if spacing == "equidistant":
        return equidistant(found)
    if reduction in ANGULAR:
        return found
    n = len(found)  # an order on a line is stretched to the circle; its ends stay one mean gap apart
    return (found - found.min()) / (np.ptp(found) or 1.0) * (2 * np.pi * (n - 1) / n)


def _giant_part(graph: csr_array) -> tuple[csr_array, NDArray[np.int64]]:
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(graph, directed=False)
    nodes = np.flatnonzero(label == np.argmax(np.bincount(label)))
    return graph[nodes][:, nodes], nodes
