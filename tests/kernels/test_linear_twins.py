"""The sparse linear layer three times: loops, scipy.sparse products, compiled kernels."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from layer_cases import LayerCase, assert_within_bound, layer_cases, make_case

from sparse_mlp.kernels import linear, scipy_linear
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.kernels.dispatch import BACKENDS, linear_ops
from sparse_mlp.reference import linear as reference
from sparse_mlp.structure import SparseStructure

FAST = pytest.mark.parametrize("twin", [linear, scipy_linear], ids=["numba", "scipy"])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture(params=BACKENDS)
def ops(request: pytest.FixtureRequest) -> ModuleType:
    return linear_ops(request.param)


# ------------------------------------------------------------------------------------------------ by hand
#
#   input 0 --2--> output 1        bias    x (two samples)    dy
#   input 1        no links          1       1   -1             1    0
#   input 2 -(-1)-> output 0        10       5    7             2   -1
#   input 2 --3--> output 1                  2    4
#   output 2 has no links          -5                           4    4

HAND = LayerCase(
    SparseStructure.from_coo([0, 2, 2], [1, 0, 1], (3, 3)),
    np.array([2.0, -1.0, 3.0]),
    np.array([1.0, 10.0, -5.0]),
    np.array([[1.0, -1.0], [5.0, 7.0], [2.0, 4.0]]),
    np.array([[1.0, 0.0], [2.0, -1.0], [4.0, 4.0]]),
)


@DTYPES
def test_spmm_by_hand(ops: ModuleType, dtype: Any) -> None:
    case = HAND.cast(dtype)
    y = ops.spmm(*case.structure.by_output, case.weight, case.bias, case.x)
    assert y.tolist() == [[1 - 2, 1 - 4], [10 + 2 + 6, 10 - 2 + 12], [-5, -5]]
    assert ops.spmm(*case.structure.by_output, case.weight, case.bias, case.x, True).tolist() == [
        [0, 0], [18, 20], [0, 0],
    ]  # fmt: skip


@DTYPES
def test_backward_by_hand(ops: ModuleType, dtype: Any) -> None:
    case = HAND.cast(dtype)
    links = case.structure.indptr, case.structure.indices
    dx_by_hand = [[2 * 2, 2 * -1], [0, 0], [-1 * 1 + 3 * 2, 0 + 3 * -1]]
    dweight_by_hand = [1 * 2 + -1 * -1, 2 * 1 + 4 * 0, 2 * 2 + 4 * -1]
    assert ops.spmm_transpose(*links, case.weight, case.dy).tolist() == dx_by_hand
    assert ops.sddmm(*links, case.x, case.dy).tolist() == dweight_by_hand
    assert ops.bias_grad(case.dy).tolist() == [1, 1, 8]
    dx, dweight = ops.linear_backward(*links, case.weight, case.x, case.dy)
    assert dx.tolist() == dx_by_hand and dweight.tolist() == dweight_by_hand


def test_reference_sums_are_rounded_once() -> None:
    """The truth must not itself depend on an order of summation: 1e16 + 1 - 1e16 = 1."""
    column = SparseStructure.complete((3, 1))
    x = np.array([[1e16], [1.0], [-1e16]])
    assert reference.spmm(*column.by_output, np.ones(3), np.zeros(1), x).item() == 1
    row = SparseStructure.complete((1, 3))
    assert reference.spmm_transpose(row.indptr, row.indices, np.ones(3), x).item() == 1
    link = SparseStructure.complete((1, 1))
    assert reference.sddmm(link.indptr, link.indices, x.T, np.ones((1, 3))).item() == 1
    assert reference.bias_grad(x.T).item() == 1


def test_reference_computes_in_float64() -> None:
    case = make_case(SparseStructure.complete((3, 2)), 4, seed=0, dtype=np.float32)

    def results(c: LayerCase) -> list[np.ndarray]:
        links = c.structure.indptr, c.structure.indices
        dx, dweight = reference.linear_backward(*links, c.weight, c.x, c.dy)
        return [reference.spmm(*c.structure.by_output, *c[1:4]), dx, dweight, reference.bias_grad(c.dy)]

    for narrow, wide in zip(results(case), results(case.cast(np.float64)), strict=True):
        assert narrow.dtype == np.float64
        assert np.array_equal(narrow, wide)


# ------------------------------------------------------------------- the reference against dense matrices


@given(layer_cases(batches=(1, 3, 7)))
def test_reference_is_the_matrix_product(case: LayerCase) -> None:
    w, links = case.matrix, (case.structure.indptr, case.structure.indices)
    z = reference.spmm(*case.structure.by_output, *case[1:4])
    magnitude = np.abs(w).T @ np.abs(case.x) + np.abs(case.bias)[:, None]
    assert_within_bound(w.T @ case.x + case.bias[:, None], z, case.structure.n_in + 1, magnitude, np.float64)
    assert np.array_equal(reference.spmm(*case.structure.by_output, *case[1:4], relu=True), np.maximum(z, 0))
    dx, dweight = reference.linear_backward(*links, case.weight, case.x, case.dy)
    assert_within_bound(w @ case.dy, dx, case.structure.n_out, np.abs(w) @ np.abs(case.dy), np.float64)
    sampled = (case.structure.rows(), case.structure.indices)
    dense, magnitude = case.x @ case.dy.T, np.abs(case.x) @ np.abs(case.dy).T
    assert_within_bound(dense[sampled], dweight, case.x.shape[1], magnitude[sampled], np.float64)
    total, magnitude = case.dy.sum(axis=1), np.abs(case.dy).sum(axis=1)
    assert_within_bound(total, reference.bias_grad(case.dy), case.x.shape[1], magnitude, np.float64)


# ------------------------------------------------------------------------- twins against the reference


def magnitudes(case: LayerCase) -> LayerCase:
    """The same case with absolute values: the reference then yields the |A||B| of the bounds."""
    return LayerCase(case.structure, *(np.abs(array) for array in case[1:]))


@FAST
@DTYPES
@given(case=layer_cases())
def test_spmm(twin: ModuleType, dtype: Any, case: LayerCase) -> None:
    case, by_output = case.cast(dtype), case.structure.by_output
    terms = case.structure.degrees_out()[:, None] + 1
    magnitude = reference.spmm(*by_output, *magnitudes(case)[1:4])
    for relu in (False, True):
        got = twin.spmm(*by_output, *case[1:4], relu)
        assert_within_bound(got, reference.spmm(*by_output, *case[1:4], relu), terms, magnitude, dtype)


@FAST
@DTYPES
@given(case=layer_cases())
def test_backward(twin: ModuleType, dtype: Any, case: LayerCase) -> None:
    case, links = case.cast(dtype), (case.structure.indptr, case.structure.indices)
    big, batch = magnitudes(case), case.x.shape[1]
    dx, dweight = reference.linear_backward(*links, case.weight, case.x, case.dy)
    dx_size, dweight_size = reference.linear_backward(*links, big.weight, big.x, big.dy)
    degrees = case.structure.degrees_in()[:, None]
    got_dx, got_dweight = twin.linear_backward(*links, case.weight, case.x, case.dy)
    for got in (got_dx, twin.spmm_transpose(*links, case.weight, case.dy)):
        assert_within_bound(got, dx, degrees, dx_size, dtype)
    for got in (got_dweight, twin.sddmm(*links, case.x, case.dy)):
        assert_within_bound(got, dweight, batch, dweight_size, dtype)
    bias_size = reference.bias_grad(big.dy)
    assert_within_bound(twin.bias_grad(case.dy), reference.bias_grad(case.dy), batch, bias_size, dtype)


def test_a_batch_of_nothing(ops: ModuleType) -> None:
    structure = SparseStructure.complete((3, 2))
    case = make_case(structure, 0, seed=0)
    links = structure.indptr, structure.indices
    assert ops.spmm(*structure.by_output, *case[1:4]).shape == (2, 0)
    assert ops.spmm_transpose(*links, case.weight, case.dy).shape == (3, 0)
    dx, dweight = ops.linear_backward(*links, case.weight, case.x, case.dy)
    assert dx.shape == (3, 0)
    for zeros in (dweight, ops.sddmm(*links, case.x, case.dy)):
        assert zeros.tolist() == [0] * 6
    assert ops.bias_grad(case.dy).tolist() == [0, 0]


def test_inputs_are_left_alone(ops: ModuleType) -> None:
    case = make_case(SparseStructure.from_keys([0, 3, 4], (3, 2)), 5, seed=1)
    before = [array.copy() for array in case[1:]]
    ops.spmm(*case.structure.by_output, *case[1:4], True)
    ops.spmm_transpose(case.structure.indptr, case.structure.indices, case.weight, case.dy)
    ops.sddmm(case.structure.indptr, case.structure.indices, case.x, case.dy)
    ops.linear_backward(case.structure.indptr, case.structure.indices, case.weight, case.x, case.dy)
    for now, then in zip(case[1:], before, strict=True):
        assert np.array_equal(now, then)


def test_scipy_gathers_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block's size bounds the memory and must not be seen in the result, one link a block included."""
    case = make_case(SparseStructure.complete((5, 3)), 4, seed=2)
    links = case.structure.indptr, case.structure.indices
    whole = scipy_linear.sddmm(*links, case.x, case.dy)
    for gathered in (1, 4, 12, 16):
        monkeypatch.setattr(scipy_linear, "GATHERED", gathered)
        assert np.array_equal(scipy_linear.sddmm(*links, case.x, case.dy), whole)


