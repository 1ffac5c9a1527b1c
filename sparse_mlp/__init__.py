"""Truly sparse neural network training, to understand, teach and check.

Start with `SparseMLP` and `Trainer`, or with a scikit-learn estimator, `SparseMLPClassifier`, `SparseMLPRegressor` or,
for images, `SparseConvClassifier`; `load_run` opens what
`sparse-mlp train` has written.
"""

# Everything heavy is imported on first use: `import sparse_mlp` stays quick and needs no compiler, plots or estimators.

from __future__ import annotations

from typing import TYPE_CHECKING

from sparse_mlp.errors import SparseMLPError
from sparse_mlp.structure import SparseStructure

if TYPE_CHECKING:  # type checkers and editors do not follow __getattr__
    from sparse_mlp import datasets as datasets
    from sparse_mlp import errors as errors
    from sparse_mlp import estimators as estimators
    from sparse_mlp import evolution as evolution
    from sparse_mlp import experiments as experiments
    from sparse_mlp import kernels as kernels
    from sparse_mlp import layers as layers
    from sparse_mlp import link_prediction as link_prediction
    from sparse_mlp import machine as machine
    from sparse_mlp import measures as measures
    from sparse_mlp import models as models
    from sparse_mlp import optim as optim
    from sparse_mlp import options as options
    from sparse_mlp import plotting as plotting
    from sparse_mlp import plugins as plugins
    from sparse_mlp import reference as reference
    from sparse_mlp import rng as rng
    from sparse_mlp import robustness as robustness
    from sparse_mlp import runs as runs
    from sparse_mlp import structure as structure
    from sparse_mlp import topology as topology
    from sparse_mlp import training as training
    from sparse_mlp import translation as translation
    from sparse_mlp.estimators import SparseConvClassifier, SparseMLPClassifier, SparseMLPRegressor
    from sparse_mlp.models import SparseMLP
    from sparse_mlp.runs.saved import load_run
    from sparse_mlp.training import Trainer
else:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _LAZY:
            return getattr(import_module(_LAZY[name]), name)
        if name in _ROOMS:
            return import_module(f"sparse_mlp.{name}")
        raise AttributeError(f"module 'sparse_mlp' has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "SparseConvClassifier",
    "SparseMLP",
    "SparseMLPClassifier",
    "SparseMLPError",
    "SparseMLPRegressor",
    "SparseStructure",
    "Trainer",
    "__version__",
    "load_run",
]

_LAZY = {
    "SparseMLP": "sparse_mlp.models",
    "Trainer": "sparse_mlp.training",
    "SparseConvClassifier": "sparse_mlp.estimators",
    "SparseMLPClassifier": "sparse_mlp.estimators",
    "SparseMLPRegressor": "sparse_mlp.estimators",
    "load_run": "sparse_mlp.runs.saved",
}
_ROOMS = (
    "datasets", "errors", "estimators", "evolution", "experiments", "kernels", "layers", "link_prediction", "machine",
    "measures", "models", "optim", "options", "plotting", "plugins", "reference", "rng", "robustness", "runs",
    "structure", "topology", "training", "translation",
)  # fmt: skip


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS})
