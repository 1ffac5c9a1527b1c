"""Degrees: how many links each neuron has, and how these numbers are distributed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.measures.graph import Wiring, column_sizes, layers_of


class DegreeDistribution(NamedTuple):
    """How many neurons have how many links.

    Attributes
    ----------
    degree : int64 (d,)
        The degrees that occur, ascending.
    neurons : int64 (d,)
        How many have this degree.
    ccdf : float64 (d,)
        Fraction of the neurons with this degree or more; falls from 1.
    """

    degree: NDArray[np.int64]
    neurons: NDArray[np.int64]
    ccdf: NDArray[np.float64]


def column_degrees(structures: Wiring) -> list[NDArray[np.int64]]:
    """Return the degree of each neuron, int64, column by column, input first: links in plus links out.

    The structures are as in `measures.graph.layers_of`. Joined, the columns are the degrees of `network_graph`.

    Examples
    --------
    >>> from sparse_mlp.structure import SparseStructure
    >>> first = SparseStructure.from_coo([0, 0], [0, 1], (1, 2))
    >>> second = SparseStructure.from_coo([1], [0], (2, 1))
    >>> column_degrees([first, second])
    [array([2]), array([1, 2]), array([1])]
    """
    layers = layers_of(structures)
    degrees = [np.zeros(size, np.int64) for size in column_sizes(layers)]
    for layer, s in enumerate(layers):
        degrees[layer] += s.degrees_in()
        degrees[layer + 1] += s.degrees_out()
    return degrees


def degree_distribution(degrees: ArrayLike) -> DegreeDistribution:
    """Count how often each degree occurs in int64 (n,): one column of `column_degrees`, or all of them joined.

    Raises
    ------
    InvalidInputError
        If there are no degrees, or some are not whole numbers.

    Examples
    --------
    >>> degree_distribution([2, 1, 2, 5])
    DegreeDistribution(degree=array([1, 2, 5]), neurons=array([1, 2, 1]), ccdf=array([1.  , 0.75, 0.25]))
    """
    found = np.asarray(degrees)
    if found.ndim != 1 or len(found) == 0 or found.dtype.kind not in "iu":
        raise invalid(f"degrees of {found.dtype} {found.shape}", "whole numbers (n,), at least one")
    degree, count = np.unique(found.astype(np.int64), return_counts=True)
    return DegreeDistribution(degree, count, np.cumsum(count[::-1])[::-1] / len(found))
