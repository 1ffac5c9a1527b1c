"""Who connects to whom at the start: wirings, budgets of links and initial weights."""

from __future__ import annotations

from sparse_mlp.topology.allocation import allocate
from sparse_mlp.topology.epsilon import density_from_epsilon, epsilon_from_density
from sparse_mlp.topology.generate import (
    FROM_MODELS,
    GENERATORS,
    NEEDS_DATA,
    NETWORK_GENERATORS,
    TOPOLOGIES,
    generate,
    generate_network,
    needs_data,
)
from sparse_mlp.topology.initial_weights import INITIAL_WEIGHTS, initial_weights

__all__ = [
    "FROM_MODELS",
    "GENERATORS",
    "INITIAL_WEIGHTS",
    "NEEDS_DATA",
    "NETWORK_GENERATORS",
    "TOPOLOGIES",
    "allocate",
    "density_from_epsilon",
    "epsilon_from_density",
    "generate",
    "generate_network",
    "initial_weights",
    "needs_data",
]
