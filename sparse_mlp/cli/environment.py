"""What `doctor` finds out about the machine and the installation."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import sparse_mlp
from sparse_mlp.kernels.dispatch import choose_backend

PACKAGES = (
    "numpy", "scipy", "numba", "matplotlib", "scikit-learn", "joblib", "tqdm", "pooch", "networkx", "filelock",
    "distributed", "torch",
)  # fmt: skip


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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
