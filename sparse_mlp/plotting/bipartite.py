"""One layer as two columns of neurons with its links, those of a few output neurons in colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting import _style
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._sample import at_most
from sparse_mlp.plotting._style import INK, LAYERS, NEUTRAL
from sparse_mlp.structure import SparseStructure

WIDTH = 0.9  # from one column of neurons to the other; a column is one high
SHOWN = 4  # output neurons whose links are coloured by default
COLORS = ("#AA3377", "#222222", "#CC9900", "#6655BB")  # of shown neurons; no layer has one of these


@dataclass(eq=False, repr=False)
class BipartiteDisplay(Display):
    """Hold the links of one layer.

    Attributes
    ----------
    rows, cols : int32 (nnz,)
        Input and output neuron of each link.
    shape : (int, int)
        (n_in, n_out).
    """

    rows: NDArray[Any]
    cols: NDArray[Any]
    shape: tuple[int, int]

    @classmethod
    def from_structure(cls, structure: SparseStructure) -> Self:
        """Take the links of a structure."""
        return cls(structure.rows(), structure.indices, structure.shape)

    def plot(
        self, ax: Axes | None = None, *, shown: Sequence[int] | None = None, max_links: int = 4000, words: bool = True
    ) -> Self:
        """Draw inputs on the left and outputs on the right, first neuron on top.

        Parameters
        ----------
        shown : sequence of int, optional
            Output neurons whose links are drawn in colour; four evenly spaced ones by default.
        max_links : int
            Most grey links; of more, a random sample (always the same).
        words : bool
            Whether to write the numbers of neurons below the columns.
        """
        outputs = self._shown(shown)
        grey = at_most(len(self.rows), check_integer("max_links", max_links))
        with _style.style():
            axes = _style.single_axes(ax, (4.2, 4.6))
            opacity = float(np.clip(120 / max(len(grey), 1), 0.05, 0.5))
            axes.add_collection(LineCollection(self._lines(grey), colors=[(NEUTRAL, opacity)], lw=0.4, zorder=1))
            for i, neuron in enumerate(outputs):
                color = COLORS[i % len(COLORS)]
                lines = self._lines(np.flatnonzero(self.cols == neuron))
                axes.add_collection(LineCollection(lines, colors=color, lw=0.9, alpha=0.85, zorder=2 + i))
            self._draw_neurons(axes, outputs)
            axes.set(xlim=(-0.05, WIDTH + 0.05), ylim=(-0.13 if words else -0.02, 1.02))
            axes.set_axis_off()
            if words:
                for x, n, side in ((0.0, self.shape[0], "inputs"), (WIDTH, self.shape[1], "outputs")):
                    axes.text(x, -0.04, f"{n:,} {side}", ha="left" if x == 0 else "right", va="top", color=INK, size=9)
        return self._drawn_on(axes)

    def _shown(self, shown: Sequence[int] | None) -> list[int]:
        n_out = self.shape[1]
        if shown is None:
            return sorted({int((i + 0.5) * n_out / SHOWN) for i in range(SHOWN)})
        wrong = [neuron for neuron in shown if not 0 <= neuron < n_out]
        if wrong:
            raise invalid(f"output neuron {wrong[0]} to show", f"one from 0 to {n_out - 1}")
        return list(shown)

    def _lines(self, chosen: NDArray[Any]) -> list[NDArray[np.float64]]:
        left = np.column_stack([np.zeros(len(chosen)), height(self.rows[chosen], self.shape[0])])
        right = np.column_stack([np.full(len(chosen), WIDTH), height(self.cols[chosen], self.shape[1])])
        return list(np.stack([left, right], axis=1))

    def _draw_neurons(self, axes: Axes, outputs: Sequence[int]) -> None:
        for x, n, color in ((0.0, self.shape[0], LAYERS[0]), (WIDTH, self.shape[1], LAYERS[1])):
            size = float(np.clip(600 / n, 2.0, 30.0))
            axes.scatter(np.full(n, x), height(np.arange(n), n), s=size, c=color, linewidths=0, zorder=20)
        colors = [COLORS[i % len(COLORS)] for i in range(len(outputs))]
        axes.scatter(
            np.full(len(outputs), WIDTH), height(np.array(outputs, np.int64), self.shape[1]), s=26, c=colors,
            edgecolors="white", linewidths=0.6, zorder=21,
        )  # fmt: skip


def height(neuron: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Return the height of neurons in a column of `n`, from nearly 1 (first) down to nearly 0."""
    return 1.0 - (neuron + 0.5) / n
