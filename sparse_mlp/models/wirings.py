"""All topologies of networks by name: those of the room `topology`, and those that need the gradient of a network."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Sequence
from typing import Any

from sparse_mlp.models.snip import snip
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import GENERATORS, NETWORK_GENERATORS, generate_network

GRADIENT_WIRINGS: dict[str, Callable[..., Any]] = {"snip": snip}
WIRINGS: ChainMap[str, Callable[..., Any]] = ChainMap(GRADIENT_WIRINGS, NETWORK_GENERATORS, GENERATORS)


def wire(
    topology: str | Callable[..., Any], sizes: Sequence[int], links: Sequence[int], **options: Any
) -> list[SparseStructure]:
    """Make the wirings of all sparse layers of a network; see `topology.generate_network`, which knows not all names.

    Parameters
    ----------
    topology : str or callable
        One of `topology.TOPOLOGIES`, `module:name`, or a generator of layers or networks.
    sizes, links
        As in `generate_network`.
    **options
        `rng`, `data`, and what the generator takes.
    """
    make = GRADIENT_WIRINGS.get(topology, topology) if isinstance(topology, str) else topology
    return generate_network(make, sizes, links, **options)
