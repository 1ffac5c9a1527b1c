"""Links that lie on no path from an input to an output of the network do nothing: take them away."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sparse_mlp import measures
from sparse_mlp.evolution.units import EvolvingUnit, layers_of
from sparse_mlp.evolution.update import Mask
from sparse_mlp.layers import Linked
from sparse_mlp.structure import SparseStructure


def percolate(units: Sequence[EvolvingUnit], keep: Sequence[Mask]) -> list[Mask]:
    """Keep only links on a path from an input to an output of the network.

    Parameters
    ----------
    units : sequence of EvolvingUnit
        Each after its sources.
    keep : sequence of bool (nnz,)
        Links that are still there, for each layer of all units in order; so is the result. The masks stay as they are.

    Raises
    ------
    InvalidInputError
        If a layer does not fit the next one, a source its reader, or a mask its layer.

    Notes
    -----
    See `measures.percolate`. Paths are followed as `Linked.units` says: where links join motifs, over motifs, where
    they are taps, over channels. There a link stays if its units stay linked.
    """
    layers = layers_of(units)
    wirings = [layer.units() for layer in layers]
    linked = [_of_units(*wiring, layer, mask) for wiring, layer, mask in zip(wirings, layers, keep, strict=True)]
    structures = iter(structure for structure, _ in wirings)
    chains = [
        measures.Chain(
            tuple(next(structures) for _ in unit.layers), unit.name, unit.turned, unit.sources, unit.ends, unit.alive
        )
        for unit in units
    ]
    left = measures.percolate(chains, linked)
    return [
        stays if structure is layer.structure else mask & stays[unit_link]
        for layer, mask, stays, (structure, unit_link) in zip(layers, keep, left, wirings, strict=True)
    ]


def _of_units(structure: SparseStructure, unit_link: NDArray[np.int64], layer: Linked, keep: Mask) -> Mask:
    """Return which units are linked by a link that is kept."""
    if structure is layer.structure:
        return keep
    linked = np.zeros(structure.nnz, bool)
    linked[unit_link[keep]] = True
    return linked


def warn_disconnected(layers: Sequence[Linked], keep: Sequence[Mask]) -> None:
    """Warn of each layer that has links but keeps none of them: no signal passes through it."""
    for layer, mask in zip(layers, keep, strict=True):
        if len(mask) and not np.any(mask):
            warnings.warn(
                f"layer {layer.name}: none of its {len(mask)} links lies on a path from input to output; "
                "raise the density or lower zeta",
                UserWarning,
                stacklevel=3,
            )
