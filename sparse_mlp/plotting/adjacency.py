"""The wiring of one layer as a picture: black where a link is, white elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer
from sparse_mlp.plotting._display import Display, unit_of
from sparse_mlp.plotting._style import INK, neuron_axes, root_figure, single_axes, style
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from sparse_mlp.layers.linked import Linked

LARGEST_SIDE = 7.0  # inches of the longer side of a new figure
MAX_MARKERS = 60_000  # beyond this many links a picture of single markers is grey mush


@dataclass(eq=False, repr=False)
class AdjacencyDisplay(Display):
    """Hold the links of one layer.

    Attributes
    ----------
    rows, cols : int32 (nnz,)
        Input and output neuron of each link; or group of neurons, where links join groups.
    shape : (int, int)
        (n_in, n_out), counted alike.
    link_size : int
        Neurons that a link joins on either side.
    name : str
        Of the layer, for the title.
    ends : (str, str)
        What the links lead from and to, in the singular.
    """

    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    shape: tuple[int, int]
    link_size: int = 1
    name: str = ""
    ends: tuple[str, str] = ("neuron", "neuron")

    @classmethod
    def from_structure(cls, structure: SparseStructure, link_size: int = 1) -> Self:
        """Take the links of a structure, each of which joins `link_size` neurons on either side."""
        ends = (unit_of(check_integer("link_size", link_size)),) * 2
        return cls(structure.rows(), structure.indices, structure.shape, link_size, ends=ends)

    @classmethod
    def from_layer(cls, layer: Linked) -> Self:
        """Take the links of a layer."""
        structure = layer.structure
        return cls(structure.rows(), structure.indices, structure.shape, layer.link_size, layer.name, layer.ends)

    def count(self) -> str:
        """Say how many links there are, and between what."""
        of = f" between groups of {self.link_size} neurons" if self.link_size > 1 else ""
        return f"{len(self.rows):,} links{of}"

    def binned(self, max_bins: int = 200) -> NDArray[np.float64]:
        """Return the fraction of present links in each block of neighbouring neurons, or groups.

        The blocks, float64 (min(n_in, max_bins), min(n_out, max_bins)), differ in size by one neuron at most.
        """
        bins = [min(n, check_integer("max_bins", max_bins)) for n in self.shape]
        ends = zip((self.rows, self.cols), bins, self.shape, strict=True)
        block = [neuron.astype(np.int64) * b // n for neuron, b, n in ends]
        counts = np.bincount(block[0] * bins[1] + block[1], minlength=bins[0] * bins[1]).reshape(bins)
        heights, widths = (np.bincount(np.arange(n) * b // n) for n, b in zip(self.shape, bins, strict=True))
        return counts / np.outer(heights, widths)

    def plot(self, ax: Axes | None = None, *, max_bins: int = 200) -> Self:
        """Draw every link as a black square, or the local density where the links are too many to tell apart.

        Parameters
        ----------
        max_bins : int
            Most blocks along a side of the density image.
        """
        with style():
            axes = single_axes(ax, self._size())
            if len(self.rows) <= MAX_MARKERS and self.aspect == "equal":
                self._draw_links(axes)
            else:
                density, image = self.draw_density(axes, max_bins)
                if density.shape != self.shape:  # else every block is one pair: black or white
                    label = "fraction of pairs in a block of neighbours that are linked"
                    root_figure(axes).colorbar(image, ax=axes, label=label, shrink=0.7, aspect=30)
            n_in, n_out = self.shape
            axes.set(xlim=(-0.5, n_out - 0.5), ylim=(n_in - 0.5, -0.5))
            axes.set_aspect(self.aspect)
            neuron_axes(axes, self.ends)
            axes.locator_params(axis="x", nbins=6)
            share = len(self.rows) / (n_in * n_out)
            name = f"{self.name}, " if self.name else ""
            axes.set_title(f"{name}{n_in:,} × {n_out:,}: {self.count()}\ndensity {share:.3g}")
        return self._drawn_on(axes)

    def _draw_links(self, axes: Axes) -> None:
        box = axes.get_position()
        width, height = root_figure(axes).get_size_inches()
        inches = min(box.width * width / self.shape[1], box.height * height / self.shape[0])
        side = max(0.7 * 72 * inches, 0.9)  # points; below that a marker fades away
        axes.scatter(self.cols, self.rows, s=side**2, marker="s", color=INK, linewidths=0)

    def draw_density(self, axes: Axes, max_bins: int) -> tuple[NDArray[np.float64], AxesImage]:
        """Draw the fraction of present links in each block; return it with the image."""
        n_in, n_out = self.shape
        extent = (-0.5, n_out - 0.5, n_in - 0.5, -0.5)
        density = self.binned(max_bins)
        image = axes.imshow(density, cmap="Greys", vmin=0, extent=extent, aspect="auto", interpolation="nearest")
        return density, image

    @property
    def aspect(self) -> Literal["equal", "auto"]:
        """Whether neurons of both sides are drawn in one scale: not in a layer far longer than wide."""
        return "equal" if max(self.shape) <= 4 * min(self.shape) else "auto"

    def _size(self) -> tuple[float, float]:
        n_in, n_out = self.shape
        if self.aspect == "auto":
            return (LARGEST_SIDE, 4.5) if n_out > n_in else (4.5, LARGEST_SIDE)
        longest = max(self.shape)
        side = min(LARGEST_SIDE, 3.0 + 0.1 * longest)
        return max(3.2, side * n_out / longest) + 1.0, max(3.2, side * n_in / longest) + 0.6
