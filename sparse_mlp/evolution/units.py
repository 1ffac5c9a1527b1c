"""What a rule sees of a network: chains of layers that bear links, and how they feed each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sparse_mlp.layers import Linked


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


def layers_of(units: Sequence[EvolvingUnit]) -> list[Linked]:
    """Return the layers of all units in order."""
    return [layer for unit in units for layer in unit.layers]