@DTYPES
@pytest.mark.skipif(not JIT_ENABLED, reason="plain Python has one thread")
def test_same_bytes_for_any_number_of_threads(dtype: Any) -> None:
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine has a single core")
    keys = np.flatnonzero(np.random.default_rng(0).random(40 * 30) < 0.3)
    case = make_case(SparseStructure.from_keys(keys, (40, 30)), 517, seed=3, dtype=dtype)
    links = case.structure.indptr, case.structure.indices

    def results() -> list[bytes]:
        dx, dweight = linear.linear_backward(*links, case.weight, case.x, case.dy)
        others = [
            linear.spmm(*case.structure.by_output, *case[1:4]),
            linear.spmm_transpose(*links, case.weight, case.dy),
            linear.sddmm(*links, case.x, case.dy),
            linear.bias_grad(case.dy),
        ]
        return [array.tobytes() for array in (dx, dweight, *others)]

    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = results()
        numba.set_num_threads(2)
        assert all(results() == alone for _ in range(5))
    finally:
        numba.set_num_threads(threads)


# ------------------------------------------------------------------------ the tile kernels of `linear`


def test_spmm_tile_writes_its_columns_only() -> None:
    y = np.full((3, 4), 99.0)
    x = np.hstack([np.full((3, 1), 50.0), HAND.x, np.full((3, 1), 50.0)])
    linear.spmm_tile(*HAND.structure.by_output, HAND.weight, HAND.bias, x, y, 1, 3, False)
    assert y.tolist() == [[99, -1, -3, 99], [99, 18, 20, 99], [99, -5, -5, 99]]


