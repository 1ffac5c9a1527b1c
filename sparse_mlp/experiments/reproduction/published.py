"""Printed numbers, and how tables of them are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A printed number."""

    mean: float
    spread: float | None = None  # as printed behind ±, a standard error or deviation; None where the paper gives none

    def __str__(self) -> str:
        return f"{self.mean:.4g}" if self.spread is None else f"{self.mean:.2f} ± {self.spread:.2f}"


PublishedTable = dict[str, dict[str, Published]]  # method → data set → number


def read_table(datasets: tuple[str, ...], text: str) -> PublishedTable:
    """Read lines of "method | number ± spread | ...", one column for each data set; "-" where nothing is printed.

    Examples
    --------
    >>> table = read_table(("mnist", "cifar-10"), "SET | 98.14 ± .02 | -")
    >>> table["SET"]
    {'mnist': Published(mean=98.14, spread=0.02)}
    """
    table: PublishedTable = {}
    for line in text.strip().splitlines():
        method, *cells = (cell.strip() for cell in line.split("|"))
        table[method] = {name: _number(cell) for name, cell in zip(datasets, cells, strict=True) if cell != "-"}
    return table


def _number(cell: str) -> Published:
    mean, _, spread = cell.partition("±")
    return Published(float(mean), float(spread) if spread else None)
