"""What an item found: numbers with one value a network, and curves with one line a network."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Published:
    """A printed number.

    Attributes
    ----------
    mean : float
    spread : float or None
        As printed behind ±, a standard error or deviation; None where the paper gives none.
    """

    mean: float
    spread: float | None = None

    def __str__(self) -> str:
        return f"{self.mean:.4g}" if self.spread is None else f"{self.mean:.2f} ± {self.spread:.2f}"


@dataclass(frozen=True)
class Number:
    """One quantity of the networks of one method on one data set.

    Attributes
    ----------
    dataset, method, quantity, unit : str
    by_seed : mapping of int to float
        One value a network; NaN where it has no such number.
    published : Published, optional
        In the same unit.
    """

    dataset: str
    method: str
    quantity: str
    unit: str
    by_seed: Mapping[int, float]
    published: Published | None = None

    @property
    def n(self) -> int:
        """Number of networks."""
        return len(self.by_seed)

    @property
    def there(self) -> list[float]:
        """The values of the networks that have one."""
        return [value for value in self.by_seed.values() if not math.isnan(value)]

    @property
    def mean(self) -> float:
        """Mean over the networks that have such a number; NaN if none has."""
        return statistics.fmean(self.there) if self.there else math.nan

    @property
    def spread(self) -> float | None:
        """Standard deviation over the networks that have such a number; None of a single one."""
        return statistics.stdev(self.there) if len(self.there) > 1 else None


@dataclass(frozen=True, eq=False)
class Curve:
    """One line for each network of a method, over the same x.

    Attributes
    ----------
    dataset, method, name : str
    x : float64 (k,)
    y : float64 (n, k)
    seeds : tuple of int
        Of the n networks.
    """

    dataset: str
    method: str
    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    seeds: tuple[int, ...]


@dataclass
class Numbers:
    """Collect numbers, and find them again.

    Examples
    --------
    >>> numbers = Numbers([Number("mnist", "RLR", "accuracy", "%", {0: 98.0, 1: 98.4})])
    >>> numbers.methods("mnist", "accuracy")
    ['RLR']
    >>> round(numbers.find("mnist", "RLR", "accuracy").mean, 3)
    98.2
    """

    rows: list[Number] = field(default_factory=list)

    def add(self, rows: Iterable[Number]) -> None:
        """Add numbers, but those of no network."""
        self.rows += [row for row in rows if row.n]

    def find(self, dataset: str, method: str, quantity: str) -> Number | None:
        """Return a number, or None."""
        wanted = (dataset, method, quantity)
        return next((row for row in self.rows if (row.dataset, row.method, row.quantity) == wanted), None)

    def rows_of(self, dataset: str, quantity: str) -> list[Number]:
        """Return a quantity on a data set, a number for each method."""
        return [row for row in self.rows if (row.dataset, row.quantity) == (dataset, quantity)]

    def methods(self, dataset: str, quantity: str) -> list[str]:
        """Return the methods of which a quantity is known on a data set."""
        return [row.method for row in self.rows_of(dataset, quantity)]

    @property
    def datasets(self) -> list[str]:
        """The data sets in the order in which they came."""
        return list(dict.fromkeys(row.dataset for row in self.rows))
