"""The wirings of several matrices before and after a training, as small pictures side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from matplotlib.axes import Axes

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import NEUTRAL, panel_axes, root_figure, style
from sparse_mlp.plotting.adjacency import AdjacencyDisplay

if TYPE_CHECKING:
    from sparse_mlp.layers.linked import Linked

BINS = 64  # blocks of neurons along a side of a picture
ROWS = ("first wiring", "after training")


@dataclass(eq=False, repr=False)
class MatricesDisplay(Display):
    """Hold the wirings of some layers, before and after.

    Attributes
    ----------
    before, after : list of AdjacencyDisplay
        Of the same layers.
    title : str
    """

    before: list[AdjacencyDisplay]
    after: list[AdjacencyDisplay]
    title: str = ""

    @classmethod
    def from_layers(cls, before: Sequence[Linked], after: Sequence[Linked], title: str = "") -> Self:
        """Take the links of layers of a network as it began, and of the same ones after training.

        Raises
        ------
        InvalidInputError
            If they are not the same layers.
        """
        names = [[layer.name for layer in layers] for layers in (before, after)]
        if names[0] != names[1] or not names[0]:
            raise invalid(f"layers {names[0]} and {names[1]}", "the same layers twice, one at least")
        first, last = ([AdjacencyDisplay.from_layer(layer) for layer in layers] for layers in (before, after))
        return cls(first, last, title)

    def plot(self, ax: Sequence[Axes] | None = None) -> Self:
        """Draw a column for each layer: above its first wiring, below the last one.

        Parameters
        ----------
        ax : sequence of Axes, optional
            Two for each layer, those of the first row first; a new figure by default.
        """
        count = len(self.before)
        with style():
            panels = self._new_axes() if ax is None else panel_axes(ax, 2 * count, (1.0, 1.0))
            drawn = []
            for number, (axes, wiring) in enumerate(zip(panels, [*self.before, *self.after], strict=True)):
                drawn.append(wiring.draw_density(axes, BINS))
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set(visible=True, color=NEUTRAL, linewidth=0.6)
                if number < count:
                    axes.set_title(wiring.name.rpartition(".")[2].replace("_", " "), fontsize=9)
                if number % count == 0:
                    axes.set_ylabel(ROWS[number // count], fontsize=9)
                if number >= count:
                    axes.set_xlabel(f"{wiring.shape[0]} × {wiring.shape[1]}", fontsize=8)
            for first, last in zip(drawn[:count], drawn[count:], strict=True):
                most = max(first[0].max(), last[0].max())
                for _, image in (first, last):
                    image.set_clim(0, most)  # else the same grey would say two things in a column
            if ax is None and self.title:
                root_figure(panels[0]).suptitle(self.title)
        return self._drawn_on(list(panels))

    def _new_axes(self) -> list[Any]:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(1.55 * len(self.before) + 0.4, 3.9), layout="constrained")
        return list(figure.subplots(2, len(self.before)).ravel())
