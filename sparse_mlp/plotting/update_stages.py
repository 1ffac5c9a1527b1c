"""The stages of one topology update: links removed, links percolated, links grown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting._display import Display, unit_of
from sparse_mlp.plotting._layout import column_places
from sparse_mlp.plotting._sample import choose_neurons
from sparse_mlp.plotting._style import INK, NEGATIVE, NEUTRAL, NEW, panel_axes, root_figure, style
from sparse_mlp.plotting.panels import line_keys
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from sparse_mlp.evolution import LayerUpdate, TopologyUpdate

# What a link is worth when neurons are chosen for the drawing: percolated links are rare, kept ones only background.
WORTH = {"kept": 0.25, "removed": 1.0, "percolated": 100.0, "grown": 1.0}
COLUMN = 0.64  # inches of a column at least: as wide as its name
MAX_COUNTS = 5  # that a caption lists; of more columns only the largest
MAX_LINES = 80  # of a panel and a kind: more of them are a carpet
REST, DOTS = "#C9C9C9", (0, (1.2, 1.6))  # colour of links that stay; dashes of links that go
KEYS: dict[str, dict[str, Any]] = {
    "kept": {"color": REST}, "removed or percolated": {"color": NEGATIVE, "linestyle": DOTS}, "new": {"color": NEW},
}  # fmt: skip


class LayerStages(NamedTuple):
    """What happened to the links of one layer; each entry is (rows, cols), int64 (k,) each."""

    name: str  # name of the layer
    shape: tuple[int, int]  # (n_in, n_out)
    # links untouched; gone in the first stage; gone in the second; new in the third
    kept: tuple[NDArray[Any], NDArray[Any]]
    removed: tuple[NDArray[Any], NDArray[Any]]
    percolated: tuple[NDArray[Any], NDArray[Any]]
    grown: tuple[NDArray[Any], NDArray[Any]]


@dataclass(eq=False, repr=False)
class UpdateStagesDisplay(Display):
    """Hold the three stages of one topology update and the neurons, or groups of neurons, chosen to show them.

    After Figure 7 of [Sulyok2026].

    Attributes
    ----------
    layers : tuple of LayerStages
        From input to output, with all their links.
    shown : tuple of int64 arrays
        Neurons drawn, ascending, for each layer of neurons (one more than `layers`); groups, where links join these.
    link_size : int
        Neurons that a link joins on either side.
    unit : str
        What is drawn as a point, in the singular.

    Notes
    -----
    Where nothing percolated, there is no panel for it; of many links between the neurons shown, evenly spaced ones are
    drawn.
    """

    layers: tuple[LayerStages, ...]
    shown: tuple[NDArray[np.int64], ...]
    link_size: int = 1
    unit: str = "neuron"

    @classmethod
    def from_update(
        cls, update: TopologyUpdate, max_neurons: int = 14, link_size: int = 1, taps: Mapping[str, int] | None = None
    ) -> Self:
        """Read the stages from the log of a topology update.

        Parameters
        ----------
        update : TopologyUpdate
            Its layers must follow each other in the network.
        max_neurons : int
            Most neurons, or groups, to draw in a layer. Larger layers show those that share many changed links with
            each other; the same update always shows the same ones.
        link_size : int
            Neurons that a link joins on either side, as a layer's `link_size` says; the caption says so.
        taps : mapping of str to int, optional
            By the name of a convolution how many neighbouring rows are taps of one channel, as a layer's `taps` says.
            Channels are drawn then.

        Raises
        ------
        InvalidInputError
            If there is no layer, or the layers do not follow each other.
        """
        taps = taps or {}
        layers = tuple(_stages(layer, taps.get(layer.layer, 1)) for layer in update.layers)
        if not layers:
            raise invalid("an update of no layer", "one of at least one")
        for left, right in pairwise(layers):
            if left.shape[1] != right.shape[0]:
                found = f"{left.name} {left.shape} followed by {right.name} {right.shape}"
                raise invalid(found, "layers that follow each other")
        sizes = [layers[0].shape[0], *(layer.shape[1] for layer in layers)]
        values = [[(getattr(layer, stage), worth) for stage, worth in WORTH.items()] for layer in layers]
        shown = choose_neurons(sizes, values, check_integer("max_neurons", max_neurons))
        unit = "channel" if max(taps.values(), default=1) > 1 else unit_of(link_size)
        return cls(layers, shown, check_integer("link_size", link_size), unit)

    def segments(self, stage: str) -> NDArray[np.float64]:
        """Return the lines (k, 2, 2) of the links of a stage ("kept", "removed", ...) between what is shown."""
        places = column_places([len(chosen) for chosen in self.shown])
        parts = []
        for i, layer in enumerate(self.layers):
            rows, cols = getattr(layer, stage)
            left, right = _find(self.shown[i], rows), _find(self.shown[i + 1], cols)
            both = (left >= 0) & (right >= 0)
            parts.append(np.stack([places[i][left[both]], places[i + 1][right[both]]], axis=1))
        return np.concatenate(parts)

    def plot(self, ax: Sequence[Axes] | None = None) -> Self:
        """Draw on an axes for each of `stages` the links that went, dotted red, or the new ones, green."""
        stages = self.stages
        with style():
            width = max(11.0, COLUMN * len(self.shown) * len(stages))
            panels = panel_axes(ax, len(stages), (width, 1.6 + 0.2 * max(map(len, self.shown))))
            for axes, letter, stage in zip(panels, "abc", stages, strict=False):
                background = ("kept", "percolated") if stage == "removed" else ("kept",)
                self._draw_panel(axes, stage, background, NEW if stage == "grown" else NEGATIVE)
                axes.set_title(f"({letter}) {self._count(stage):,} links {stage}")
            if ax is None:
                figure = root_figure(panels[0])
                figure.supxlabel(self.caption(), fontsize=9, color=INK)
                figure.legend(handles=line_keys(KEYS), loc="outside upper center", ncols=3)
        return self._drawn_on(panels)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that have a panel."""
        return ("removed", "percolated", "grown") if self._count("percolated") else ("removed", "grown")

    def _count(self, stage: str) -> int:
        return sum(len(getattr(layer, stage)[0]) for layer in self.layers)

    def caption(self) -> str:
        """Say which part of the network the drawing shows."""
        sizes = [self.layers[0].shape[0], *(layer.shape[1] for layer in self.layers)]
        units = f"{self.unit}s" + (f" of {self.link_size} neurons" if self.link_size > 1 else "")
        if all(len(chosen) == n for chosen, n in zip(self.shown, sizes, strict=True)):
            return f"all {units} shown{capped}" if (capped := self._capped()) else f"all {units} and links shown"
        each = [f"{len(chosen)} of {n:,}" for chosen, n in zip(self.shown, sizes, strict=True)]
        largest = f"at most {max(map(len, self.shown))} of up to {max(sizes):,}"
        counts = ", ".join(each) if len(each) <= MAX_COUNTS else largest
        return f"counts: whole network; drawn: {units} that share many changed links, {counts}{self._capped()}"

    def _capped(self) -> str:
        many = any(len(self.segments(stage)) > MAX_LINES for stage in ("kept", *self.stages))
        return f"; at most {MAX_LINES} links of a kind" if many else ""

    def _draw_panel(self, axes: Axes, stage: str, background: Sequence[str], color: str) -> None:
        still = _some(np.concatenate([self.segments(name) for name in background]))
        axes.add_collection(LineCollection(list(still), colors=REST, linewidths=0.9, zorder=1))
        changed = LineCollection(list(_some(self.segments(stage))), colors=color, linewidths=1.5, zorder=2)
        changed.set_linestyle("solid" if stage == "grown" else DOTS)
        axes.add_collection(changed)
        places = column_places([len(chosen) for chosen in self.shown])
        for i, xy in enumerate(places):
            axes.scatter(xy[:, 0], xy[:, 1], s=26, c="white", edgecolors=INK, linewidths=0.9, zorder=3)
            name = "input" if i == 0 else self.layers[i - 1].name
            axes.annotate(
                name, (xy[0, 0], 0), (0, -6), xycoords=("data", "axes fraction"), textcoords="offset points",
                ha="center", va="top", fontsize=9, color=NEUTRAL,
            )  # fmt: skip
        axes.set_xlim(places[0][0, 0] - 0.4, places[-1][0, 0] + 0.4)
        axes.set_axis_off()


def _stages(layer: LayerUpdate, taps: int) -> LayerStages:
    before = layer.before
    removed, percolated, grown = (
        (np.asarray(rows), np.asarray(cols)) for rows, cols in (layer.removed, layer.percolated, layer.grown)
    )
    kept = before
    for rows, cols in (removed, percolated):
        kept = kept.difference(SparseStructure.from_coo(rows, cols, before.shape))
    stages = ((rows // taps, cols) for rows, cols in ((kept.rows(), kept.indices), removed, percolated, grown))
    return LayerStages(layer.layer, (before.n_in // taps, before.n_out), *stages)


def _some(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at most `MAX_LINES` lines, evenly spaced."""
    if len(lines) <= MAX_LINES:
        return lines
    return lines[np.linspace(0, len(lines) - 1, MAX_LINES).round().astype(int)]


def _find(chosen: NDArray[np.int64], neurons: NDArray[Any]) -> NDArray[np.int64]:
    at = np.minimum(np.searchsorted(chosen, neurons), len(chosen) - 1)
    return np.where(chosen[at] == neurons, at, -1)
