"""One name per wiring: the registries of generators, and the two ways to call them.

A generator of layers is a function `(n_in, n_out, links, rng, **params) -> SparseStructure` with n_in inputs, n_out
outputs, 0 to n_in * n_out links and a numpy.random.Generator; a generator of networks is one
`(sizes, links, rng, **params) -> list[SparseStructure]`. Either returns exactly the links that it was asked for.
One that looks at the training set has a parameter `data`: the inputs for a layer, (inputs, target) for a network.
Registering it here gives it a name; your own may also be handed over as a function, or named as `module:name`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sparse_mlp.errors import InvalidInputError, check_choice, check_fraction, check_integer, check_options, invalid
from sparse_mlp.plugins import find
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.correlated import correlated, correlated_network
from sparse_mlp.topology.dendritic import dendritic
from sparse_mlp.topology.erdos_renyi import erdos_renyi
from sparse_mlp.topology.ramanujan import ramanujan
from sparse_mlp.topology.receptive_field import receptive_field
from sparse_mlp.topology.scale_free import scale_free
from sparse_mlp.topology.small_world import small_world

Generator = Callable[..., SparseStructure]
NetworkGenerator = Callable[..., list[SparseStructure]]

GENERATORS: dict[str, Generator] = {
    "erdos-renyi": erdos_renyi,
    "correlated": correlated,
    "dendritic": dendritic,
    "receptive-field": receptive_field,
    "small-world": small_world,
    "scale-free": scale_free,
    "ramanujan": ramanujan,
}
# Those that see all layers at once; a layer's generator of the same name is not asked then.
NETWORK_GENERATORS: dict[str, NetworkGenerator] = {"correlated": correlated_network}

# Wirings that need the gradient of a network are made where networks are.
FROM_MODELS = {"snip": "sparse_mlp.models.snip"}

TOPOLOGIES = tuple(dict.fromkeys([*GENERATORS, *NETWORK_GENERATORS, *FROM_MODELS]))


def needs_data(topology: str | Generator | NetworkGenerator) -> bool:
    """Tell whether a topology looks at the training set."""
    return topology in FROM_MODELS or _takes_data(_found(topology, GENERATORS | NETWORK_GENERATORS))


def generate(
    name: str | Generator, n_in: int, n_out: int, density: float, *, rng: RandomState = None, **params: Any
) -> SparseStructure:
    """Make the wiring of a layer.

    Parameters
    ----------
    name : str or callable
        One of `GENERATORS`, `module:name`, or a generator of layers.
    n_in, n_out : int
        Neurons on either side.
    density : float
        Fraction of the possible links that is present, in (0, 1].
    rng : None, int or numpy.random.Generator
    **params
        What this generator takes beyond that; `data`, the training inputs (n_samples, n_features), for "correlated".

    Returns
    -------
    SparseStructure
        With exactly `round(density * n_in * n_out)` links.

    Raises
    ------
    InvalidInputError
        If the name or a parameter is unknown, a value is out of range, data are missing, or a generator of yours
        returns something else.

    Examples
    --------
    >>> generate("erdos-renyi", 784, 1000, 0.01, rng=0)
    SparseStructure(784 x 1000, 7840 links, density 0.01)
    """
    make, called = _found(name, GENERATORS), _called(name)
    if _wires_networks(make):
        raise invalid(f"topology {called} for a single layer", "a generator of layers", "generate_network takes it")
    check_options(f"topology {called}", make, params, skip=("n_in", "n_out", "links", "rng"))
    if _takes_data(make) and params.get("data") is None:
        raise _without_data(called, "data=inputs")
    n, m = check_integer("n_in", n_in), check_integer("n_out", n_out)
    links = round(check_fraction("density", density) * n * m)
    return _checked_layer(called, make(n, m, links, as_generator(rng), **params), (n, m), links)


def generate_network(
    name: str | Generator | NetworkGenerator, sizes: Sequence[int], links: Sequence[int], *, rng: RandomState = None,
    data: tuple[Any, Any] | None = None, **params: Any,
) -> list[SparseStructure]:  # fmt: skip
    """Make the wirings of all sparse layers of a network.

    Parameters
    ----------
    name : str or callable
        One of `TOPOLOGIES`, `module:name`, or a generator of layers or networks.
    sizes : sequence of int
        Neurons of the input, of each hidden layer and of the output.
    links : sequence of int
        Of each sparse layer, from the input on, as `allocate` gives them; layers without a count are dense.
    rng, **params
        As in `generate`.
    data : (inputs, target), optional
        The training set: inputs float (n_samples, sizes[0]), and a target that may be None for "correlated". Topologies
        that do not need data ignore it, so that all can be called alike.

    Returns
    -------
    list of SparseStructure
        One for each entry of `links`, with these numbers of links; a generator of networks of yours may share their
        sum out in another way.

    Raises
    ------
    InvalidInputError
        As `generate`, and if the data do not fit.

    Examples
    --------
    >>> generate_network("erdos-renyi", [4, 10, 3], [8], rng=0)
    [SparseStructure(4 x 10, 8 links, density 0.2)]
    """
    shapes = check_links(sizes, links)
    make, called = _found(name, GENERATORS | NETWORK_GENERATORS), _called(name)
    check_options(f"topology {called}", make, params, skip=("sizes", "n_in", "n_out", "links", "rng", "data"))
    pair = _checked_pair(called, data, sizes[0]) if _takes_data(make) else None
    stream = as_generator(rng)
    if _wires_networks(make):
        given = {"data": pair} if pair is not None else {}
        return _checked_network(called, make(sizes, links, stream, **given, **params), shapes, links)
    given = {"data": pair[0]} if pair is not None else {}
    return [
        _checked_layer(called, make(n, m, count, stream, **given, **params), (n, m), count)
        for (n, m), count in zip(shapes, links, strict=False)
    ]


def check_links(sizes: Sequence[int], links: Sequence[int]) -> list[tuple[int, int]]:
    """Return the shapes of all layers, or say which number of links a layer cannot have."""
    shapes = list(pairwise(check_integer("layer size", size) for size in sizes))
    if len(links) > len(shapes):
        raise invalid(f"links of {len(links)} layers", f"at most {len(shapes)}, for the sizes {list(sizes)}")
    for count, (n, m) in zip(links, shapes, strict=False):
        if check_integer("links", count, minimum=0) > n * m:
            raise invalid(f"{count} links for the layer {n} x {m}", f"at most {n * m}")
    return shapes


def _called(topology: str | Callable[..., Any]) -> str:
    """Return what messages call a topology."""
    return topology if isinstance(topology, str) else getattr(topology, "__qualname__", repr(topology))


def _found(topology: str | Callable[..., Any], known: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    if isinstance(topology, str) and ":" not in topology:
        check_choice("topology", topology, [*known, *FROM_MODELS])
        if topology in FROM_MODELS:
            where = f"{FROM_MODELS[topology]} makes it, and SparseMLP(topology={topology!r}) asks there"
            raise invalid(f"topology={topology!r}", "a wiring that needs no gradient of a network", where)
    make = find("topology", topology, known)
    if not callable(make):
        raise invalid(f"topology of type {type(make).__name__}", "a name or a function")
    return make


def _wires_networks(make: Callable[..., Any]) -> bool:
    return "sizes" in inspect.signature(make).parameters


def _takes_data(make: Callable[..., Any]) -> bool:
    return "data" in inspect.signature(make).parameters


def _checked_layer(name: str, found: Any, shape: tuple[int, int], links: int) -> SparseStructure:
    if not isinstance(found, SparseStructure):
        raise invalid(f"a {type(found).__name__} from topology {name}", "a SparseStructure")
    if found.shape != shape:
        raise invalid(f"a wiring of shape {found.shape} from topology {name}", f"{shape}")
    if found.nnz != links:
        raise invalid(f"{found.nnz} links from topology {name}", f"the {links} links that it was asked for")
    return found


def _checked_network(name: str, found: Any, shapes: Sequence[Any], links: Sequence[int]) -> list[SparseStructure]:
    layers = list(found) if isinstance(found, (list, tuple)) else None
    if layers is None or len(layers) != len(links):
        what = f"a {type(found).__name__}" if layers is None else f"{len(layers)} wirings"
        raise invalid(f"{what} from topology {name}", f"a list of {len(links)} wirings, one for each sparse layer")
    for layer, shape in zip(layers, shapes, strict=False):
        _checked_layer(name, layer, shape, getattr(layer, "nnz", 0))
    if sum(layer.nnz for layer in layers) != sum(links):
        total = sum(layer.nnz for layer in layers)
        raise invalid(f"{total} links from topology {name}", f"the {sum(links)} links that it was asked for")
    return layers


def _without_data(name: str, wanted: str) -> InvalidInputError:
    return invalid(f"no data for topology {name}", wanted, "it is made from the training set")


def _checked_pair(name: str, data: Any, n_features: int) -> tuple[Any, Any]:
    if data is None:
        raise _without_data(name, "data=(inputs, target)")
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise invalid(f"data of type {type(data).__name__}", "a pair (inputs, target)", "data=(x, y)")
    shape = np.shape(data[0])
    if len(shape) != 2 or shape[1] != n_features:
        raise invalid(f"data with inputs of shape {shape}", f"(n_samples, {n_features}), as the network takes them")
    return data[0], data[1]


NEEDS_DATA = tuple(name for name in TOPOLOGIES if needs_data(name))
