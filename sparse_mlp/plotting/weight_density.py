"""The density of the weights' magnitudes of several networks, by data set and method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting._datasets import (
    add_legend,
    check_table,
    counted,
    dataset_panels,
    line_keys,
    method_looks,
    methods_of,
    rows_of_networks,
)  # fmt: skip
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import CYCLE, root_figure, style

COLORS = {"ch3l3": "#33BBEE", "rlr": "#CC3311"}


class Density(NamedTuple):
    """Hold the densities of |w| of several networks.

    Attributes
    ----------
    edges : float64 (bins + 1,)
        Ascending, not negative.
    density : float64 (networks, bins)
        Each row integrates to the part of its weights that lies within the edges.
    """

    edges: NDArray[np.float64]
    density: NDArray[np.float64]


@dataclass(eq=False, repr=False)
class WeightDensityDisplay(Display):
    """Hold the density of the weights' magnitudes of several networks.

    Attributes
    ----------
    densities : dict of str to dict of str to Density
        By data set and method.

    Notes
    -----
    Figure 6 of [Sulyok2026]: CH3L3 light blue, random link regrowth red. The removal of the weakest links, update after
    update, digs a narrow minimum beside the origin, which the small panel shows.
    """

    densities: dict[str, dict[str, Density]]

    @classmethod
    def from_densities(cls, densities: Mapping[str, Mapping[str, tuple[ArrayLike, ArrayLike]]]) -> Self:
        """Take densities over bins.

        Parameters
        ----------
        densities : mapping
            Data set → method → (edges, density): float (bins + 1,) and float (networks, bins); one row of numbers is
            one network.

        Raises
        ------
        InvalidInputError
            If there is nothing to show, edges do not ascend or are negative, or shapes do not fit.
        """
        return cls(check_table(densities, _read, "(edges, density)"))

    @classmethod
    def from_weights(cls, weights: Mapping[str, Mapping[str, Sequence[ArrayLike]]], bins: int = 100) -> Self:
        """Count the magnitudes of the weights of each network in bins that are common to a data set.

        Parameters
        ----------
        weights : mapping
            Data set → method → one array of weights, of any shape and sign, for each network.
        bins : int
            The k-th edge is (k / bins)² times the largest magnitude: narrow where a minimum is to be seen, wide in the
            tail, where links are few.

        Raises
        ------
        InvalidInputError
            If there is nothing to show, or weights are missing, all zero, or not finite.
        """
        check_integer("bins", bins)
        magnitudes = check_table(weights, _magnitudes, "weights of each network")
        table: dict[str, dict[str, tuple[ArrayLike, ArrayLike]]] = {}
        for dataset, found in magnitudes.items():
            largest = max(float(values.max()) for networks in found.values() for values in networks)
            if largest == 0:
                raise invalid(f"no weights but zeros on {dataset}", "some that are not zero")
            edges = largest * (np.arange(bins + 1) / bins) ** 2
            table[dataset] = {
                method: (edges, [np.histogram(values, edges, density=True)[0] for values in networks])
                for method, networks in found.items()
            }
        return cls.from_densities(table)

    def plot(self, ax: Axes | Sequence[Axes] | None = None, *, near: float | None = None) -> Self:
        """Draw a panel for each data set: the mean density over networks for each method, logarithmic.

        Parameters
        ----------
        ax : sequence of Axes, optional
            One for each data set; a new figure by default.
        near : float, optional
            A small panel inside shows magnitudes from 0 to this, on linear axes; 0 leaves it out. By default it holds a
            little more than half of the weights of each data set.
        """
        methods = methods_of(self.densities)
        with style():
            panels = dataset_panels(ax, list(self.densities), "weight magnitude |w|", "density (log scale)")
            colors = method_looks(methods, COLORS, CYCLE)
            for axes, found in zip(panels, self.densities.values(), strict=True):
                _draw(axes, found, colors)
                lowest = min(float(d.density[d.density > 0].min(initial=1)) for d in found.values())
                highest = max(float(d.density.mean(axis=0).max()) for d in found.values())
                axes.set_yscale("log", nonpositive="clip")
                axes.set_ylim(max(lowest, 1e-5 * highest) / 2, highest * 2)
                axes.set_xlim(0, max(float(d.edges[-1]) for d in found.values()))
                if near != 0:
                    _draw_near(axes, found, colors, near or max(map(_half_way, found.values())))
            panels[0].figure.align_ylabels(panels)
            networks = {
                data: {method: density.density for method, density in found.items()}
                for data, found in self.densities.items()
            }
            keys = line_keys({counted(networks, m): {"color": colors[m]} for m in methods})
            add_legend(panels, keys, own_figure=ax is None)
        self.ax_, self.figure_ = panels, root_figure(panels[0])
        return self


def _draw(axes: Axes, found: Mapping[str, Density], colors: Mapping[str, str]) -> None:
    for method, (edges, density) in found.items():
        axes.stairs(density.mean(axis=0), edges, baseline=None, color=colors[method], linewidth=1.2)


def _draw_near(axes: Axes, found: Mapping[str, Density], colors: Mapping[str, str], near: float) -> None:
    inside = axes.inset_axes((0.55, 0.55, 0.43, 0.42))
    _draw(inside, found, colors)
    heights = [d.density.mean(axis=0)[d.edges[:-1] < near].max(initial=0) for d in found.values()]
    inside.set(xlim=(0, near), ylim=(0, 1.15 * max(*heights, 1e-12)))
    inside.tick_params(labelsize=7, pad=2)
    inside.set_xticks([0, near / 2, near], [f"{tick:g}" for tick in (0, near / 2, near)])
    inside.locator_params(axis="y", nbins=3)


def _half_way(density: Density) -> float:
    """Return a round number, in one digit, below which at least half of the weights lie."""
    edges, rows = density
    below = np.concatenate([[0], np.cumsum(rows.mean(axis=0) * np.diff(edges))])
    middle = float(np.interp(below[-1] / 2, below, edges)) or float(edges[-1])
    unit = 10.0 ** np.floor(np.log10(middle))
    return float(min(np.ceil(middle / unit) * unit, edges[-1]))


def _read(whose: str, given: tuple[ArrayLike, ArrayLike]) -> Density:
    edges, density = np.asarray(given[0], np.float64), rows_of_networks(whose, given[1])
    if edges.ndim != 1 or len(edges) != density.shape[1] + 1:
        raise invalid(f"edges of shape {edges.shape} for {density.shape[1]} bins ({whose})", "one more than bins")
    if not (np.isfinite(edges).all() and edges[0] >= 0 and (np.diff(edges) > 0).all()):
        raise invalid(f"edges that do not ascend or are negative ({whose})", "ascending edges from 0 on")
    if not (np.isfinite(density).all() and (density >= 0).all()):
        raise invalid(f"densities that are negative or not finite ({whose})", "finite numbers, none negative")
    return Density(edges, density)


def _magnitudes(whose: str, weights: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
    networks = [np.abs(np.asarray(values, np.float64)).ravel() for values in weights]
    if not networks or not all(len(values) and np.isfinite(values).all() for values in networks):
        raise invalid(f"weights of {whose} that are missing or not finite", "a non-empty array for each network")
    return networks
