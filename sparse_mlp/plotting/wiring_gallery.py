"""How each control of a generator shapes a wiring: a row for each control, a picture for each of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparse_mlp.errors import invalid
from sparse_mlp.plotting import _style
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import INK
from sparse_mlp.plotting.adjacency import AdjacencyDisplay
from sparse_mlp.plotting.bipartite import BipartiteDisplay
from sparse_mlp.plotting.wiring_panels import draw_density
from sparse_mlp.structure import SparseStructure


@dataclass(eq=False, repr=False)
class WiringGalleryDisplay(Display):
    """Hold rows of small wirings.

    Attributes
    ----------
    rows : dict of str to dict of str to SparseStructure
        For each row its name and, in the order of the pictures, label and wiring of each; all rows equally long.
    """

    rows: dict[str, dict[str, SparseStructure]]

    @classmethod
    def from_structures(cls, rows: Mapping[str, Mapping[str, SparseStructure]]) -> Self:
        """Take wirings by row and label, the same number in each row."""
        lengths = {len(row) for row in rows.values()}
        if len(lengths) != 1 or 0 in lengths:
            raise invalid(f"rows of {sorted(lengths)} wirings", "the same number in each row, at least one")
        return cls({name: dict(row) for name, row in rows.items()})

    def plot(self, ax: Sequence[Axes] | None = None, *, bipartite: bool = False) -> Self:
        """Draw each wiring on separate axes under its label, the rows from top to bottom.

        Parameters
        ----------
        bipartite : bool
            Whether wirings are drawn as two columns of neurons, or as adjacency matrices.
        """
        columns = len(next(iter(self.rows.values())))
        with _style.style():
            own = self._grid(columns, bipartite) if ax is None else ax
            panels = _style.panel_axes(own, columns * len(self.rows), (1, 1))
            cells = [(name, label, s) for name, row in self.rows.items() for label, s in row.items()]
            for axes, (name, label, structure) in zip(panels, cells, strict=True):
                if bipartite:
                    BipartiteDisplay.from_structure(structure).plot(axes, words=False)
                else:
                    draw_density(axes, AdjacencyDisplay.from_structure(structure))
                axes.set_title(label if ax is None else f"{name}\n{label}", fontsize=9, color=INK, pad=3)
        return self._drawn_on(panels)

    def _grid(self, columns: int, bipartite: bool) -> list[Axes]:
        first = next(iter(next(iter(self.rows.values())).values()))
        width = 2.1
        tall = max(0.8, (1.6 if bipartite else 1.0) * width * first.n_in / first.n_out) + 0.55
        figure = Figure(figsize=(width * columns + 0.2, tall * len(self.rows)), layout="constrained")
        panels: list[Axes] = []
        strips = figure.subfigures(len(self.rows), 1, squeeze=False, hspace=0.02).ravel()
        for strip, name in zip(strips, self.rows, strict=True):
            strip.suptitle(name, fontsize=11, fontweight="bold", x=0.005, ha="left")
            panels += list(strip.subplots(1, columns, squeeze=False).ravel())
        ways = ("left", "right") if bipartite else ("from top to bottom", "from left to right")
        words = f"{first.n_in:,} inputs {ways[0]}, {first.n_out:,} outputs {ways[1]}"
        strips[0].text(0.995, 0.98, words, ha="right", va="top", fontsize=9, color=INK)
        return panels
