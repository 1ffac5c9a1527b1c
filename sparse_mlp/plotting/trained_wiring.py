"""The wiring of a trained network: adjacency of each layer on top, the layers drawn below, its measures between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparse_mlp.measures.graph import column_sizes
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.measures.wiring_measures import affordable, measure_wiring
from sparse_mlp.plotting import _style
from sparse_mlp.plotting._display import Display, layer_names
from sparse_mlp.plotting._style import INK
from sparse_mlp.plotting.adjacency import AdjacencyDisplay
from sparse_mlp.plotting.network import NetworkDisplay
from sparse_mlp.plotting.wiring_panels import SYMBOLS, draw_density, measure_line
from sparse_mlp.rng import RandomState
from sparse_mlp.structure import SparseStructure


@dataclass(eq=False, repr=False)
class TrainedWiringDisplay(Display):
    """Hold the sparse layers of a network, its weights and its measures.

    Attributes
    ----------
    names : tuple of str
        Names of the sparse layers.
    layers : tuple of AdjacencyDisplay
        Links of each sparse layer, between motifs where it has them.
    network : NetworkDisplay
        All links with their weights, those of a dense read-out among them.
    measures : dict
        Path length, modularity, structural consistency and gamma of the sparse layers as one graph, by name; or those
        of them that were asked for. A motif is one node of that graph.
    """

    names: tuple[str, ...]
    layers: tuple[AdjacencyDisplay, ...]
    network: NetworkDisplay
    measures: dict[str, float | Repeated]

    @classmethod
    def from_model(
        cls, model: Any, *, names: Sequence[str] | None = None, repeats: int = 10, rng: RandomState = None
    ) -> Self:
        """Take the wiring of a model and measure it.

        Parameters
        ----------
        model : SparseMLP
            Trained or not.
        names : sequence of str, optional
            Measures to take; by default all four, but no structural consistency, whose cost grows with the third power
            of the neurons, where there are more than 2000 of them.
        repeats : int
            Of the measures that are random, as in `measures.measure_wiring`.
        rng : None, int or numpy.random.Generator
        """
        layers = model.sparse_layers
        structures: Sequence[SparseStructure] = [layer.structure for layer in layers]
        wanted = affordable(SYMBOLS, sum(column_sizes(structures))) if names is None else names
        values = measure_wiring(structures, repeats=repeats, rng=rng, names=wanted)
        adjacency = tuple(
            AdjacencyDisplay.from_structure(layer.structure, getattr(layer, "motif_size", 1)) for layer in layers
        )
        return cls(layer_names(layers), adjacency, NetworkDisplay.from_model(model), values)

    def plot(self, ax: Sequence[Axes] | None = None, *, max_links: int = 3000) -> Self:
        """Draw one picture for each sparse layer, and the network.

        Parameters
        ----------
        ax : sequence of Axes, optional
            One for each sparse layer and one for the network; a new figure by default.
        max_links : int
            Most links in the drawing of the network, the strongest ones.
        """
        with _style.style():
            own = self._grid() if ax is None else ax
            panels = _style.panel_axes(own, len(self.layers) + 1, (1, 1))
            *tops, below = panels
            for axes, name, layer in zip(tops, self.names, self.layers, strict=True):
                draw_density(axes, layer)
                n_in, n_out = layer.shape
                axes.set_title(f"{name}: {n_in:,} × {n_out:,}\n{layer.count()}", fontsize=9.5)
            self.network.plot(below, max_links=max_links)
            below.set_title(f"{measure_line(self.measures)}\n{below.get_title()}", fontsize=10.5, color=INK)
        self.ax_, self.figure_ = panels, _style.root_figure(below)
        return self

    def _grid(self) -> list[Axes]:
        width = max(7.5, 2.6 * len(self.layers))
        figure = Figure(figsize=(width, 7.2), layout="constrained")
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[1, 1.45]).ravel()
        return [*top.subplots(1, len(self.layers), squeeze=False).ravel(), bottom.add_subplot()]
