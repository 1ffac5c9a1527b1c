"""Which evolving layers feed which: what percolation must know of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sparse_mlp.layers.base import Layer
    from sparse_mlp.layers.linked import Linked


class Flow(NamedTuple):
    """What a place in the network gets its values from.

    Attributes
    ----------
    chains : tuple of int
        Chains of evolving layers whose outputs are added up here.
    alive : bool
        Whether all neurons here carry a signal whatever the wiring is: the network's input, or behind a dense layer.
    open : bool
        Whether the place is read by one layer alone, so that this one may continue the chain that ends here.
    """

    chains: tuple[int, ...] = ()
    alive: bool = True
    open: bool = False

    def shared(self) -> Flow:
        """Return the flow at a place that several layers read."""
        return self._replace(open=False)

    def __add__(self, other: Flow) -> Flow:  # type: ignore[override]
        return Flow(tuple(sorted({*self.chains, *other.chains})), self.alive or other.alive)


@dataclass
class Chain:
    """Evolving layers that feed each other, from the first to the last.

    Attributes
    ----------
    layers : list of Linked
    sources : tuple of int
        Chains whose outputs are added up at its input.
    alive : bool
        Whether all its inputs carry a signal whatever the sources do.
    ends : bool
        Whether all outputs of the last layer are read by something that does not evolve.
    turned : tuple of bool
        Whether each layer is passed from its outputs to its inputs; () for none.
    name : str
        Of the unit; empty where it follows from those of the layers.
    """

    layers: list[Linked]
    sources: tuple[int, ...]
    alive: bool
    ends: bool = False
    turned: tuple[bool, ...] = ()
    name: str = ""


@dataclass
class Trace:
    """The chains found so far, and the sparse layers that do not evolve, whose inputs and outputs may be dead."""

    chains: list[Chain] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)

    def evolving(self, layer: Linked, flow: Flow) -> Flow:
        """Take note of an evolving layer and return the flow behind it."""
        if flow.open and len(flow.chains) == 1:
            self.chains[flow.chains[0]].layers.append(layer)
            return flow
        self.chains.append(Chain([layer], flow.chains, flow.alive))
        return Flow((len(self.chains) - 1,), alive=False, open=True)

    def apart(self, name: str, layers: Sequence[Layer], turned: tuple[bool, ...] = ()) -> None:
        """Take note of layers that evolve as a unit of their own, since all their ends carry a signal in any case.

        Layers that bear no links, as in a dense network, are left out.
        """
        bearing: list[Any] = [layer for layer in layers if layer.bears_links]
        if bearing:
            self.chains.append(Chain(bearing, (), alive=True, ends=True, turned=turned, name=name))

    def read(self, flow: Flow) -> None:
        """Take note that something that does not evolve reads all neurons of a place."""
        for chain in flow.chains:
            self.chains[chain].ends = True
