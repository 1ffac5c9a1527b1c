"""A wiring in the hyperbolic disk: similar neurons close in angle, hubs near the centre, links as geodesics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer
from sparse_mlp.measures.coalescent_embedding import coalescent_embedding
from sparse_mlp.measures.graph import column_sizes, network_graph
from sparse_mlp.plotting import _style
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._sample import at_most
from sparse_mlp.plotting._style import LAYERS, NEUTRAL, PLANE
from sparse_mlp.structure import SparseStructure

# Of a link, by the angle between its ends: near ones dark, far ones light.
SPANS = LinearSegmentedColormap.from_list("spans", ["#1B3A57", "#8FA3B5", "#C9B9AE"])


@dataclass(eq=False, repr=False)
class HyperbolicDisplay(Display):
    """Hold the places of neurons in the hyperbolic disk, and the links between them.

    Attributes
    ----------
    angle, radius : float64 (k,)
        Polar coordinates of the embedded neurons.
    layer : int64 (k,)
        Column of neurons each belongs to, 0 for the inputs.
    links : int64 (E, 2)
        Positions of both ends of each link in these arrays.
    neurons : int
        Neurons of the whole network; those outside its giant component are not embedded.
    """

    angle: NDArray[np.float64]
    radius: NDArray[np.float64]
    layer: NDArray[np.int64]
    links: NDArray[np.int64]
    neurons: int

    @classmethod
    def from_structures(
        cls, structures: Sequence[SparseStructure], *, weighting: str = "ra1", reduction: str = "isomap",
        gamma: float | None = None,
    ) -> Self:  # fmt: skip
        """Embed the giant component of a network.

        Parameters
        ----------
        structures : sequence of SparseStructure
            From input to output, each feeding the next.
        weighting, reduction, gamma
            As in `measures.coalescent_embedding`; angles are equidistant.
        """
        graph = network_graph(structures)
        place = coalescent_embedding(graph, weighting=weighting, reduction=reduction, gamma=gamma)
        sizes = column_sizes(structures)
        ends = graph[place.nodes][:, place.nodes].tocoo()
        links = np.column_stack(ends.coords).astype(np.int64)
        layer = np.repeat(np.arange(len(sizes)), sizes)[place.nodes]
        return cls(place.angle, place.radius, layer, links[links[:, 0] < links[:, 1]], sum(sizes))

    @property
    def spans(self) -> NDArray[np.float64]:
        """Angle between the ends of each link, float64 (E,) in [0, π]."""
        apart = np.abs(self.angle[self.links[:, 0]] - self.angle[self.links[:, 1]])
        return np.pi - np.abs(np.pi - apart)

    @property
    def mean_span(self) -> float:
        """Mean angle between the ends of a link, in degrees; of neurons in random order 90."""
        return float(np.degrees(self.spans.mean())) if len(self.links) else 0.0

    def plot(self, ax: Axes | None = None, *, max_links: int = 6000, curved: bool = False, words: bool = True) -> Self:
        """Draw the disk; a link is the darker, the smaller the angle between its ends.

        Parameters
        ----------
        max_links : int
            Most links to draw; of more, a random sample (always the same) is drawn and the title says so.
        curved : bool
            Whether links are the geodesics of the hyperbolic plane, or straight chords of the picture. Geodesics of
            far ends all pass close to the centre; chords show better how far a link goes.
        words : bool
            Whether to write a title and name the colours of the layers.
        """
        count = len(self.links)
        chosen = at_most(count, check_integer("max_links", max_links))
        with _style.style():
            axes = _style.single_axes(ax, (5.4, 5.4))
            self._draw_links(axes, chosen, curved)
            self._draw_neurons(axes)
            edge = 1.04 * max(float(self.radius.max()), 1e-9)
            axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
            axes.set_axis_off()
            if words:
                part = f"{len(chosen):,} of {count:,} links drawn" if len(chosen) < count else f"{count:,} links"
                axes.set_title(f"{part}\nmean angle of a link {self.mean_span:.0f}°")
                self._legend(axes)
        return self._drawn_on(axes)

    def _draw_links(self, axes: Axes, chosen: NDArray[np.int64], curved: bool) -> None:
        spans = self.spans[chosen]
        far_first = np.argsort(-spans, kind="stable")
        ends = self.links[chosen][far_first]
        lines = (geodesics if curved else flat)(self.angle[ends], self.radius[ends])
        colors = SPANS(spans[far_first] / np.pi)
        colors[:, 3] = np.clip(700 / max(len(chosen), 1), 0.10, 0.8)
        axes.add_collection(LineCollection(list(lines), colors=colors, linewidths=0.5, zorder=1))

    def _draw_neurons(self, axes: Axes) -> None:
        axes.add_patch(Circle((0, 0), float(self.radius.max()), facecolor=PLANE, edgecolor=NEUTRAL, lw=0.8, zorder=0))
        xy = flat(self.angle, self.radius)
        colors = [LAYERS[i % len(LAYERS)] for i in self.layer]
        size = float(np.clip(6500 / len(xy), 3, 50))
        axes.scatter(xy[:, 0], xy[:, 1], s=size, c=colors, edgecolors="white", linewidths=0.3, zorder=2)

    def _legend(self, axes: Axes) -> None:
        keys = layer_keys(int(self.layer.max()) + 1)
        left_out = self.neurons - len(self.angle)
        title = f"{left_out:,} neurons outside the giant component" if left_out else None
        axes.legend(handles=keys, loc="upper center", bbox_to_anchor=(0.5, 0.01), ncols=len(keys), title=title)


def layer_keys(layers: int) -> list[Line2D]:
    """Return a legend entry for the neurons of each layer, inputs first."""
    names = ["input", *(f"hidden {i}" for i in range(1, layers))]
    look: dict[str, Any] = {"linestyle": "", "marker": "o", "markeredgecolor": "white"}
    return [Line2D([], [], color=LAYERS[i % len(LAYERS)], label=name, **look) for i, name in enumerate(names)]


def flat(angle: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Cartesian coordinates (..., 2) of polar ones: the picture keeps distances from the centre true."""
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def geodesics(angle: NDArray[np.float64], radius: NDArray[np.float64], steps: int = 33) -> NDArray[np.float64]:
    """Return the shortest lines (E, steps, 2) in the hyperbolic plane between pairs of points.

    `angle` and `radius`, float64 (E, 2), are the polar coordinates of both ends; the points of each line are at equal
    hyperbolic distances.

    Notes
    -----
    On the hyperboloid, X = (cosh r, sinh r cos a, sinh r sin a), the geodesic of length d between X and Y is
    (sinh((1 − t) d) X + sinh(t d) Y) / sinh d. The length comes from half angles,
    sinh²(d/2) = sinh²((r − s)/2) + sinh r sinh s sin²((a − b)/2), which does not cancel for close points.
    """
    r, s = radius.T
    half = np.sinh((r - s) / 2) ** 2 + np.sinh(r) * np.sinh(s) * np.sin((angle[:, 0] - angle[:, 1]) / 2) ** 2
    length = np.maximum(2 * np.arcsinh(np.sqrt(half)), 1e-9)[:, None]
    share = np.linspace(0.0, 1.0, steps)
    first, second = np.sinh((1 - share) * length) / np.sinh(length), np.sinh(share * length) / np.sinh(length)
    plane = flat(angle, np.sinh(radius))
    xy = first[..., None] * plane[:, None, 0] + second[..., None] * plane[:, None, 1]
    size = np.linalg.norm(xy, axis=-1, keepdims=True)
    return xy / np.maximum(size, 1e-300) * np.arcsinh(size)
