"""What a wiring is like: neurons that still take part, positions tried so far, links that came back."""

from __future__ import annotations

from sparse_mlp.measures.active_neurons import (
    active_by_links,
    active_by_paths,
    anp_by_links,
    anp_by_paths,
)
from sparse_mlp.measures.itop import EverActive
from sparse_mlp.measures.overlap import overlap
from sparse_mlp.measures.percolation import forms_chain, percolate

__all__ = [
    "EverActive",
    "active_by_links",
    "active_by_paths",
    "anp_by_links",
    "anp_by_paths",
    "forms_chain",
    "overlap",
    "percolate",
]
