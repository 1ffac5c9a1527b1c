"""How sure a mean, or a difference of means, is: intervals of Student's t."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
ALONE, PAIRED, WELCH = "t", "paired t", "Welch t"


class Interval(NamedTuple):
    """An estimate and the interval around it."""

    estimate: float
    # ends of the interval of 95 %; infinite where there are too few values to tell
    low: float
    high: float
    n: tuple[int, ...]  # values that it rests on; two numbers where two groups were compared unpaired
    method: str  # one of the words at the top of this module

    @property
    def known(self) -> bool:
        """Whether there were values enough for an interval."""
        return math.isfinite(self.low) and math.isfinite(self.high)


def interval_of_mean(values: Sequence[float], method: str = ALONE) -> Interval:
    """Return the mean of one value or more and its interval by Student's t; `method` names the interval.

    Examples
    --------
    >>> found = interval_of_mean([1.0, 2.0, 3.0])
    >>> round(found.estimate, 3), round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    array = np.asarray(values, np.float64)
    mean = float(array.mean())
    if len(array) < 2:
        return Interval(mean, -math.inf, math.inf, (len(array),), method)
    half = _quantile(len(array) - 1) * float(array.std(ddof=1)) / math.sqrt(len(array))
    return Interval(mean, mean - half, mean + half, (len(array),), method)


def interval_of_difference(first: Mapping[int, float], second: Mapping[int, float]) -> Interval:
    """Return the difference of two means, first less second, and its interval.

    Parameters
    ----------
    first, second : mapping of seed to float
        Where all seeds of one side, two at least, are on the other side, too, the differences of these are looked at:
        networks of one seed begin with the same links and weights and see the samples in the same order. Otherwise
        both means and their spreads.

    Notes
    -----
    Unpaired, the degrees of freedom are those of Welch and Satterthwaite [Welch1947].

    Examples
    --------
    >>> interval_of_difference({0: 3.0, 1: 5.0}, {0: 1.0, 1: 3.0})
    Interval(estimate=2.0, low=2.0, high=2.0, n=(2,), method='paired t')
    """
    common = sorted(set(first) & set(second))
    if len(common) == min(len(first), len(second)) and len(common) > 1:
        return interval_of_mean([first[seed] - second[seed] for seed in common], PAIRED)
    a, b = (np.asarray(list(side.values()), np.float64) for side in (first, second))
    difference, n = float(a.mean() - b.mean()), (len(a), len(b))
    if min(n) < 2:
        return Interval(difference, -math.inf, math.inf, n, WELCH)
    errors = [float(side.var(ddof=1)) / len(side) for side in (a, b)]
    error = sum(errors)
    if error == 0:
        return Interval(difference, difference, difference, n, WELCH)
    freedom = error**2 / sum(part**2 / (count - 1) for part, count in zip(errors, n, strict=True))
    half = _quantile(freedom) * math.sqrt(error)
    return Interval(difference, difference - half, difference + half, n, WELCH)


def _quantile(freedom: float) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + CONFIDENCE) / 2, freedom))
