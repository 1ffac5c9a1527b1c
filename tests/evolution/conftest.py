"""A layer that can do what a rule asks for, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate


class BareLayer:
    motif_size = 1

    def __init__(self, name, structure, weight):
        self.name, self.structure, self.weight = name, structure, np.asarray(weight)
        assert self.weight.shape == (structure.nnz,)

    def rewire(self, structure, carry, new_weights):
        new = carry < 0
        assert new_weights.shape == (np.count_nonzero(new),)
        weight = np.empty(structure.nnz, self.weight.dtype)
        weight[~new], weight[new] = self.weight[carry[~new]], new_weights
        self.structure, self.weight = structure, weight


@pytest.fixture(scope="session")
def make_layer():
    """Make a layer from its links, or from a 0/1 matrix; weights default to 1, 2, 3 …"""

    def make(links, weight=None, name="sparse1", dtype=np.float64):
        matrix = links if isinstance(links, SparseStructure) else np.array(links)
        structure = (
            matrix
            if isinstance(links, SparseStructure)
            else SparseStructure.from_coo(*np.nonzero(matrix), matrix.shape)
        )
        values = np.arange(1, structure.nnz + 1) if weight is None else weight
        return BareLayer(name, structure, np.array(values, dtype))

    return make


@pytest.fixture(scope="session")
def make_net(make_layer):
    """Make a chain of layers with random links and random weights."""

    def make(sizes, density, seed=0, dtype=np.float64):
        rng = np.random.default_rng(seed)
        wiring = [generate("erdos-renyi", n, m, density, rng=rng) for n, m in pairwise(sizes)]
        return [make_layer(s, rng.normal(size=s.nnz), f"sparse{i + 1}", dtype) for i, s in enumerate(wiring)]

    return make
