"""What a paper claims, as data: a quantity, whose, and the region that it is said to lie in."""

from __future__ import annotations

import math
from dataclasses import dataclass

ALL = ""  # instead of a method: the networks of all methods together


@dataclass(frozen=True)
class Side:
    """A quantity of the networks of one method.

    Attributes
    ----------
    quantity : str
    method : str
        `ALL` takes the networks of all methods together.
    """

    quantity: str
    method: str = ALL


@dataclass(frozen=True)
class Claim:
    """Hold one statement of a paper that numbers can support or contradict.

    Attributes
    ----------
    text : str
        What the paper says, in a line.
    source : str
        Where it says so.
    side : Side
        What is looked at.
    beside : Side, optional
        What is taken from it; or, with `ratio`, what it is divided by.
    low, high : float
        The region in which the mean is said to lie. One that is open to one side does not contain its other end.
    unit : str
        Of the estimate.
    datasets : tuple of str
        The data sets that it is said of; empty: of every one.
    needed : int or None
        On so many data sets it must hold; None: on all of them.
    of : int
        The data sets of the paper, which `needed` is of.
    ratio : bool
    """

    text: str
    source: str
    side: Side
    beside: Side | None = None
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    datasets: tuple[str, ...] = ()
    needed: int | None = None
    of: int = 4
    ratio: bool = False


def higher(
    text: str, source: str, quantity: str, first: str, second: str, unit: str, *, datasets: tuple[str, ...] = (),
    needed: int | None = None,
) -> Claim:  # fmt: skip
    """Claim that a quantity of the first method's networks is above the second method's."""
    sides = Side(quantity, first), Side(quantity, second)
    return Claim(text, source, *sides, low=0.0, unit=unit, datasets=datasets, needed=needed)


def level(
    text: str, source: str, quantity: str, first: str, second: str, margin: float, unit: str, *,
    datasets: tuple[str, ...] = (),
) -> Claim:  # fmt: skip
    """Claim that a quantity of two methods differs by the margin at most."""
    sides = Side(quantity, first), Side(quantity, second)
    return Claim(text, source, *sides, low=-margin, high=margin, unit=unit, datasets=datasets)
