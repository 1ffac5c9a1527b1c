"""Feature selection: accuracy on fewer and fewer features, and where the strength of the inputs gathers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, grid, panel_axes, root_figure, single_axes, style

MARKS = ("o", "s", "^", "D", "v")
MOST_PANELS = 8
BRIGHTEST = 99.5  # percentile of the last panel that has the darkest shade: single pixels must not set the scale


@dataclass(eq=False)
class FeatureAccuracyDisplay(Display):
    """Hold the accuracy of classifiers over the part of the features that was dropped.

    Attributes
    ----------
    dropped : float64 (k,)
        0 to 1.
    accuracy : dict of str to float64 (n_runs, k)
        By classifier, with the weakest features dropped.
    random : dict of str to float64 (n_draws, k)
        The same with random ones dropped; empty if that was not measured.
    chance : float
        Accuracy of naming the most frequent class.
    title : str
        Such as the name of the data set.
    """

    dropped: NDArray[np.float64]
    accuracy: dict[str, NDArray[np.float64]]
    random: dict[str, NDArray[np.float64]]
    chance: float
    title: str = ""

    @classmethod
    def from_evaluations(
        cls, by_strength: Any, by_chance: Sequence[Any] = (), title: str = ""
    ) -> Self:  # fmt: skip
        """Take what `experiments.evaluate_selection` gave.

        Parameters
        ----------
        by_strength : FeatureEvaluation or sequence of them
            Of one network, or of several that differ in their seed.
        by_chance : sequence of FeatureEvaluation
            Of random selections.
        title : str
            Of the figure.

        Raises
        ------
        InvalidInputError
            If there is none, or they dropped other parts or tried other classifiers.
        """
        runs: list[Any] = list(by_strength) if isinstance(by_strength, Sequence) else [by_strength]
        if not runs:
            raise invalid("no evaluations", "at least one")
        first = runs[0]
        for other in (*runs, *by_chance):
            if list(other.accuracy) != list(first.accuracy) or not np.array_equal(other.dropped, first.dropped):
                raise invalid("evaluations of other classifiers or parts", "the same ones in all evaluations")
        accuracy, random = (
            {name: np.array([e.accuracy[name] for e in several]) for name in first.accuracy if several}
            for several in (runs, list(by_chance))
        )
        chance = float(np.mean([e.chance for e in runs]))
        return cls(np.asarray(first.dropped), accuracy, random, chance, title)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw a line for each classifier, dashed for random selections, and a band where there are several runs.

        Where all features are dropped no classifier is left: that accuracy stands in the legend, out of the way of the
        others.
        """
        with style():
            axes = single_axes(ax, (7.4, 4.2))
            there = self.dropped < 1
            for i, (name, values) in enumerate(self.accuracy.items()):
                look: dict[str, Any] = {"color": CYCLE[i % len(CYCLE)], "marker": MARKS[i % len(MARKS)]}
                x, runs = self.dropped[there], values[:, there]
                axes.plot(x, runs.mean(axis=0), markersize=5, label=name, **look)
                if len(runs) > 1:
                    axes.fill_between(
                        x, runs.min(axis=0), runs.max(axis=0), color=look["color"], alpha=0.2, linewidth=0
                    )
                if name in self.random:
                    drawn = self.random[name][:, there].mean(axis=0)
                    axes.plot(x, drawn, linestyle="--", linewidth=1.1, alpha=0.7, markersize=3, **look)
            axes.set(xlabel="features dropped", ylabel="test accuracy", title=self.title, xlim=(-0.03, 1))
            axes.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda value, _: f"{round(100 * value, 6):g}%")
            grid(axes)
            if ax is None:
                root_figure(axes).legend(handles=self._keys(axes), loc="outside right upper")
            else:
                axes.legend(handles=self._keys(axes), loc="best")
        self.ax_, self.figure_ = axes, root_figure(axes)
        return self

    def _keys(self, axes: Axes) -> list[Any]:
        keys = axes.get_legend_handles_labels()[0]
        runs = max(len(values) for values in self.accuracy.values())
        draws = max((len(values) for values in self.random.values()), default=0)
        first = "weakest dropped first" + (f",\n{runs} runs" if runs > 1 else "")
        keys.append(Line2D([], [], color="#555555", label=first))
        if draws:
            at_random = "dropped at random" + (f",\n{draws} draws" if draws > 1 else "")
            keys.append(Line2D([], [], color="#555555", linestyle="--", linewidth=1.1, label=at_random))
        keys.append(Line2D([], [], linestyle="", label=f"all dropped: {self.chance:.1%}\n(most frequent class)"))
        return keys


