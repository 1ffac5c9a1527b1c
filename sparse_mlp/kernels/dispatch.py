"""Which backend computes, and why.

Four rungs compute the same layers: `reference` (loops in float64), `scipy` (explicit `scipy.sparse` products),
`numba` (compiled kernels, the default). The choice is the `backend=` argument, else `$SPARSE_MLP_BACKEND`,
else `numba`.
"""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import NamedTuple

from sparse_mlp.errors import check_choice

BACKENDS = ("reference", "scipy", "numba")
VARIABLE = "SPARSE_MLP_BACKEND"

_LINEAR = {
    "reference": "sparse_mlp.reference.linear",
    "scipy": "sparse_mlp.kernels.scipy_linear",
    "numba": "sparse_mlp.kernels.linear",
}
_ELEMENTWISE = {
    "reference": "sparse_mlp.reference.elementwise",
    "scipy": "sparse_mlp.kernels.numpy_elementwise",
    "numba": "sparse_mlp.kernels.elementwise",
}
_OPTIM = {
    "reference": "sparse_mlp.reference.optim",
    "scipy": "sparse_mlp.kernels.numpy_optim",
    "numba": "sparse_mlp.kernels.optim",
}


class Backend(NamedTuple):
    """A backend's name and the reason for which it was chosen."""

    name: str
    reason: str


def choose_backend(name: str | None = None) -> Backend:
    """Choose the backend and say why.

    Parameters
    ----------
    name : str, optional
        One of `BACKENDS`; None leaves the choice to `$SPARSE_MLP_BACKEND`, then to the default.

    Raises
    ------
    InvalidInputError
        If the name, from wherever it comes, is not a backend.

    Examples
    --------
    >>> choose_backend("scipy")
    Backend(name='scipy', reason='asked for by the backend argument')
    """
    if name is not None:
        return Backend(check_choice("backend", name, BACKENDS), "asked for by the backend argument")
    if os.environ.get(VARIABLE):
        return Backend(check_choice(VARIABLE, os.environ[VARIABLE], BACKENDS), f"asked for by {VARIABLE}")
    return Backend("numba", f"the default; set {VARIABLE} or pass backend= to change it")


def linear_ops(backend: str | None = None) -> ModuleType:
    """Return the module with `spmm`, `spmm_transpose`, `sddmm`, `bias_grad` and `linear_backward`."""
    return importlib.import_module(_LINEAR[choose_backend(backend).name])


def elementwise_ops(backend: str | None = None) -> ModuleType:
    """Return the module with activations and losses."""
    return importlib.import_module(_ELEMENTWISE[choose_backend(backend).name])


def optim_ops(backend: str | None = None) -> ModuleType:
    """Return the module with the optimizer steps."""
    return importlib.import_module(_OPTIM[choose_backend(backend).name])
