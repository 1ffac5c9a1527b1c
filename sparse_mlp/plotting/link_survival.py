"""How long links live: the share of the first links that is still alive after each topology update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import INK, count_axis, root_figure, single_axes, style


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
        """Read the counts from the records of kind "update" of one run.

        Raises
        ------
        InvalidInputError
            If the run made no topology update, or did not count the survivors.
        """
        updates = [record for record in records if record.get("kind") == "update" and record["layers"]]
        if not updates:
            raise invalid("no records of updates", "at least one", "a static or dense rule never updates")
        if not all("survivors_of_first" in layer for update in updates for layer in update["layers"]):
            raise invalid("an update without survivors_of_first", "a count in each layer's entry")
        names = tuple(str(layer["layer"]) for layer in updates[0]["layers"])
        first = np.array([layer["before"] for layer in updates[0]["layers"]], np.float64)
        counts = np.array([[layer["survivors_of_first"] for layer in u["layers"]] for u in updates], np.float64)
        alive: NDArray[np.float64] = np.vstack([np.ones(len(names)), counts / np.maximum(first, 1)]).T
        kept = np.array([1.0, *(1.0 - _removed_share(update["layers"]) for update in updates)])
        chance: NDArray[np.float64] = kept.cumprod(dtype=np.float64)
        return cls(names, alive, chance)

    def plot(self, ax: Axes | None = None, *, log_y: bool = False) -> Self:
        """Draw one curve for each layer and, dashed, what removal blind to age and weight would leave.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure by default.
        log_y : bool
            Whether the fraction stands on a logarithmic axis.
        """
        with style():
            axes = single_axes(ax, (6.0, 4.0))
            updates = np.arange(len(self.chance))
            for name, alive in zip(self.names, self.alive, strict=True):
                axes.plot(updates, np.where(alive > 0, alive, np.nan) if log_y else alive, label=name)
            axes.plot(updates, self.chance, "--", color=INK, linewidth=1.2, label="removal by chance")
            axes.set_xlabel("topology update")
            axes.set_ylabel("first links alive (fraction)")
            count_axis(axes)
            if log_y:
                axes.set_yscale("log")
            else:
                axes.set_ylim(0, 1.03)
            axes.legend()
        self.ax_, self.figure_ = axes, root_figure(axes)
        return self


def _removed_share(layers: Iterable[Mapping[str, Any]]) -> float:
    """Return which share of all links an update removed: zeta, but more where density decays, less at an early stop."""
    removed, before = (sum(layer[key] for layer in layers) for key in ("removed", "before"))
    return removed / max(before, 1)
