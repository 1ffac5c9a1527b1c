"""The attention of a sentence: which source words were read to predict each word of its translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.plotting._display import Display
from sparse_mlp.plotting._style import root_figure, single_axes, style
from sparse_mlp.plotting.score_matrix import SHADES


@dataclass(eq=False, repr=False)
class AttentionDisplay(Display):
    """Hold how much of each source word was read.

    Attributes
    ----------
    weights : float64 (words, source words)
        Each row adds up to 1.
    source, target : tuple of str
        The words, with their end marks.
    title : str
    """

    weights: NDArray[np.float64]
    source: tuple[str, ...]
    target: tuple[str, ...]
    title: str = ""

    @classmethod
    def from_weights(
        cls, weights: ArrayLike, source: Sequence[str], target: Sequence[str], title: str = ""
    ) -> Self:  # fmt: skip
        """Take the attention of a pair, as `SparseTransformer.attention` gives it: (heads, words, source words).

        Raises
        ------
        InvalidInputError
            If there is another number of words.
        """
        found = np.asarray(weights, np.float64)
        if found.ndim != 3 or found.shape[1:] != (len(target), len(source)):
            wanted = f"(heads, {len(target)}, {len(source)}), a row for each word of the translation"
            raise invalid(f"attention of shape {found.shape}", wanted)
        return cls(found.mean(axis=0), tuple(source), tuple(target), title)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the mean over the heads, the darker the more."""
        with style():
            size = 2.2 + 0.32 * len(self.source), 1.7 + 0.28 * len(self.target)
            axes = single_axes(ax, size)
            image = axes.imshow(self.weights, cmap=SHADES, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
            axes.set_xticks(range(len(self.source)), self.source, rotation=60, ha="right", rotation_mode="anchor")
            axes.set_yticks(range(len(self.target)), self.target)
            axes.tick_params(length=0)
            axes.set(xlabel="source", ylabel="predicted word")
            axes.set_title(self.title)
            bar = root_figure(axes).colorbar(image, ax=axes, label="attention, mean over heads", shrink=0.8, aspect=25)
            bar.outline.set_visible(False)
        return self._drawn_on(axes)
