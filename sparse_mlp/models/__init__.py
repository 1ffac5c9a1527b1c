"""Networks made of layers, and what they store."""

from __future__ import annotations

from sparse_mlp.models.architecture import ACTIVATIONS
from sparse_mlp.models.batch import Samples
from sparse_mlp.models.mlp import SparseMLP
from sparse_mlp.models.network import Network
from sparse_mlp.models.summary import LayerSummary, summarize, summary_table
from sparse_mlp.models.token_batch import TokenBatch
from sparse_mlp.models.transformer import SparseTransformer
from sparse_mlp.models.vgg import vgg
from sparse_mlp.models.wirings import WIRINGS

__all__ = [
    "ACTIVATIONS",
    "WIRINGS",
    "LayerSummary",
    "Network",
    "Samples",
    "SparseMLP",
    "SparseTransformer",
    "TokenBatch",
    "summarize",
    "summary_table",
    "vgg",
]
