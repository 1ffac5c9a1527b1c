"""The whole network as one drawing: input grid, layers of neurons, positive links blue, negative ones red."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting import _style
from sparse_mlp.plotting._display import Display, single_links
from sparse_mlp.plotting._layout import DEPTH, Place, place_layers
from sparse_mlp.plotting._style import INK, NEGATIVE, NEUTRAL, PLANE, POSITIVE

INCHES = 1.9  # of a new figure for one unit of the layout
IN_FRONT = 1000  # drawing order of neurons that links must not cover
ROOM_FOR_WORDS = 0.46  # below the neurons, in units of the layout


class WeightedLinks(NamedTuple):
    """The links between two neighbouring layers."""

    # (nnz,) each: input and output neuron of each link
    rows: NDArray[Any]
    cols: NDArray[Any]
    weight: NDArray[np.float64]  # (nnz,): weight of each link


_Part = tuple[tuple[int, int], WeightedLinks]  # of a layer: its size, and its links


@dataclass(eq=False, repr=False)
class NetworkDisplay(Display):
    """Hold the links of a layered network, after Figure 1 of [Sulyok2026].

    Attributes
    ----------
    sizes : tuple of int
        Neurons of each layer, input first.
    links : tuple of WeightedLinks
        One for each pair of neighbouring layers.
    channels : int
        How many columns, from the input on, are channels of images and not neurons.
    """

    sizes: tuple[int, ...]
    links: tuple[WeightedLinks, ...]
    channels: int = 0

    @classmethod
    def from_model(cls, model: Any) -> Self:
        """Take the links of all layers, sparse and dense, where each of them feeds the next.

        Those of a convolution join channels; so do those of a dense layer that reads the pixels of its maps.

        Raises
        ------
        InvalidInputError
            As `from_layers`.
        """
        from sparse_mlp.layers.base import leaves

        sparse = iter(single_links(model))
        weighted = (layer for _, layer in leaves(model.root) if "weight" in layer.parameters())
        layers: list[Any] = [next(sparse) if layer.bears_links else layer for layer in weighted]
        convolutions = sum(getattr(layer, "ends", ("",))[0] == "tap" for layer in layers)
        display = cls._joined([_links_of(layer) for layer in layers], convolutions)
        display.channels = convolutions + 1 if convolutions else 0
        return display

    @classmethod
    def from_layers(cls, layers: Iterable[Any]) -> Self:
        """Take the links of layers in order from input to output.

        Each has a `weight` (n_in, n_out), or a `structure` with a `weight` (nnz,) in link order.

        Raises
        ------
        InvalidInputError
            If there is no layer, or neighbours differ in the neurons that they share.
        """
        return cls._joined([_links_of(layer) for layer in layers])

    @classmethod
    def _joined(cls, parts: list[_Part], n_convolutions: int = 0) -> Self:
        if not parts:
            raise invalid("no layers", "at least one")
        if 0 < n_convolutions < len(parts):
            parts[n_convolutions] = _by_channel(parts[n_convolutions], parts[n_convolutions - 1][0][1])
        shapes = [shape for shape, _ in parts]
        for before, after in pairwise(shapes):
            if before[1] != after[0]:
                raise invalid(f"a layer {before} followed by {after}", "layers that share their neurons")
        return cls((shapes[0][0], *(shape[1] for shape in shapes)), tuple(links for _, links in parts))

    @property
    def n_links(self) -> int:
        """Number of links in the whole network."""
        return sum(len(links.weight) for links in self.links)

    def strongest(self, max_links: int = 3000) -> list[NDArray[np.int64]]:
        """Choose the links to draw: the same share of every layer's links, one at least, the largest |w| of each.

        Returns
        -------
        list of int64 arrays
            Positions in each layer's links, weakest first, so that strong links are drawn on top.
        """
        share = min(1.0, check_integer("max_links", max_links) / max(self.n_links, 1))
        chosen = []
        for links in self.links:
            keep = min(len(links.weight), max(1, int(share * len(links.weight))))
            order = np.argsort(-np.abs(links.weight), kind="stable")
            chosen.append(order[:keep][::-1])
        return chosen

    def plot(self, ax: Axes | None = None, *, max_links: int = 3000, image: ArrayLike | None = None) -> Self:
        """Draw the network from left to right.

        Parameters
        ----------
        max_links : int
            Most links to draw; the title says how many of how many are drawn.
        image : array (n_in,) or of the input grid's shape, optional
            One sample to show on the input layer, light where it is small and dark where it is large.

        Raises
        ------
        InvalidInputError
            If the image does not have one value for each input neuron.
        """
        shades = _shades(image, self.sizes[0])
        places, chosen = place_layers(self.sizes), self.strongest(max_links)
        left, right, bottom, top = _extent(places)
        with _style.style():
            axes = _style.single_axes(ax, (INCHES * (right - left), INCHES * (top - bottom) + 0.35))
            for i, place in enumerate(places):
                _draw_neurons(axes, place, 3 * i, shades if i == 0 else None)
                if i < len(self.links):
                    axes.add_collection(_lines(self.links[i], chosen[i], place, places[i + 1], 3 * i + 2))
            self._label(axes, places, bottom, sum(len(c) for c in chosen))
            axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
            axes.set_axis_off()
        return self._drawn_on(axes)

    def _label(self, axes: Axes, places: Sequence[Place], bottom: float, drawn: int) -> None:
        floor = bottom + ROOM_FOR_WORDS
        for i, (place, n) in enumerate(zip(places, self.sizes, strict=True)):
            name = "input" if i == 0 else "output" if i == len(self.sizes) - 1 else f"hidden {i}"
            count = _image_size(n, place.grid) if i == 0 else f"{n:,}"
            if i < self.channels:
                count = f"{n:,} channel{'s' * (n > 1)}"
            x = place.xy[:, 0].mean() if place.grid is None else place.xy[:, 0].mean() - DEPTH[0] / 4
            axes.text(x, floor, f"{name}\n{count}", ha="center", va="top", color=INK)
            if name == "output" and n <= 12:
                for k, (px, py) in enumerate(place.xy):
                    axes.annotate(str(k), (px, py), (7, 0), textcoords="offset points", va="center", fontsize=8)
        for links, left, right in zip(self.links, places, places[1:], strict=False):
            middle = (left.xy[:, 0].mean() + right.xy[:, 0].mean()) / 2
            text = f"{len(links.weight):,} links"
            axes.text(middle, floor - 0.21, text, ha="center", va="top", color=NEUTRAL, fontsize=9)
        part = f"the strongest {drawn:,} of {self.n_links:,}" if drawn < self.n_links else f"all {drawn:,}"
        axes.set_title(f"{part} links drawn")
        signs = [Line2D([], [], color=POSITIVE, label="positive"), Line2D([], [], color=NEGATIVE, label="negative")]
        axes.legend(handles=signs, loc="lower center", ncols=2, borderaxespad=0)


def _image_size(n: int, grid: tuple[int, int] | None) -> str:
    """Write the number of inputs as the product that the grid shows, if it is one."""
    if grid is None or grid[0] * grid[1] != n:
        return f"{n:,}"
    rows, columns = grid
    return f"3 × {columns} × {columns} = {n:,}" if rows == 3 * columns else f"{rows} × {columns} = {n:,}"


def _by_channel(part: _Part, channels: int) -> _Part:
    """Let the links of pixels start from the channels that these belong to, one channel's pixels after another's."""
    (n_in, n_out), links = part
    if n_in % channels:
        return part
    return (channels, n_out), links._replace(rows=links.rows // (n_in // channels))


def _links_of(layer: Any) -> _Part:
    weight = np.asarray(layer.weight, np.float64)
    if weight.ndim == 2:
        rows, cols = (index.ravel() for index in np.indices(weight.shape))
        return (weight.shape[0], weight.shape[1]), WeightedLinks(rows, cols, weight.ravel())
    structure = layer.structure
    if weight.shape != (structure.nnz,):
        raise invalid(f"weight of shape {weight.shape}", f"({structure.nnz},), one value for each link")
    taps = getattr(layer, "taps", 1)
    n_in, n_out = structure.shape
    return (n_in // taps, n_out), WeightedLinks(structure.rows() // taps, structure.indices, weight)


def _extent(places: Sequence[Place]) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of the drawing with room for the words around it."""
    points = np.concatenate([p.xy if p.outline is None else p.outline for p in places])
    (left, low), (right, high) = points.min(axis=0), points.max(axis=0)
    return float(left) - 0.25, float(right) + 0.25, float(low) - 0.06 - ROOM_FOR_WORDS, float(high) + 0.06


