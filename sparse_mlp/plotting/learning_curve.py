"""Learning curves: one run as a line, several runs as their median with a percentile band."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import count_axis, grid, single_axes, style

Band = tuple[float, float] | str | None  # two percentiles, "std", or no band
UNITS = {"accuracy": "fraction correct", "loss": "mean per sample", "seconds": "s per epoch"}


@dataclass(eq=False, repr=False)
class LearningCurveDisplay(Display):
    """Hold one metric of one or several runs over the epochs, drawn as in Figure 3 of [Sulyok2026].

    Attributes
    ----------
    epochs : int64 (n_epochs,)
        Ascending; every epoch at which at least one run has the metric.
    values : float64 (n_runs, n_epochs)
        NaN where a run does not have the metric at that epoch.
    metric : str
        Name of the metric in the records.
    """

    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    metric: str = "test_accuracy"

    @classmethod
    def from_history(cls, history: Iterable[Any], metric: str = "test_accuracy") -> Self:
        """Read the curve from the records of one run, or from a list of several runs' records.

        Only records of kind "epoch" are read; where an epoch occurs twice in a run, the later one counts. `metric` is
        a key of the records, such as "test_accuracy", "train_accuracy", "loss" or "seconds".

        Raises
        ------
        InvalidInputError
            If there is no run, or a run never recorded the metric.
        """
        runs = [_series(run, metric) for run in _as_runs(history)]
        epochs = sorted(set().union(*runs))
        values = np.array([[run.get(epoch, np.nan) for epoch in epochs] for run in runs])
        return cls(np.array(epochs, np.int64), values, metric)

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.values)

    def curve(self, band: Band = (40.0, 60.0)) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return what is drawn, at the epochs at which every run has a value; `band` as in `plot`.

        Returns
        -------
        epochs : int64 (k,)
        curve : float64 (3, k)
            Lower end of the band, middle, upper end.
        """
        there = np.isfinite(self.values).all(axis=0) if self.n_runs > 1 else np.ones(len(self.epochs), bool)
        values = self.values[:, there]
        if isinstance(band, str):
            mean, half = values.mean(axis=0), values.std(axis=0, ddof=1) if self.n_runs > 1 else 0.0
            return self.epochs[there], np.array([mean - half, mean, mean + half])
        low, high = band or (50.0, 50.0)
        return self.epochs[there], np.percentile(values, (low, 50.0, high), axis=0)

    def plot(
        self, ax: Axes | None = None, *, label: str | None = None, color: Any = None, linestyle: Any = "-",
        band: Band = (40.0, 60.0), log_x: bool = False,
    ) -> Self:  # fmt: skip
        """Draw the curve; call it on the same `ax` for each method to compare.

        Parameters
        ----------
        label : str, optional
            Name in the legend; "" leaves it out.
        color, linestyle : matplotlib colour and line style
            By default the next colour of the axes' cycle, and a solid line.
        band : (float, float), "std" or None
            Of several runs: their median and the band between two percentiles (0 to 100); or their mean and one
            standard deviation (of the sample, ``ddof=1``) to either side; or no band. Both are drawn where every run
            has a value, so that runs which stopped early do not bend the curve.
        log_x : bool
            Whether the axis of the epochs is logarithmic.

        Raises
        ------
        InvalidInputError
            If the percentiles are out of order or out of range.
        """
        if band not in (None, "std") and not (isinstance(band, tuple) and 0 <= band[0] <= band[1] <= 100):
            raise invalid(f"band={band!r}", 'two percentiles in ascending order, 0 to 100, or "std"')
        with style():
            axes = single_axes(ax, (6.0, 4.0))
            x, (low, middle, high) = self.curve(band)
            name = self._default_label(band) if label is None else label
            marker = "o" if len(x) == 1 else ""
            (line,) = axes.plot(x, middle, color=color, linestyle=linestyle, label=name or None, marker=marker)
            if self.n_runs > 1 and band is not None:
                axes.fill_between(x, low, high, color=line.get_color(), alpha=0.22, linewidth=0)
            self._label_axes(axes, log_x)
        return self._drawn_on(axes)

    def _default_label(self, band: Band) -> str:
        if self.n_runs == 1:
            return ""
        if isinstance(band, str):
            return f"mean of {self.n_runs} runs, ± one standard deviation"
        return f"median of {self.n_runs} runs" + (f", {band[0]:g}–{band[1]:g} % band" if band else "")

    def _label_axes(self, axes: Axes, log_x: bool) -> None:
        words = self.metric.replace("_", " ")
        unit = next((unit for key, unit in UNITS.items() if self.metric.endswith(key)), None)
        axes.set_xlabel("epoch (log scale)" if log_x else "epoch")
        axes.set_ylabel(f"{words} ({unit})" if unit else words)
        if log_x:
            axes.set_xscale("log")
            last = max(float(np.max(line.get_xdata(), initial=2)) for line in axes.lines)
            axes.set_xlim(1, last)
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if last < 200 else (1,)))
            axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            count_axis(axes)
        grid(axes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend()


def _as_runs(history: Iterable[Any]) -> list[Any]:
    items = list(history)
    if not items:
        raise invalid("an empty history", "records of one run or a list of runs", "did training run?")
    return [items] if isinstance(items[0], Mapping) else items


def _series(records: Iterable[Mapping[str, Any]], metric: str) -> dict[int, float]:
    epochs = [record for record in records if record.get("kind", "epoch") == "epoch"]
    series = {int(r["epoch"]): float(r[metric]) for r in epochs if isinstance(r.get(metric), int | float)}
    if not series:
        numbers = {key for r in epochs for key, value in r.items() if isinstance(value, int | float)}
        known = ", ".join(sorted(numbers - {"epoch", "step"})) or "nothing"
        raise invalid(f"no record of {metric!r}", "a recorded metric", f"this run recorded {known}")
    return series
