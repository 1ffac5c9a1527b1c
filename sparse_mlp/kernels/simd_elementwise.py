"""The derivative of a ReLU with explicit vectors, for arrays of a multiple of sixteen. Read `elementwise` first.

The compiler vectorises neither plain loop, since the result may be written over what is read.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels._simd import add, load, store, where_positive

Array = NDArray[Any]


@jit
def relu_backward_by_16(z: Array, da: Array, dz: Array) -> None:
    """Write da where z is positive, else 0, into dz; all are flat."""
    for i in range(0, len(z), 16):
        store(dz, i, where_positive(load(z, i), load(da, i)))


@jit
def residual_backward_by_16(x: Array, dy: Array, da: Array, dz: Array) -> None:
    """Write dy + da where x is positive, else 0, into dz; all are flat."""
    for i in range(0, len(x), 16):
        store(dz, i, where_positive(load(x, i), add(load(dy, i), load(da, i))))
