"""The sparse linear layer three times: loops, scipy.sparse products, compiled kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from layer_cases import LayerCase, assert_within_bound, layer_cases, make_case
from on_arrays import OnArrays

from sparse_mlp.kernels import linear, scipy_linear
from sparse_mlp.kernels.tiles import sum_in_order
from sparse_mlp.reference import linear as reference
from sparse_mlp.structure import SparseStructure

ON_TILES = {f"{lanes} lanes": OnArrays(linear, lanes) for lanes in (64, 32, 7)}
FAST = pytest.mark.parametrize("twin", [*ON_TILES.values(), scipy_linear], ids=[*ON_TILES, "scipy"])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture(params=[*ON_TILES, "scipy", "reference"])
def ops(request: pytest.FixtureRequest) -> Any:
    return {**ON_TILES, "scipy": scipy_linear, "reference": reference}[request.param]


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
def test_spmm_by_hand(ops: Any, dtype: Any) -> None:
    case = HAND.cast(dtype)
    y = ops.spmm(*case.structure.by_output, case.weight, case.bias, case.x)
    assert y.tolist() == [[1 - 2, 1 - 4], [10 + 2 + 6, 10 - 2 + 12], [-5, -5]]
    assert ops.spmm(*case.structure.by_output, case.weight, case.bias, case.x, True).tolist() == [
        [0, 0], [18, 20], [0, 0],
    ]  # fmt: skip


@DTYPES
def test_backward_by_hand(ops: Any, dtype: Any) -> None:
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
def test_spmm(twin: Any, dtype: Any, case: LayerCase) -> None:
    case, by_output = case.cast(dtype), case.structure.by_output
    terms = case.structure.degrees_out()[:, None] + 1
    magnitude = reference.spmm(*by_output, *magnitudes(case)[1:4])
    for relu in (False, True):
        got = twin.spmm(*by_output, *case[1:4], relu)
        assert_within_bound(got, reference.spmm(*by_output, *case[1:4], relu), terms, magnitude, dtype)


@FAST
@DTYPES
@given(case=layer_cases())
def test_backward(twin: Any, dtype: Any, case: LayerCase) -> None:
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


def test_a_batch_of_nothing(ops: Any) -> None:
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


def test_inputs_are_left_alone(ops: Any) -> None:
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


# ------------------------------------------------------------------------------- what only tiles have


@DTYPES
@pytest.mark.parametrize("lanes", [64, 32, 7])
def test_backward_masks_adds_and_may_overwrite_its_input(lanes: int, dtype: Any) -> None:
    x = np.zeros((2, 3, lanes), dtype)
    x[1, :, :2] = [[1.0, -1.0], [5.0, 7.0], [0.0, 4.0]]
    dy = np.zeros((2, 3, lanes), dtype)
    dy[1, :, :2] = HAND.dy
    dweight, links = np.array([100.0, 200.0, 300.0], dtype), (HAND.structure.indptr, HAND.structure.indices)
    dx, added = linear.linear_backward(*links, HAND.weight.astype(dtype), x, dy, True, out=x, add_to=dweight)
    assert dx is x and added is dweight
    assert dx[1, :, :2].tolist() == [[4, 0], [0, 0], [0, -3]], "0 where x was not positive"
    assert not dx[0].any() and not dx[:, :, 2:].any()
    assert dweight.tolist() == [100 + 2 + 1, 200 + 0, 300 - 4]


@DTYPES
@pytest.mark.parametrize("lanes", [64, 32, 16, 7])
def test_gradients_are_added(lanes: int, dtype: Any) -> None:
    x, dy = np.zeros((1, 3, lanes), dtype), np.zeros((1, 3, lanes), dtype)
    x[0, :, :2], dy[0, :, :2] = HAND.x, HAND.dy
    dweight, dbias = np.array([100.0, 200.0, 300.0], dtype), np.array([10.0, 20.0, 30.0], dtype)
    linear.sddmm(HAND.structure.indptr, HAND.structure.indices, x, dy, add_to=dweight)
    assert dweight.tolist() == [100 + 3, 200 + 2, 300 + 0]
    linear.bias_grad(dy, add_to=dbias)
    assert dbias.tolist() == [10 + 1, 20 + 1, 30 + 8]


@pytest.mark.parametrize("lanes", [64, 32, 7])
def test_some_neurons_at_a_time_give_the_bytes_of_all(lanes: int) -> None:
    case = make_case(SparseStructure.from_keys([0, 1, 2, 3, 4, 7, 8, 19], (4, 5)), lanes, seed=3, dtype=np.float32)
    links, x, dy = (case.structure.indptr, case.structure.indices), case.x[None], case.dy[None]
    y, dx = np.full((2, 1, 5, lanes), np.nan, np.float32), np.full((2, 1, 4, lanes), np.nan, np.float32)
    dweight, alone = np.zeros((2, 8), np.float32), np.zeros((2, 8), np.float32)
    for i, parts in enumerate(([(0, 5)], [(3, 5), (0, 2), (2, 3), (2, 2)])):
        for part in parts:
            linear.spmm(*case.structure.by_output, case.weight, case.bias, x, True, out=y[i], part=part)
    for i, parts in enumerate(([(0, 4)], [(1, 4), (0, 1)])):
        for part in parts:
            linear.linear_backward(*links, case.weight, x, dy, True, out=dx[i], add_to=dweight[i], part=part)
            linear.sddmm(*links, x, dy, add_to=alone[i], part=part)
    for whole, pieces in (y, dx, dweight, alone):
        assert np.array_equal(whole, pieces) and whole.any()


@given(case=layer_cases(batches=(64,)))
def test_lanes_do_not_meet(case: LayerCase) -> None:
    """A sample that is not a number must not reach another one."""
    tiles = OnArrays(linear, 64)
    clean = tiles.spmm(*case.structure.by_output, *case[1:4])
    dirty = case.x.copy()
    dirty[:, 5] = np.nan
    found = tiles.spmm(*case.structure.by_output, case.weight, case.bias, dirty)
    others = np.arange(64) != 5
    assert np.array_equal(found[:, others], clean[:, others])


def test_groups_are_summed_in_their_order() -> None:
    """In float32, 1e8 + 1 = 1e8: only the order first to last gives these sums."""
    total = np.array([1e8, 1], np.float32)
    sum_in_order(total, list(np.array([[1, 1e8], [-1e8, -1e8], [3, 3]], np.float32)))
    assert total.tolist() == [3, 3]
    back = np.array([1, 1], np.float32)
    sum_in_order(back, list(np.array([[1e8, 2], [-1e8, 3]], np.float32)))
    assert back.tolist() == [0, 6]
