"""The course of the wiring over all updates: links, active neurons, positions tried, links that came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, INK, NEUTRAL, count_axis, grid, panel_axes, root_figure, style

# Dashed lines on top of solid ones, so that curves which coincide are all seen.
DASHES: tuple[Any, ...] = ("-", (0, (5, 2.5)), (0, (1.5, 2)), (0, (6, 2, 1.5, 2)))
MAX_POINTS = 120  # of a curve that jumps from update to update; of more, the means of blocks are drawn
SMALLEST_SPAN = 0.1  # of the axis of active neurons: less would blow up the last digit
MEASURES, NETWORK_MEASURES = ("itop", "overlap"), ("anp_by_links", "anp_by_paths")


@dataclass(eq=False, repr=False)
class WiringCourseDisplay(Display):
    """Hold what was measured of the wiring at each topology update.

    Attributes
    ----------
    names : tuple of str
        Names of the layers.
    links : int64 (n_layers, n_updates + 1)
        Number of links of each layer before the first update and after each.
    itop, overlap : float64 (n_layers, n_updates)
        Fraction of all positions that ever held a link; fraction of the regrown links that the same update had taken
        away.
    anp_by_links, anp_by_paths : float64 (n_updates,)
        Active neurons of the whole net, by both definitions of `measures`; NaN where they were not measured.
    """

    names: tuple[str, ...]
    links: NDArray[np.int64]
    itop: NDArray[np.float64]
    overlap: NDArray[np.float64]
    anp_by_links: NDArray[np.float64]
    anp_by_paths: NDArray[np.float64]

    @classmethod
    def from_history(cls, records: Iterable[Mapping[str, Any]]) -> Self:
        """Read the course from the records of kind "update" of one run, as `updates_of` finds them."""
        names, updates = updates_of(records, MEASURES)
        links = np.hstack([layer_table(updates[:1], "before"), layer_table(updates, "after")])
        rates = (np.array([u.get(name, np.nan) for u in updates], np.float64) for name in NETWORK_MEASURES)
        return cls(names, links, *(layer_table(updates, measure) for measure in MEASURES), *rates)

    def plot(self, ax: Sequence[Axes] | None = None) -> Self:
        """Draw four panels over the updates, one curve for each layer; active neurons are of the whole net."""
        with style():
            panels = panel_axes(ax, 4, (8.6, 5.6), rows=2, sharex=True)
            self._draw_layers(panels[0], self.links, first=0, ylabel="links")
            self._draw_active(panels[1])
            self._draw_layers(panels[2], self.itop, first=1, ylabel="positions tried so far (fraction)")
            overlap = np.array([block_means(series, self.block) for series in self.overlap])
            words = "regrown links that were\njust removed (fraction)"
            self._draw_layers(panels[3], overlap, first=1, step=self.block, ylabel=words)
            panels[0].yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            means = f", means of {self.block} updates" if self.block > 1 else ""
            titles = "links", f"active neurons (ANP){means}", "in-time over-parameterisation (ITOP)", f"overlap{means}"
            for i, (axes, title) in enumerate(zip(panels, titles, strict=True)):
                axes.set_title(title)
                grid(axes)
                count_axis(axes)
                if ax is not None or i >= 2:
                    axes.set_xlabel("topology update")
            self._legend(panels, own_figure=ax is None)
        return self._drawn_on(panels)

    @property
    def block(self) -> int:
        """Updates whose mean is one point of the curves of active neurons and overlap."""
        return -(-len(self.anp_by_links) // MAX_POINTS)

    def _draw_layers(self, axes: Axes, values: NDArray[Any], first: int, ylabel: str, step: int = 1) -> None:
        for i, (name, series) in enumerate(zip(self.names, values, strict=True)):
            look: dict[str, Any] = {"color": CYCLE[i % len(CYCLE)], "linestyle": DASHES[i % len(DASHES)]}
            axes.plot(_updates(series, first, step), series, label=name, **look, **_marker(series, i))
        axes.set_ylabel(ylabel)
        axes.set_ylim(0, 1.06 * max(float(values.max(initial=0)), 1e-3))

    def _draw_active(self, axes: Axes) -> None:
        curves = [block_means(rates, self.block) for rates in (self.anp_by_links, self.anp_by_paths)]
        looks: list[dict[str, Any]] = [{"color": INK}, {"color": NEUTRAL, "linestyle": DASHES[1]}]
        words = ("whole net: neurons with a link", "whole net: neurons on a path")
        for i, (series, label, look) in enumerate(zip(curves, words, looks, strict=True)):
            axes.plot(_updates(series, 1, self.block), series, label=label, **look, **_marker(series, i))
        axes.set_ylabel("neurons (fraction)")
        both = np.concatenate(curves)
        if np.isnan(both).all():
            axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=NEUTRAL)
            return
        low = min(float(np.nanmin(both)), float(np.nanmax(both)) - SMALLEST_SPAN)
        room = 0.05 * (float(np.nanmax(both)) - low)
        axes.set_ylim(max(0.0, low - room), float(np.nanmax(both)) + room)

    def _legend(self, panels: Sequence[Axes], *, own_figure: bool) -> None:
        if not own_figure:
            panels[0].legend()
            panels[1].legend()
            return
        layers, net = (panels[i].get_legend_handles_labels() for i in (2, 1))
        handles, labels = layers[0] + net[0], layers[1] + net[1]
        root_figure(panels[0]).legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 5))


def block_means(series: NDArray[np.float64], block: int) -> NDArray[np.float64]:
    """Return the mean of each `block` values that follow each other; the last ones may be fewer."""
    return np.array([series[start : start + block].mean() for start in range(0, len(series), block)])


def _updates(series: NDArray[Any], first: int, step: int) -> NDArray[np.float64]:
    """Return the update at the middle of each point's block."""
    return np.arange(len(series), dtype=np.float64) * step + (first + (step - 1) / 2)


def _marker(series: NDArray[Any], i: int) -> dict[str, Any]:
    """Mark a curve of one point; the later, the smaller, so that points which coincide are all seen."""
    return {"marker": "o", "markersize": max(9 - 2 * i, 3)} if len(series) == 1 else {}


def updates_of(
    records: Iterable[Mapping[str, Any]], measures: Sequence[str]
) -> tuple[tuple[str, ...], list[Mapping[str, Any]]]:
    """Return the names of the layers and the update records, if there are any, all with the same layers and measures.

    Raises
    ------
    InvalidInputError
        If there is no update, or one is of other layers or lacks a measure.
    """
    updates = [record for record in records if record.get("kind") == "update" and record["layers"]]
    if not updates:
        raise invalid("no records of updates", "at least one", "a static or dense rule never updates")
    names = tuple(str(layer["layer"]) for layer in updates[0]["layers"])
    for update in updates:
        found = tuple(str(layer["layer"]) for layer in update["layers"])
        if found != names:
            raise invalid(f"an update of the layers {', '.join(found)}", f"one of {', '.join(names)}, like the first")
        missing = sorted({measure for layer in update["layers"] for measure in measures if measure not in layer})
        if missing:
            wanted = "a value in each layer's entry, as `training.wiring_log` writes it"
            raise invalid(f"an update without {' and '.join(missing)}", wanted)
    return names, updates


def layer_table(updates: Sequence[Mapping[str, Any]], key: str) -> NDArray[Any]:
    """Return a value of each layer in each update, (n_layers, n_updates)."""
    return np.array([[layer[key] for layer in update["layers"]] for update in updates]).T
