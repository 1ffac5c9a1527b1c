"""Links that lie on no path from an input to an output of the network do nothing: take them away."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from sparse_mlp import measures
from sparse_mlp.evolution.units import EvolvingUnit, layers_of
from sparse_mlp.evolution.update import Mask
from sparse_mlp.layers import Linked


def percolate(units: Sequence[EvolvingUnit], keep: Sequence[Mask]) -> list[Mask]:
    """Keep only links on a path from an input to an output of the network.

    Parameters
    ----------
    units : sequence of EvolvingUnit
        Each after its sources.
    keep : sequence of bool (nnz,)
        Links that are still there, for each layer of all units in order. The masks stay as they are.

    Returns
    -------
    list of bool (nnz,)
        One for each layer.

    Raises
    ------
    InvalidInputError
        If a layer does not fit the next one, a source its reader, or a mask its layer.

    Notes
    -----
    See `measures.percolate`. Paths are followed as `Linked.units` says: where links join motifs, over motifs, where
    they are taps, over channels. There a link stays if its units stay linked.
    """
    wirings = [layer.units() for layer in layers_of(units)]
    linked = [np.zeros(structure.nnz, bool) for structure, _ in wirings]
    for (_, unit_link), mask, units_linked in zip(wirings, keep, linked, strict=True):
        units_linked[unit_link[mask]] = True
    structures = iter(structure for structure, _ in wirings)
    chains = [
        measures.Chain(
            tuple(next(structures) for _ in unit.layers), unit.name, unit.turned, unit.sources, unit.ends, unit.alive
        )
        for unit in units
    ]
    left = measures.percolate(chains, linked)
    return [mask & stays[unit_link] for mask, stays, (_, unit_link) in zip(keep, left, wirings, strict=True)]


def warn_disconnected(layers: Sequence[Linked], keep: Sequence[Mask]) -> None:
    """Warn of each layer that has links but keeps none of them.

    Warns
    -----
    UserWarning
        Names the layer: no signal passes through it.
    """
    for layer, mask in zip(layers, keep, strict=True):
        if len(mask) and not np.any(mask):
            warnings.warn(
                f"layer {layer.name}: none of its {len(mask)} links lies on a path from input to output; "
                "raise the density or lower zeta",
                UserWarning,
                stacklevel=3,
            )
