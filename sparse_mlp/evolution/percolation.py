"""Links that lie on no path from an input to an output of the net do nothing: take them away."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from sparse_mlp import measures
from sparse_mlp.evolution.update import Mask, WeightedLinks


def percolate(
    layers: Sequence[WeightedLinks],
    keep: Sequence[Mask],
    *,
    backward: bool = True,
    forward: bool = True,
    backend: str | None = None,
) -> list[Mask]:
    """Keep only links on a path from the first layer's inputs to the last layer's outputs.

    Parameters
    ----------
    layers : sequence of WeightedLinks
        From input to output, each feeding the next. All inputs of the first count as sources, all outputs of the last
        as goals (a dense read-out makes them so).
    keep : sequence of bool (nnz,)
        Links that are still there, per layer.
    backward : bool
        Sweep from the last layer to the first: drop links into neurons that lead nowhere.
    forward : bool
        Then sweep from the first to the last: drop links out of neurons that nothing reaches.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the result does not depend on it.

    Returns
    -------
    list of bool (nnz,)

    Raises
    ------
    InvalidInputError
        If a layer does not fit the next one.

    Notes
    -----
    Links between motifs form paths over motifs; the same ones over neurons, as each stands for all single links.

    Stage 2 of the update in the robustness paper [Sulyok2026], chain removal in CHT [Zhang2024]: see
    `measures.percolate`, which does the work.
    """
    structures = [layer.structure for layer in layers]
    return measures.percolate(structures, keep, backward=backward, forward=forward, backend=backend)


def warn_disconnected(layers: Sequence[WeightedLinks], keep: Sequence[Mask]) -> None:
    """Warn of each layer that has links but keeps none of them.

    Warns
    -----
    UserWarning
        Names the layer: no signal passes through it.
    """
    for layer, mask in zip(layers, keep, strict=True):
        if len(mask) and not np.any(mask):
            warnings.warn(
                f"layer {layer.name}: none of its {len(mask)} links found on a path from input to output; "
                "raise the density or lower zeta",
                UserWarning,
                stacklevel=3,
            )
