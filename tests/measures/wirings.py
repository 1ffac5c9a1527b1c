"""Wirings for the measures: the example by hand, and random chains."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate


def wiring(matrix):
    matrix = np.array(matrix)
    return SparseStructure.from_coo(*np.nonzero(matrix), matrix.shape)


def worked_chain():
    """2-3-2-1: only the path 0-0-0-0 goes through."""
    return [wiring(m) for m in ([[1, 1, 0], [0, 0, 1]], [[1, 0], [0, 0], [0, 1]], [[1], [0]])]


def random_chain(sizes, density, seed):
    rng = np.random.default_rng(seed)
    return [generate("erdos-renyi", n, m, density, rng=rng) for n, m in pairwise(sizes)]
