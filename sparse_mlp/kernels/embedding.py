"""Word embeddings, compiled: the twin of `reference.embedding` on tiles (n_tiles, features, lanes). Serial."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


def embed(weight: Array, words: Array, positions: Array, table: Array, *, out: Array) -> Array:
    """Write scaled rows plus places into tiles, zeros behind the last token; see `reference.embedding.embed`."""
    _embed(weight, words, positions, table, weight.dtype.type(math.sqrt(weight.shape[1])), out)
    return out


def embed_backward(dx: Array, words: Array, n_words: int, *, add_to: Array) -> Array:
    """Add the gradient by the weight (n_words, d), token by token; see `reference.embedding.embed_backward`."""
    _embed_backward(dx, words, dx.dtype.type(math.sqrt(dx.shape[1])), add_to)
    return add_to


@jit
def _embed(weight: Array, words: Array, positions: Array, table: Array, root: Any, out: Array) -> None:
    lanes = out.shape[2]
    for tile in range(out.shape[0]):
        first = tile * lanes
        count = max(0, min(lanes, len(words) - first))
        for lane in range(count):
            word, position = words[first + lane], positions[first + lane]
            for f in range(out.shape[1]):
                out[tile, f, lane] = root * weight[word, f] + table[position, f]
        for f in range(out.shape[1]):
            for lane in range(count, lanes):
                out[tile, f, lane] = 0


@jit
def _embed_backward(dx: Array, words: Array, root: Any, dweight: Array) -> None:
    lanes = dx.shape[2]
    for t in range(len(words)):
        tile, lane, word = t // lanes, t % lanes, words[t]
        for f in range(dx.shape[1]):
            dweight[word, f] += root * dx[tile, f, lane]
