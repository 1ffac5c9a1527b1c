"""Compare a hand-written backward pass with central differences."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sparse_mlp.layers.base import Array
from sparse_mlp.layers.losses import Loss
from sparse_mlp.models import Network, Samples
from sparse_mlp.rng import RandomState, as_generator


class GradientCheck(NamedTuple):
    """The worst entry found.

    Attributes
    ----------
    relative_error : float
        |analytic - numeric| / max(|analytic|, |numeric|, 1e-8). Above 1e-2 it is wrong, below 1e-4 fine where the
        activation has kinks, below 1e-7 fine anywhere. Infinite where one of the two is not a number.
    parameter : str
        For instance `sparse1.weight[3]`.
    analytic, numeric : float
    """

    relative_error: float
    parameter: str
    analytic: float
    numeric: float


def gradient_check(
    model: Network,
    x: Array,
    target: Array,
    loss: Loss,
    *,
    entries: int = 20,
    step: float = 1e-5,
    rng: RandomState = 0,
) -> GradientCheck:
    """Compare the gradient of some entries of every parameter with central differences.

    Parameters
    ----------
    model : Network
        Of dtype float64; in float32 the differences drown in rounding.
    x : float64 (batch, n_in)
        A few samples are enough, and better, where the activation has kinks. A ReLU neuron without any active input
        stands on its kink as long as its bias is zero.
    target : int64 (batch,) or float64 (batch, n_out)
    loss : Loss
    entries : int
        How many entries of each parameter are checked, drawn by `rng`.
    step : float
        Distance of the two points.

    Returns
    -------
    GradientCheck

    Notes
    -----
    :math:`(L(w + h) - L(w - h)) / 2h`, with the policy of the course notes of Stanford's CS231n: double precision, the
    larger of the two in the denominator, some entries of every parameter.
    """
    generator = as_generator(rng)
    model.gradient(Samples(x, np.arange(len(x)), target), loss)
    analytic, values = model.store.gradient.copy(), model.store.values
    worst = GradientCheck(0.0, "", 0.0, 0.0)
    for name, part in [(entry.key.replace("/", "."), entry.part) for entry in model.store.entries]:
        chosen = generator.permutation(np.arange(part.start, part.stop))[:entries]
        for at in np.sort(chosen):
            before = values[at]
            losses = []
            for point in (before + step, before - step):
                values[at] = point
                losses.append(loss.forward(model.forward(x)[0], target)[0])
            values[at] = before
            numeric = (losses[0] - losses[1]) / (2 * step)
            scale = max(abs(analytic[at]), abs(numeric), 1e-8)
            error = float(abs(analytic[at] - numeric) / scale)
            error = np.inf if np.isnan(error) else error
            if error > worst.relative_error:
                worst = GradientCheck(error, f"{name}[{at - part.start}]", float(analytic[at]), float(numeric))
    return worst

