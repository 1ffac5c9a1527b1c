"""What `doctor` finds out about the machine and the installation."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

import numpy as np

import sparse_mlp
from sparse_mlp.kernels.dispatch import choose_backend

PACKAGES = ("numpy", "scipy", "numba", "matplotlib", "scikit-learn", "joblib", "tqdm", "pooch", "torch")
SAMPLES = 256


def describe_environment() -> dict[str, str]:
    """Return what is used here, and why, as one line each."""
    from sparse_mlp.kernels.threads import describe_threads

    backend = choose_backend()
    return {
        "sparse_mlp": sparse_mlp.__version__,
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        **{name: _version(name) for name in PACKAGES},
        "backend": f"{backend.name}: {backend.reason}",
        **describe_threads(),
    }


def warm_up() -> float:
    """Compile the kernels that training in float32 needs, and return the seconds that it took.

    Notes
    -----
    Numba compiles for the types that a kernel is called with, and other kernels serve small and large networks, single
    and several groups of a batch, and networks with dropout. So tiny jobs of all these kinds are trained.
    """
    began = perf_counter()
    x, classes = _samples(), np.arange(SAMPLES) % 3
    for optimizer in ("sgd", "adam"):
        _train([20, 30, 30, 3], x, classes, 0.2, rule="set", optimizer=optimizer, batch_size=32)
        _train([20, 300, 300, 3], x, classes, 0.5, rule="rlr", optimizer=optimizer, batch_size=128)
    _train([20, 30, 30, 3], x, np.eye(3, dtype=np.float32)[classes], 0.2, rule="set", batch_size=128)
    for activation in ("relu", "leaky-relu", "sigmoid", "tanh"):
        _train([20, 30, 30, 3], x, classes, 0.2, rule="set", batch_size=32, dropout=0.2, activation=activation)
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
    evolve = make_rule(rule, percolate=True, backend="numba")
    trainer = Trainer(model, rule=evolve, optimizer=optimizer, batch_size=batch_size, rng=0)
    trainer.fit((x, target), (x, target), epochs=2)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
