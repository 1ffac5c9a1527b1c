"""All measures of a wiring in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.errors import check_choice, check_integer
from sparse_mlp.measures.active_neurons import anp_by_paths
from sparse_mlp.measures.clustering import clustering
from sparse_mlp.measures.graph import Wiring, layers_of, network_graph
from sparse_mlp.measures.lcp_correlation import lcp_correlation
from sparse_mlp.measures.modularity import modularity
from sparse_mlp.measures.paths import characteristic_path_length, giant_component
from sparse_mlp.measures.power_law import power_law
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.measures.spectrum import ramanujan_bound, second_singular_value
from sparse_mlp.measures.structural_consistency import structural_consistency
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LARGE = 2000  # with more neurons structural consistency takes minutes: only for those who name it

MEASURES = {
    "neurons": "number of neurons",
    "links": "number of links",
    "density": "links / possible links",
    "giant-component": "fraction of the neurons in the largest connected component",
    "path-length": "L, mean number of links between two connected neurons",
    "modularity": "Q, links within groups of neurons beyond chance, by Newman's bisection",
    "structural-consistency": "sigma_c, share of removed links that the other links predict",
    "gamma": "exponent of the power law that fits the degrees best; 10, where the fit ends, says 10 or more",
    "clustering": "fraction of the paths of three links that are closed to a square",
    "lcp-correlation": "correlation of common neighbours and links among them, over the links",
    "second-singular-value": "of each layer; small where all inputs mix with all outputs",
    "ramanujan-bound": "of each layer; the second singular value of the best expanders",
    "active-neurons": "fraction of the neurons on a path from an input to an output",
    "mean-degree": "mean number of links of a neuron, in and out",
    "max-degree": "largest number of links of a neuron, in and out",
}


class _Network(NamedTuple):
    """A network as the measures look at it, and the random numbers of those that draw."""

    layers: list[SparseStructure]
    graph: csr_array
    degrees: NDArray[np.int64]
    repeats: int
    streams: list[np.random.Generator]


def affordable(names: Iterable[str], neurons: int) -> list[str]:
    """Return those of some measures that take seconds, not minutes, in a network of so many neurons."""
    return [name for name in names if neurons <= LARGE or name != "structural-consistency"]


def measure_wiring(
    structures: Wiring, *, repeats: int = 10, rng: RandomState = None, names: Iterable[str] | None = None
) -> dict[str, float | Repeated]:
    """Measure a layer or a whole network.

    Parameters
    ----------
    structures
        As in `measures.graph.layers_of`.
    repeats : int
        How often the measures that depend on chance are taken.
    rng : None, int or numpy.random.Generator
        Each of these has a separate stream: its values do not depend on which others are asked for.
    names : iterable of str, optional
        Which of `MEASURES`, in the wanted order; by default all, but in a network of more than 2000 neurons not the
        structural consistency, whose cost grows with their third power.

    Returns
    -------
    dict of str to float or Repeated
        `Repeated` for modularity and structural consistency. A measure that the wiring has not (gamma where all
        degrees are equal, paths where there is no link) is nan.

    Raises
    ------
    InvalidInputError
        If a name is unknown, or as in `measures.graph.layers_of`.

    Notes
    -----
    All layers together are one graph, as in [Muscoloni2018] and [Cerretti2025]. Only singular values belong to a layer:
    of a network with several, "second-singular-value" and "ramanujan-bound" come once for each, as
    "second-singular-value-1" for the first and so on.

    Examples
    --------
    >>> measure_wiring(SparseStructure.complete((2, 3)), names=["links", "path-length", "clustering"])
    {'links': 6.0, 'path-length': 1.4, 'clustering': 1.0}
    """
    layers = layers_of(structures)
    graph = network_graph(layers)
    streams = as_generator(rng).spawn(2)
    network = _Network(layers, graph, np.diff(graph.indptr), check_integer("repeats", repeats), streams)
    asked = affordable(MEASURES, graph.shape[0]) if names is None else names
    chosen = [check_choice("measure", name, MEASURES) for name in asked]
    found: dict[str, float | Repeated] = {}
    for name in chosen:
        if name in _OF_A_LAYER:
            suffixes = [f"-{k + 1}" for k in range(len(layers))] if len(layers) > 1 else [""]
            found |= {name + suffix: _OF_A_LAYER[name](s) for suffix, s in zip(suffixes, layers, strict=True)}
        else:
            value = _OF_A_NETWORK[name](network)
            found[name] = value if isinstance(value, Repeated) else float(value)
    return found


def _density(network: _Network) -> float:
    return sum(s.nnz for s in network.layers) / sum(s.n_in * s.n_out for s in network.layers)


def _gamma(network: _Network) -> float:
    distinct = np.unique(network.degrees[network.degrees > 0])
    return power_law(network.degrees).gamma if len(distinct) > 1 else float("nan")


_OF_A_LAYER: dict[str, Callable[[SparseStructure], float]] = {
    "second-singular-value": second_singular_value,
    "ramanujan-bound": ramanujan_bound,
}

_OF_A_NETWORK: dict[str, Callable[[_Network], float | Repeated]] = {
    "neurons": lambda network: network.graph.shape[0],
    "links": lambda network: network.graph.nnz // 2,
    "density": _density,
    "giant-component": lambda network: giant_component(network.graph),
    "path-length": lambda network: characteristic_path_length(network.graph),
    "modularity": lambda network: modularity(network.graph, repeats=network.repeats, rng=network.streams[0]),
    "structural-consistency": lambda network: structural_consistency(
        network.graph, repeats=network.repeats, rng=network.streams[1]
    ),
    "gamma": _gamma,
    "clustering": lambda network: clustering(network.layers),
    "lcp-correlation": lambda network: lcp_correlation(network.layers),
    "active-neurons": lambda network: anp_by_paths(network.layers),
    "mean-degree": lambda network: network.degrees.mean(),
    "max-degree": lambda network: network.degrees.max(),
}