@dataclass(eq=False)
class StrengthCourseDisplay(Display):
    """Hold the strength of each input after some epochs.

    Attributes
    ----------
    epochs : int64 (k,)
        Ascending; 0 is before training.
    strength : float64 (k, n_in)
        In means: divided by the mean of its epoch, so that epochs compare.
    image_shape : tuple of int or None
        (height, width) or (planes, height, width) of the inputs; None if they are no image.
    title : str
        Such as the name of the data set.
    """

    epochs: NDArray[np.int64]
    strength: NDArray[np.float64]
    image_shape: tuple[int, ...] | None
    title: str = ""

    @classmethod
    def from_course(cls, course: Any, image_shape: tuple[int, ...] | None = None, title: str = "") -> Self:
        """Take a `robustness.StrengthCourse`; of many epochs, eight that grow further apart.

        Parameters
        ----------
        course : StrengthCourse
        image_shape : tuple of int, optional
            Shape of the inputs.
        title : str
            Of the figure.

        Raises
        ------
        InvalidInputError
            If the inputs do not fill the image.
        """
        n_in = course.strength.shape[1]
        if image_shape is not None and np.prod(image_shape) != n_in:
            raise invalid(f"image_shape={image_shape}", f"a shape that {n_in} inputs fill")
        shown = spread_out(course.epochs)
        strength = course.strength[shown].astype(np.float64)
        mean = strength.mean(axis=1, keepdims=True)
        return cls(course.epochs[shown], strength / np.where(mean > 0, mean, 1.0), image_shape, title)

    def plot(self, ax: Any = None) -> Self:
        """Draw the inputs as an image for each epoch; of a table, the strengths in order of size, a line an epoch.

        Parameters
        ----------
        ax : sequence of Axes or Axes, optional
            As many as there are epochs, or one for a table; a new figure by default.
        """
        with style():
            if self.image_shape is None:
                self.ax_ = self._plot_ranks(single_axes(ax, (6.0, 4.0)))
                self.figure_ = root_figure(self.ax_)
                return self
            rows = 1 if len(self.epochs) <= 4 else 2
            columns = -(-len(self.epochs) // rows)
            panels = panel_axes(ax, rows * columns if ax is None else len(self.epochs),
                                (1.9 * columns + 1.0, 2.15 * rows + 0.35), rows=rows)  # fmt: skip
            self._plot_images(panels)
        self.ax_, self.figure_ = panels, root_figure(panels[0])
        return self

    def _plot_images(self, panels: list[Axes]) -> None:
        assert self.image_shape is not None
        highest = float(np.percentile(self.strength[-1], BRIGHTEST)) or 1.0
        shades: Any = None
        for axes, epoch, values in zip(panels, self.epochs, self.strength, strict=False):
            image = values.reshape(self.image_shape)
            picture = image.mean(axis=0) if image.ndim == 3 else image
            shades = axes.imshow(picture, cmap="Greys", vmin=0, vmax=highest, interpolation="nearest")
            axes.set_title("before training" if epoch == 0 else f"epoch {epoch}", fontsize=9.5)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(True)
        for axes in panels[len(self.epochs) :]:
            axes.set_axis_off()
        figure = root_figure(panels[0])
        label = "strength of the input, in means"
        figure.colorbar(shades, ax=panels, label=label, shrink=0.85, aspect=25, extend="max")
        if self.title:
            figure.suptitle(self.title)

    def _plot_ranks(self, axes: Axes) -> Axes:
        colors = mpl.colormaps["viridis_r"](np.linspace(0.1, 1, len(self.epochs)))
        share = (np.arange(self.strength.shape[1]) + 1) / self.strength.shape[1]
        for epoch, values, color in zip(self.epochs, self.strength, colors, strict=True):
            label = "before training" if epoch == 0 else f"epoch {epoch}"
            axes.plot(share, np.sort(values)[::-1], color=color, label=label)
        axes.set(xlabel="inputs, the strongest first", ylabel="strength of the input, in means", title=self.title)
        axes.set_xlim(0, 1)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        grid(axes)
        axes.legend()
        return axes


def spread_out(epochs: NDArray[np.int64], most: int = MOST_PANELS) -> NDArray[np.int64]:
    """Return the positions of at most `most` epochs: the first, the last, and between them ever further apart.

    Examples
    --------
    >>> spread_out(np.arange(31)).tolist()
    [0, 1, 2, 3, 6, 11, 18, 30]
    """
    count = len(epochs)
    if count <= most:
        return np.arange(count)
    wished = np.geomspace(1, count, most) - 1
    chosen = [0]
    for place, wish in enumerate(wished[1:], start=1):
        left = most - 1 - place
        chosen.append(int(min(max(round(wish), chosen[-1] + 1), count - 1 - left)))
    return np.array(chosen)
