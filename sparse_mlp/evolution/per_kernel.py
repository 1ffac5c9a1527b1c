"""Budgets of outputs: each kernel of a convolution loses a share of its links, and gets as many back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.evolution.regrowth import Positions
from sparse_mlp.evolution.removal import WeightedLinks, checked_weight, link_importance, share
from sparse_mlp.evolution.update import Mask
from sparse_mlp.kernels.dispatch import evolution_ops
from sparse_mlp.layers import Linked
from sparse_mlp.topology.sampling import sample_distinct

BUDGETS = ("layer", "kernel")


def kernel_budgets(*, budget: str = "layer") -> bool:
    """Tell whether each kernel has a budget of its own.

    Parameters
    ----------
    budget : {"layer", "kernel"}
        What keeps its number of links: each layer, or each kernel of a convolution and each neuron of another layer.
    """
    return check_choice("budget", budget, BUDGETS) == "kernel"


def remove_per_kernel(links: WeightedLinks, zeta: float, *, by: str = "magnitude", **_: object) -> Mask:
    """Remove from each output with n links the floor(zeta * n) that matter least.

    Parameters
    ----------
    links, zeta
        As in `removal.remove_by_magnitude`; so are the errors.
    by : {"magnitude", "sign", "importance"}
        What counts: the magnitude of a weight, the same for the weights of each sign by themselves, or
        `removal.link_importance` in the layer. Of equal links the first in row-major order go first.

    Notes
    -----
    Removal of CHT-Conv [Li2025].
    """
    weight, groups = checked_weight(links), links.structure.indices.astype(np.int64)
    if by == "sign":
        groups = 2 * groups + (weight >= 0)
    values = link_importance(links) if by == "importance" else np.abs(weight)
    sizes = np.bincount(groups, minlength=2 * links.structure.n_out if by == "sign" else links.structure.n_out)
    counts = np.array([share(zeta, size) for size in sizes.tolist()], np.int64)
    gone: Mask = evolution_ops().take_smallest_of_groups(values, groups, counts)
    return ~gone


def lost_by_kernel(layer: Linked, keep: Mask) -> NDArray[np.int64]:
    """Return how many links each output of a layer has lost, int64 (n_out,)."""
    return np.bincount(layer.structure.indices[~keep], minlength=layer.structure.n_out)


def check_rooms(layer: Linked, taken: Mask, counts: NDArray[np.int64], remedy: str = "") -> None:
    """Check that each output has free positions for its new links, those of the links in `taken` being closed.

    Raises
    ------
    InvalidInputError
        If one has too few.
    """
    structure, rows = layer.structure, layer.growable()
    rows = np.arange(structure.n_in) if rows is None else rows
    closed = structure.indices[taken & np.isin(structure.rows(), rows)]
    room = len(rows) - np.bincount(closed, minlength=structure.n_out)
    if (room < counts).any():
        output = int(np.argmax(room < counts))
        found = f"{room[output]} free positions for {counts[output]} new links of output {output} in layer {layer.name}"
        raise invalid(found, f"at least {counts[output]}", f"lower zeta or the density{remedy}")


def regrow_random_per_kernel(
    layer: Linked, keep: Mask, k: int, *, rng: np.random.Generator, exclude_removed: bool = False
) -> Positions:
    """Choose for each output as many new positions as it lost, uniformly at random among its absent ones.

    Parameters and errors are those of `set_rule.regrow_random`. Cost O(nnz + n_in + k).
    """
    structure, ops = layer.structure, evolution_ops()
    closed, counts = np.ones_like(keep) if exclude_removed else keep, lost_by_kernel(layer, keep)
    check_rooms(layer, closed, counts, ", or set exclude_removed=False" if exclude_removed else "")
    rows = layer.growable()
    rows = np.arange(structure.n_in) if rows is None else rows
    place = np.full(structure.n_in, -1)  # among the rows that may bear links
    place[rows] = np.arange(len(rows))
    taken = structure.select(closed).by_output
    grown = [np.empty(0, np.int64)]
    for output in np.flatnonzero(counts):
        present = place[taken.indices[taken.indptr[output] : taken.indptr[output + 1]]]
        present = present[present >= 0]
        ranks = sample_distinct(len(rows) - len(present), int(counts[output]), rng)
        grown.append(rows[ops.sample_absent(present, len(rows), ranks)] * structure.n_out + output)
    return np.sort(np.concatenate(grown))
