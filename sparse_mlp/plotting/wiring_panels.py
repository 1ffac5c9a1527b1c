"""Wirings side by side: hyperbolic disk, first adjacency, first layer drawn, and their measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparse_mlp.errors import invalid
from sparse_mlp.measures.power_law import EXPONENTS
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.measures.wiring_measures import measure_wiring
from sparse_mlp.plotting import _style
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import INK, NEUTRAL
from sparse_mlp.plotting.adjacency import AdjacencyDisplay
from sparse_mlp.plotting.bipartite import BipartiteDisplay
from sparse_mlp.plotting.hyperbolic import HyperbolicDisplay, layer_keys
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure

SYMBOLS = {"path-length": "L", "modularity": "Q", "structural-consistency": "σ$_c$", "gamma": "γ"}
MAX_CELLS = 400  # of a picture of an adjacency, a side
PANELS = ("disk", "adjacency", "bipartite")


class WiringPanel(NamedTuple):
    """One wiring of the figure."""

    label: str  # what the wiring is called
    disk: HyperbolicDisplay  # the whole network
    first: SparseStructure  # its first layer
    # path length, modularity, structural consistency and gamma of the whole network, by name
    measures: dict[str, float | Repeated]


@dataclass(eq=False, repr=False)
class WiringPanelsDisplay(Display):
    """Hold wirings with their embedding and measures.

    Attributes
    ----------
    wirings : tuple of WiringPanel
        In the order of the panels.
    """

    wirings: tuple[WiringPanel, ...]

    @classmethod
    def from_wirings(
        cls, wirings: Mapping[str, Sequence[SparseStructure]], *, weighting: str = "ra1", reduction: str = "isomap",
        repeats: int = 10, rng: RandomState = None,
    ) -> Self:  # fmt: skip
        """Embed and measure wirings.

        Parameters
        ----------
        wirings : mapping of label to sequence of SparseStructure
            The layers of each network from input to output.
        weighting, reduction : str
            As in `measures.coalescent_embedding`.
        repeats : int
            Of the measures that are random, as in `measures.measure_wiring`.
        rng : None, int or numpy.random.Generator
        """
        if not wirings:
            raise invalid("no wirings", "at least one")
        random = as_generator(rng)
        panels = []
        for label, structures in wirings.items():
            values = measure_wiring(structures, repeats=repeats, rng=random, names=tuple(SYMBOLS))
            disk = HyperbolicDisplay.from_structures(structures, weighting=weighting, reduction=reduction)
            panels.append(WiringPanel(label, disk, structures[0], values))
        return cls(tuple(panels))

    def plot(self, ax: Sequence[Axes] | None = None, *, columns: int = 2) -> Self:
        """Draw a block for each wiring: the disk on the left, adjacency and bipartite drawing on the right.

        Parameters
        ----------
        ax : sequence of Axes, optional
            Three for each wiring (disk, adjacency, bipartite drawing); a new figure by default.
        columns : int
            Blocks side by side in a new figure.
        """
        with _style.style():
            own = self._blocks(columns) if ax is None else ax
            panels = _style.panel_axes(own, 3 * len(self.wirings), (1, 1))
            for wiring, axes in zip(self.wirings, zip(*[iter(panels)] * 3, strict=True), strict=True):
                _draw_block(wiring, axes, titled=ax is not None)
            if ax is None:
                keys = layer_keys(1 + max(int(w.disk.layer.max()) for w in self.wirings))
                _style.root_figure(panels[0]).legend(handles=keys, loc="outside lower center", ncols=len(keys))
        return self._drawn_on(panels)

    def _blocks(self, columns: int) -> list[Axes]:
        columns = min(columns, len(self.wirings))
        rows = -(-len(self.wirings) // columns)
        figure = Figure(figsize=(6.4 * columns, 4.7 * rows + 0.3), layout="constrained")
        blocks = figure.subfigures(rows, columns, squeeze=False, wspace=0.03, hspace=0.03).ravel()
        panels: list[Axes] = []
        for wiring, block in zip(self.wirings, blocks, strict=False):
            block.suptitle(wiring.label, fontsize=13, fontweight="bold", x=0.008, ha="left")
            mosaic: Any = [["disk", "adjacency"], ["disk", "bipartite"]]
            named = block.subplot_mosaic(mosaic, width_ratios=[1.75, 1], height_ratios=[1, 1.55])
            panels += [named[name] for name in PANELS]
        return panels


def measure_line(measures: Mapping[str, float | Repeated]) -> str:
    """Return the measures of a wiring as one line, those that are random with their standard deviation."""
    known = {name: symbol for name, symbol in SYMBOLS.items() if name in measures}
    return "    ".join(f"{symbol} {_number(name, measures[name])}" for name, symbol in known.items())


def draw_density(axes: Axes, layer: AdjacencyDisplay) -> None:
    """Draw the adjacency of a layer without words: black where links are, grey where a pixel holds many neurons."""
    layer.draw_density(axes, MAX_CELLS)
    axes.set_aspect(layer.aspect)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=NEUTRAL, linewidth=0.6)


def _draw_block(wiring: WiringPanel, axes: Sequence[Axes], titled: bool) -> None:
    disk, adjacency, bipartite = axes
    wiring.disk.plot(disk, words=False)
    name = f"{wiring.label}\n" if titled else ""
    disk.set_title(name + measure_line(wiring.measures), fontsize=10.5, color=INK, loc="left")
    words = f"mean angle of a link {wiring.disk.mean_span:.0f}°"
    disk.text(0.5, -0.01, words, transform=disk.transAxes, ha="center", va="top", size=9, color=INK)
    draw_density(adjacency, AdjacencyDisplay.from_structure(wiring.first))
    n_in, n_out = wiring.first.shape
    adjacency.set_title(f"first layer, {n_in:,} × {n_out:,}", fontsize=9)
    BipartiteDisplay.from_structure(wiring.first).plot(bipartite)


def _number(name: str, value: float | Repeated) -> str:
    if isinstance(value, Repeated):
        return f"= {value.mean:.2f} ± {value.std:.2f}" if value.std >= 0.005 else f"= {value.mean:.2f}"
    if name == "gamma" and value >= EXPONENTS[-1]:
        return f"≥ {EXPONENTS[-1]:g}"  # the fit looks no further
    return f"= {value:.2f}"
