"""Layers and chains of layers, to update them by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sparse_mlp.layers import SparseLinear
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate


@pytest.fixture(scope="session")
def make_layer():
    """Make a layer from its links, or from a 0/1 matrix; weights default to 1, 2, 3 …"""

    def make(links, weight=None, name="sparse1", dtype=np.float64):
        if not isinstance(links, SparseStructure):
            matrix = np.array(links)
            links = SparseStructure.from_coo(*np.nonzero(matrix), matrix.shape)
        values = np.arange(1, links.nnz + 1) if weight is None else weight
        return SparseLinear(links, values, name=name, dtype=dtype)

    return make


@pytest.fixture(scope="session")
def make_net(make_layer):
    """Make a chain of layers with random links and random weights."""

    def make(sizes, density, seed=0, dtype=np.float64):
        rng = np.random.default_rng(seed)
        wiring = [generate("erdos-renyi", n, m, density, rng=rng) for n, m in pairwise(sizes)]
        return [make_layer(s, rng.normal(size=s.nnz), f"sparse{i + 1}", dtype) for i, s in enumerate(wiring)]

    return make


@pytest.fixture(params=["reference", "numba"])
def backend(request, monkeypatch):
    """Let the stages of an update be computed by the loops of the reference, then by the kernels."""
    monkeypatch.setenv("SPARSE_MLP_BACKEND", request.param)
    return request.param
