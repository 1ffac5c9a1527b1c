"""Optimizer steps in vectorised NumPy: the twins of `reference.optim` that need no compiler."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sgd_step(
    values: Array, gradient: Array, velocity: Array, learning_rate: float, momentum: float, nesterov: bool,
    weight_decay: float, decoupled: bool,
) -> None:  # fmt: skip
    """Move parameters (n,) down the gradient, with momentum; `values` and `velocity` change in place."""
    g = gradient if decoupled else gradient + weight_decay * values
    velocity *= momentum
    velocity += g
    d = g + momentum * velocity if nesterov else velocity
    values -= learning_rate * (d + weight_decay * values if decoupled else d)


def adam_step(
    values: Array, gradient: Array, first: Array, second: Array, step: int, learning_rate: float, beta1: float,
    beta2: float, epsilon: float, weight_decay: float, decoupled: bool,
) -> None:  # fmt: skip
    """Move parameters (n,) by Adam's rule; `values`, `first` and `second` change in place."""
    g = gradient if decoupled else gradient + weight_decay * values
    first *= beta1
    first += (1.0 - beta1) * g
    second *= beta2
    second += (1.0 - beta2) * g * g
    root = np.sqrt(second) / math.sqrt(1.0 - beta2**step)
    d = first / (1.0 - beta1**step) / (root + epsilon)
    values -= learning_rate * (d + weight_decay * values if decoupled else d)