def _shades(image: ArrayLike | None, n: int) -> NDArray[np.float64] | None:
    if image is None:
        return None
    values = np.asarray(image, np.float64).ravel()
    if len(values) != n or not np.isfinite(values).all():
        raise invalid(f"image with {len(values)} values", f"{n} finite numbers, one for each input neuron")
    span = float(np.ptp(values))
    return (values - values.min()) / span if span else np.zeros(n)


def _lines(links: WeightedLinks, chosen: NDArray[np.int64], left: Place, right: Place, z: float) -> LineCollection:
    """Build one line for each chosen link; the stronger, the wider and the more opaque."""
    weight = links.weight[chosen]
    segments = np.stack([left.xy[links.rows[chosen]], right.xy[links.cols[chosen]]], axis=1)
    strength = np.abs(weight) / (np.abs(weight).max(initial=0.0) or 1.0)
    crowd = min(1.0, len(chosen) / 600)  # 0: few links, room for bold lines; 1: many
    colors = np.empty((len(chosen), 4))
    for sign, color in ((1, POSITIVE), (-1, NEGATIVE), (0, NEUTRAL)):
        colors[np.sign(weight) == sign, :3] = to_rgb(color)
    colors[:, 3] = 0.35 - 0.23 * crowd + (0.6 - 0.15 * crowd) * strength**2
    widths = (1.0 - 0.7 * crowd) + (2.0 - 1.2 * crowd) * strength
    return LineCollection(list(segments), colors=colors, linewidths=widths, zorder=z, capstyle="round")


