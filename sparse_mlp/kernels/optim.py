"""Optimizer steps, compiled: the twins of `reference.optim`, which states the equations.

Every entry is computed by itself, so the bytes do not depend on the number of threads. Arrays of more than `BLOCK`
entries are cut into blocks that the threads share. float32 arrays are computed in float32: the scalars are turned into
the arrays' own dtype first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit, parallel_jit, prange

Array = NDArray[Any]

BLOCK = 1 << 15  # entries; below it, starting threads costs more than they save


def sgd_step(
    values: Array, gradient: Array, velocity: Array, learning_rate: float, momentum: float, nesterov: bool,
    weight_decay: float, decoupled: bool,
) -> None:  # fmt: skip
    """Move parameters (n,) down the gradient, with momentum; `values` and `velocity` change in place. Cost O(n)."""
    scalar = values.dtype.type
    coupled_decay, free_decay = (0.0, weight_decay) if decoupled else (weight_decay, 0.0)
    scalars = (scalar(learning_rate), scalar(momentum), bool(nesterov), scalar(coupled_decay), scalar(free_decay))
    if len(values) <= BLOCK:
        _sgd_slice(values, gradient, velocity, *scalars)
    else:
        _sgd_blocks(values, gradient, velocity, *scalars)


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
    if len(values) <= BLOCK:
        _adam_slice(values, gradient, first, second, *scalars)
    else:
        _adam_blocks(values, gradient, first, second, *scalars)


@jit
def _sgd_slice(
    values: Array, gradient: Array, velocity: Array, learning_rate: float, momentum: float, nesterov: bool,
    coupled_decay: float, free_decay: float,
) -> None:  # fmt: skip
    """Do `sgd_step` serially; one of the two decays is zero."""
    for i in range(len(values)):
        w = values[i]
        g = gradient[i] + coupled_decay * w
        v = momentum * velocity[i] + g
        d = g + momentum * v if nesterov else v
        velocity[i] = v
        values[i] = w - learning_rate * (d + free_decay * w)


@jit
def _adam_slice(
    values: Array, gradient: Array, first: Array, second: Array, learning_rate: float, beta1: float, rest1: float,
    beta2: float, rest2: float, first_scale: float, second_scale: float, epsilon: float, coupled_decay: float,
    free_decay: float,
) -> None:  # fmt: skip
    """Do `adam_step` serially; rest1 and rest2 are 1 - beta1 and 1 - beta2; one decay is zero."""
    for i in range(len(values)):
        w = values[i]
        g = gradient[i] + coupled_decay * w
        m = beta1 * first[i] + rest1 * g
        s = beta2 * second[i] + rest2 * g * g
        d = m * first_scale / (np.sqrt(s) * second_scale + epsilon)
        first[i], second[i] = m, s
        values[i] = w - learning_rate * (d + free_decay * w)


@parallel_jit
def _sgd_blocks(
    values: Array, gradient: Array, velocity: Array, learning_rate: float, momentum: float, nesterov: bool,
    coupled_decay: float, free_decay: float,
) -> None:  # fmt: skip
    for block in prange((len(values) + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, len(values))
        _sgd_slice(
            values[start:stop], gradient[start:stop], velocity[start:stop],
            learning_rate, momentum, nesterov, coupled_decay, free_decay,
        )  # fmt: skip


@parallel_jit
def _adam_blocks(
    values: Array, gradient: Array, first: Array, second: Array, learning_rate: float, beta1: float, rest1: float,
    beta2: float, rest2: float, first_scale: float, second_scale: float, epsilon: float, coupled_decay: float,
    free_decay: float,
) -> None:  # fmt: skip
    for block in prange((len(values) + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, len(values))
        _adam_slice(
            values[start:stop], gradient[start:stop], first[start:stop], second[start:stop], learning_rate,
            beta1, rest1, beta2, rest2, first_scale, second_scale, epsilon, coupled_decay, free_decay,
        )  # fmt: skip
