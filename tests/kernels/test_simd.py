"""Sixteen-lane vectors, operation by operation, and that the kernels made of them stay inside their arrays.

What those kernels compute is compared with the loops of the reference in `test_linear_twins` and `test_motif_twins`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sparse_mlp.kernels import linear, motif
from sparse_mlp.kernels._jit import JIT_ENABLED, SIMD

if not JIT_ENABLED:
    pytest.skip("vectors in registers need the compiler: NUMBA_DISABLE_JIT is set", allow_module_level=True)

import numba
from lanes import RAMP, apply

from sparse_mlp.kernels import _simd
from sparse_mlp.kernels._simd import add, load, load_like, multiply, prefetch, row_of_zeros, store, store_transposed
from sparse_mlp.kernels._simd_sums import add_columns, add_rows, multiply_fold, sums_of_four
from sparse_mlp.structure import SparseStructure

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


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


def test_where_positive_lets_a_through_where_the_condition_is_not_a_number() -> None:
    condition = np.where(RAMP == 3, np.nan, RAMP - 8.0).astype(np.float32)
    got = apply(_simd.where_positive, condition, RAMP.astype(np.float32))
    np.testing.assert_array_equal(got, np.where((RAMP > 8) | (RAMP == 3), RAMP, 0))


# --------------------------------------------------------------------------------------------- kernels


@pytest.mark.skipif(not SIMD, reason="SPARSE_MLP_SIMD=0 asks for the plain loops")
def test_tiles_of_32_and_64_lanes_go_to_the_vectors() -> None:
    for kernels in (linear._SPMM, linear._BACKWARD, linear._SDDMM):
        assert sorted(kernels) == [32, 64]
    found = [motif._has_vectors(np.empty((1, 2, lanes))) for lanes in (16, 32, 33, 64, 128)]
    assert found == [False, True, False, True, False]


GUARD = 7.0


def guarded(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a flat array, and a view of it with sixteen numbers on either side that nobody may write."""
    whole = np.full(int(np.prod(shape)) + 32, GUARD, np.float32)
    return whole, whole[16:-16].reshape(shape)


@pytest.mark.parametrize("lanes", [32, 64])
@pytest.mark.parametrize("kind", ["single", "shared", "block"])
def test_kernels_write_their_results_and_nothing_else(kind: str, lanes: int) -> None:
    m, n_in, n_out = 1 if kind == "single" else 2, 3, 5
    structure = SparseStructure.from_keys([0, 1, 2, 3, 4, 7, 12, 13], (n_in, n_out))  # five links of input 0, one of 1
    rng = np.random.default_rng(0)
    shape = (8, m, m) if kind == "block" else (8,)
    links, weight = (structure.indptr, structure.indices), rng.standard_normal(shape, np.float32)
    x, dy = (rng.standard_normal((2, n * m, lanes), np.float32) for n in structure.shape)
    bias, name = np.zeros(n_out * m, np.float32), "linear" if kind == "single" else kind
    forward = linear.spmm if kind == "single" else getattr(motif, f"{kind}_forward")
    backward = getattr(linear if kind == "single" else motif, f"{name}_backward")
    sddmm = linear.sddmm if kind == "single" else getattr(motif, f"{kind}_sddmm")
    around_y, y = guarded(*dy.shape)
    around_dx, dx = guarded(*x.shape)
    around_dweight, dweight = guarded(*shape)
    forward(*structure.by_output, weight, bias, x, out=y)
    backward(*links, weight, x, dy, out=dx, add_to=dweight)
    sddmm(*links, x, dy, add_to=dweight)
    for whole in (around_y, around_dx, around_dweight):
        assert np.all(whole[:16] == GUARD) and np.all(whole[-16:] == GUARD)
        assert not np.any(whole[16:-16] == GUARD)
