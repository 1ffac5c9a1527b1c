"""Accuracy over the epochs of several networks, by data set and method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_choice
from sparse_mlp.plotting._datasets import (
    KNOWN_LINES,
    LINES,
    SHADE,
    add_legend,
    check_table,
    counted,
    dataset_panels,
    line_keys,
    method_looks,
    methods_of,
    not_measured,
    rows_of_networks,
)  # fmt: skip
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, count_axis, root_figure, style

COLORS = {"ch3l3": "#0077BB", "rlr": "#CC3311"}
BANDS = {"percentile": "median, 40th to 60th percentile", "std": "mean ± one standard deviation"}


@dataclass(eq=False, repr=False)
class AccuracyCurvesDisplay(Display):
    """Hold the accuracy of several networks after each epoch.

    Attributes
    ----------
    accuracy : dict of str to dict of str to float64 (networks, epochs)
        By data set and method; the first column is epoch 1. NaN where it was not measured.
    band : str
        "percentile": median, and band from the 40th to the 60th percentile; "std": mean, and band of one standard
        deviation (of the sample, ``ddof=1``) to either side.

    Notes
    -----
    Figure 3 of [Sulyok2026], CH3L3 blue, random link regrowth red. Its text tells of median and percentiles, its
    caption of a standard deviation; one of them is wrong, so both can be drawn.
    """

    accuracy: dict[str, dict[str, NDArray[np.float64]]]
    band: str = "percentile"

    @classmethod
    def from_histories(cls, accuracy: Mapping[str, Mapping[str, ArrayLike]], band: str = "percentile") -> Self:
        """Take accuracies after each epoch.

        Parameters
        ----------
        accuracy : mapping
            Data set → method → accuracy, (networks, epochs), the first column that of epoch 1, NaN where it was not
            measured; one row of numbers is one network.
        band : str
            "percentile" or "std".

        Raises
        ------
        InvalidInputError
            If there is nothing to show, an array has another shape, or the band is unknown.
        """
        table = check_table(accuracy, rows_of_networks, "accuracy (networks, epochs)")
        return cls(table, check_choice("band", band, BANDS))

    def curve(self, dataset: str, method: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return what is drawn, at the epochs at which every network has a value.

        Returns
        -------
        epochs : int64 (k,)
            Counted from 1.
        curve : float64 (3, k)
            Lower end of the band, middle, upper end.
        """
        values = self.accuracy[dataset][method]
        there = np.isfinite(values).all(axis=0)
        values = values[:, there]
        if self.band == "percentile":
            curve = np.percentile(values, (40, 50, 60), axis=0)
        else:
            mean, half = values.mean(axis=0), values.std(axis=0, ddof=1) if len(values) > 1 else 0.0
            curve = np.array([mean - half, mean, mean + half])
        return np.flatnonzero(there) + 1, curve

    def plot(self, ax: Axes | Sequence[Axes] | None = None, *, log_x: bool = True) -> Self:
        """Draw a panel for each data set, in it a curve with its band for each method.

        Parameters
        ----------
        ax : sequence of Axes, optional
            One for each data set; a new figure by default.
        log_x : bool
            Whether the epochs stand on a logarithmic axis.
        """
        methods = methods_of(self.accuracy)
        with style():
            words = "epoch (log scale)" if log_x else "epoch"
            panels = dataset_panels(ax, list(self.accuracy), words, "test accuracy")
            colors, lines = method_looks(methods, COLORS, CYCLE), method_looks(methods, KNOWN_LINES, LINES)
            looks = {m: {"color": colors[m], "linestyle": lines[m]} for m in methods}
            for axes, (dataset, found) in zip(panels, self.accuracy.items(), strict=True):
                for method in found:
                    epochs, (low, middle, high) = self.curve(dataset, method)
                    axes.plot(epochs, middle, marker="o" if len(epochs) == 1 else "", linewidth=1.4, **looks[method])
                    axes.fill_between(epochs, low, high, color=colors[method], alpha=0.22, linewidth=0)
                _finish(axes, log_x)
            keys = line_keys({counted(self.accuracy, m): looks[m] for m in methods})
            if max(len(rows) for found in self.accuracy.values() for rows in found.values()) > 1:
                keys.append(Patch(color=SHADE, label=BANDS[self.band]))
            panels[0].figure.align_ylabels(panels)
            add_legend(panels, keys, own_figure=ax is None)
        self.ax_, self.figure_ = panels, root_figure(panels[0])
        return self


def _finish(axes: Axes, log_x: bool) -> None:
    if not axes.lines or all(not len(np.asarray(line.get_xdata())) for line in axes.lines):
        not_measured(axes)
        return
    if not log_x:
        count_axis(axes)
        return
    axes.set_xscale("log")
    last = max(float(np.max(line.get_xdata())) for line in axes.lines)
    axes.set_xlim(1, max(last, 2) * 1.02)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if last < 200 else (1,)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
