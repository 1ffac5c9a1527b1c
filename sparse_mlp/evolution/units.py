"""What a rule sees of a network: chains of layers that bear links, and how they feed each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sparse_mlp.layers import Linked
from sparse_mlp.measures import anp_by_links, anp_by_paths
from sparse_mlp.structure import SparseStructure


class EvolvingUnit(NamedTuple):
    """A chain of layers for percolation: each feeds the next.

    Attributes
    ----------
    name : str
    layers : tuple of Linked
        From the unit's input to its output.
    turned : tuple of bool
        Whether each layer is passed from its outputs to its inputs, as the key projection of attention is, since query
        and key meet at their outputs; () for none.
    sources : tuple of str
        Names of earlier units whose outputs are added into this unit's input, as in a residual stream; () if all its
        inputs are alive, whatever happens elsewhere.
    ends : bool
        Whether each output leads on by itself, because a dense layer or the output of the network reads it. Otherwise
        an output leads on only through later units that name this one among their sources.
    alive : bool
        Whether all inputs are alive although there are sources: the stream begins at the network's input or behind a
        dense layer.

    Examples
    --------
    Two units that read the same stream; what the first adds to it is read by the second alone:

    >>> first = EvolvingUnit("block1", (), ends=False)
    >>> second = EvolvingUnit("block2", (), sources=("block1",))
    """

    name: str
    layers: tuple[Linked, ...]
    turned: tuple[bool, ...] = ()
    sources: tuple[str, ...] = ()
    ends: bool = True
    alive: bool = False


def one_chain(layers: Sequence[Linked], name: str = "chain") -> tuple[EvolvingUnit]:
    """Return layers that feed each other, from input to output, as the only unit of a network."""
    return (EvolvingUnit(name, tuple(layers)),)


def active_rates(
    units: Sequence[EvolvingUnit], structures: Mapping[str, SparseStructure] | None = None
) -> dict[str, float]:  # fmt: skip
    """Return the shares of active neurons of units, by two definitions, `anp_by_links` and `anp_by_paths`.

    Parameters
    ----------
    units : sequence of EvolvingUnit
    structures : mapping of str to SparseStructure, optional
        Wirings of layers by name, where they are not those of now; units that are not whole in it are left out.

    Returns
    -------
    dict of str to float
        Of all units together, weighted by their neurons; empty if there are none.
    """
    whole = [unit for unit in units if structures is None or {layer.name for layer in unit.layers} <= structures.keys()]
    chains = [_wirings(unit, structures) for unit in whole]
    neurons = [chain[0].n_in + sum(structure.n_out for structure in chain) for chain in chains]
    return {
        name: sum(n * share(chain) for n, chain in zip(neurons, chains, strict=True)) / sum(neurons)
        for name, share in (("anp_by_links", anp_by_links), ("anp_by_paths", anp_by_paths)) if chains
    }


def _wirings(unit: EvolvingUnit, structures: Mapping[str, SparseStructure] | None) -> list[SparseStructure]:
    """Return the wirings of a unit as signals pass them: those that are turned from their outputs to their inputs."""
    found = [layer.units(None if structures is None else structures[layer.name])[0] for layer in unit.layers]
    turned = unit.turned or (False,) * len(found)
    return [
        SparseStructure.from_coo(wiring.indices, wiring.rows(), (wiring.n_out, wiring.n_in)) if turns else wiring
        for wiring, turns in zip(found, turned, strict=True)
    ]


def layers_of(units: Sequence[EvolvingUnit]) -> list[Linked]:
    """Return the layers of all units in order."""
    return [layer for unit in units for layer in unit.layers]
