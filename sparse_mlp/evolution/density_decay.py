"""How the density falls from that of the start to the one that is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from sparse_mlp.errors import check_choice, check_fraction, check_number, invalid

DensitySchedule = Callable[[float], float]


def density_schedule(
    name: str, start: float, final: float, *, end: float = 0.5, steepness: float = 6.0
) -> DensitySchedule:
    """Make the function from progress, the fraction of training done, in [0, 1], to the density; it can be pickled.

    Parameters
    ----------
    name : {"sigmoid", "cubic", "linear"}
        The course; see Notes.
    start, final : float
        Densities in (0, 1]; the first is not below the second.
    end : float
        Fraction of training, in (0, 1], from which on the density is exactly the final one.
    steepness : float
        Of the sigmoid, at least 1e-6, where it is a straight line.

    Raises
    ------
    InvalidInputError
        If the name is unknown, a fraction out of range, or the density would rise.

    Notes
    -----
    With :math:`c` = min(1, progress / end) the density is :math:`\\rho_i + (\\rho_f - \\rho_i) s(c)`, where

    * sigmoid: :math:`s = (x(c) - x(1/2)) / (x(1) - x(0)) + 1/2` with :math:`x(c) = 1 / (1 + e^{-2k (c - 1/2)})` and k
      the steepness, in CHTss [Zhang2025];
    * cubic: :math:`s = 1 - (1 - c)^3`, in gradual magnitude pruning [Zhu2017];
    * linear: :math:`s = c`.

    Examples
    --------
    >>> density_at = density_schedule("sigmoid", 0.5, 0.1, end=1.0)
    >>> [round(density_at(progress), 3) for progress in (0, 0.25, 0.5, 0.75, 1)]
    [0.5, 0.482, 0.3, 0.118, 0.1]
    """
    course = DENSITY_DECAYS[check_choice("decay", name, DENSITY_DECAYS)]
    first, last = check_fraction("density_start", start), check_fraction("density", final)
    if first < last:
        raise invalid(f"density_start={start!r} below density={final!r}", "at least as high: the density decays")
    check_number("steepness", steepness, minimum=1e-6)
    stop = check_fraction("decay_end", end)
    return partial(_density_at, course=course, start=first, final=last, end=stop, steepness=float(steepness))


def _density_at(progress: float, course: Course, start: float, final: float, end: float, steepness: float) -> float:
    elapsed = check_fraction("progress", progress, zero=True) / end
    if elapsed >= 1:
        return final
    return start + (final - start) * course(elapsed, steepness)


Course = Callable[[float, float], float]


def _sigmoid(elapsed: float, steepness: float) -> float:
    # The logistic function is (1 + tanh(x / 2)) / 2; in this form nothing overflows.
    return (math.tanh(steepness * (elapsed - 0.5)) / math.tanh(steepness / 2) + 1) / 2


def _cubic(elapsed: float, steepness: float) -> float:
    return 1 - (1 - elapsed) ** 3


def _linear(elapsed: float, steepness: float) -> float:
    return elapsed


DENSITY_DECAYS: dict[str, Course] = {"sigmoid": _sigmoid, "cubic": _cubic, "linear": _linear}
