"""Patches of vectors in registers, operation by operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sparse_mlp.kernels._jit import JIT_ENABLED

if not JIT_ENABLED:
    pytest.skip("vectors in registers need the compiler: NUMBA_DISABLE_JIT is set", allow_module_level=True)

import numba

from sparse_mlp.kernels import _simd_patches as patches
from sparse_mlp.kernels._simd import store

Array = np.ndarray
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SIDES = (2, 2, 3)  # tiles, rows, columns
PITCH = (500, 100, 32)  # numbers between them
TUPLES = tuple((0,) * side for side in SIDES)
SIZE = 1000


def numbers(dtype: Any, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(-9, 10, SIZE).astype(dtype)


def places(offset: int) -> Array:
    """The flat position of each number of a patch, (2, 2, 3, 16)."""
    steps = (step * np.arange(side) for step, side in zip((*PITCH, 1), (*SIDES, 16), strict=True))
    return offset + sum(np.meshgrid(*steps, indexing="ij"))


@numba.njit
def _apply(operation: Any, a: Array, b: Array, k: int, out: Array) -> None:
    like = patches.patch_of_zeros(a, *TUPLES)
    patches.store_patch(out, 7, PITCH, operation(patches.load_patch(a, 3, PITCH, like), b, k, like))


@numba.njit
def _add_scaled(patch: Any, b: Array, k: int, like: Any) -> Any:
    return patches.add_scaled(patch, b, k, b, 5, PITCH, patches.WHOLE)


@numba.njit
def _sum(patch: Any, b: Array, k: int, like: Any) -> Any:
    return patches.add_patches(patch, patches.load_patch(b, 5, PITCH, like))


@numba.njit
def _repeated(patch: Any, b: Array, k: int, like: Any) -> Any:
    return patches.patch_of(b, k, like)


@numba.njit
def _positive(patch: Any, b: Array, k: int, like: Any) -> Any:
    return patches.positive_patch(patch)


@numba.njit
def _where(patch: Any, b: Array, k: int, like: Any) -> Any:
    patches.fetch_patch(b, 5, PITCH, like)  # changes nothing
    return patches.where_patch_positive(patch, patches.load_patch(b, 5, PITCH, like))


@DTYPES
def test_each_number_of_a_patch(dtype: Any) -> None:
    a, b, k = numbers(dtype), numbers(dtype, 1), 11
    own, other = a[places(3)], b[places(5)]
    own[0, 0, 0, 0] = a[3] = 0
    for operation, wanted in (
        (_add_scaled, own + b[k] * other),
        (_sum, own + other),
        (_repeated, np.full_like(own, b[k])),
        (_positive, np.maximum(own, 0)),
        (_where, np.where(own > 0, other, 0)),
    ):
        out = np.full(SIZE, -99, dtype)
        _apply(operation, a, b, k, out)
        assert np.array_equal(out[places(7)], wanted)
        out[places(7)] = -99
        assert np.all(out == -99), "written beside the patch"


@pytest.mark.parametrize("operation", [_positive, _where])
def test_what_is_not_a_number_stays_so(operation: Any) -> None:
    a, out = np.full(SIZE, np.nan, np.float32), np.zeros(SIZE, np.float32)
    _apply(operation, a, a, 0, out)
    assert np.isnan(out[places(7)]).all()


@DTYPES
@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 8, 16])
def test_products_are_added_lane_by_lane(dtype: Any, count: int) -> None:
    """Whatever the number of positions; up to four sums run side by side."""
    a, b, out = numbers(dtype), numbers(dtype, 1), np.empty(16, dtype)

    @numba.njit
    def kernel(a: Array, b: Array, columns: Any, out: Array) -> None:
        like = patches.patch_of_zeros(a, (0,), (0,), columns)
        pitch = (0, 0, 16)
        store(out, 0, patches.products(patches.load_patch(a, 3, pitch, like), b, 5, pitch, patches.WHOLE))

    kernel(a, b, (0,) * count, out)
    own, other = a[3:].copy()[: 16 * count], b[5:][: 16 * count]
    assert np.array_equal(out, (own * other).reshape(count, 16).sum(axis=0))


@numba.njit
def _look_up(order: Any, numbers: Array, k: int) -> tuple[int, float]:
    patches.add_at(numbers, k, numbers.dtype.type(2))
    return patches.place(order, k), patches.read(numbers, k)


def test_places_are_looked_up_unless_there_is_nothing_to_look_in() -> None:
    order, found = np.array([5, -3], np.int32), np.ones(2, np.float32)
    assert _look_up(order, found, 1) == (-3, 3)
    assert _look_up((), found, 1) == (1, 5) and found.tolist() == [1, 5]
