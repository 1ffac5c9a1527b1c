"""The regressor: one number or several for each sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import column_or_1d

from sparse_mlp.estimators.mlp import SparseMLPEstimator
from sparse_mlp.estimators.validation import split_rows
from sparse_mlp.layers import Loss, MeanSquaredError
from sparse_mlp.layers.base import Array


class SparseMLPRegressor(RegressorMixin, SparseMLPEstimator):
    """Regress with a truly sparse multilayer perceptron whose wiring evolves while it trains.

    Neither inputs nor targets are scaled: use a `StandardScaler` in a `Pipeline`, and a `TransformedTargetRegressor`
    where targets are far from unit size.

    Parameters
    ----------
    hidden_layer_sizes, activation, density, topology, rule, zeta, ...
        As in `SparseMLPClassifier`.

    Attributes
    ----------
    model_, history_, loss_curve_, n_iter_, ...
        As in `SparseMLPClassifier`, but for `classes_`.

    Notes
    -----
    The loss is half the squared error, mean over samples and outputs.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(500, 8))
    >>> y = X[:, 0] * X[:, 1] + X[:, 2]
    >>> network = SparseMLPRegressor((100,), density=0.2, learning_rate_init=0.01, random_state=0).fit(X[:400], y[:400])
    >>> network.score(X[400:], y[400:]) > 0.5
    True
    """

    _multi_output = True
    out_activation_ = "identity"

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train for one epoch on one piece of the data; see `SparseMLPClassifier.partial_fit`."""
        return self._one_pass(X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """Return the outputs (n_samples,), or (n_samples, n_outputs) if it was trained on several, as float64."""
        scores = self._scores(X).astype(np.float64)
        return scores[:, 0] if self.n_outputs_ == 1 else scores

    def _encode(self, y: Array, warm_start: bool, classes: Any) -> tuple[Array, int]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        target = np.array(y.reshape(len(y), -1), np.dtype(self.dtype), order="C")
        return target, target.shape[1]

    def _loss(self) -> Loss:
        return MeanSquaredError(backend=self.backend)

    def _split(self, target: Array, seed: int) -> tuple[Array, Array]:
        return split_rows(len(target), self.validation_fraction, seed)

    def _score_of(self, scores: Array, target: Array, weights: Array | None) -> float:
        return float(r2_score(target, scores, sample_weight=None if weights is None else weights.astype(target.dtype)))
