"""Choose a part of a large network that can be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

WeightedPairs = tuple[tuple[NDArray[Any], NDArray[Any]], float]


def at_most(count: int, most: int) -> NDArray[np.int64]:
    """Return all of `count` indices, or a random sample of `most`, always the same."""
    return np.arange(count) if count <= most else np.random.default_rng(0).choice(count, most, replace=False)


def choose_neurons(
    sizes: Sequence[int], links: Sequence[Sequence[WeightedPairs]], most: int
) -> tuple[NDArray[np.int64], ...]:
    """Choose up to `most` neurons of each layer that share many links, by greedy growth, without randomness.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, input first; a layer of no more than `most` is taken whole.
    links : for each pair of neighbouring layers, a sequence of ((rows, cols), worth)
        Links and what one of them is worth.

    Returns
    -------
    tuple of int64 arrays
        Neurons of each layer, ascending.

    Notes
    -----
    Layers take turns. Each turn adds the neuron whose links to the chosen neurons are worth most; ties go to the
    neuron whose links are worth most in all, then to the lower index.
    """
    forward = [_matrix(part, shape) for part, shape in zip(links, pairwise(sizes), strict=True)]
    activity = [np.zeros(n) for n in sizes]
    neighbours: list[list[tuple[Any, int]]] = [[] for _ in sizes]
    for i, matrix in enumerate(forward):
        neighbours[i].append((matrix, i + 1))
        neighbours[i + 1].append((matrix.T.tocsr(), i))
        activity[i] += matrix.sum(axis=1)
        activity[i + 1] += matrix.sum(axis=0)
    shared = [np.zeros(n) for n in sizes]
    chosen = [np.zeros(n, bool) for n in sizes]

    def take(layer: int, neuron: int) -> None:
        chosen[layer][neuron] = True
        for matrix, other in neighbours[layer]:
            links_of_it = slice(matrix.indptr[neuron], matrix.indptr[neuron + 1])
            shared[other][matrix.indices[links_of_it]] += matrix.data[links_of_it]

    for layer, n in enumerate(sizes):
        if n <= most:
            for neuron in range(n):
                take(layer, neuron)
    for _ in range(most):
        for layer, n in enumerate(sizes):
            if n > most:
                order = np.lexsort((-activity[layer], -shared[layer], chosen[layer]))  # stable: the lower index first
                take(layer, int(order[0]))
    return tuple(np.flatnonzero(c) for c in chosen)


def _matrix(parts: Sequence[WeightedPairs], shape: tuple[int, int]) -> Any:
    """Add up the worth of the links between each pair of neurons, as CSR."""
    from scipy.sparse import csr_array

    rows, cols = (np.concatenate([np.asarray(pairs[end], np.int64) for pairs, _ in parts]) for end in (0, 1))
    worth = np.concatenate([np.full(len(pairs[0]), value) for pairs, value in parts])
    return csr_array((worth, (rows, cols)), shape=shape)
