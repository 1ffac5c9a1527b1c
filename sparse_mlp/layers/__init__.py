"""Layers with explicit forward and backward passes, and losses."""

from __future__ import annotations

from sparse_mlp.layers.activations import AllReLU, LeakyReLU, ReLU, Sigmoid, Tanh
from sparse_mlp.layers.base import Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.dense import Dense
from sparse_mlp.layers.dropout import Dropout
from sparse_mlp.layers.linked import Linked
from sparse_mlp.layers.losses import Loss, MeanSquaredError, SoftmaxCrossEntropy
from sparse_mlp.layers.motif_linear import MOTIF_MODES, MotifLinear
from sparse_mlp.layers.pad import Pad
from sparse_mlp.layers.residual import Residual
from sparse_mlp.layers.sequential import Sequential
from sparse_mlp.layers.sparse_linear import SparseLinear

__all__ = [
    "MOTIF_MODES",
    "AllReLU",
    "Batch",
    "Dense",
    "Dropout",
    "Layer",
    "LeakyReLU",
    "Linked",
    "Loss",
    "MeanSquaredError",
    "MotifLinear",
    "Pad",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "SparseLinear",
    "Tanh",
]
