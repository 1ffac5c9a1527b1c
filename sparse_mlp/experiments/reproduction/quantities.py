"""From curves and weights to the few numbers that the robustness paper's claims are about."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

SMOOTHED = 5  # epochs of the running median before a dip is looked for: one epoch's noise is no dip
LOST = 0.95  # part of all that a perturbation takes, at which the bottom is said to be reached
BINS, SHOWN = 100, 0.99  # of the density of |w|, from 0 to that quantile
EDGE = 0.2  # of the highest density: what the edges of a hollow reach at least

Floats = NDArray[np.float64]


def epochs_to(accuracy: ArrayLike, wanted: float) -> float:
    """Return the first epoch, from 1, with the wanted accuracy; one more than there are if it is never reached.

    Examples
    --------
    >>> epochs_to([0.5, 0.9, 0.8], 0.85), epochs_to([0.5, 0.9, 0.8], 0.95)
    (2.0, 4.0)
    """
    reached = np.asarray(accuracy) >= wanted
    return float(np.argmax(reached) + 1) if reached.any() else float(len(reached) + 1)


def log_area(accuracy: ArrayLike) -> float:
    """Return the mean accuracy over the logarithm of the epoch, the area that the paper's Fig. 3 shows.

    Examples
    --------
    >>> log_area([0.4, 0.8])
    0.6000000000000001
    """
    y = np.asarray(accuracy, np.float64)
    if len(y) == 1:
        return float(y[0])
    x = np.log(np.arange(1, len(y) + 1))
    return float(np.trapezoid(y, x) / x[-1])


def final(accuracy: ArrayLike) -> float:
    """Return the median accuracy of the last tenth of the epochs, one at least."""
    y = np.asarray(accuracy, np.float64)
    return float(np.median(y[-max(1, len(y) // 10) :]))


def dip(accuracy: ArrayLike) -> float:
    """Return how far the accuracy, a running median of 5 epochs, falls below what it had before and has again later.

    Examples
    --------
    >>> round(dip([0.5, 0.6, 0.8, 0.8, 0.8, 0.7, 0.7, 0.7, 0.7, 0.9, 0.9, 0.9, 0.9]), 3)
    0.1
    >>> dip([0.5, 0.6, 0.7])
    0.0
    """
    y = np.asarray(accuracy, np.float64)
    if len(y) >= SMOOTHED:
        y = np.median(np.lib.stride_tricks.sliding_window_view(y, SMOOTHED), axis=1)
    before, after = np.maximum.accumulate(y), np.maximum.accumulate(y[::-1])[::-1]
    return float((np.minimum(before, after) - y).max())


def bottom(strengths: ArrayLike, accuracy: ArrayLike) -> float:
    """Return the first strength at which 95 % of all that a perturbation takes is lost.

    Examples
    --------
    >>> bottom([0.0, 0.1, 0.2, 0.3], [0.9, 0.5, 0.1, 0.11])
    0.2
    """
    x, y = np.asarray(strengths, np.float64), np.asarray(accuracy, np.float64)
    lost = y[0] - y
    return float(x[np.argmax(lost >= LOST * lost.max())])


def strength_of_loss(strengths: ArrayLike, accuracy: ArrayLike, loss: float) -> float:
    """Return the strength at which so much accuracy is lost first, between two strengths by a straight line.

    The last strength stands for all that would be needed beyond it.

    Examples
    --------
    >>> round(strength_of_loss([0.0, 0.1, 0.2], [0.9, 0.9, 0.7], 0.1), 3)
    0.15
    """
    x, lost = np.asarray(strengths, np.float64), np.asarray(accuracy, np.float64)
    lost = lost[0] - lost
    beyond = np.flatnonzero(lost >= loss)
    if not len(beyond):
        return float(x[-1])
    i = int(beyond[0])
    share = (loss - lost[i - 1]) / (lost[i] - lost[i - 1])
    return float(x[i - 1] + share * (x[i] - x[i - 1]))


def at_strength(strengths: ArrayLike, accuracy: ArrayLike, strength: float) -> float:
    """Return the accuracy at a strength, between two of them by a straight line."""
    return float(np.interp(strength, np.asarray(strengths, np.float64), np.asarray(accuracy, np.float64)))


def share_between(magnitude: Floats, low: float, high: float = np.inf) -> float:
    """Return the share of links with low < |w| < high."""
    return float(np.mean((magnitude > low) & (magnitude < high)))


def hollow(magnitude: Floats) -> float:
    """Return how deep the deepest hollow of the density of |w| is, as a share of its lower edge.

    Notes
    -----
    Bins of a hundredth of the 99 % quantile. Both edges must reach a fifth of the highest density: a hollow of the thin
    tail is none. 0 where the density only rises to a maximum and falls from there.

    Examples
    --------
    >>> hollow(np.repeat([0.005, 0.015, 0.025, 1.0], [10, 5, 20, 2]))
    0.5
    """
    end = float(np.quantile(magnitude, SHOWN))
    density, _ = np.histogram(magnitude, BINS, (0.0, end)) if end > 0 else (np.zeros(BINS), None)
    edges = np.minimum(np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1])
    high = edges >= max(EDGE * density.max(), 1)
    return float(np.max(1 - density[high] / edges[high], initial=0.0))
