"""The density of the weights' magnitudes, layer by layer or method by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting._display import Display, layer_names
from sparse_mlp.plotting._style import curve_look, grid, root_figure, single_axes, style

MOST_NAMES = 4  # next to the curves; more would hide them


@dataclass(eq=False, repr=False)
class WeightDistributionDisplay(Display):
    """Hold the magnitudes of weights, a curve for each layer, or for each method with one or several networks.

    Attributes
    ----------
    names : tuple of str
        Of the curves.
    magnitudes : tuple of lists of float64 arrays
        |w|, for each curve one array for each network.

    Notes
    -----
    Figure 6 of [Sulyok2026]: the removal of the weakest links, update after update, digs a narrow minimum near zero,
    which the small panel shows.
    """

    names: tuple[str, ...]
    magnitudes: tuple[list[NDArray[np.float64]], ...]

    @classmethod
    def from_weights(cls, weights: Mapping[str, ArrayLike | Sequence[ArrayLike]]) -> Self:
        """Take finite weights of any shape and sign by the name of their curve; a list of arrays is one of networks."""
        if not weights:
            raise invalid("no weights", "at least one named array")
        return cls(tuple(weights), tuple(_networks(name, given) for name, given in weights.items()))

    @classmethod
    def from_model(cls, model: Any) -> Self:
        """Take the weights of each sparse layer of a model."""
        layers = model.sparse_layers
        return cls.from_weights({n: layer.weight for n, layer in zip(layer_names(layers), layers, strict=True)})

    def densities(self, bins: int = 100) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return histograms over common bins from zero to the largest magnitude.

        The k-th edge is (k / bins)² times the largest magnitude: narrow where a minimum is to be seen, wide in the
        tail, where links are few.

        Returns
        -------
        edges : float64 (bins + 1,)
        density : float64 (curves, bins)
            Means over the networks; each row integrates to one.
        """
        largest = max(float(values.max()) for networks in self.magnitudes for values in networks) or 1.0
        edges = largest * (np.arange(check_integer("bins", bins) + 1) / bins) ** 2
        rows = [[np.histogram(values, edges, density=True)[0] for values in nets] for nets in self.magnitudes]
        return edges, np.array([np.mean(several, axis=0) for several in rows])

    def plot(
        self, ax: Axes | None = None, *, bins: int = 100, near: float | None = None, log_y: bool = True,
        colors: Mapping[str, Any] | None = None, legend: bool = True,
    ) -> Self:  # fmt: skip
        """Draw one step curve for each name.

        Parameters
        ----------
        bins : int
            Number of bins from zero to the largest magnitude, see `densities`.
        near : float, optional
            A small panel inside shows magnitudes from 0 to this, on linear axes; 0 leaves it out. By default it holds a
            little more than half of the weights of each curve.
        log_y : bool
            Whether the axis of the density is logarithmic, where an exponential tail is a straight line.
        colors : mapping of str to colour, optional
            Of the curves, by name.
        legend : bool
            Whether to name the curves.
        """
        looks = [curve_look(i) if colors is None else {"color": colors[n]} for i, n in enumerate(self.names)]
        with style():
            axes = single_axes(ax, (6.4 if len(self.names) <= MOST_NAMES else 7.8, 4.2))
            edges, densities = self.densities(bins)
            for name, networks, density, look in zip(self.names, self.magnitudes, densities, looks, strict=True):
                count = f"{len(networks)} networks" if len(networks) > 1 else f"{len(networks[0]):,} links"
                axes.plot([], [], linewidth=1.6, label=f"{name} ({count})" if legend else None, **look)
                axes.stairs(density, edges, baseline=None, linewidth=1.3, **look)
            axes.set(xlabel="weight magnitude |w|", ylabel="density" + (" (log scale)" if log_y else ""))
            axes.set_xlim(0, edges[-1])
            if log_y:
                axes.set_yscale("log", nonpositive="clip")
                highest = densities.max()
                axes.set_ylim(max(densities[densities > 0].min(), 1e-5 * highest) / 2, highest * 2)
            grid(axes)
            if near != 0:
                self._draw_near(axes, edges, densities, near or _half_way(edges, densities), looks)
            if legend and ax is None and len(self.names) > MOST_NAMES:
                root_figure(axes).legend(loc="outside right upper")
            elif legend:
                axes.legend(loc="lower left")
        return self._drawn_on(axes)

    def _draw_near(
        self, axes: Axes, edges: NDArray[np.float64], densities: NDArray[np.float64], near: float,
        looks: Sequence[Mapping[str, Any]],
    ) -> None:  # fmt: skip
        inside = axes.inset_axes((0.57, 0.55, 0.42, 0.42))
        for look, density in zip(looks, densities, strict=True):
            inside.stairs(density, edges, baseline=None, linewidth=1.2, **look)
        highest = float(densities[:, edges[:-1] < near].max(initial=1e-12))
        inside.set(xlim=(0, near), ylim=(0, 1.15 * highest))
        inside.tick_params(labelsize=7, pad=2)
        inside.set_xticks([0, near / 2, near], [f"{tick:g}" for tick in (0, near / 2, near)])
        inside.locator_params(axis="y", nbins=3)


def _half_way(edges: NDArray[np.float64], densities: NDArray[np.float64]) -> float:
    """Return a round number, in one digit, below which at least half of the weights of each curve lie."""
    below = np.cumsum(densities * np.diff(edges), axis=1)
    middle = max(float(np.interp(0.5, [0, *row], edges)) for row in below) or float(edges[-1])
    unit = 10.0 ** np.floor(np.log10(middle))
    return float(min(np.ceil(middle / unit) * unit, edges[-1]))


def _networks(name: str, given: Any) -> list[NDArray[np.float64]]:
    several = isinstance(given, list | tuple) and any(np.ndim(part) for part in given)
    networks = [np.abs(np.asarray(part, np.float64)).ravel() for part in (given if several else [given])]
    if not all(len(values) and np.isfinite(values).all() for values in networks):
        raise invalid(f"weights {name!r} that are empty or not finite", "a non-empty array of finite numbers")
    return networks
