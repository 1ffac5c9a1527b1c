"""One name per wiring: the registries of generators, and the two ways to call them.

A generator of layers is a function `(n_in, n_out, links, rng, **params) -> SparseStructure`, a generator of networks
one `(sizes, links, rng, **params) -> list[SparseStructure]`; registering it here is all that a new one needs. Either
returns exactly the links that it was asked for. One that looks at the training set has a parameter `data`: the inputs
for a layer, (inputs, target) for a network.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sparse_mlp.errors import InvalidInputError, check_choice, check_fraction, check_integer, check_options, invalid
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.correlated import correlated, correlated_network
from sparse_mlp.topology.dendritic import dendritic
from sparse_mlp.topology.erdos_renyi import erdos_renyi
from sparse_mlp.topology.ramanujan import ramanujan
from sparse_mlp.topology.receptive_field import receptive_field
from sparse_mlp.topology.scale_free import scale_free
from sparse_mlp.topology.small_world import small_world
from sparse_mlp.topology.snip import snip

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
NETWORK_GENERATORS: dict[str, NetworkGenerator] = {"correlated": correlated_network, "snip": snip}


def _takes_data(make: Callable[..., Any]) -> bool:
    return "data" in inspect.signature(make).parameters


TOPOLOGIES = tuple(dict.fromkeys([*GENERATORS, *NETWORK_GENERATORS]))
NEEDS_DATA = tuple(name for name in TOPOLOGIES if _takes_data({**GENERATORS, **NETWORK_GENERATORS}[name]))


def generate(
    name: str, n_in: int, n_out: int, density: float, *, rng: RandomState = None, **params: Any
) -> SparseStructure:
    """Make the wiring of a layer.

    Parameters
    ----------
    name : str
        One of `GENERATORS`.
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
        If the name or a parameter is unknown, a value is out of range, or data are missing.

    Examples
    --------
    >>> generate("erdos-renyi", 784, 1000, 0.01, rng=0)
    SparseStructure(784 x 1000, 7840 links, density 0.01)
    """
    if _known(name) not in GENERATORS:
        raise invalid(f"topology={name!r} for a single layer", "one of " + ", ".join(GENERATORS),
                      f"{name} wires whole networks: generate_network or SparseMLP(topology={name!r})")  # fmt: skip
    make = GENERATORS[name]
    check_options(f"topology {name}", make, params, skip=("n_in", "n_out", "links", "rng"))
    if _takes_data(make) and params.get("data") is None:
        raise _without_data(name, "data=inputs")
    n, m = check_integer("n_in", n_in), check_integer("n_out", n_out)
    links = round(check_fraction("density", density) * n * m)
    return make(n, m, links, as_generator(rng), **params)


def generate_network(
    name: str,
    sizes: Sequence[int],
    links: Sequence[int],
    *,
    rng: RandomState = None,
    data: tuple[Any, Any] | None = None,
    **params: Any,
) -> list[SparseStructure]:
    """Make the wirings of all sparse layers of a network.

    Parameters
    ----------
    name : str
        One of `TOPOLOGIES`.
    sizes : sequence of int
        Neurons of the input, of each hidden layer and of the output.
    links : sequence of int
        Of each sparse layer, from the input on, as `allocate` gives them; layers without a count are dense.
    rng : None, int or numpy.random.Generator
    data : (inputs, target), optional
        The training set: inputs float (n_samples, sizes[0]), and a target that may be None for "correlated". Topologies
        that are not in `NEEDS_DATA` ignore it, so that all can be called alike.
    **params
        What this generator takes beyond that.

    Returns
    -------
    list of SparseStructure
        One for each entry of `links`. They have these numbers of links; "snip" by its scope "global" only their sum.

    Raises
    ------
    InvalidInputError
        If the name or a parameter is unknown, a value is out of range, or data are missing or do not fit.

    Examples
    --------
    >>> generate_network("erdos-renyi", [4, 10, 3], [8], rng=0)
    [SparseStructure(4 x 10, 8 links, density 0.2)]
    """
    shapes = list(pairwise(check_integer("layer size", size) for size in sizes))
    if len(links) > len(shapes):
        raise invalid(f"links of {len(links)} layers", f"of at most {len(shapes)}, for the sizes {list(sizes)}")
    for count, (n, m) in zip(links, shapes, strict=False):
        if check_integer("links", count, minimum=0) > n * m:
            raise invalid(f"{count} links for the layer {n} x {m}", f"at most {n * m}")
    whole = NETWORK_GENERATORS.get(_known(name))
    make: Callable[..., Any] = whole or GENERATORS[name]
    given = ("sizes", "n_in", "n_out", "links", "rng", "data")
    check_options(f"topology {name}", make, params, skip=given)
    if _takes_data(make):
        params["data"] = _checked_pair(name, data, sizes[0])
    stream = as_generator(rng)
    if whole is not None:
        return whole(sizes, links, stream, **params)
    if "data" in params:
        params["data"] = params["data"][0]
    return [make(n, m, count, stream, **params) for (n, m), count in zip(shapes, links, strict=False)]


def _known(name: str) -> str:
    return check_choice("topology", name, dict.fromkeys([*GENERATORS, *NETWORK_GENERATORS]))


def _without_data(name: str, wanted: str) -> InvalidInputError:
    return invalid(f"topology={name!r} without data", f"called with {wanted}", f"{name} is made from the training set")


def _checked_pair(name: str, data: Any, n_features: int) -> tuple[Any, Any]:
    if data is None:
        raise _without_data(name, "data=(inputs, target)")
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise invalid(f"data of type {type(data).__name__}", "a pair (inputs, target)", "data=(x, y)")
    shape = np.shape(data[0])
    if len(shape) != 2 or shape[1] != n_features:
        raise invalid(f"data with inputs of shape {shape}", f"(n_samples, {n_features}), as the network takes them")
    return data[0], data[1]