def _draw_neurons(axes: Axes, place: Place, z: float, shades: NDArray[np.float64] | None) -> None:
    x, y = place.xy.T
    faces: Any = INK if shades is None else [str(1.0 - shade) for shade in shades]
    if place.grid is None or place.outline is None:
        size = 60.0 if len(x) <= 12 else 22.0
        axes.scatter(x, y, s=size, c=faces, edgecolors=INK, linewidths=0.8, zorder=IN_FRONT)
        return
    axes.add_collection(PolyCollection([place.outline], facecolors=(PLANE, 0.75), edgecolors="none", zorder=z))
    if shades is None:
        axes.scatter(x, y, s=min(16.0, 3200.0 / len(x)), c=INK, linewidths=0, zorder=z + 1)
    else:
        axes.add_collection(_pixels(place, place.grid, faces, z + 1))
    axes.add_collection(
        PolyCollection([place.outline], facecolors="none", edgecolors=NEUTRAL, linewidths=0.8, zorder=z + 1.5)
    )


def _pixels(place: Place, grid: tuple[int, int], faces: list[str], z: float) -> PolyCollection:
    """Build the slanted pixels of an image on the input plane."""
    along = np.array(DEPTH) / (2 * grid[1])
    up = np.array([0.0, 0.5 / grid[0]])
    corners = np.stack([-along - up, along - up, along + up, -along + up])
    pixels = list(place.xy[:, None, :] + corners)
    return PolyCollection(pixels, facecolors=faces, edgecolors="face", linewidths=0.3, zorder=z)
