"""Efficiency against accuracy: scores over the weight of the time, and the seconds that an epoch takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, INK, panel_axes, root_figure, single_axes, style

DASHES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D")
FIRST_EPOCHS = 30
LOWEST = -0.5  # scores below it, of a model many times slower than the base, are cut off


class ScoredModels(Protocol):
    """What `experiments.TradeOff` offers to be drawn."""

    @property
    def break_even(self) -> Mapping[str, float]:
        """Break-even weight of each model but the base, NaN where there is none."""

    def scores(self, weights: ArrayLike) -> Mapping[str, NDArray[np.float64]]:
        """Score of each model at each weight."""


@dataclass(eq=False)
class TradeOffDisplay(Display):
    """Hold the comprehensive scores of several models over the weight of the time.

    Attributes
    ----------
    weights : float64 (k,)
        Weights of the time, 0 to 1.
    scores : dict of str to float64 (k,)
        By model, the base first.
    break_even : dict of str to float
        Weight at which a model and the base are level; NaN where they never are.
    title : str
        Such as the name of the data set.

    Notes
    -----
    Figures 8 and 9 of [Chen2025].
    """

    weights: NDArray[np.float64]
    scores: dict[str, NDArray[np.float64]]
    break_even: dict[str, float]
    title: str = ""

    @classmethod
    def from_trade_off(cls, trade_off: ScoredModels, title: str = "") -> Self:
        """Take the scores from an `experiments.TradeOff`, at 101 weights from 0 to 1."""
        weights = np.linspace(0, 1, 101)
        return cls(weights, dict(trade_off.scores(weights)), dict(trade_off.break_even), title)

    def plot(self, ax: Sequence[Axes] | None = None, *, mark: float = 0.1) -> Self:
        """Draw a line for each model: its score on the left; on the right, near `mark`, what it is ahead of the base.

        Parameters
        ----------
        ax : sequence of two Axes, optional
            Where to draw; a new figure by default.
        mark : float
            Weight that a vertical line marks, 0.1 in the paper. The right panel shows weights from 0 to three times it.
        """
        with style():
            whole, near = panel_axes(ax, 2, (10.0, 4.2))
            base = next(iter(self.scores))
            for i, (name, scores) in enumerate(self.scores.items()):
                look: dict[str, Any] = {"linestyle": DASHES[i % len(DASHES)], "color": CYCLE[i % len(CYCLE)]}
                crossing = self.break_even.get(name, np.nan)
                level_at = f", level at {crossing:.3f}" if np.isfinite(crossing) else ", never level"
                whole.plot(self.weights, scores, label=name if name == base else name + level_at, **look)
                near.plot(self.weights, scores - self.scores[base], **look)
                level = float(np.interp(crossing, self.weights, self.scores[base]))
                for axes, height in ((whole, level), (near, 0.0)):
                    axes.plot(crossing, height, MARKS[i % len(MARKS)], color=look["color"], markeredgecolor="white",
                              markersize=8, zorder=4)  # fmt: skip
            whole.set(ylabel="comprehensive score", xlim=(0, 1), title=self.title)
            whole.set_ylim(*_limits(self.scores.values()))
            whole.legend(loc="lower left", bbox_to_anchor=(0.0, 0.06))  # above the words at the mark
            end = min(1.0, 3 * mark)
            shown = self.weights <= end + 1e-9
            gains = np.array([(scores - self.scores[base])[shown] for scores in self.scores.values()]).clip(LOWEST)
            margin = 0.06 * float(np.ptp(gains)) or 0.1
            near.set(xlim=(0, end), title=f"ahead of {base}", ylabel=f"score less that of {base}")
            near.set_ylim(float(gains.min()) - margin, float(gains.max()) + margin)
            for axes in (whole, near):
                self._finish(axes, mark)
        self.ax_, self.figure_ = [whole, near], root_figure(whole)
        return self

    @staticmethod
    def _finish(axes: Axes, mark: float) -> None:
        axes.axvline(mark, color=INK, linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(f"weight {mark:g}", (mark, 0.02), xycoords=("data", "axes fraction"), xytext=(4, 0),
                      textcoords="offset points", fontsize=8.5, color=INK)  # fmt: skip
        axes.set_xlabel("weight of the time (the accuracy has the rest)")
        axes.grid(True, color="#E5E5E5", linewidth=0.6)
        axes.set_axisbelow(True)


@dataclass(eq=False)
class EpochSecondsDisplay(Display):
    """Hold the mean seconds of the first epochs of several models, of one or several runs each.

    Attributes
    ----------
    means : dict of str to float64 (n_runs,)
        Mean seconds per epoch of each run, by model; the base first.
    epochs : int
        How many epochs each mean is of.
    title : str
        Such as the name of the data set.

    Notes
    -----
    Figures 6 and 7 of [Chen2025]: mean time per epoch over the first 30 epochs, by motif size.
    """

    means: dict[str, NDArray[np.float64]]
    epochs: int
    title: str = ""

    @classmethod
    def from_histories(
        cls, histories: Mapping[str, Iterable[Any]], title: str = "", *, epochs: int = FIRST_EPOCHS
    ) -> Self:
        """Read the seconds from the records of kind "epoch".

        Parameters
        ----------
        histories : mapping
            Model → records of one run, or a list of several runs' records.
        title : str
            Of the figure.
        epochs : int
            How many epochs count; fewer if a run is shorter, then as many as the shortest has.

        Raises
        ------
        InvalidInputError
            If there is no model, or a run has no epoch.
        """
        check_integer("epochs", epochs)
        if not histories:
            raise invalid("no models", "at least one")
        seconds = {name: [_seconds(name, run) for run in _runs(name, given)] for name, given in histories.items()}
        counted = min(epochs, *(len(run) for several in seconds.values() for run in several))
        return cls({n: np.array([np.mean(run[:counted]) for run in s]) for n, s in seconds.items()}, counted, title)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw a bar for each model: the mean over its runs, with a point for each run if there are several."""
        with style():
            axes = single_axes(ax, (1.6 + 1.3 * max(2, len(self.means)), 4.0))
            base = float(next(iter(self.means.values())).mean())
            highest = max(float(values.max()) for values in self.means.values())
            for i, (name, values) in enumerate(self.means.items()):
                mean = float(values.mean())
                axes.bar(i, mean, width=0.6, color=CYCLE[i % len(CYCLE)], label=name)
                if len(values) > 1:
                    spread = np.linspace(-0.12, 0.12, len(values))
                    axes.plot(i + spread, values, "o", color=INK, markersize=4, markeredgecolor="white", zorder=4)
                share = "" if i == 0 else f"\n{mean / base:.0%}"
                axes.text(i, max(mean, float(values.max())) + 0.02 * highest, f"{_short(mean)}{share}", ha="center")
            axes.set_xticks(range(len(self.means)), list(self.means))
            axes.tick_params(axis="x", length=0)
            axes.set_ylim(0, 1.18 * highest)
            runs = {len(values) for values in self.means.values()}
            first = f"mean of the first {self.epochs}" if self.epochs > 1 else "of the first"
            of_runs = f", {max(runs)} runs" if max(runs) > 1 else ""
            axes.set(ylabel=f"seconds per epoch\n({first}{of_runs})", title=self.title)
        self.ax_, self.figure_ = axes, root_figure(axes)
        return self


def _limits(scores: Iterable[NDArray[np.float64]]) -> tuple[float, float]:
    """Return the range of all scores with room above, within reason where one model is many times slower."""
    values = np.concatenate(list(scores))
    return max(LOWEST, float(values.min())), 1.12 * max(1.0, float(values.max()))


def _runs(name: str, given: Iterable[Any]) -> list[Any]:
    items = list(given)
    if not items:
        raise invalid(f"no run of {name}", "records of one run or a list of runs")
    return [items] if isinstance(items[0], Mapping) else items


def _seconds(name: str, run: Iterable[Mapping[str, Any]]) -> list[float]:
    seconds = [float(record["seconds"]) for record in run if record.get("kind", "epoch") == "epoch"]
    if not seconds:
        raise invalid(f"a run of {name} without epochs", "at least one epoch", "did training run?")
    return seconds


def _short(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
