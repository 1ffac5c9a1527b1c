"""What `doctor` finds out about the machine and the installation."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

import numpy as np

import sparse_mlp
from sparse_mlp.kernels.dispatch import choose_backend

PACKAGES = ("numpy", "scipy", "numba", "matplotlib", "scikit-learn", "joblib", "tqdm", "pooch", "torch")


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
    """Compile all kernels that training needs and return the seconds that it took."""
    from sparse_mlp.evolution import make_rule
    from sparse_mlp.models import SparseMLP
    from sparse_mlp.training import Trainer

    began, rng = perf_counter(), np.random.default_rng(0)
    x, labels = rng.random((256, 20), np.float32), rng.integers(0, 3, 256)
    for optimizer in ("sgd", "adam"):
        for rule in ("set", "rlr"):
            model = SparseMLP([20, 30, 30, 3], density=0.2, rng=0, backend="numba")
            trainer = Trainer(model, rule=make_rule(rule, percolate=True), optimizer=optimizer, rng=0)
            trainer.fit((x, labels), (x, labels), epochs=2)
    return perf_counter() - began


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
