"""How long links live: the share of the first links that is still alive after each topology update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import INK, count_axis, single_axes, style
from sparse_mlp.plotting.wiring_course import layer_table, updates_of


@dataclass(eq=False, repr=False)
class LinkSurvivalDisplay(Display):
    """Hold how many of the links that a layer began with are left after each topology update.

    Attributes
    ----------
    names : tuple of str
        Names of the layers.
    alive : float64 (n_layers, n_updates + 1)
        Fraction of the first links alive; 1 before the first update.
    chance : float64 (n_updates + 1,)
        Fraction that would be alive if every link, old or new, were equally likely to go: the product of
        1 - removed / before over the updates, counted over all layers.
    """

    names: tuple[str, ...]
    alive: NDArray[np.float64]
    chance: NDArray[np.float64]

    @classmethod
    def from_history(cls, records: Iterable[Mapping[str, Any]]) -> Self:
        """Read the counts from the records of kind "update" of one run, as `updates_of` finds them."""
        names, updates = updates_of(records, ("survivors_of_first",))
        removed, before, left = (layer_table(updates, key) for key in ("removed", "before", "survivors_of_first"))
        alive = np.hstack([np.ones((len(names), 1)), left / np.maximum(before[:, :1], 1)])
        # zeta of the links go, but more where density decays, and fewer once a layer has stopped early.
        kept = 1.0 - removed.sum(axis=0) / np.maximum(before.sum(axis=0), 1)
        return cls(names, alive, np.cumprod([1.0, *kept]))

    def plot(self, ax: Axes | None = None, *, log_y: bool = False) -> Self:
        """Draw one curve for each layer and, dashed, what removal blind to age and weight would leave.

        Parameters
        ----------
        log_y : bool
            Whether the axis of the fraction is logarithmic.
        """
        with style():
            axes = single_axes(ax, (6.0, 4.0))
            updates = np.arange(len(self.chance))
            for name, alive in zip(self.names, self.alive, strict=True):
                axes.plot(updates, np.where(alive > 0, alive, np.nan) if log_y else alive, label=name)
            axes.plot(updates, self.chance, "--", color=INK, linewidth=1.2, label="removal by chance")
            axes.set(xlabel="topology update", ylabel="first links alive (fraction)")
            count_axis(axes)
            if log_y:
                axes.set_yscale("log")
            else:
                axes.set_ylim(0, 1.03)
            axes.legend()
        return self._drawn_on(axes)
