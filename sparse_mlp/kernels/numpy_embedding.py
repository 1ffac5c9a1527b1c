"""Word embeddings in NumPy: the twin of `reference.embedding`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def embed(weight: Array, words: Array, positions: Array, table: Array) -> Array:
    """Return scaled rows plus places, (d, tokens); see `reference.embedding.embed`."""
    root = weight.dtype.type(math.sqrt(weight.shape[1]))
    return np.ascontiguousarray((root * weight[words] + table[positions]).T)


def embed_backward(dx: Array, words: Array, n_words: int) -> Array:
    """Return the gradient by the weight (n_words, d); see `reference.embedding.embed_backward`."""
    dweight = np.zeros((n_words, len(dx)), dx.dtype)
    np.add.at(dweight, words, dx.dtype.type(math.sqrt(len(dx))) * dx.T)
    return dweight