@pytest.mark.parametrize("in_place", [False, True])
def test_linear_backward_tile_masks_adds_and_may_overwrite_its_input(in_place: bool) -> None:
    x = np.array([[9.0, 1.0, -1.0, 9.0], [9.0, 5.0, 7.0, 9.0], [9.0, 0.0, 4.0, 9.0]])
    dy = np.hstack([np.full((3, 1), 50.0), HAND.dy, np.full((3, 1), 50.0)])
    dx = x if in_place else np.full((3, 4), 9.0)
    dweight = np.array([100.0, 200.0, 300.0])
    links = HAND.structure.indptr, HAND.structure.indices
    linear.linear_backward_tile(*links, HAND.weight, x, dy, dx, dweight, 1, 3, True)
    assert dx.tolist() == [[9, 4, 0, 9], [9, 0, 0, 9], [9, 0, -3, 9]], "0 where x was not positive"
    assert dweight.tolist() == [100 + 2 + 1, 200 + 0, 300 - 4]


def test_sddmm_and_bias_tiles_add_their_columns() -> None:
    dweight, dbias = np.array([100.0, 200.0, 300.0]), np.array([10.0, 20.0, 30.0])
    linear.sddmm_tile(HAND.structure.indptr, HAND.structure.indices, HAND.x, HAND.dy, dweight, 1, 2)
    assert dweight.tolist() == [100 + 1, 200 + 0, 300 - 4]
    linear.bias_grad_tile(HAND.dy, dbias, 1, 2)
    assert dbias.tolist() == [10 + 0, 20 - 1, 30 + 4]


def test_tiles_are_summed_in_their_order() -> None:
    """In float32, 1e8 + 1 = 1e8: only the order first to last gives these sums."""
    partial = np.array([[1e8, 1, 7], [1, 1e8, 7], [-1e8, -1e8, 7], [3, 3, 7]], np.float32)
    total = np.full(3, -1, np.float32)
    linear.sum_in_order(partial, total, 0, 2)
    assert total.tolist() == [3, 3, -1]
    back = np.empty(2, np.float32)
    linear.sum_in_order(np.array([[1, 1], [1e8, 2], [-1e8, 3]], np.float32), back, 0, 2)
    assert back.tolist() == [0, 6]
