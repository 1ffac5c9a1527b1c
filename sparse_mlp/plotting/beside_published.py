"""Our numbers beside printed ones: a row for each method, a panel for each data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import NEGATIVE, POSITIVE, panel_axes, root_figure, style

WIDTH = 7.2  # inches, of a page
ROW, HEAD = 0.2, 1.0  # inches

Printed = tuple[float, float | None]


@dataclass(eq=False, repr=False)
class BesidePublishedDisplay(Display):
    """Hold numbers of several networks of each method, and the printed ones.

    Attributes
    ----------
    ours : dict of str to dict of str to float64 (networks,)
        By data set and method.
    published : dict of str to dict of str to (float, float or None)
        Mean and spread, where there are such.
    xlabel : str
    """

    ours: dict[str, dict[str, NDArray[np.float64]]]
    published: dict[str, dict[str, Printed]]
    xlabel: str

    @classmethod
    def from_numbers(
        cls, ours: Mapping[str, Mapping[str, ArrayLike]], published: Mapping[str, Mapping[str, Printed]], xlabel: str
    ) -> Self:
        """Take our numbers, one a network, and the printed means and spreads.

        Parameters
        ----------
        ours : mapping
            Data set → method → float (networks,).
        published : mapping
            Data set → method → (mean, spread or None). Methods that are not among ours are left out.
        xlabel : str
            What the numbers are.

        Raises
        ------
        InvalidInputError
            If there is nothing to show.
        """
        table = {
            data: {method: np.atleast_1d(np.asarray(values, np.float64)) for method, values in methods.items()}
            for data, methods in ours.items() if methods
        }  # fmt: skip
        if not table:
            raise invalid("no numbers", "a mapping: data set, then method, then one number a network")
        printed = {
            data: {name: both for name, both in published.get(data, {}).items() if name in methods}
            for data, methods in table.items()
        }
        return cls(table, printed, xlabel)

    def plot(self, ax: Any = None) -> Self:
        """Draw our networks as points with their mean, the printed mean as a diamond with its spread.

        Parameters
        ----------
        ax : sequence of Axes, optional
            One for each data set; a new figure by default.
        """
        columns = min(2, len(self.ours))
        rows = -(-len(self.ours) // columns)
        size = (WIDTH, rows * (HEAD + ROW * max(map(len, self.ours.values()))))
        with style():
            count = len(self.ours) if ax is not None else rows * columns
            panels = panel_axes(ax, count, size, rows=rows)
            for empty in panels[len(self.ours) :]:
                empty.set_axis_off()
            for axes, (dataset, methods) in zip(panels, self.ours.items(), strict=False):
                self._draw(axes, dataset, methods)
            figure = root_figure(panels[0])
            if ax is None:
                printed = any(self.published.values())
                figure.legend(handles=_keys()[: 3 if printed else 2], loc="outside upper center", ncols=3)
        self.ax_, self.figure_ = panels[: len(self.ours)], figure
        return self

    def _draw(self, axes: Axes, dataset: str, methods: Mapping[str, NDArray[np.float64]]) -> None:
        for i, (method, values) in enumerate(methods.items()):
            axes.plot(values, np.full(len(values), i - 0.12), ".", color=POSITIVE, alpha=0.55, markersize=5)
            axes.plot(values.mean(), i - 0.12, "|", color=POSITIVE, markersize=9, markeredgewidth=2)
            if method in self.published[dataset]:
                mean, spread = self.published[dataset][method]
                axes.errorbar(mean, i + 0.18, xerr=spread, fmt="D", color=NEGATIVE, markersize=4, linewidth=1.2)
        axes.set_yticks(range(len(methods)), list(methods))
        axes.set_ylim(len(methods) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_title(dataset, loc="left", fontsize=10)
        axes.set_xlabel(self.xlabel)
        axes.grid(True, axis="x", color="#E5E5E5", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.locator_params(axis="x", nbins=5)


def _keys() -> list[Line2D]:
    return [
        Line2D([], [], linestyle="", marker=".", color=POSITIVE, alpha=0.55, label="our networks"),
        Line2D([], [], linestyle="", marker="|", markeredgewidth=2, markersize=9, color=POSITIVE, label="their mean"),
        Line2D([], [], linestyle="", marker="D", markersize=4, color=NEGATIVE, label="published, ± as printed"),
    ]
