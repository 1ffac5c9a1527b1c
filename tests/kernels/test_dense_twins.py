"""The kernels of the dense layer against the reference of a sparse layer with all links."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_cases import assert_within_bound

from sparse_mlp.kernels.dense import dense_backward, dense_forward
from sparse_mlp.kernels.tiles import flat, pack
from sparse_mlp.reference import linear as reference
from sparse_mlp.structure import SparseStructure

LANES = pytest.mark.parametrize("lanes", [64, 32, 7])


def tiles(array: np.ndarray, lanes: int) -> np.ndarray:
    """Return (features, batch) as tiles."""
    empty = np.empty((-(-array.shape[1] // lanes), len(array), lanes), array.dtype)
    return pack(np.ascontiguousarray(array.T), np.arange(array.shape[1]), empty)


@LANES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_by_hand(lanes: int, dtype: Any) -> None:
    weight = np.array([[1.0, -2.0], [0.5, 3.0]], dtype)
    x = tiles(np.array([[2.0, -1.0], [4.0, 0.0]], dtype), lanes)
    out = np.empty((1, 2, lanes), dtype)
    dense_forward(weight, np.array([1.0, -1.0], dtype), x, out=out)
    assert flat(out, 2).tolist() == [[1 + 2 + 2, 1 - 1], [-1 - 4 + 12, -1 + 2]]
    dy, dx, dweight = tiles(np.array([[1.0, 0.0], [2.0, -1.0]], dtype), lanes), np.empty_like(x), np.ones((2, 2), dtype)
    dense_backward(weight, x, dy, out=dx, add_to=dweight)
    assert flat(dx, 2).tolist() == [[1 - 4, 2], [0.5 + 6, -3]]
    assert dweight.tolist() == [[1 + 2, 1 + 4 + 1], [1 + 4, 1 + 8]]
    dense_backward(weight, x, dy, True, out=x, add_to=dweight)  # what a ReLU has silenced gets no gradient
    assert flat(x, 2).tolist() == [[-3, 0], [6.5, 0]]


@LANES
@given(
    n_in=st.integers(1, 12), n_out=st.integers(1, 12), batch=st.integers(1, 70), relu=st.booleans(),
    seed=st.integers(0, 2**32 - 1), cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)  # fmt: skip
def test_twins(lanes: int, n_in: int, n_out: int, batch: int, relu: bool, seed: int, cuts: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    weight, bias = rng.normal(size=(n_in, n_out)).astype(np.float32), rng.normal(size=n_out).astype(np.float32)
    x, dy = rng.normal(size=(n_in, batch)).astype(np.float32), rng.normal(size=(n_out, batch)).astype(np.float32)
    links, w = SparseStructure.complete((n_in, n_out)), weight.reshape(-1)
    by_input = links.indptr, links.indices

    y = np.empty((-(-batch // lanes), n_out, lanes), np.float32)
    middle = int(cuts[0] * n_out)
    for part in ((0, middle), (middle, n_out)):
        dense_forward(weight, bias, tiles(x, lanes), relu, out=y, part=part)
    bound = reference.spmm(*links.by_output, abs(w), abs(bias), abs(x))
    expected = reference.spmm(*links.by_output, w, bias, x, relu)
    assert_within_bound(flat(y, batch), expected, n_in + 1, bound, np.float32)

    dx, dweight = np.empty((len(y), n_in, lanes), np.float32), np.zeros_like(weight)
    middle = int(cuts[1] * n_in)
    for part in ((0, middle), (middle, n_in)):
        dense_backward(weight, tiles(x, lanes), tiles(dy, lanes), relu, out=dx, add_to=dweight, part=part)
    (expected_dx, expected_dweight), (bound_dx, bound_dweight) = (
        reference.linear_backward(*by_input, *case) for case in ((w, x, dy, relu), (abs(w), abs(x), abs(dy)))
    )  # fmt: skip
    assert_within_bound(flat(dx, batch), expected_dx, n_out, bound_dx, np.float32)
    assert_within_bound(dweight.reshape(-1), expected_dweight, batch, bound_dweight, np.float32)
    alone = np.zeros_like(weight)
    dense_backward(weight, tiles(x, lanes), tiles(dy, lanes), out=None, add_to=alone)
    assert np.array_equal(alone, dweight)
