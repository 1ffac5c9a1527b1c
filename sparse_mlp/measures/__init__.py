"""What a wiring is like: its shape as a graph, neurons that still take part, positions tried, links that came back."""

from __future__ import annotations

from sparse_mlp.measures.active_neurons import (
    active_by_links,
    active_by_paths,
    anp_by_links,
    anp_by_paths,
)
from sparse_mlp.measures.clustering import clustering
from sparse_mlp.measures.coalescent_embedding import Embedding, coalescent_embedding
from sparse_mlp.measures.degree_distribution import DegreeDistribution, column_degrees, degree_distribution
from sparse_mlp.measures.graph import network_graph
from sparse_mlp.measures.itop import EverActive
from sparse_mlp.measures.lcp_correlation import lcp_correlation
from sparse_mlp.measures.modularity import modularity
from sparse_mlp.measures.overlap import overlap
from sparse_mlp.measures.paths import characteristic_path_length, giant_component
from sparse_mlp.measures.percolation import Chain, forms_chain, percolate
from sparse_mlp.measures.power_law import PowerLaw, p_value, power_law
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.measures.row_groups import group_rows
from sparse_mlp.measures.spectrum import ramanujan_bound, second_singular_value
from sparse_mlp.measures.structural_consistency import structural_consistency
from sparse_mlp.measures.wiring_measures import MEASURES, measure_wiring

__all__ = [
    "MEASURES",
    "Chain",
    "DegreeDistribution",
    "Embedding",
    "EverActive",
    "PowerLaw",
    "Repeated",
    "active_by_links",
    "active_by_paths",
    "anp_by_links",
    "anp_by_paths",
    "characteristic_path_length",
    "clustering",
    "coalescent_embedding",
    "column_degrees",
    "degree_distribution",
    "forms_chain",
    "giant_component",
    "group_rows",
    "lcp_correlation",
    "measure_wiring",
    "modularity",
    "network_graph",
    "overlap",
    "p_value",
    "percolate",
    "power_law",
    "ramanujan_bound",
    "second_singular_value",
    "structural_consistency",
]
