"""Truly sparse neural network training, to understand, teach and check.

Rooms are imported on first use, so that `import sparse_mlp` stays quick and pulls in
neither the compiler nor the plotting nor the estimator library.
"""

from __future__ import annotations

import importlib
from typing import Any

from sparse_mlp.errors import SparseMLPError
from sparse_mlp.structure import SparseStructure

__version__ = "0.1.0"

_LAZY = {
    "SparseMLP": "sparse_mlp.models",
    "Trainer": "sparse_mlp.training",
    "SparseMLPClassifier": "sparse_mlp.estimators",
    "SparseMLPRegressor": "sparse_mlp.estimators",
}
_ROOMS = (
    "datasets", "errors", "estimators", "evolution", "experiments", "kernels", "layers",
    "link_prediction", "machine", "measures", "models", "optim", "plotting", "reference", "rng", "robustness", "runs",
    "structure", "topology", "training",
)  # fmt: skip

__all__ = ["SparseMLPError", "SparseStructure", "__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"sparse_mlp.{name}")
    raise AttributeError(f"module 'sparse_mlp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY, *_ROOMS])
