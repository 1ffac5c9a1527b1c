"""Compile ahead what training needs, so that no run has to wait and no two workers compile the same."""

from __future__ import annotations

import itertools
from time import perf_counter
from typing import Any

import numpy as np

SAMPLES = 256


def warm_up() -> float:
    """Compile the kernels that training in float32 needs, and return the seconds that it took.

    Notes
    -----
    Numba compiles for the types that a kernel is called with, and other kernels serve small and large networks, single
    and several groups of a batch, networks with dropout and motifs. So tiny jobs of all these kinds are trained.
    """
    began = perf_counter()
    x, classes = _samples(), np.arange(SAMPLES) % 3
    for optimizer in ("sgd", "adam"):
        _train([20, 30, 30, 3], x, classes, 0.2, rule="set", optimizer=optimizer, batch_size=32)
        _train([20, 300, 300, 3], x, classes, 0.5, rule="rlr", optimizer=optimizer, batch_size=128)
    _train([20, 30, 30, 3], x, np.eye(3, dtype=np.float32)[classes], 0.2, rule="set", batch_size=128)
    for activation in ("relu", "leaky-relu", "sigmoid", "tanh"):
        _train([20, 30, 30, 3], x, classes, 0.2, rule="set", batch_size=32, dropout=0.2, activation=activation)
    for mode in ("shared", "block"):
        for size, batch_size in itertools.product((2, 4), (32, 128)):
            _train(
                [20, 40, 40, 4], x, classes, 0.2, rule="set", batch_size=batch_size, motif_size=size, motif_mode=mode
            )
    for rule in ("ch3l3", "chts", "rigl"):
        _train([20, 30, 30, 3], x, classes, 0.2, rule=rule, batch_size=32)
    return perf_counter() - began


def _samples() -> Any:
    return np.random.default_rng(0).random((SAMPLES, 20), np.float32)


def _train(
    sizes: list[int], x: Any, target: Any, density: float, *, rule: str, optimizer: str = "sgd", batch_size: int,
    **network: Any,
) -> None:  # fmt: skip
    from sparse_mlp.evolution import make_rule
    from sparse_mlp.models import SparseMLP
    from sparse_mlp.training import Trainer

    model = SparseMLP(sizes, density=density, rng=0, backend="numba", **network)
    percolate = {"percolate": True} if rule in ("set", "rlr") else {}
    evolve = make_rule(rule, **percolate)
    trainer = Trainer(model, rule=evolve, optimizer=optimizer, batch_size=batch_size, rng=0)
    trainer.fit((x, target), (x, target), epochs=2)
