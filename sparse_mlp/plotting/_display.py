"""What all Displays share: the axes and figure of the last drawing, and a picture of it in notebooks."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from typing import Any, Self

from matplotlib.figure import Figure

from sparse_mlp.plotting._style import root_figure
from sparse_mlp.structure import SparseStructure


class Display(ABC):
    """Hold data that can be drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes or list of them
        Where the last call of `plot` drew.
    figure_ : matplotlib Figure
        The figure of `ax_`.
    """

    ax_: Any
    figure_: Figure

    @abstractmethod
    def plot(self, ax: Any = None) -> Self:
        """Draw, and return the Display.

        Parameters
        ----------
        ax : Axes, or sequence of Axes where the figure has several panels; optional
            Where to draw; a new figure by default.
        """

    def _drawn_on(self, axes: Any) -> Self:
        self.ax_, self.figure_ = axes, root_figure(axes[0] if isinstance(axes, list) else axes)
        return self

    def __repr__(self) -> str:
        # The data are long; what a prompt should show is what to do with them.
        return f"<{type(self).__name__}: plot() draws it, plotting.save(it, 'name.png') writes the picture>"

    def _repr_png_(self) -> bytes | None:
        """Show the figure in a notebook, unless pyplot manages it and thus shows it already."""
        figure = drawn(self)
        if getattr(figure.canvas, "manager", None) is not None:
            return None
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=100)
        return picture.getvalue()


def drawn(display: Display) -> Figure:
    """Return the figure of `display`, drawing it first if nobody has."""
    if not hasattr(display, "figure_"):
        display.plot()
    return display.figure_


def unit_of(link_size: int) -> str:
    """Return what links join that have so many neurons on either side, in the singular."""
    return "neuron" if link_size == 1 else "group"


def layer_names(layers: Any) -> tuple[str, ...]:
    """Return the names of `layers`, numbered where one has none."""
    return tuple(str(getattr(layer, "name", None) or f"sparse{i}") for i, layer in enumerate(layers, start=1))


def single_links(model: Any) -> list[Any]:
    """Return the sparse layers of a model with links between single neurons; convolutions as they are.

    Features that the model adds to its input as padding are left out: nobody has given them.
    """
    layers = [layer.expanded() if layer.link_size > 1 else layer for layer in model.sparse_layers]
    if layers and layers[0].structure.n_in > model.n_features and layers[0].taps == 1:
        from sparse_mlp.layers import SparseLinear

        first, n = layers[0], model.n_features
        links, count = first.structure, int(first.structure.indptr[n])
        given = SparseStructure((n, links.n_out), links.indptr[: n + 1], links.indices[:count])
        layers[0] = SparseLinear(given, first.weight[:count], dtype=first.dtype, name=first.name)
    return layers
