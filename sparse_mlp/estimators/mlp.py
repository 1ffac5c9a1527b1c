"""What classifier and regressor by a multilayer perceptron share: their parameters, and the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sparse_mlp.errors import check_integer
from sparse_mlp.estimators.base import SparseEstimator
from sparse_mlp.evolution import Rule
from sparse_mlp.models import SparseMLP
from sparse_mlp.models.architecture import motif_counts

AUTO_DENSITY = 0.1


class SparseMLPEstimator(SparseEstimator):
    """Hold the parameters of both estimators, and make the network of them."""

    model_: SparseMLP

    def __init__(
        self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: str = "relu", *,
        density: float | str = "auto", topology: str = "erdos-renyi", topology_params: Mapping[str, Any] | None = None,
        motif_size: int = 1, motif_mode: str = "shared", pad: bool = False,
        rule: str | Rule = "set", zeta: float = 0.3, solver: str = "adam", alpha: float = 0.0001,
        batch_size: int | str = "auto", learning_rate: str = "constant", learning_rate_init: float = 0.005,
        max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4, verbose: bool = False,
        warm_start: bool = False, momentum: float = 0.9, nesterovs_momentum: bool = True,
        early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: int = 10, backend: str | None = None, dtype: str = "float32",
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes, self.activation = hidden_layer_sizes, activation
        self.density, self.topology, self.topology_params = density, topology, topology_params
        self.motif_size, self.motif_mode, self.pad = motif_size, motif_mode, pad
        self.rule, self.zeta = rule, zeta
        self.solver, self.alpha, self.batch_size = solver, alpha, batch_size
        self.learning_rate, self.learning_rate_init = learning_rate, learning_rate_init
        self.max_iter, self.shuffle, self.random_state, self.tol = max_iter, shuffle, random_state, tol
        self.verbose, self.warm_start = verbose, warm_start
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.n_iter_no_change, self.backend, self.dtype = n_iter_no_change, backend, dtype

    def _check_parameters(self) -> None:
        _hidden_sizes(self.hidden_layer_sizes)
        super()._check_parameters()

    def _sizes(self, n_outputs: int) -> list[int]:
        return [self.n_features_in_, *_hidden_sizes(self.hidden_layer_sizes), n_outputs]

    def _model(self) -> dict[str, Any]:
        return {
            "name": "mlp", "hidden": _hidden_sizes(self.hidden_layer_sizes), "motif_size": self.motif_size,
            "motif_mode": self.motif_mode, "pad": self.pad,
            "activation": "sigmoid" if self.activation == "logistic" else self.activation,
        }  # fmt: skip

    def _auto_density(self) -> float:
        counts = motif_counts(self._sizes(self.n_outputs_), self.motif_size, self.pad)
        return max(AUTO_DENSITY, 1 / min(counts[:-1]))


def _hidden_sizes(value: Any) -> list[int]:
    sizes = list(value) if np.iterable(value) else [value]
    return [check_integer("hidden_layer_sizes", size) for size in sizes]
