"""One update of a convolution, on its kernel and on the graph of pixels and windows that the kernel unfolds to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import INK, NEGATIVE, NEUTRAL, NEW, panel_axes, root_figure, style
from sparse_mlp.plotting.panels import line_keys
from sparse_mlp.plotting.score_matrix import CHOSEN
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from sparse_mlp.evolution import LayerUpdate

MAX_NODES = 40  # pixels that can still be told apart in a column
TAPS = ("#0077BB", "#AA4499", "#CC9900", "#33BBEE", "#555555", "#6655BB", "#222222", "#8F5B3C", "#99AA55")
DOTS = (0, (1.2, 1.6))  # dashes of links that go, as in `UpdateStagesDisplay`
KEYS: dict[str, dict[str, Any]] = {
    "removed": {"color": NEGATIVE, "linestyle": DOTS}, "absent, the wider the higher its score": {"color": CHOSEN},
    "new": {"color": NEW},
}  # fmt: skip
NONE = np.zeros(0, np.int64)

Taps = NDArray[np.int64]
Look = dict[str, Any]
Cell = tuple[str, float, str, str]  # of a kernel: colour, its opacity, words, their colour


@dataclass(eq=False, repr=False)
class ConvUpdateDisplay(Display):
    """Hold one update of the only kernel of a convolution with one input channel.

    After Figure 1 of [Li2025].

    Attributes
    ----------
    geometry : ConvGeometry
        Of one input and one output channel.
    weight : float64 (k * k,)
        Weights of the taps before the update; NaN where there is no link.
    removed, grown : int64
        Taps whose links the update removed and added, ascending; a tap can be among both.
    scores : float64 (k * k, out_height * out_width)
        Score of each tap in each window in the graph that is left after removal; NaN where there is a link, and where
        the tap is outside of the image.
    """

    geometry: ConvGeometry
    weight: NDArray[np.float64]
    removed: NDArray[np.int64]
    grown: NDArray[np.int64]
    scores: NDArray[np.float64]

    @classmethod
    def from_update(cls, update: LayerUpdate, geometry: ConvGeometry, weight: ArrayLike, predictor: str) -> Self:
        """Take the log of an update, and score the links that were absent after removal, window by window.

        Parameters
        ----------
        update : LayerUpdate
        geometry : ConvGeometry
            Of one input and one output channel, and of at most 40 pixels.
        weight : float (nnz,)
            Weights before the update.
        predictor : str
            As `link_prediction.score_matrix` takes it.

        Raises
        ------
        InvalidInputError
            If the convolution has several channels, too many pixels, or another shape than the update.
        """
        from sparse_mlp.link_prediction import score_matrix

        if (geometry.channels_in, geometry.channels_out) != (1, 1) or geometry.height * geometry.width > MAX_NODES:
            found = f"{geometry.channels_in} x {geometry.channels_out} channels of {geometry.height} x {geometry.width}"
            raise invalid(found, f"one input and one output channel of at most {MAX_NODES} pixels")
        if update.before.shape != geometry.structure_shape:
            raise invalid(f"an update of shape {update.before.shape}", f"{geometry.structure_shape}")
        weights = np.full(geometry.taps, np.nan)
        weights[update.before.rows()] = np.asarray(weight, np.float64)
        left, pairs = update.before.select(update.after_percolation), pairs_by_tap(geometry)
        lines = np.concatenate([pairs[tap] for tap in left.rows()])
        n_pixels, n_windows = geometry.height * geometry.width, geometry.out_height * geometry.out_width
        single = score_matrix(SparseStructure.from_coo(lines[:, 0], lines[:, 1], (n_pixels, n_windows)), predictor)
        scores = np.full((geometry.taps, n_windows), np.nan)
        for tap in np.setdiff1d(np.arange(geometry.taps), left.rows()):
            pixel, window = pairs[tap].T
            scores[tap, window] = single[pixel, window]
        grown = update.grown_positions // geometry.channels_out
        return cls(geometry, weights, update.removed[0].astype(np.int64), grown, scores)

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean score of each tap over its windows, (k * k,); NaN for links, and for taps without a window."""
        known = np.isfinite(self.scores)
        sums, counts = np.where(known, self.scores, 0.0).sum(axis=1), known.sum(axis=1)
        return np.where(counts, sums / np.maximum(counts, 1), np.nan)

    def plot(self, ax: Sequence[Axes] | None = None) -> Self:
        """Draw four states from left to right, the kernel above and its graph below: eight axes, row by row."""
        links = np.flatnonzero(np.isfinite(self.weight))
        kept = np.setdiff1d(links, self.removed)
        titles = (
            f"(a) before: {len(links)} of {self.geometry.taps} taps", f"(b) removal: {len(self.removed)} smallest",
            "(c) scores: mean over windows", f"(d) regrowth: {len(self.grown)} highest",
        )  # fmt: skip
        with style():
            panels = panel_axes(ax, 8, (10.6, 6.2), rows=2, height_ratios=[1, 2.6])
            for axes, title in zip(panels[:4], titles, strict=True):
                axes.set_title(title, fontsize=10)
            states: list[tuple[Taps, Taps, Look]] = [
                (links, NONE, {}), (kept, self.removed, KEYS["removed"]), (kept, NONE, {}),
                (np.setdiff1d(kept, self.grown), self.grown, KEYS["new"]),
            ]  # fmt: skip
            for i, (plain, special, look) in enumerate(states):
                words = {int(tap): self._weight(tap) for tap in plain}
                changed = {int(tap): "0" if i == 3 else self._weight(tap) for tap in special}
                cells = {tap: (TAPS[tap % len(TAPS)], 1.0, words[tap], "white") for tap in words}
                cells |= {tap: (look["color"], 1.0, changed[tap], "white") for tap in changed}
                self._draw_kernel(panels[i], self._score_cells() | cells if i == 2 else cells)
                self._draw_graph(panels[4 + i], plain, special, look, scored=i == 2)
            if ax is None:
                keys = line_keys({"link, a colour for each tap": {"color": TAPS[0]}, **KEYS})
                root_figure(panels[0]).legend(handles=keys, loc="outside lower center", ncols=4)
        return self._drawn_on(panels)

    def _score_cells(self) -> dict[int, Cell]:
        means = self.means
        highest = float(np.nanmax(means, initial=0.0)) or 1.0
        return {
            int(tap): (CHOSEN, 0.75 * means[tap] / highest, f"{means[tap]:.3g}", INK)
            for tap in np.flatnonzero(np.isfinite(means))
        }

    def _draw_kernel(self, axes: Axes, cells: Mapping[int, Cell]) -> None:
        """Draw the kernel as a square of taps, some filled and with words."""
        side = self.geometry.kernel
        for tap in range(self.geometry.taps):
            face, opacity, words, ink = cells.get(tap, ("white", 1.0, "", INK))
            row, column = divmod(tap, side)
            for color, alpha, edge in ((face, opacity, "none"), ("none", 1.0, "#BBBBBB")):
                corner = column - 0.5, row - 0.5
                axes.add_patch(Rectangle(corner, 1, 1, facecolor=color, alpha=alpha, edgecolor=edge, linewidth=0.8))
            axes.text(column, row, words, ha="center", va="center", fontsize=9, color=ink)
        axes.set(xlim=(-0.6, side - 0.4), ylim=(side - 0.4, -0.6), aspect="equal")
        axes.set_axis_off()

    def _draw_graph(self, axes: Axes, plain: Taps, special: Taps, look: Look, *, scored: bool) -> None:
        """Draw pixels on the left, windows on the right, and the links of each tap."""
        for tap in plain:
            self._draw_links(axes, tap, color=TAPS[tap % len(TAPS)], linewidths=1.1)
        for tap in special:
            self._draw_links(axes, tap, color=look["color"], linestyle=look.get("linestyle", "-"), linewidths=1.5)
        highest = float(np.nanmax(self.scores, initial=0.0)) or 1.0
        for tap in map(int, np.flatnonzero(self.means > 0)) if scored else ():
            widths = 2.4 * self.scores[tap, pairs_by_tap(self.geometry)[tap][:, 1]] / highest
            self._draw_links(axes, tap, color=CHOSEN, linewidths=widths, zorder=1)
        for x, count in enumerate(self._counts):
            axes.scatter(np.full(count, x), _heights(count), s=26, c="white", edgecolors=INK, linewidths=0.9, zorder=3)
        for x, words in enumerate(("{} pixels", "{} windows")):
            axes.text(x, -0.02, words.format(self._counts[x]), ha="center", va="top", fontsize=9, color=NEUTRAL)
        axes.set(xlim=(-0.25, 1.25), ylim=(-0.1, 1.0))
        axes.set_axis_off()

    def _draw_links(self, axes: Axes, tap: int, **look: Any) -> None:
        axes.add_collection(LineCollection(list(self._lines(tap)), **{"zorder": 2, **look}))

    def _lines(self, tap: int) -> NDArray[np.float64]:
        """Return the lines (windows, 2, 2) of a tap."""
        pixel, window = pairs_by_tap(self.geometry)[tap].T
        ends = [(np.zeros(len(pixel)), pixel), (np.ones(len(window)), window)]
        placed = [np.column_stack([x, _heights(n)[at]]) for (x, at), n in zip(ends, self._counts, strict=True)]
        return np.stack(placed, axis=1)

    @property
    def _counts(self) -> tuple[int, int]:
        g = self.geometry
        return g.height * g.width, g.out_height * g.out_width

    def _weight(self, tap: int) -> str:
        return f"{self.weight[tap]:.3g}".replace("-", "−")


def pairs_by_tap(geometry: ConvGeometry) -> list[NDArray[np.int64]]:
    """Return for each tap what it joins, a line (pixel, window) for each window that has it inside of the image."""
    from sparse_mlp.reference.conv_link_scores import windows

    found = []
    for tap in range(geometry.taps):
        pairs = [(y * geometry.width + x, i * geometry.out_width + j) for (i, j), (_, y, x) in windows(geometry, tap)]
        found.append(np.array(pairs, np.int64).reshape(-1, 2))
    return found


def _heights(count: int) -> NDArray[np.float64]:
    """Return the heights of a column of nodes, the first on top."""
    return 1.0 - (np.arange(count) + 0.5) / count
