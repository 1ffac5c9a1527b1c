"""What all classifiers do: labels of any kind in, labels and probabilities out."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from sparse_mlp.errors import invalid
from sparse_mlp.estimators.base import SparseEstimator
from sparse_mlp.estimators.validation import split_by_class
from sparse_mlp.layers import Loss, SoftmaxCrossEntropy
from sparse_mlp.layers.base import Array


class SparseClassifier(ClassifierMixin, SparseEstimator):
    """Hold what classifiers share, whatever their network is."""

    _multi_output = False
    out_activation_ = "softmax"

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Train for one epoch on one piece of the data; arguments as in `fit`.

        Parameters
        ----------
        classes : array-like (n_classes,)
            All classes that will ever come; the first call needs them.

        Raises
        ------
        InvalidInputError
            If classes are missing, unknown or other ones than before, or with `early_stopping`.

        Notes
        -----
        Each call but the first begins with a topology update (with RigL updates come every so many batches, whatever
        the calls), so that calls with the whole data do the same as `fit`.
        For pieces of a few batches take a small zeta, or the rule "static".
        """
        if classes is None and not hasattr(self, "model_"):
            raise invalid("classes=None", "all classes in the first call of partial_fit")
        return self._one_pass(X, y, sample_weight, classes)

    def predict(self, X: Any) -> Array:
        """Return the most probable class (n_samples,) of each row of X (n_samples, n_features)."""
        winners = self._scores(X).argmax(axis=1)
        return self.classes_[winners]

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, float64 (n_samples, n_classes), in the order of `classes_`."""
        return softmax(self._scores(X).astype(np.float64), axis=1)

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of each probability, finite also where the probability itself rounds to 0."""
        return log_softmax(self._scores(X).astype(np.float64), axis=1)

    def _encode(self, y: Array, warm_start: bool, classes: Any) -> tuple[Array, int]:
        check_classification_targets(y)
        given = np.unique(y if classes is None else column_or_1d(classes))
        if not warm_start:
            self.classes_ = given
        elif classes is not None and not np.array_equal(given, self.classes_):
            raise invalid(f"classes {given}", f"{self.classes_}, as in the first call")
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise invalid(f"unknown classes {unknown}", f"among {self.classes_}", "name all classes in the first call")
        return np.searchsorted(self.classes_, y), len(self.classes_)

    def _loss(self) -> Loss:
        return SoftmaxCrossEntropy(backend=self.backend)

    def _split(self, target: Array, seed: int) -> tuple[Array, Array]:
        return split_by_class(target, self.classes_, self.validation_fraction, seed)

    def _score_of(self, scores: Array, target: Array, weights: Array | None) -> float:
        return float(np.average(scores.argmax(axis=1) == target, weights=weights))
