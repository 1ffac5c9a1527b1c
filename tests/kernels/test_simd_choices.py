"""Choices between vectors of sixteen lanes, operation by operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sparse_mlp.kernels._jit import JIT_ENABLED

if not JIT_ENABLED:
    pytest.skip("vectors in registers need the compiler: NUMBA_DISABLE_JIT is set", allow_module_level=True)

import numba
from lanes import RAMP, apply

from sparse_mlp.kernels import _simd_choices
from sparse_mlp.kernels._simd import load, store

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@DTYPES
def test_subtract(dtype: Any) -> None:
    a, b = RAMP.astype(dtype), (3 * RAMP).astype(dtype)
    assert apply(_simd_choices.subtract, a, b).tolist() == (-2 * RAMP).tolist()


@DTYPES
def test_widen(dtype: Any) -> None:
    @numba.njit
    def kernel(a, out):
        store(out, 0, _simd_choices.widen(load(a, 0)))

    a, out = (RAMP / 3).astype(dtype), np.zeros(16)
    kernel(a, out)
    assert out.tolist() == a.astype(np.float64).tolist()


@DTYPES
def test_larger(dtype: Any) -> None:
    a, b = RAMP.astype(dtype), RAMP[::-1].astype(dtype)
    a[0], b[1], a[2] = np.nan, np.nan, -np.inf
    found = apply(_simd_choices.larger, a, b)
    np.testing.assert_array_equal(found, np.maximum(a, b))  # what is not a number wins


@DTYPES
def test_where_equal_and_where_different(dtype: Any) -> None:
    a, value = RAMP.astype(dtype), (100 * RAMP).astype(dtype)
    b = np.where(RAMP % 3 == 0, a, 7).astype(dtype)
    b[0] = np.nan  # neither equal nor different: counted as equal
    taken = (RAMP % 3 == 0) | (RAMP == 7) | (RAMP == 1)
    assert apply(_simd_choices.where_equal, a, b, value).tolist() == np.where(taken, value, 0).tolist()
    value[2] = np.inf  # a selection: infinity times zero would not be a number
    assert apply(_simd_choices.where_different, a, b, value).tolist() == np.where(taken, 0, value).tolist()
