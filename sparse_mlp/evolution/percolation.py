"""Links that lie on no path from an input to an output of the net do nothing: take them away."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sparse_mlp import measures
from sparse_mlp.errors import invalid
from sparse_mlp.evolution.update import EvolvingLayer, Mask


def percolate(
    layers: Sequence[EvolvingLayer],
    keep: Sequence[Mask],
    *,
    backward: bool = True,
    forward: bool = True,
    backend: str | None = None,
) -> list[Mask]:
    """Keep only links on a path from the first layer's inputs to the last layer's outputs.

    Parameters
    ----------
    layers : sequence of EvolvingLayer
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
    Stage 2 of the update in the robustness paper [Sulyok2026], chain removal in CHT [Zhang2024]: see
    `measures.percolate`, which does the work; this one names the layers that do not fit.
    """
    _check_chain(layers)
    structures = [layer.structure for layer in layers]
    return measures.percolate(structures, keep, backward=backward, forward=forward, backend=backend)


def warn_disconnected(layers: Sequence[EvolvingLayer], keep: Sequence[Mask]) -> None:
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


def _check_chain(layers: Sequence[EvolvingLayer]) -> None:
    for here, following in pairwise(layers):
        if here.structure.n_out != following.structure.n_in:
            found = f"layer {here.name} with {here.structure.n_out} outputs before layer {following.name}"
            wanted = f"as wide as the {following.structure.n_in} inputs of that layer"
            raise invalid(found, wanted, "percolation needs layers that feed each other; percolate=False does not")
