"""What a wiring is like: its shape as a graph, neurons that still take part, positions tried, links that came back."""

from __future__ import annotations

from sparse_mlp.measures.active_neurons import (
    active_by_links,
    active_by_paths,
    anp_by_links,
    anp_by_paths,
)
from sparse_mlp.measures.graph import network_graph
from sparse_mlp.measures.itop import EverActive
from sparse_mlp.measures.modularity import modularity
from sparse_mlp.measures.overlap import overlap
from sparse_mlp.measures.paths import characteristic_path_length, giant_component
from sparse_mlp.measures.percolation import forms_chain, percolate
from sparse_mlp.measures.repeated import Repeated
from sparse_mlp.measures.structural_consistency import structural_consistency

__all__ = [
    "EverActive",
    "Repeated",
    "active_by_links",
    "active_by_paths",
    "anp_by_links",
    "anp_by_paths",
    "characteristic_path_length",
    "forms_chain",
    "giant_component",
    "modularity",
    "network_graph",
    "overlap",
    "percolate",
    "structural_consistency",
]
