"""Optimizer steps, compiled: the twins of `reference.optim`, which states the equations.

Every entry is computed by itself: long arrays are cut for the threads of `pool`, and the bytes do not depend on where.
float32 arrays are computed in float32: the scalars are turned into the arrays' own dtype first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels import pool
from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]

PIECE = 1 << 16  # entries; a shorter piece is done before another thread has begun with it


def sgd_step(
    values: Array, gradient: Array, velocity: Array, learning_rate: float, momentum: float, nesterov: bool,
    weight_decay: float, decoupled: bool,
) -> None:  # fmt: skip
    """Move parameters (n,) down the gradient, with momentum; `values` and `velocity` change in place. Cost O(n)."""
    scalar = values.dtype.type
    coupled_decay, free_decay = (0.0, weight_decay) if decoupled else (weight_decay, 0.0)
    scalars = (scalar(learning_rate), scalar(momentum), bool(nesterov), scalar(coupled_decay), scalar(free_decay))
    _in_pieces(_sgd, (values, gradient, velocity), scalars)


def adam_step(
    values: Array, gradient: Array, first: Array, second: Array, step: int, learning_rate: float, beta1: float,
    beta2: float, epsilon: float, weight_decay: float, decoupled: bool,
) -> None:  # fmt: skip
    """Move parameters (n,) by Adam's rule; `values`, `first` and `second` change in place. Cost O(n)."""
    scalar = values.dtype.type
    coupled_decay, free_decay = (0.0, weight_decay) if decoupled else (weight_decay, 0.0)
    first_scale, second_scale = 1.0 / (1.0 - beta1**step), 1.0 / math.sqrt(1.0 - beta2**step)
    scalars = (
        scalar(learning_rate), scalar(beta1), scalar(1.0 - beta1), scalar(beta2), scalar(1.0 - beta2),
        scalar(first_scale), scalar(second_scale), scalar(epsilon), scalar(coupled_decay), scalar(free_decay),
    )  # fmt: skip
    _in_pieces(_adam, (values, gradient, first, second), scalars)


def _in_pieces(step: Callable[..., None], arrays: tuple[Array, ...], scalars: tuple[Any, ...]) -> None:
    if len(arrays[0]) < 2 * PIECE:
        step(*arrays, *scalars)
        return
    pieces = pool.ranges(len(arrays[0]), PIECE)
    pool.run([partial(step, *(array[start:stop] for array in arrays), *scalars) for start, stop in pieces])


@jit
def _sgd(
    values: Array, gradient: Array, velocity: Array, learning_rate: float, momentum: float, nesterov: bool,
    coupled_decay: float, free_decay: float,
) -> None:  # fmt: skip
    """Do `sgd_step`; one of the two decays is zero."""
    for i in range(len(values)):
        w = values[i]
        g = gradient[i] + coupled_decay * w
        v = momentum * velocity[i] + g
        d = g + momentum * v if nesterov else v
        velocity[i] = v
        values[i] = w - learning_rate * (d + free_decay * w)


@jit
def _adam(
    values: Array, gradient: Array, first: Array, second: Array, learning_rate: float, beta1: float, rest1: float,
    beta2: float, rest2: float, first_scale: float, second_scale: float, epsilon: float, coupled_decay: float,
    free_decay: float,
) -> None:  # fmt: skip
    """Do `adam_step`; rest1 and rest2 are 1 - beta1 and 1 - beta2; one decay is zero."""
    for i in range(len(values)):
        w = values[i]
        g = gradient[i] + coupled_decay * w
        m = beta1 * first[i] + rest1 * g
        s = beta2 * second[i] + rest2 * g * g
        d = m * first_scale / (np.sqrt(s) * second_scale + epsilon)
        first[i], second[i] = m, s
        values[i] = w - learning_rate * (d + free_decay * w)
