"""Layers with explicit forward and backward passes, and losses."""

from __future__ import annotations

from sparse_mlp.layers.activations import AllReLU, LeakyReLU, ReLU, Sigmoid, Tanh
from sparse_mlp.layers.attention import MultiHeadAttention
from sparse_mlp.layers.base import Layer
from sparse_mlp.layers.batch import Batch
from sparse_mlp.layers.batch_norm import BatchNorm
from sparse_mlp.layers.dense import Dense
from sparse_mlp.layers.dropout import Dropout
from sparse_mlp.layers.embedding import Embedding
from sparse_mlp.layers.feed_forward import FeedForward
from sparse_mlp.layers.flatten import Flatten
from sparse_mlp.layers.generator import Generator
from sparse_mlp.layers.layer_norm import LayerNorm
from sparse_mlp.layers.linked import Linked
from sparse_mlp.layers.losses import Loss, MeanSquaredError, SoftmaxCrossEntropy
from sparse_mlp.layers.maps import MapLayer, MapShape
from sparse_mlp.layers.motif_linear import MOTIF_MODES, MotifLinear
from sparse_mlp.layers.pad import Pad
from sparse_mlp.layers.pool import AveragePool2d, GlobalAveragePool, MaxPool2d
from sparse_mlp.layers.residual import Residual
from sparse_mlp.layers.sequential import Sequential
from sparse_mlp.layers.sparse_conv2d import SparseConv2d
from sparse_mlp.layers.sparse_linear import SparseLinear
from sparse_mlp.layers.tokens import Tokens
from sparse_mlp.layers.transformer_layers import DecoderLayer, EncoderLayer
from sparse_mlp.layers.unflatten import Unflatten

__all__ = [
    "MOTIF_MODES",
    "AllReLU",
    "AveragePool2d",
    "Batch",
    "BatchNorm",
    "DecoderLayer",
    "Dense",
    "Dropout",
    "Embedding",
    "EncoderLayer",
    "FeedForward",
    "Flatten",
    "Generator",
    "GlobalAveragePool",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linked",
    "Loss",
    "MapLayer",
    "MapShape",
    "MaxPool2d",
    "MeanSquaredError",
    "MotifLinear",
    "MultiHeadAttention",
    "Pad",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "SparseConv2d",
    "SparseLinear",
    "Tanh",
    "Tokens",
    "Unflatten",
]
