"""Seconds that a topology update takes, by data set and method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._datasets import PAGE, ROW, add_legend, check_table, method_looks, methods_of
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, INK, root_figure, single_axes, style
from sparse_mlp.plotting._words import width_of, wrap_words

COLORS = {"ch3l3": "#33BBEE", "rlr": "#AA4499"}
SPREAD = (5.0, 95.0)  # percentiles that the whiskers span
NAME_SIZE = 9.0  # of the data sets
SIZE = 8.5  # of the numbers above the bars
HEIGHT = 3.3


@dataclass(eq=False, repr=False)
class UpdateTimeDisplay(Display):
    """Hold the durations of topology updates.

    Attributes
    ----------
    seconds : dict of str to dict of str to float64 (updates,)
        By data set and method: seconds of each update of all runs.

    Notes
    -----
    Figure 2 of [Sulyok2026]: mean over 4 runs and 50 updates, CH3L3 light blue, random link regrowth purple. The
    whiskers are ours.
    """

    seconds: dict[str, dict[str, NDArray[np.float64]]]

    @classmethod
    def from_seconds(cls, seconds: Mapping[str, Mapping[str, ArrayLike]]) -> Self:
        """Take the seconds of single updates, all runs in one array.

        Parameters
        ----------
        seconds : mapping
            Data set → method → seconds, (updates,). Leave out updates that compile the kernels.

        Raises
        ------
        InvalidInputError
            If there is nothing to show, or seconds are negative or not finite.
        """
        return cls(check_table(seconds, _read, "seconds of updates"))

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw a bar as high as the mean for each data set and method, with a line from the 5th to the 95th percentile.

        Above each bar stands its mean, and what part it is of that of the first method on the same data set.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.
        """
        methods = methods_of(self.seconds)
        with style():
            width = min(PAGE, 2.2 + 0.85 * len(methods) * len(self.seconds))
            slot = (width - 0.8) / len(self.seconds)  # inches of a data set
            names = [wrap_words(name, 0.9 * slot, NAME_SIZE) for name in self.seconds]
            axes = single_axes(ax, (width, HEIGHT + ROW * max(name.count("\n") for name in names)))
            colors = method_looks(methods, COLORS, CYCLE)
            unit, scale = _unit(self.seconds)
            bar = 0.8 / len(methods)
            for i, found in enumerate(self.seconds.values()):
                base = found.get(methods[0])
                for j, method in enumerate(m for m in methods if m in found):
                    x = i + (j - (len(found) - 1) / 2) * bar
                    share = f"\n{found[method].mean() / base.mean():.0%}" if base is not None and j else ""
                    _draw_bar(axes, x, bar, scale * found[method], share, colors[method], inches=bar * slot)
            axes.set_xticks(range(len(names)), names)
            axes.tick_params(axis="x", length=0)
            axes.set_xlim(-0.5, len(names) - 0.5)
            highest = max(_top(values) for found in self.seconds.values() for values in found.values())
            axes.set_ylim(0, 1.22 * scale * highest or 1.0)
            axes.set_ylabel(f"{unit} per topology update")
            add_legend([axes], self._keys(methods, colors), own_figure=ax is None, place="upper")
        self.ax_, self.figure_ = axes, root_figure(axes)
        return self

    def _keys(self, methods: Sequence[str], colors: Mapping[str, str]) -> list[Any]:
        sizes = {m: [len(found[m]) for found in self.seconds.values() if m in found] for m in methods}
        keys: list[Any] = []
        for i, (method, counts) in enumerate(sizes.items()):
            number = "–".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))
            words = f"{method} ({number} update{'' if max(counts) == 1 else 's'}"
            keys.append(
                Patch(color=colors[method], label=f"{words}{', 100%)' if i == 0 and len(methods) > 1 else ')'}")
            )
        if max(max(counts) for counts in sizes.values()) > 1:
            keys.append(Line2D([], [], color=INK, linewidth=1.0, label="5th to 95th percentile"))
        return keys


def _draw_bar(
    axes: Axes, x: float, bar: float, values: NDArray[np.float64], share: str, color: str, *, inches: float
) -> None:
    """Draw the bar of these values at `x`, as wide as `bar`, which is so many inches, and numbers that fit above it."""
    mean = float(values.mean())
    axes.bar(x, mean, width=0.92 * bar, color=color)
    if len(values) > 1:
        axes.vlines(x, *np.percentile(values, SPREAD), color=INK, linewidth=1.0)
    words = _digits(mean) + share
    size = min(SIZE, SIZE * 0.95 * inches / max(width_of(line, SIZE) for line in words.splitlines()))
    axes.annotate(words, (x, _top(values)), xytext=(0, 2), textcoords="offset points", ha="center", va="bottom",
                  fontsize=size, color=INK)  # fmt: skip


def _read(whose: str, values: ArrayLike) -> NDArray[np.float64]:
    seconds = np.asarray(values, np.float64)
    if seconds.ndim != 1 or not len(seconds) or not np.isfinite(seconds).all() or (seconds < 0).any():
        raise invalid(f"seconds of {whose} with shape {seconds.shape}", "a 1-D array of finite numbers, none negative")
    return seconds


def _top(values: NDArray[np.float64]) -> float:
    """Return how high bar and whisker reach."""
    return max(float(values.mean()), float(np.percentile(values, SPREAD[1])))


def _unit(seconds: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> tuple[str, float]:
    longest = max(float(values.mean()) for found in seconds.values() for values in found.values())
    return ("seconds", 1.0) if longest >= 1 else ("milliseconds", 1000.0)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
