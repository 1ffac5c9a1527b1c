"""Compare a hand-written backward pass with central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sparse_mlp.errors import check_integer, check_number, invalid
from sparse_mlp.layers.base import Array
from sparse_mlp.layers.losses import Loss
from sparse_mlp.models import Network, Samples
from sparse_mlp.rng import RandomState, as_generator

FINE = 1e-6  # relative error that nobody has to explain
FINER = 10  # how much smaller the second step is that tells a kink from a curve
ROUNDING = 4 * np.finfo(np.float64).eps  # of a loss, relative to it


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
    checked : int
        Entries that were compared.
    kinks : int
        Entries that were drawn but left out, because the loss has no slope there: it bends at a kink.
    """

    relative_error: float
    parameter: str
    analytic: float
    numeric: float
    checked: int = 0
    kinks: int = 0


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
        A few samples are enough.
    target : int64 (batch,) or float64 (batch, n_out)
    loss : Loss
    entries : int
        How many entries of each parameter are checked, drawn by `rng`.
    step : float
        Distance of the two points.

    Returns
    -------
    GradientCheck

    Raises
    ------
    InvalidInputError
        If the network is not of dtype float64, or the loss has a kink at every entry that was drawn.

    Notes
    -----
    :math:`(L(w + h) - L(w - h)) / 2h`, with the policy of the course notes of Stanford's CS231n: double precision, the
    larger of the two in the denominator, some entries of every parameter.

    A ReLU neuron without an active input stands on its kink while its bias is zero, which is common in sparse
    networks. The loss then has a slope to the left and another one to the right, and neither is wrong. Where the two
    sides of a smooth loss differ, it is because of its curvature, and a step ten times smaller brings them ten times
    closer together; at a kink they stay apart. Such entries are counted and left out. Where the kink is near and not at
    the entry itself, the smaller step counts.
    """
    if model.dtype != np.float64:
        remedy = "build the network with dtype='float64'; float32 cannot tell a wrong gradient from rounding"
        raise invalid(f"a network of {model.dtype}", "float64", remedy)
    check_integer("entries", entries)
    check_number("step", step, strict=True)
    generator = as_generator(rng)
    here = model.gradient(Samples(x, np.arange(len(x)), target), loss)
    analytic, values = model.store.gradient.copy(), model.store.values
    worst, checked, kinks = GradientCheck(0.0, "", 0.0, 0.0), 0, 0
    for name, part in [(entry.key.replace("/", "."), entry.part) for entry in model.store.entries]:
        chosen = generator.permutation(np.arange(part.start, part.stop))[:entries]
        for at in np.sort(chosen):

            def moved(by: float, at: int = int(at)) -> float:
                before = values[at]
                values[at] = before + by
                value = loss.forward(model.forward(x)[0], target)[0]
                values[at] = before
                return value

            numeric = _slope(moved, here, float(analytic[at]), step)
            if numeric is None:
                kinks += 1
                continue
            checked += 1
            error = _relative_error(analytic[at], numeric)
            if error > worst.relative_error:
                worst = GradientCheck(error, f"{name}[{at - part.start}]", float(analytic[at]), numeric)
    if kinks and not checked:
        remedy = "give the biases small random values, or take more samples"
        raise invalid(f"a kink of the loss at each of the {kinks} entries", "some where it has a slope", remedy)
    return worst._replace(checked=checked, kinks=kinks)


def _slope(moved: Callable[[float], float], here: float, analytic: float, step: float) -> float | None:
    """Return the slope of the loss by central differences, None at a kink.

    Parameters
    ----------
    moved : callable
        From the change of an entry to the loss.
    here : float
        The loss without a change.
    analytic : float
        Where the slope agrees with it, nothing else is asked.
    step : float
    """
    above, below = moved(step), moved(-step)
    slope = (above - below) / (2 * step)
    gap, rounding = abs(above + below - 2 * here) / step, ROUNDING * max(1.0, abs(here)) / step
    if _relative_error(analytic, slope) <= FINE or gap <= FINER * rounding:
        return slope
    finer = step / FINER
    above, below = moved(finer), moved(-finer)
    shrunk = abs(above + below - 2 * here) / finer / gap  # 1 / FINER where the loss is smooth
    if 2 / FINER < shrunk < 2:  # above, the loss itself jumps, which no gradient can be right about
        return None
    return (above - below) / (2 * finer) if shrunk < 0.5 / FINER else slope


def _relative_error(analytic: float, numeric: float) -> float:
    error = abs(analytic - numeric) / max(abs(analytic), abs(numeric), 1e-8)
    return np.inf if np.isnan(error) else float(error)
