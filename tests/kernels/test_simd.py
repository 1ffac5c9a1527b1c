"""Sixteen-lane vectors: each operation by itself, then the tile kernels that are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from layer_cases import LayerCase, assert_within_bound, layer_cases

from sparse_mlp.kernels import linear, network, tile
from sparse_mlp.kernels._jit import JIT_ENABLED

if not JIT_ENABLED:
    pytest.skip("vectors in registers need the compiler: NUMBA_DISABLE_JIT is set", allow_module_level=True)

import numba

from sparse_mlp.kernels import _simd, simd_block_motif, simd_linear, simd_shared_motif
from sparse_mlp.kernels._simd import add, load, load_like, multiply, prefetch, row_of_zeros, store, store_transposed
from sparse_mlp.kernels._simd_sums import add_columns, add_rows, multiply_fold, sums_of_four

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
RAMP = np.arange(1, 17)  # sixteen different numbers: a lane that went astray shows


def apply(operation: Any, *operands: np.ndarray) -> np.ndarray:
    """Run lanes → lanes on the first sixteen numbers of each operand."""
    out = np.full(16, -99, operands[0].dtype)
    if len(operands) == 1:
        _unary(operation)(operands[0], out)
    elif len(operands) == 2:
        _binary(operation)(*operands, out)
    else:
        _ternary(operation)(*operands, out)
    return out


def _unary(operation: Any) -> Any:
    @numba.njit
    def kernel(a, out):
        store(out, 0, operation(load(a, 0)))

    return kernel


def _binary(operation: Any) -> Any:
    @numba.njit
    def kernel(a, b, out):
        store(out, 0, operation(load(a, 0), load(b, 0)))

    return kernel


def _ternary(operation: Any) -> Any:
    @numba.njit
    def kernel(a, b, c, out):
        store(out, 0, operation(load(a, 0), load(b, 0), load(c, 0)))

    return kernel


# ------------------------------------------------------------------------------------------- operations


@DTYPES
def test_load_and_store_at_any_position(dtype: Any) -> None:
    @numba.njit
    def move(source, start, target, to):
        store(target, to, load(source, start))

    source, target = np.arange(40, dtype=dtype), np.full(40, -1, dtype)
    move(source, 3, target, 7)
    assert target.tolist() == [-1] * 7 + list(range(3, 19)) + [-1] * 17


@DTYPES
def test_positions_are_flat_in_two_dimensions(dtype: Any) -> None:
    @numba.njit
    def move(source, start, target, to):
        store(target, to, load(source, start))

    source, target = np.arange(96, dtype=dtype).reshape(3, 32), np.zeros((2, 32), dtype)
    move(source[1:], 16, target, 32)
    assert target.tolist() == [[0] * 32, list(range(48, 64)) + [0] * 16]


@DTYPES
def test_broadcast(dtype: Any) -> None:
    @numba.njit
    def kernel(value, out):
        store(out, 0, _simd.broadcast(value))

    out = np.zeros(17, dtype)
    kernel(dtype(2.5), out)
    assert out.tolist() == [2.5] * 16 + [0]


@DTYPES
def test_zeros_of(dtype: Any) -> None:
    @numba.njit
    def kernel(out):
        store(out, 0, _simd.zeros_of(out))

    out = np.ones(17, dtype)
    kernel(out)
    assert out.tolist() == [0] * 16 + [1]


@DTYPES
def test_multiply(dtype: Any) -> None:
    a, b = RAMP.astype(dtype), (RAMP[::-1] - 5).astype(dtype)
    assert apply(_simd.multiply, a, b).tolist() == (a * b).tolist()


@DTYPES
def test_multiply_add(dtype: Any) -> None:
    a, b, c = RAMP.astype(dtype), (20 - RAMP).astype(dtype), (1000 * RAMP).astype(dtype)
    assert apply(_simd.multiply_add, a, b, c).tolist() == (a * b + c).tolist()


@DTYPES
def test_add(dtype: Any) -> None:
    a, b = RAMP.astype(dtype), (100 * RAMP).astype(dtype)
    assert apply(_simd.add, a, b).tolist() == (101 * RAMP).tolist()


@DTYPES
def test_positive_part(dtype: Any) -> None:
    a = (RAMP - 8).astype(dtype)
    assert apply(_simd.positive_part, a).tolist() == [0] * 8 + list(range(1, 9))


@DTYPES
def test_positive_part_keeps_what_is_not_a_number(dtype: Any) -> None:
    """As max(z, 0) of the reference does: a network that diverged must not look healthy."""
    a = np.ones(16, dtype)
    a[[2, 3, 4]] = np.nan, np.inf, -np.inf
    got = apply(_simd.positive_part, a)
    assert np.isnan(got[2]) and got[3] == np.inf and got[4] == 0


@DTYPES
def test_where_positive(dtype: Any) -> None:
    condition = np.tile(np.array([1e-30, 0, -0.0, -1], dtype), 4)
    a = -RAMP.astype(dtype)
    assert apply(_simd.where_positive, condition, a).tolist() == np.where(condition > 0, a, 0).tolist()


@DTYPES
def test_total_counts_each_lane_once(dtype: Any) -> None:
    @numba.njit
    def kernel(a):
        return _simd.total(load(a, 0))

    for lane in range(16):
        assert kernel(np.eye(1, 16, lane, dtype=dtype)[0]) == 1
    assert kernel(2.0 ** np.arange(16).astype(dtype)) == 2**16 - 1


def test_total_goes_by_halves() -> None:
    """In float32, 1e8 + 1 = 1e8: lanes k and k + 8 meet first, so each big number meets its opposite."""

    @numba.njit
    def kernel(a):
        return _simd.total(load(a, 0))

    halves = np.concatenate([np.arange(1, 9) * 1e8, np.arange(1, 9) * -1e8]).astype(np.float32)
    assert kernel(halves) == 0
    quarters = np.array([1e8, 0, 0, 0, -1e8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], np.float32)
    assert kernel(quarters) == 1
    lost = np.array([1e8, 0, 0, 0, -1e8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], np.float32)
    assert kernel(lost) == 0


@DTYPES
def test_multiply_fold_adds_the_sixteens(dtype: Any) -> None:
    @numba.njit
    def kernel(a, b, out):
        zeros = row_of_zeros(a, 32)
        store(out, 0, multiply_fold(load_like(a, 0, zeros), load_like(b, 0, zeros)))

    a, b, out = np.arange(32, dtype=dtype), np.arange(32, 64).astype(dtype), np.zeros(16, dtype)
    kernel(a, b, out)
    assert out.tolist() == (a * b).reshape(2, 16).sum(axis=0).tolist()


@DTYPES
def test_sums_of_four_counts_each_lane_once(dtype: Any) -> None:
    """A lane that went astray shows: in float32 all sums are whole numbers below 2^24."""

    @numba.njit
    def kernel(rows, out):
        sums = sums_of_four(load(rows, 0), load(rows, 16), load(rows, 32), load(rows, 48))
        add_rows(out, 1, 5, sums)

    rows, out = 2.0 ** np.tile(np.arange(16), (4, 1)).astype(dtype), np.ones(9, dtype)
    kernel(rows * np.array([[1], [2], [4], [8]], dtype), out)
    whole = 2**16 - 1
    assert out.tolist() == [1, 1 + whole, 1 + 2 * whole, 1, 1, 1, 1 + 4 * whole, 1 + 8 * whole, 1]


@DTYPES
def test_columns_are_added_to_rows(dtype: Any) -> None:
    @numba.njit
    def kernel(rows, out):
        s0 = sums_of_four(load(rows, 0), load(rows, 16), load(rows, 32), load(rows, 48))
        s1 = multiply(s0, s0)
        add_columns(out, 6, 5, s0, s1, add(s0, s0), add(s1, s1))

    rows, out = np.repeat([[1.0], [2], [3], [4]], 16, axis=1).astype(dtype) / 16, np.full((5, 5), 100, dtype)
    kernel(rows, out)
    a = np.array([1, 2, 3, 4])
    assert out[1:, 1:].tolist() == (100 + np.stack((a, a * a, 2 * a, 2 * a * a), axis=1)).tolist()
    assert np.all(out[0] == 100) and np.all(out[:, 0] == 100)


# ----------------------------------------------------------------------------------------- tile kernels


WIDTHS = pytest.mark.parametrize("width", [32, 64])
GUARD = 7.0


def guarded(rows: int, width: int, dtype: Any) -> np.ndarray:
    """An array with a row before and a row behind that nobody may write."""
    return np.full((rows + 2, width), GUARD, dtype)


def assert_guards(array: np.ndarray) -> None:
    assert np.all(array[[0, -1]] == GUARD)


def test_the_step_uses_the_vectors() -> None:
    if not tile.SIMD:
        pytest.skip("SPARSE_MLP_SIMD=0 asks for the plain tile kernels")
    assert tile.spmm_tile is simd_linear.spmm_tile
    assert tile.linear_backward_tile is simd_linear.linear_backward_tile
    assert tile.sddmm_tile is simd_linear.sddmm_tile
    assert tile.bias_grad_tile is simd_linear.bias_grad_tile
    assert tile.shared_spmm_tile is simd_shared_motif.shared_spmm_tile
    assert tile.block_backward_tile is simd_block_motif.block_backward_tile


@WIDTHS
@DTYPES
@settings(max_examples=15)
@given(case=layer_cases(batches=(64,)))
def test_spmm_tile(dtype: Any, width: int, case: LayerCase) -> None:
    case = case._replace(x=np.ascontiguousarray(case.x[:, :width]), dy=case.dy[:, :width]).cast(dtype)
    wide, by_output = case.cast(np.float64), case.structure.by_output
    for relu in (False, True):
        expected, size = np.empty(case.dy.shape), np.empty(case.dy.shape)
        linear.spmm_tile(*by_output, *wide[1:4], expected, 0, width, relu)
        linear.spmm_tile(*by_output, *(np.abs(a) for a in wide[1:4]), size, 0, width, False)
        y = guarded(len(case.bias), width, dtype)
        simd_linear.spmm_tile(*by_output, *case[1:4], y[1:-1], relu)
        assert_within_bound(y[1:-1], expected, case.structure.degrees_out()[:, None] + 1, size, dtype)
        assert_guards(y)


@WIDTHS
@DTYPES
@pytest.mark.parametrize("in_place", [False, True])
@settings(max_examples=15)
@given(case=layer_cases(batches=(64,)))
def test_linear_backward_tile(dtype: Any, width: int, in_place: bool, case: LayerCase) -> None:
    x = np.where(np.abs(case.x) < 0.1, 0, case.x)[:, :width]  # zeros among them: there the mask is 0
    case = case._replace(x=x, dy=np.ascontiguousarray(case.dy[:, :width])).cast(dtype)
    wide, links = case.cast(np.float64), (case.structure.indptr, case.structure.indices)
    big = LayerCase(case.structure, *(np.abs(a) for a in wide[1:]))
    dx_size, dweight_size = np.empty(x.shape), np.ones(case.structure.nnz)
    linear.linear_backward_tile(*links, big.weight, big.x, big.dy, dx_size, dweight_size, 0, width, False)
    for relu in (False, True):
        expected_dx, expected_dweight = np.empty(x.shape), np.ones(case.structure.nnz)
        linear.linear_backward_tile(*links, wide.weight, wide.x, wide.dy, expected_dx, expected_dweight, 0, width, relu)
        source, target = guarded(len(x), width, dtype), guarded(len(x), width, dtype)
        source[1:-1] = case.x
        dx, dweight = source if in_place else target, np.ones(case.structure.nnz, dtype)
        simd_linear.linear_backward_tile(*links, case.weight, source[1:-1], case.dy, dx[1:-1], dweight, relu)
        degrees = case.structure.degrees_in()[:, None]
        assert_within_bound(dx[1:-1], expected_dx, degrees, dx_size, dtype)
        assert_within_bound(dweight, expected_dweight, width + 1, dweight_size, dtype)
        assert_guards(source)
        assert_guards(target)
        assert in_place or np.array_equal(source[1:-1], case.x)


@WIDTHS
@DTYPES
@settings(max_examples=15)
@given(case=layer_cases(batches=(64,)))
def test_sddmm_and_bias_grad_tile(dtype: Any, width: int, case: LayerCase) -> None:
    x, dy = (np.ascontiguousarray(a[:, :width]) for a in (case.x, case.dy))
    case = case._replace(x=x, dy=dy).cast(dtype)
    wide, links = case.cast(np.float64), (case.structure.indptr, case.structure.indices)
    results = []
    for a, b in ((wide.x, wide.dy), (np.abs(wide.x), np.abs(wide.dy))):
        dweight, dbias = np.ones(case.structure.nnz), np.ones(len(dy))
        linear.sddmm_tile(*links, a, b, dweight, 0, width)
        linear.bias_grad_tile(b, dbias, 0, width)
        results.append((dweight, dbias))
    dweight, dbias = np.ones(case.structure.nnz, dtype), np.ones(len(dy), dtype)
    simd_linear.sddmm_tile(*links, case.x, case.dy, dweight)
    simd_linear.bias_grad_tile(case.dy, dbias)
    assert_within_bound(dweight, results[0][0], width + 1, results[1][0], dtype)
    assert_within_bound(dbias, results[0][1], width + 1, results[1][1], dtype)


@DTYPES
def test_store_transposed_turns_rows_into_columns(dtype: Any) -> None:
    @numba.njit
    def transpose(a, out):
        store_transposed(
            out, 3, 20,
            load(a, 0), load(a, 16), load(a, 32), load(a, 48), load(a, 64), load(a, 80), load(a, 96), load(a, 112),
            load(a, 128), load(a, 144), load(a, 160), load(a, 176), load(a, 192), load(a, 208), load(a, 224),
            load(a, 240),
        )  # fmt: skip

    a, out = np.arange(256, dtype=dtype).reshape(16, 16), np.full((16, 20), -1, dtype)
    transpose(a, out)
    expected = np.full(16 * 20, -1, dtype)
    for u in range(16):
        expected[3 + u * 20 : 3 + u * 20 + 16] = a[:, u]
    np.testing.assert_array_equal(out.ravel(), expected)


def test_prefetch_changes_nothing() -> None:
    @numba.njit
    def ask(a):
        prefetch(a, 5)

    a = np.arange(32, dtype=np.float32)
    ask(a)
    np.testing.assert_array_equal(a, np.arange(32))


def test_lanes_are_not_read_from_an_array_with_gaps() -> None:
    @numba.njit
    def first(a, out):
        store(out, 0, load(a, 0))

    with pytest.raises(numba.core.errors.TypingError, match="expected C-contiguous"):
        first(np.arange(64, dtype=np.float32)[::2], np.zeros(16, np.float32))


@DTYPES
@pytest.mark.parametrize("n_in", [1, 15, 16, 37, 64])
@pytest.mark.parametrize(("count", "width"), [(1, 32), (16, 32), (21, 32), (32, 32), (63, 64), (64, 64)])
def test_load_tile_gathers_and_transposes(dtype: Any, n_in: int, count: int, width: int) -> None:
    rng = np.random.default_rng(n_in * count)
    x, samples = rng.standard_normal((50, n_in)).astype(dtype), rng.integers(0, 50, count + 3)
    got = np.full((n_in, width), np.nan, dtype)
    network.load_tile(x, samples, 2, count, got)
    np.testing.assert_array_equal(got[:, :count], x[samples[2 : 2 + count]].T)
    np.testing.assert_array_equal(got[:, count:], 0)


def test_where_positive_lets_a_through_where_the_condition_is_not_a_number() -> None:
    condition = np.where(RAMP == 3, np.nan, RAMP - 8.0).astype(np.float32)
    got = apply(_simd.where_positive, condition, RAMP.astype(np.float32))
    np.testing.assert_array_equal(got, np.where((RAMP > 8) | (RAMP == 3), RAMP, 0))
