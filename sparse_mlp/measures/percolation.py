"""Percolation: which links of a net lie on a path from an input to an output."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import invalid
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.structure import SparseStructure

Mask = NDArray[np.bool_]


def percolate(
    structures: Sequence[SparseStructure],
    keep: Sequence[Mask] | None = None,
    *,
    backward: bool = True,
    forward: bool = True,
    backend: str | None = None,
) -> list[Mask]:
    """Keep only links on a path from the first layer's inputs to the last layer's outputs.

    Parameters
    ----------
    structures : sequence of SparseStructure
        From input to output, each feeding the next. All inputs of the first count as sources, all outputs of the last
        as goals (a dense read-out makes them so).
    keep : sequence of bool (nnz,), optional
        Links that are still there, per layer; all of them by default. The masks stay as they are.
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
        If a layer does not fit the next one, or a mask does not fit its layer.

    Notes
    -----
    Stage 2 of the update in the robustness paper [Sulyok2026], chain removal in CHT [Zhang2024]. One
    sweep each way is the fixed point: after the backward sweep a neuron with an in-link has an out-link, and the
    forward sweep takes out-links only from neurons without in-links. Cost O(nnz).

    Examples
    --------
    >>> first = SparseStructure.from_coo([0, 0, 1], [0, 1, 2], (2, 3))
    >>> second = SparseStructure.from_coo([0, 2], [0, 1], (3, 2))
    >>> third = SparseStructure.from_coo([0], [0], (2, 1))
    >>> [mask.tolist() for mask in percolate([first, second, third])]
    [[True, False, False], [True, False], [True]]
    """
    check_chain(structures)
    kept = [np.ones(s.nnz, bool) for s in structures] if keep is None else _checked(structures, keep)
    if backward:
        kept, _ = backward_sweeps(structures, kept, backend)
    if forward:
        kept, _ = forward_sweeps(structures, kept, backend)
    return kept


def backward_sweeps(
    structures: Sequence[SparseStructure], keep: Sequence[Mask], backend: str | None = None
) -> tuple[list[Mask], list[Mask]]:
    """Drop the links that lead to no output of the net, from the last layer to the first.

    Parameters
    ----------
    structures, keep, backend
        As in `percolate`, known to fit.

    Returns
    -------
    keep : list of bool (nnz,)
    leading : list of bool arrays
        For each column of neurons, input first, those with a kept link onwards; of the last column all.
    """
    ops, kept, leading = evolution_ops(backend), list(keep), [np.ones(s.n_out, bool) for s in structures[-1:]]
    for i in reversed(range(len(structures))):
        s = structures[i]
        kept[i], alive = ops.backward_sweep(s.indptr, s.indices, kept[i], leading[0])
        leading.insert(0, alive)
    return kept, leading


def forward_sweeps(
    structures: Sequence[SparseStructure], keep: Sequence[Mask], backend: str | None = None
) -> tuple[list[Mask], list[Mask]]:
    """Drop the links that no input of the net reaches, from the first layer to the last.

    Parameters
    ----------
    structures, keep, backend
        As in `percolate`, known to fit.

    Returns
    -------
    keep : list of bool (nnz,)
    reached : list of bool arrays
        For each column of neurons, input first, those with a kept link into them; of the first column all.
    """
    ops, kept, reached = evolution_ops(backend), list(keep), [np.ones(s.n_in, bool) for s in structures[:1]]
    for i, s in enumerate(structures):
        kept[i], alive = ops.forward_sweep(s.indptr, s.indices, kept[i], reached[-1], s.n_out)
        reached.append(alive)
    return kept, reached


def forms_chain(structures: Sequence[SparseStructure]) -> bool:
    """Tell whether each structure has as many outputs as the next one has inputs."""
    return all(here.n_out == following.n_in for here, following in pairwise(structures))


def check_chain(structures: Sequence[SparseStructure]) -> None:
    """Check that the layers feed each other."""
    if not forms_chain(structures):
        shapes = ", ".join(f"{s.n_in} x {s.n_out}" for s in structures)
        raise invalid(f"layers {shapes}", "a chain: each as wide as the inputs of the next")


def _checked(structures: Sequence[SparseStructure], keep: Sequence[Mask]) -> list[Mask]:
    masks = [np.asarray(mask, bool) for mask in keep]
    found, wanted = [mask.shape for mask in masks], [(s.nnz,) for s in structures]
    if found != wanted:
        raise invalid(f"keep masks of shapes {found}", f"of shapes {wanted}, one entry for each link")
    return masks
