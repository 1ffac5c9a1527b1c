"""Run operations on vectors of sixteen lanes. To be imported where the compiler is on."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from sparse_mlp.kernels._simd import load, store

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
