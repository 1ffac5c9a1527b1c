"""What a paper claims, as data: a quantity, whose it is, and the region in which it is said to lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

ALL = ""  # instead of a method: the networks of all methods together


@dataclass(frozen=True)
class Operand:
    """A quantity of the networks of one method; `ALL` takes the networks of all methods together."""

    quantity: str
    method: str = ALL


@dataclass(frozen=True)
class Claim:
    """Hold one statement of a paper that numbers can support or contradict."""

    text: str  # what the paper says, in a line
    source: str  # where it says so
    operand: Operand  # what is looked at
    baseline: Operand | None = None  # what is subtracted from it; or, with `ratio`, what it is divided by
    # the region in which the mean is said to lie. One that is open to one side does not contain its other end.
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""  # of the estimate
    datasets: tuple[str, ...] = ()  # the data sets that it is said of; empty: of every one
    needed: int | None = None  # on so many data sets it must hold; None: on all of them
    of: int = 4  # the data sets of the paper, which `needed` is of
    ratio: bool = False


def higher(text: str, source: str, quantity: str, first: str, second: str, unit: str, **rest: Any) -> Claim:
    """Claim that a quantity is higher for the first method than for the second; `rest` goes to `Claim`."""
    return Claim(text, source, Operand(quantity, first), Operand(quantity, second), low=0.0, unit=unit, **rest)


def equivalent(
    text: str, source: str, quantity: str, first: str, second: str, margin: float, unit: str, **rest: Any
) -> Claim:
    """Claim that a quantity of two methods differs by the margin at most; `rest` goes to `Claim`."""
    operands = Operand(quantity, first), Operand(quantity, second)
    return Claim(text, source, *operands, low=-margin, high=margin, unit=unit, **rest)


def within(text: str, source: str, quantity: str, method: str = ALL, **region: Any) -> Claim:
    """Claim that a quantity of one method lies in a region: `low`, `high`, `unit` and the like go to `Claim`."""
    return Claim(text, source, Operand(quantity, method), **region)
