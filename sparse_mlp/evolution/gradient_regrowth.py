"""New links where the loss falls fastest: by the gradient that absent links would have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.evolution.regrowth import Positions, check_room
from sparse_mlp.evolution.update import LayerSignals, Mask, WeightedLinks
from sparse_mlp.kernels.blas import BLOCK, matmul
from sparse_mlp.kernels.dispatch import evolution_ops

ENTRIES_AT_ONCE = 2**20  # of the dense gradient; 4 MB in single precision


def regrow_by_gradient(
    layer: WeightedLinks,
    keep: Mask,
    k: int,
    rng: np.random.Generator,
    signals: LayerSignals | None = None,
    *,
    backend: str | None = None,
) -> Positions:
    """Choose the k absent positions where the gradient of the loss by the weight is largest in magnitude.

    Parameters
    ----------
    layer : WeightedLinks
        Still with the wiring from before the update.
    keep : bool (nnz,)
        Links that stay. Positions of the others are as good as any absent one.
    k : int
        How many to grow.
    rng : numpy.random.Generator
        For the likeness of all regrowths; the gradient alone decides.
    signals : (float (n_in, batch), float (n_out, batch))
        Inputs of the layer and gradients of the loss by its outputs. Where a link has a block of m * m weights, m rows
        for each input and output of the wiring.
    backend : str, optional
        As in `kernels.dispatch.choose_backend`; the product is BLAS's in any case.

    Returns
    -------
    int64 (k,)
        Ascending row-major positions. Of equal gradients the first in row-major order comes first.

    Raises
    ------
    InvalidInputError
        If signals are missing, do not fit or are not finite, or fewer than k positions are absent.

    Notes
    -----
    Growth of RigL [Evci2020]. The dense gradient is inputs @ deltas.T; it is made some rows at a time, and only the
    best k of what was seen are remembered. Cost O(n_in * n_out * batch). A block of gradients counts by its Frobenius
    norm; of a weight that single links share the gradient is their sum, since its signals are summed over motifs.
    """
    inputs, deltas, m = _checked(layer, signals)
    ops, structure, taken = evolution_ops(backend), layer.structure, layer.structure.keys()[keep]
    check_room(layer, structure.n_in * structure.n_out - len(taken), k)
    height = max(BLOCK, ENTRIES_AT_ONCE // (structure.n_out * m * m) // BLOCK * BLOCK)
    best, magnitude = np.zeros(0, np.int64), np.zeros(0, np.result_type(inputs, deltas))
    for start in range(0, structure.n_in, height):
        gradient = _magnitudes(matmul(inputs[start * m : (start + height) * m], deltas.T), m)
        if not np.all(np.isfinite(gradient)):
            raise invalid(f"gradient of layer {layer.name} that is not finite", "finite", "training has diverged")
        first = start * structure.n_out
        begin, end = np.searchsorted(taken, [first, first + len(gradient)])
        gradient[taken[begin:end] - first] = -1.0
        here = np.flatnonzero(ops.take_largest(gradient, min(k, len(gradient) - int(end - begin))))
        best, magnitude = np.concatenate((best, first + here)), np.concatenate((magnitude, gradient[here]))
        largest = ops.take_largest(magnitude, min(k, len(magnitude)))
        best, magnitude = best[largest], magnitude[largest]
    return best


def _magnitudes(gradient: NDArray[Any], m: int) -> NDArray[Any]:
    """Return the magnitude of each link's gradient, flat: of a number, or of a block of m * m numbers."""
    if m == 1:
        return np.abs(gradient).ravel()
    n_in, n_out = gradient.shape
    blocks = np.square(gradient).reshape(n_in // m, m, n_out // m, m)
    return np.sqrt(blocks.sum(axis=(1, 3))).ravel()


def _checked(layer: WeightedLinks, signals: LayerSignals | None) -> tuple[NDArray[Any], NDArray[Any], int]:
    if signals is None:
        raise invalid(f"layer {layer.name} without a batch's signals", "given its inputs and deltas")
    inputs, deltas = signals
    n_in, n_out = layer.structure.shape
    m = max(1, inputs.shape[0] // n_in)
    if inputs.shape[0] != m * n_in or deltas.shape[0] != m * n_out or inputs.shape[1:] != deltas.shape[1:]:
        found = f"signals of shapes {inputs.shape} and {deltas.shape} in layer {layer.name}"
        raise invalid(found, f"({n_in}, batch) and ({n_out}, batch), or as many times that in both")
    if not (np.all(np.isfinite(inputs)) and np.all(np.isfinite(deltas))):
        raise invalid(f"signals of layer {layer.name} that are not finite", "finite", "training has diverged")
    return inputs, deltas, m
