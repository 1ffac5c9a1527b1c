"""The density of the weights' magnitudes, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.plotting._display import Display, layer_names
from sparse_mlp.plotting._style import root_figure, single_axes, style


@dataclass(eq=False, repr=False)
class WeightDistributionDisplay(Display):
    """Hold the magnitudes of the weights of each layer.

    Attributes
    ----------
    names : tuple of str
        Names of the layers.
    magnitudes : tuple of float64 (nnz,)
        |w| of each link, layer by layer.

    Notes
    -----
    Figure 6 of Sulyok et al. 2026: repeated removal of the weakest links digs a narrow minimum near zero.
    """

    names: tuple[str, ...]
    magnitudes: tuple[NDArray[np.float64], ...]

    @classmethod
    def from_weights(cls, weights: Mapping[str, ArrayLike]) -> Self:
        """Take the magnitudes of named weight arrays of any shape.

        Raises
        ------
        InvalidInputError
            If there is no array, or one is empty or holds NaN or infinite values.
        """
        magnitudes = {name: np.abs(np.asarray(w, np.float64)).ravel() for name, w in weights.items()}
        if not magnitudes:
            raise invalid("no weights", "at least one named array")
        for name, values in magnitudes.items():
            if not len(values) or not np.isfinite(values).all():
                raise invalid(f"weights {name!r} empty or not finite", "a non-empty array of finite numbers")
        return cls(tuple(magnitudes), tuple(magnitudes.values()))

    @classmethod
    def from_model(cls, model: Any) -> Self:
        """Take the magnitudes of the links of each sparse layer of a model."""
        layers = model.sparse_layers
        return cls.from_weights({n: layer.weight for n, layer in zip(layer_names(layers), layers, strict=True)})

    def pooled(self, name: str = "all layers") -> Self:
        """Return the same weights as one distribution, to compare whole networks on one axes."""
        return type(self)((name,), (np.concatenate(self.magnitudes),))

    def densities(self, bins: int = 60) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return histograms over common bins from zero to the largest magnitude.

        Parameters
        ----------
        bins : int
            Number of bins.

        Returns
        -------
        edges : float64 (bins + 1,)
        density : float64 (n_layers, bins)
            Each row integrates to one.
        """
        largest = max(float(values.max()) for values in self.magnitudes) or 1.0
        edges = np.linspace(0.0, largest, check_integer("bins", bins) + 1)
        return edges, np.array([np.histogram(values, edges, density=True)[0] for values in self.magnitudes])

    def plot(self, ax: Axes | None = None, *, bins: int = 60, log_y: bool = True) -> Self:
        """Draw one step curve for each layer.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.
        bins : int
            Number of bins from zero to the largest magnitude.
        log_y : bool
            Whether the density stands on a logarithmic axis, where an exponential tail is a straight line.
        """
        with style():
            axes = single_axes(ax, (6.0, 4.0))
            edges, densities = self.densities(bins)
            for name, values, density in zip(self.names, self.magnitudes, densities, strict=True):
                (line,) = axes.plot([], [], label=f"{name} ({len(values):,} links)")
                axes.stairs(density, edges, color=line.get_color(), linewidth=1.6)
            axes.set_xlabel("weight magnitude |w|")
            axes.set_ylabel("probability density" + (" (log scale)" if log_y else ""))
            axes.set_xlim(left=0)
            if log_y:
                axes.set_yscale("log", nonpositive="clip")
                axes.set_ylim(densities[densities > 0].min() / 2, densities.max() * 2)
            axes.legend()
        self.ax_, self.figure_ = axes, root_figure(axes)
        return self
