"""Small layers to score: random ones, with hubs, without links, complete; and the three routes to their scores."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import strategies as st

from sparse_mlp.kernels.link_layer import LinkLayer
from sparse_mlp.structure import SparseStructure

# Section 3.8 of the specification: u0..u2 by v0..v3, and its five absent links.
EXAMPLE = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]])
ABSENT = ([0, 0, 1, 1, 2], [2, 3, 0, 3, 1])


def wiring(matrix):
    return SparseStructure.from_coo(*np.nonzero(matrix), np.shape(matrix))


def complete_but(*absent, shape):
    matrix = np.ones(shape, int)
    for u, v in absent:
        matrix[u, v] = 0
    return matrix


# Empty, complete, one row, one column, neurons without links, nearly complete.
EDGES = {
    "empty": np.zeros((3, 4), int),
    "complete": np.ones((3, 4), int),
    "one row": np.array([[1, 0, 1, 0]]),
    "one column": np.array([[1], [0], [1]]),
    "one link": np.array([[0, 0], [0, 1]]),
    "isolated": np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 0, 0]]),
    "one absent": complete_but((1, 2), shape=(3, 4)),
    "star": np.array([[1, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0]]),
}


@st.composite
def wirings(draw, most=9):
    """Draw a random layer; in some of them, one input and one output are hubs."""
    n_in, n_out = draw(st.integers(1, most)), draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = (rng.random((n_in, n_out)) < draw(st.sampled_from((0.1, 0.3, 0.5, 0.8)))).astype(int)
    if draw(st.booleans()):
        matrix[rng.integers(n_in)] = rng.random(n_out) < 0.9
        matrix[:, rng.integers(n_out)] = rng.random(n_in) < 0.9
    return wiring(matrix)


ROUTES = ("reference", "scipy", "walks", "dense")


@contextmanager
def route(name):
    """Yield the backend to ask for; `walks` and `dense` are the two forms of the compiled one."""
    if name not in ("walks", "dense"):
        yield name
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LinkLayer, "prefers_matrices", lambda layer, method: name == "dense")
        yield "numba"
