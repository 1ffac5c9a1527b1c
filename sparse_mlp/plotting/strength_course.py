"""Where the strength of the inputs gathers as training goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import grid, panel_axes, root_figure, single_axes, style

MAX_PANELS = 8
BRIGHTEST = 99.5  # percentile of the last panel that has the darkest shade: single pixels must not set the scale


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
                return self._drawn_on(self._plot_ranks(single_axes(ax, (6.0, 4.0))))
            rows = 1 if len(self.epochs) <= 4 else 2
            columns = -(-len(self.epochs) // rows)
            panels = panel_axes(ax, rows * columns if ax is None else len(self.epochs),
                                (1.9 * columns + 1.0, 2.15 * rows + 0.35), rows=rows)  # fmt: skip
            self._plot_images(panels)
        return self._drawn_on(panels)

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


def spread_out(epochs: NDArray[np.int64], most: int = MAX_PANELS) -> NDArray[np.int64]:
    """Return the positions of at most `most` epochs: the first, the last, and between them ever further apart.

    Examples
    --------
    >>> spread_out(np.arange(31)).tolist()
    [0, 1, 2, 3, 6, 11, 18, 30]
    """
    count, chosen = len(epochs), [0]
    if count <= most:
        return np.arange(count)
    for place, wish in enumerate(np.geomspace(1, count, most)[1:] - 1, start=1):
        chosen.append(int(min(max(round(wish), chosen[-1] + 1), count - most + place)))
    return np.array(chosen)
