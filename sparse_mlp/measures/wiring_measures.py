"""All measures of a wiring in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from sparse_mlp.errors import check_choice, check_integer
from sparse_mlp.measures.active_neurons import anp_by_paths
from sparse_mlp.measures.clustering import clustering
from sparse_mlp.measures.graph import Wiring, column_sizes, layers_of, network_graph
from sparse_mlp.measures.lcp_correlation import lcp_correlation
from sparse_mlp.measures.modularity import modularity
from sparse_mlp.measures.paths import characteristic_path_length, giant_component
from sparse_mlp.measures.power_law import power_law
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.measures.spectrum import ramanujan_bound, second_singular_value
from sparse_mlp.measures.structural_consistency import structural_consistency
from sparse_mlp.rng import RandomState, as_generator
from sparse_mlp.structure import SparseStructure

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
    measures = _measures(layers, check_integer("repeats", repeats), *as_generator(rng).spawn(2))
    asked = affordable(MEASURES, sum(column_sizes(layers))) if names is None else names
    found: dict[str, float | Repeated] = {}
    for name in [check_choice("measure", name, MEASURES) for name in asked]:
        if name in _OF_A_LAYER:
            suffixes = [f"-{k + 1}" for k in range(len(layers))] if len(layers) > 1 else [""]
            found |= {name + suffix: _OF_A_LAYER[name](s) for suffix, s in zip(suffixes, layers, strict=True)}
        else:
            value = measures[name]()
            found[name] = value if isinstance(value, Repeated) else float(value)
    return found


_OF_A_LAYER: dict[str, Callable[[SparseStructure], float]] = {
    "second-singular-value": second_singular_value,
    "ramanujan-bound": ramanujan_bound,
}


def _measures(
    layers: list[SparseStructure], repeats: int, first: np.random.Generator, second: np.random.Generator
) -> dict[str, Callable[[], float | Repeated]]:
    """Return what measures the network as a whole, by name; the generators are of the two measures that draw."""
    graph = network_graph(layers)
    degrees = np.diff(graph.indptr)

    def gamma() -> float:
        return power_law(degrees).gamma if len(np.unique(degrees[degrees > 0])) > 1 else float("nan")

    return {
        "neurons": lambda: graph.shape[0],
        "links": lambda: graph.nnz // 2,
        "density": lambda: sum(s.nnz for s in layers) / sum(s.n_in * s.n_out for s in layers),
        "giant-component": lambda: giant_component(graph),
        "path-length": lambda: characteristic_path_length(graph),
        "modularity": lambda: modularity(graph, repeats=repeats, rng=first),
        "structural-consistency": lambda: structural_consistency(graph, repeats=repeats, rng=second),
        "gamma": gamma,
        "clustering": lambda: clustering(layers),
        "lcp-correlation": lambda: lcp_correlation(layers),
        "active-neurons": lambda: anp_by_paths(layers),
        "mean-degree": lambda: degrees.mean(),
        "max-degree": lambda: degrees.max(),
    }
