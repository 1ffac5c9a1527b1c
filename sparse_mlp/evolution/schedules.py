"""How the removed fraction zeta changes in the course of training."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from sparse_mlp.errors import check_choice, check_fraction

ZetaSchedule = Callable[[float], float]


def zeta_schedule(name: str, zeta: float, *, end: float = 0.75) -> ZetaSchedule:
    """Make the function from progress, the fraction of training that is done, in [0, 1], to zeta; it can be pickled.

    Parameters
    ----------
    name : {"constant", "step", "cosine", "linear"}
        The course; see Notes.
    zeta : float
        Fraction at the start, in [0, 1].
    end : float
        Fraction of training, in (0, 1], after which all but the constant are 0.

    Raises
    ------
    InvalidInputError
        If the name is unknown or a fraction out of range.

    Notes
    -----
    With :math:`t / T_{end}` = progress / end: cosine is :math:`\\frac{\\zeta}{2} (1 + \\cos(\\pi t / T_{end}))`
    (RigL [Evci2020]), linear is :math:`\\zeta (1 - t / T_{end})`, step is :math:`\\zeta` before :math:`T_{end}`;
    constant (SET [Mocanu2018]) never ends.

    Examples
    --------
    >>> zeta_at = zeta_schedule("cosine", 0.3)
    >>> [round(zeta_at(progress), 3) for progress in (0, 0.25, 0.5, 0.75, 1)]
    [0.3, 0.225, 0.075, 0.0, 0.0]
    """
    course = ZETA_SCHEDULES[check_choice("zeta_schedule", name, ZETA_SCHEDULES)]
    start, stop = check_fraction("zeta", zeta, zero=True), check_fraction("zeta_end", end)
    return partial(_zeta_at, course=course, start=start, stop=stop)


def _zeta_at(progress: float, course: Callable[[float], float], start: float, stop: float) -> float:
    return start * course(check_fraction("progress", progress, zero=True) / stop)


def _constant(elapsed: float) -> float:
    return 1.0


def _step(elapsed: float) -> float:
    return 1.0 if elapsed < 1 else 0.0


def _cosine(elapsed: float) -> float:
    return (1 + math.cos(math.pi * elapsed)) / 2 if elapsed < 1 else 0.0


def _linear(elapsed: float) -> float:
    return max(0.0, 1 - elapsed)


ZETA_SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": _constant, "step": _step, "cosine": _cosine, "linear": _linear,
}  # fmt: skip
