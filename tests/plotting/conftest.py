"""Stand-ins for trained nets: the figures ask for links and weights only."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from sparse_mlp.structure import SparseStructure


def random_layer(n_in, n_out, density, rng, name):
    keys = np.sort(rng.choice(n_in * n_out, round(density * n_in * n_out), replace=False))
    structure = SparseStructure.from_keys(keys, (n_in, n_out))
    weight = rng.normal(0, 0.3, structure.nnz).astype(np.float32)
    return SimpleNamespace(name=name, structure=structure, weight=weight)


@pytest.fixture(scope="session")
def large_model():
    """784-1000-1000-1000-10: three layers at 1 %, a dense read-out."""
    rng = np.random.default_rng(0)
    sizes = (784, 1000, 1000, 1000)
    pairs = enumerate(pairwise(sizes), start=1)
    sparse = [random_layer(*shape, 0.01, rng, f"sparse{i}") for i, shape in pairs]
    readout = SimpleNamespace(weight=rng.normal(0, 0.03, (1000, 10)).astype(np.float32))
    return SimpleNamespace(sparse_layers=sparse, layers=[*sparse, readout])


@pytest.fixture
def tiny_model():
    """3-2-2: links (0,0)+, (1,1)-, (2,0)+ and then (0,0)-, (1,1) of weight zero."""
    first = SimpleNamespace(
        name="a",
        structure=SparseStructure.from_coo([0, 1, 2], [0, 1, 0], (3, 2)),
        weight=np.array([0.5, -1.0, 0.25]),
    )
    second = SimpleNamespace(
        name="b",
        structure=SparseStructure.from_coo([0, 1], [0, 1], (2, 2)),
        weight=np.array([-2.0, 0.0]),
    )
    return SimpleNamespace(sparse_layers=[first, second], layers=[first, second])
