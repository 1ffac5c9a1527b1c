"""Accuracy of trained networks as links are removed or weights disturbed, by data set and method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.plotting import panels
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import NEUTRAL, grid

PRUNING = {  # name: words, colour; in the order of the legend
    "reverse-weight-order": ("reverse-weight-order: smallest |w| removed first", "#CC3311"),
    "random-pruning": ("random-pruning: removed at random", "#009E73"),
    "weight-order": ("weight-order: largest |w| removed first", NEUTRAL),
}
NOISE = {
    "weight-shuffling": ("weight-shuffling: weights exchanged", "#882299"),
    "weight-modification": ("weight-modification: noise added", "#33BBEE"),
}
KNOWN_LINES: dict[str, Any] = {"ch3l3": panels.LINES[0], "rlr": panels.LINES[1]}

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(eq=False, repr=False)
class _PerturbationDisplay(Display):
    """Hold accuracies of networks.

    Attributes
    ----------
    curves : dict
        Data set → method → perturbation → (strengths float64 (s,), accuracy float64 (networks, s)).
    """

    curves: dict[str, dict[str, dict[str, Curve]]]

    looks: ClassVar[Mapping[str, tuple[str, str]]]
    xlabel: ClassVar[str]

    @classmethod
    def from_curves(cls, curves: Mapping[str, Mapping[str, Mapping[str, tuple[ArrayLike, ArrayLike]]]]) -> Self:
        """Take strengths and accuracies.

        Parameters
        ----------
        curves : mapping
            Data set → method → perturbation → (strengths, accuracy): float (s,), ascending, and float (networks, s),
            means over the draws of each network; one row of numbers is one network. The perturbations are those of
            `robustness.PERTURBATIONS`; those that this figure does not show are passed over.

        Raises
        ------
        InvalidInputError
            If there is nothing to show, a perturbation is unknown, or shapes do not fit.
        """
        if not curves or not all(curves.values()):
            raise invalid("no curves of a data set", "a mapping: data set, then method, then perturbation")
        return cls({
            data: {method: cls._read(f"{method} on {data}", given) for method, given in methods.items()}
            for data, methods in curves.items()
        })  # fmt: skip

    @classmethod
    def _read(cls, whose: str, given: Mapping[str, tuple[ArrayLike, ArrayLike]]) -> dict[str, Curve]:
        for name in given:
            check_choice("perturbation", name, (*PRUNING, *NOISE))
        shown: dict[str, Curve] = {}
        for name in (name for name in cls.looks if name in given):
            x, y = np.asarray(given[name][0], np.float64), np.atleast_2d(np.asarray(given[name][1], np.float64))
            if x.shape != y.shape[1:] or not (np.diff(x) > 0).all() or not np.isfinite(y).all():
                found = f"strengths of shape {x.shape} and accuracies of shape {y.shape} for {name} of {whose}"
                raise invalid(found, "ascending strengths (s,) and finite accuracies (networks, s)")
            shown[name] = x, y
        if not shown:
            raise invalid(f"{', '.join(given) or 'no perturbation'} for {whose}", f"some of {', '.join(cls.looks)}")
        return shown

    def plot(self, ax: Axes | Sequence[Axes] | None = None, *, band: bool = True) -> Self:
        """Draw a panel for each data set: a mean over networks for each method and perturbation.

        Colours tell the perturbations, line styles the methods.

        Parameters
        ----------
        ax : sequence of Axes, optional
            One for each data set; a new figure by default.
        band : bool
            Whether to shade one standard deviation (of the sample, ``ddof=1``) of the networks to either side.
        """
        lines = panels.method_looks(panels.methods_of(self.curves), KNOWN_LINES, panels.LINES)
        every = [curve for found in self.curves.values() for curves in found.values() for curve in curves.values()]
        first, last = (end(float(end(x)) for x, _ in every) for end in (min, max))

        def draw(axes: Axes, dataset: str) -> None:
            found = self.curves[dataset]
            for name, (_, color) in self.looks.items():
                for method in (m for m in lines if name in found.get(m, {})):
                    x, rows = found[method][name]
                    mean, look = rows.mean(axis=0), {"color": color, "linestyle": lines[method]}
                    axes.plot(x, mean, linewidth=1.4, marker="o" if len(x) == 1 else "", **look)
                    if band and len(rows) > 1:
                        half = rows.std(axis=0, ddof=1)
                        axes.fill_between(x, mean - half, mean + half, color=color, alpha=0.13, linewidth=0)
            axes.set(xlim=(first, last if last > first else first + 1), ylim=(0, 1.02))
            grid(axes)

        shown = {name for found in self.curves.values() for curves in found.values() for name in curves}
        colors = {words: {"color": c, "linewidth": 3} for name, (words, c) in self.looks.items() if name in shown}
        networks = {
            data: {method: next(iter(curves.values()))[1] for method, curves in found.items()}
            for data, found in self.curves.items()
        }
        keys = panels.line_keys({panels.with_count(networks, m): {"linestyle": line} for m, line in lines.items()})
        if band and max(len(rows) for _, rows in every) > 1:
            keys.append(panels.band_key("mean ± one standard deviation"))
        figure = panels.PanelsDisplay(list(self.curves), draw, xlabel=self.xlabel, ylabel="test accuracy", keys=keys,
                                      upper_keys=panels.line_keys(colors))  # fmt: skip
        return self._drawn_on(figure.plot(ax).ax_)


class PruningCurvesDisplay(_PerturbationDisplay):
    """Hold accuracies over the fraction of links that were removed.

    Notes
    -----
    Figure 4 of [Sulyok2026], means over 32 networks: CH3L3 solid, random link regrowth dashed; reverse weight-order
    red, random pruning green, weight-order grey. The bands are ours.
    """

    looks = PRUNING
    xlabel = "fraction of links removed"


class NoiseCurvesDisplay(_PerturbationDisplay):
    """Hold accuracies over the strength with which weights were shuffled or disturbed.

    Notes
    -----
    Figure 5 of [Sulyok2026]: CH3L3 solid, random link regrowth dashed; shuffling purple, modification light blue.
    The strength is the width of a bin in parts of the weights' range, or the noise's standard deviation in mean
    magnitudes. The bands are ours.
    """

    looks = NOISE
    xlabel = "strength of the perturbation"
