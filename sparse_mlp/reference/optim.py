"""Reference implementation of optimizer steps, as plain loops: one parameter at a time, in place, in float64."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]


def sgd_step(
    values: Array, gradient: Array, velocity: Array, learning_rate: float, momentum: float, nesterov: bool,
    weight_decay: float, decoupled: bool,
) -> None:  # fmt: skip
    """Move parameters down the gradient, with momentum; `values` and `velocity` change in place.

    Parameters
    ----------
    values, gradient, velocity : float (n,)
    learning_rate, momentum, weight_decay : float
    nesterov : bool
        Step along the gradient plus the updated velocity, not along the velocity alone.
    decoupled : bool
        Whether decay bypasses the velocity [Loshchilov2019] or is part of the gradient (an L2 penalty).

    Notes
    -----
    With w, g, v one value, gradient, velocity; :math:`\\eta, \\mu, \\lambda` learning rate, momentum, decay:

    1. coupled decay: :math:`g \\leftarrow g + \\lambda w`
    2. :math:`v \\leftarrow \\mu v + g`
    3. :math:`d = g + \\mu v` with Nesterov, else :math:`d = v`
    4. :math:`w \\leftarrow w - \\eta d`, with decoupled decay :math:`w \\leftarrow w - \\eta (d + \\lambda w)`

    The velocity holds gradients, not steps: PyTorch's convention. The older convention of [Sutskever2013] and of
    scikit-learn keeps :math:`\\eta` inside the velocity, which differs once :math:`\\eta` changes.
    """
    for i in range(len(values)):
        w, g = float(values[i]), float(gradient[i])
        if not decoupled:
            g += weight_decay * w
        v = momentum * float(velocity[i]) + g
        d = g + momentum * v if nesterov else v
        if decoupled:
            d += weight_decay * w
        velocity[i] = v
        values[i] = w - learning_rate * d


def adam_step(
    values: Array, gradient: Array, first: Array, second: Array, step: int, learning_rate: float, beta1: float,
    beta2: float, epsilon: float, weight_decay: float, decoupled: bool,
) -> None:  # fmt: skip
    """Move parameters by Adam's rule; `values`, `first` and `second` change in place.

    Parameters
    ----------
    values, gradient, first, second : float (n,)
        `first` and `second` are the running means of the gradient and of its square.
    step : int
        Number of this step, counted from 1.
    learning_rate, beta1, beta2, epsilon, weight_decay : float
    decoupled : bool
        Whether decay bypasses the moments (AdamW) or is part of the gradient.

    Notes
    -----
    Adam [Kingma2015], algorithm 1; decoupled decay as in [Loshchilov2019]. With w, g, m, s one value,
    gradient, first and second moment, t the step:

    1. coupled decay: :math:`g \\leftarrow g + \\lambda w`
    2. :math:`m \\leftarrow \\beta_1 m + (1 - \\beta_1) g`
    3. :math:`s \\leftarrow \\beta_2 s + (1 - \\beta_2) g^2`
    4. :math:`d = \\frac{m / (1 - \\beta_1^t)}{\\sqrt{s / (1 - \\beta_2^t)} + \\epsilon}`
    5. :math:`w \\leftarrow w - \\eta d`, with decoupled decay :math:`w \\leftarrow w - \\eta (d + \\lambda w)`
    """
    for i in range(len(values)):
        w, g = float(values[i]), float(gradient[i])
        if not decoupled:
            g += weight_decay * w
        m = beta1 * float(first[i]) + (1.0 - beta1) * g
        s = beta2 * float(second[i]) + (1.0 - beta2) * g * g
        d = m / (1.0 - beta1**step) / (math.sqrt(s / (1.0 - beta2**step)) + epsilon)
        if decoupled:
            d += weight_decay * w
        first[i], second[i] = m, s
        values[i] = w - learning_rate * d
