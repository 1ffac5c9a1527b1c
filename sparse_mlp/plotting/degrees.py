"""Degree distributions: how many links come into a neuron, and how many leave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display, layer_names, single_links
from sparse_mlp.plotting._style import INK, count_axis, curve_look, panel_axes, style
from sparse_mlp.structure import SparseStructure

MAX_STEPS = 60  # a wider range of degrees is drawn in steps of several degrees


class LayerDegrees(NamedTuple):
    """The degrees of one layer."""

    name: str  # name of the layer
    incoming: NDArray[np.int64]  # (n_out,): links into each output neuron
    outgoing: NDArray[np.int64]  # (n_in,): links out of each input neuron
    step: int = 1  # neurons that a link of the layer joins on either side: the degrees lie that far apart


@dataclass(eq=False, repr=False)
class DegreeDisplay(Display):
    """Hold the degrees of the neurons on both sides of each layer.

    Attributes
    ----------
    layers : tuple of LayerDegrees
        From input to output.
    ends : (str, str)
        What the links lead from and to, in the singular.
    """

    layers: tuple[LayerDegrees, ...]
    ends: tuple[str, str] = ("neuron", "neuron")

    @classmethod
    def from_structures(cls, structures: Sequence[SparseStructure], names: Sequence[str] | None = None) -> Self:
        """Count the degrees in each of some structures; `names`, as many, are numbered by default."""
        labels = list(names) if names is not None else [f"sparse{i}" for i in range(1, len(structures) + 1)]
        if not structures or len(labels) != len(structures):
            found = f"{len(structures)} structures and {len(labels)} names"
            raise invalid(found, "the same number of both, at least one")
        pairs = zip(labels, structures, strict=True)
        return cls(tuple(LayerDegrees(name, s.degrees_out(), s.degrees_in()) for name, s in pairs))

    @classmethod
    def from_model(cls, model: Any) -> Self:
        """Count the degrees of the neurons in each sparse layer of a model, in links between single neurons.

        Of a convolution, those of taps and output channels.
        """
        layers = single_links(model)
        counted = cls.from_structures([layer.structure for layer in layers], layer_names(layers)).layers
        pairs = zip(counted, model.sparse_layers, strict=True)
        return cls(tuple(degrees._replace(step=layer.link_size) for degrees, layer in pairs), layers[0].ends)

    def plot(self, ax: Sequence[Axes] | None = None, *, log: bool = False, expected: bool = False) -> Self:
        """Draw the distributions of the incoming (left) and outgoing (right) degrees, with the mean of each layer.

        Parameters
        ----------
        ax : sequence of two Axes, optional
            Where to draw; a new figure by default.
        log : bool
            Whether both axes are logarithmic; neurons without links are then left out.
        expected : bool
            Whether to add, dashed, the binomial distribution of an Erdős–Rényi layer of the same density.

        Notes
        -----
        With links laid independently with probability p, the incoming degree of an output neuron is distributed as
        Binomial(n_in, p) and the outgoing degree of an input neuron as Binomial(n_out, p).

        Where links join groups of m neurons, degrees are multiples of m. All layers of such a network are drawn in bins
        of the same number of multiples, as bins of different widths would make one curve a comb.
        """
        with style():
            panels = panel_axes(ax, 2, (9.0, 4.0))
            for axes, title, side in zip(panels, ("incoming links", "outgoing links"), (0, 1), strict=True):
                widths = [1 for _ in self.layers] if log else _bin_widths(self.layers, side)
                for i, (layer, width) in enumerate(zip(self.layers, widths, strict=True)):
                    _draw_layer(axes, layer, side, width, curve_look(i), log, expected)
                _finish(axes, title, self.ends[1 - side], log, expected)
        return self._drawn_on(panels)


def distribution(degrees: NDArray[np.int64], width: int = 1) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the fraction of neurons per degree, in bins of `width` degrees.

    Returns
    -------
    edges : int64 (k + 1,)
        Bin i holds the degrees `edges[i]` to `edges[i + 1] - 1`, from the least to the greatest degree.
    fraction : float64 (k,)
        Fraction of the neurons in the bin, divided by `width`.
    """
    low, high = int(degrees.min()), int(degrees.max())
    edges = np.arange(low, high + width + 1, width)
    counts = np.bincount((degrees - low) // width, minlength=len(edges) - 1)
    return edges, counts / (len(degrees) * width)


def _bin_widths(layers: Sequence[LayerDegrees], side: int) -> list[int]:
    """Return the degrees in a bin of each layer; where links join groups, whole multiples of a group, alike for all."""
    spans = [int(np.ptp((layer.incoming, layer.outgoing)[side])) for layer in layers]
    steps = [layer.step for layer in layers]
    if max(steps) > 1:
        spans = [max(spans)] * len(spans)
    return [step * (1 + span // (step * MAX_STEPS)) for step, span in zip(steps, spans, strict=True)]


def _draw_layer(
    axes: Axes, layer: LayerDegrees, side: int, width: int, look: dict[str, Any], log: bool, expected: bool
) -> None:  # fmt: skip
    degrees, others = (layer.incoming, layer.outgoing) if side == 0 else (layer.outgoing, layer.incoming)
    edges, fraction = distribution(degrees, width)
    label, color = f"{layer.name}: mean {degrees.mean():.3g}", look["color"]
    if log:
        there = (edges[:-1] > 0) & (fraction > 0)
        axes.plot(edges[:-1][there], fraction[there], "o", color=color, markersize=4, alpha=0.8, label=label)
    else:
        axes.stairs(fraction, edges - 0.5, linewidth=1.6, label=label, **look)
        axes.axvline(degrees.mean(), color=color, linewidth=0.9, linestyle=":")
    if expected:
        _draw_binomial(axes, degrees, len(others), color, log)


def _draw_binomial(axes: Axes, degrees: NDArray[np.int64], n_others: int, color: str, log: bool) -> None:
    from scipy.stats import binom

    law = binom(n_others, degrees.mean() / n_others)
    k = np.arange(max(int(law.ppf(1e-4)), 1 if log else 0), int(law.ppf(1 - 1e-4)) + 1)
    axes.plot(k, law.pmf(k), "--", color=color, linewidth=1.2, alpha=0.8)


def _finish(axes: Axes, title: str, end: str, log: bool, expected: bool) -> None:
    axes.set(title=title, xlabel=f"links per {end}", ylabel=f"fraction of {end}s per degree")
    if log:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_ylim(0, axes.dataLim.y1 * (1.1 + 0.09 * (len(axes.get_legend_handles_labels()[1]) + expected)))
        count_axis(axes)
    handles, labels = axes.get_legend_handles_labels()
    if expected:
        handles.extend(axes.plot([], [], "--", color=INK, linewidth=1.2))
        labels.append("binomial (Erdős–Rényi)")
    axes.legend(handles, labels)
