"""Scores of the absent links of a layer as a heat map, its links black."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Patch, Rectangle
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import INK, NEUTRAL, POSITIVE, neuron_axes, root_figure, single_axes, style
from sparse_mlp.structure import SparseStructure

MAX_PRINTED = 12  # neurons a side up to which each score is printed
CHOSEN = "#EE7733"
SHADES = LinearSegmentedColormap.from_list("scores", ["white", POSITIVE])


@dataclass(eq=False, repr=False)
class ScoreMatrixDisplay(Display):
    """Hold the scores of all absent links of a layer.

    Attributes
    ----------
    scores : float64 (n_in, n_out)
        NaN where a link is present.
    method : str
        Name of the predictor; empty if it is not said.
    """

    scores: NDArray[np.float64]
    method: str = ""

    @classmethod
    def from_scores(cls, structure: SparseStructure, scores: ArrayLike, method: str = "") -> Self:
        """Take the scores that a predictor gave.

        `scores`, float (n_in, n_out), are as from `link_prediction.score_matrix`; values on present links are passed
        over.

        Raises
        ------
        InvalidInputError
            If the shapes differ, or a score of an absent link is negative or not finite.
        """
        values = np.array(scores, np.float64)
        if values.shape != structure.shape:
            raise invalid(f"scores of shape {values.shape}", f"the layer's shape {structure.shape}")
        values[structure.rows(), structure.indices] = np.nan
        absent = np.ones(structure.shape, bool)
        absent[structure.rows(), structure.indices] = False
        if not (np.isfinite(values[absent]).all() and (values[absent] >= 0).all()):
            raise invalid("a score that is negative or not finite", "finite numbers of at least 0")
        return cls(values, method)

    def plot(self, ax: Axes | None = None, *, chosen: tuple[ArrayLike, ArrayLike] | None = None) -> Self:
        """Draw the scores, the darker the higher; print them where the layer is small.

        Parameters
        ----------
        chosen : (rows, cols), optional
            Absent links to frame, such as those of `link_prediction.top_links`.

        Raises
        ------
        InvalidInputError
            If a chosen link is present.
        """
        ends: tuple[ArrayLike, ArrayLike] = chosen or ([], [])
        rows, cols = (np.asarray(end, np.int64) for end in ends)
        if np.isnan(self.scores[rows, cols]).any():
            raise invalid("a chosen link that is present", "absent links")
        with style():
            axes = single_axes(ax, self._size())
            n_in, n_out = self.scores.shape
            highest = float(np.nanmax(self.scores, initial=0.0)) or 1.0
            shades = SHADES.with_extremes(bad=INK)
            image = axes.imshow(
                np.ma.masked_invalid(self.scores), cmap=shades, vmin=0, vmax=highest, interpolation="nearest",
                aspect="equal" if max(n_in, n_out) <= 4 * min(n_in, n_out) else "auto",
            )  # fmt: skip
            if max(n_in, n_out) <= MAX_PRINTED:
                self._print_scores(axes, highest)
            for u, v in zip(rows, cols, strict=True):
                axes.add_patch(Rectangle((v - 0.46, u - 0.46), 0.92, 0.92, fill=False, edgecolor=CHOSEN, linewidth=2.4))
            self._label(axes)
            keys = [Patch(facecolor=INK, label="link")]
            if len(rows):
                keys.append(Patch(facecolor="none", edgecolor=CHOSEN, linewidth=2, label="chosen"))
            if ax is None:
                root_figure(axes).legend(handles=keys, loc="outside lower center", ncols=2)
            else:
                axes.legend(handles=keys, loc="upper right", bbox_to_anchor=(1.0, -0.12), ncols=2)
            root_figure(axes).colorbar(image, ax=axes, label="score", shrink=0.8, aspect=25)
        return self._drawn_on(axes)

    def _print_scores(self, axes: Axes, highest: float) -> None:
        n_in, n_out = self.scores.shape
        axes.set_xticks(np.arange(n_out + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(n_in + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="#DDDDDD", linewidth=0.8)
        axes.tick_params(which="minor", length=0)
        for (u, v), score in np.ndenumerate(self.scores):
            if not np.isnan(score):
                color = "white" if score > 0.6 * highest else NEUTRAL if score == 0 else INK
                axes.text(v, u, f"{score:.3g}", ha="center", va="center", fontsize=8, color=color)

    def _label(self, axes: Axes) -> None:
        neuron_axes(axes)
        absent = int(np.isfinite(self.scores).sum())
        of = f"{self.method}: " if self.method else ""
        axes.set_title(f"{of}{int((self.scores > 0).sum()):,} of {absent:,} absent links\nhave a score above 0")

    def _size(self) -> tuple[float, float]:
        n_in, n_out = self.scores.shape
        longest = max(n_in, n_out)
        side = min(6.5, 2.4 + 0.45 * longest)
        return max(3.4, side * n_out / longest) + 1.4, max(2.4, side * n_in / longest) + 1.3
