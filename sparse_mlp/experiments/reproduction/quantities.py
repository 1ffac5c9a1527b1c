"""What a figure found: quantities with one value for each network, and curves with one line for each network."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.experiments.reproduction.published import Published

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quantity:
    """One quantity of the networks of one method on one data set."""

    dataset: str
    method: str
    name: str
    unit: str
    by_seed: Mapping[int, float]  # one value for each network; NaN where it has no such value
    published: Published | None = None  # in the same unit

    @property
    def n(self) -> int:
        """Number of networks."""
        return len(self.by_seed)

    @property
    def known(self) -> list[float]:
        """The values of the networks that have one."""
        return [value for value in self.by_seed.values() if not math.isnan(value)]

    @property
    def mean(self) -> float:
        """Mean of the known values; NaN if there is none."""
        return statistics.fmean(self.known) if self.known else math.nan

    @property
    def spread(self) -> float | None:
        """Standard deviation of the known values; None of a single one."""
        return statistics.stdev(self.known) if len(self.known) > 1 else None


@dataclass(frozen=True, eq=False)
class Curve:
    """One line for each network of a method, over the same x."""

    dataset: str
    method: str
    name: str
    x: Floats  # (k,)
    y: Floats  # (n, k)
    seeds: tuple[int, ...]  # of the n networks

    def quantity(self, name: str, unit: str, value: Callable[[Floats, Floats], float], scale: float = 100) -> Quantity:
        """Return `scale` times the value of each network's line (x, y) as a quantity."""
        by_seed = {seed: scale * value(self.x, row) for seed, row in zip(self.seeds, self.y, strict=True)}
        return Quantity(self.dataset, self.method, name, unit, by_seed)


@dataclass
class Quantities:
    """Collect quantities, and find them again.

    Examples
    --------
    >>> found = Quantities([Quantity("mnist", "RLR", "accuracy", "%", {0: 98.0, 1: 98.4})])
    >>> found.methods("mnist", "accuracy")
    ['RLR']
    >>> round(found.find("mnist", "RLR", "accuracy").mean, 3)
    98.2
    """

    rows: list[Quantity] = field(default_factory=list)

    def add(self, rows: Iterable[Quantity]) -> None:
        """Add quantities, except those of no network."""
        self.rows += [row for row in rows if row.n]

    def find(self, dataset: str, method: str, name: str) -> Quantity | None:
        """Return a quantity, or None."""
        wanted = (dataset, method, name)
        return next((row for row in self.rows if (row.dataset, row.method, row.name) == wanted), None)

    def rows_of(self, dataset: str, name: str) -> list[Quantity]:
        """Return a quantity on a data set, a row for each method."""
        return [row for row in self.rows if (row.dataset, row.name) == (dataset, name)]

    def methods(self, dataset: str, name: str) -> list[str]:
        """Return the methods of which a quantity is known on a data set."""
        return [row.method for row in self.rows_of(dataset, name)]

    @property
    def datasets(self) -> list[str]:
        """The data sets in the order in which they came."""
        return list(dict.fromkeys(row.dataset for row in self.rows))

    @property
    def names(self) -> list[str]:
        """The names of the quantities in the order in which they came."""
        return list(dict.fromkeys(row.name for row in self.rows))
