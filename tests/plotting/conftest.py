"""Small and large networks to draw."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.layers import SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.structure import SparseStructure


@pytest.fixture(scope="session")
def large_model():
    """784-1000-1000-1000-10: three layers at 1 %, a dense read-out."""
    return SparseMLP([784, 1000, 1000, 1000, 10], density=0.01, rng=0)


@pytest.fixture
def tiny_model():
    """3-2-2: links (0,0)+, (1,1)-, (2,0)+ and then (0,0)-, (1,1) of weight zero."""
    first = SparseStructure.from_coo([0, 1, 2], [0, 1, 0], (3, 2))
    second = SparseStructure.from_coo([0, 1], [0, 1], (2, 2))
    return SparseMLP.from_layers([
        SparseLinear(first, np.array([0.5, -1.0, 0.25]), dtype="float64", name="a"),
        SparseLinear(second, np.array([-2.0, 0.0]), dtype="float64", name="b"),
    ])  # fmt: skip
