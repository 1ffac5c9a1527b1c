"""Successive halving: train many settings a little, the better ones longer, the best few to the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from sparse_mlp.errors import check_integer, invalid

Scores = dict[int, float]


class Rung(NamedTuple):
    """A step of the ladder: how many settings are tried, and for how many epochs each."""

    epochs: int
    settings: int


def plan_rungs(settings: int, min_epochs: int, max_epochs: int, factor: int = 3) -> list[Rung]:
    """Plan how many settings are trained for how long.

    On the first rung are all `settings`, for `min_epochs`. Each further one has `factor` times the epochs of the one
    before, up to `max_epochs` on the last, and that part of its settings, rounded down, but at least one.

    Notes
    -----
    A bracket of successive halving [Jamieson2016], with the fraction kept, 1 / factor, of Hyperband [Li2018].

    Examples
    --------
    >>> plan_rungs(27, 3, 27)
    [Rung(epochs=3, settings=27), Rung(epochs=9, settings=9), Rung(epochs=27, settings=3)]
    >>> plan_rungs(10, 2, 5, factor=2)
    [Rung(epochs=2, settings=10), Rung(epochs=4, settings=5), Rung(epochs=5, settings=2)]
    """
    count, epochs = check_integer("settings", settings), check_integer("min_epochs", min_epochs)
    check_integer("factor", factor, minimum=2)
    if check_integer("max_epochs", max_epochs) < min_epochs:
        raise invalid(f"max_epochs={max_epochs} below min_epochs={min_epochs}", "at least as many")
    rungs = [Rung(epochs, count)]
    while epochs < max_epochs:
        epochs, count = min(epochs * factor, max_epochs), max(count // factor, 1)
        rungs.append(Rung(epochs, count))
    return rungs


def successive_halving(
    rungs: Sequence[Rung], evaluate: Callable[[list[int], int], Mapping[int, float]], *, always: Collection[int] = ()
) -> list[Scores]:
    """Climb the rungs.

    Parameters
    ----------
    rungs : sequence of Rung
        From `plan_rungs`; settings are known by their numbers, from 0 to those of the first rung.
    evaluate : callable (numbers, epochs) -> mapping of number to score
        Trains these settings for so many epochs, each from scratch; a higher score is better, NaN is the worst.
    always : collection of int
        Settings that are tried on every rung, also beyond its number, so that the others can be compared with them.

    Returns
    -------
    list of dict of int to float
        The scores of each rung, the best first; equal ones in the order of their numbers.

    Examples
    --------
    >>> def evaluate(numbers, epochs):
    ...     return {number: number / 10 for number in numbers}
    >>> successive_halving(plan_rungs(4, 1, 4, factor=2), evaluate, always=[0])
    [{3: 0.3, 2: 0.2, 1: 0.1, 0: 0.0}, {3: 0.3, 2: 0.2, 0: 0.0}, {3: 0.3, 0: 0.0}]
    """
    ladder: list[Scores] = []
    for rung in rungs:
        best = list(ladder[-1])[: rung.settings] if ladder else list(range(rung.settings))
        scores = evaluate(sorted({*best, *always}), rung.epochs)
        ladder.append(dict(sorted(scores.items(), key=lambda item: (_loss(item[1]), item[0]))))
    return ladder


def _loss(score: float) -> float:
    return math.inf if math.isnan(score) else -score
