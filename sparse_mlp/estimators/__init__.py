"""The scikit-learn interface: truly sparse networks as classifiers and a regressor."""

from __future__ import annotations

from sparse_mlp.estimators.classifier import SparseMLPClassifier
from sparse_mlp.estimators.conv import SparseConvClassifier
from sparse_mlp.estimators.regressor import SparseMLPRegressor

__all__ = ["SparseConvClassifier", "SparseMLPClassifier", "SparseMLPRegressor"]
