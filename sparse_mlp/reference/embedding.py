"""Reference implementation of word embeddings with sinusoidal positions, as plain loops in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sinusoid(n_positions: int, features: int) -> NDArray[np.float64]:
    """Return what tells places in a sentence apart.

    Returns
    -------
    float64 (n_positions, features)

    Notes
    -----
    [Vaswani2017], section 3.5: entry (p, 2i) is :math:`\\sin(p / 10000^{2i/d})`, entry (p, 2i + 1) the cosine.

    Examples
    --------
    >>> sinusoid(2, 4)[1].round(5)
    array([0.84147, 0.5403 , 0.01   , 0.99995])
    """
    table = np.zeros((n_positions, features))
    for p in range(n_positions):
        for f in range(features):
            angle = p / 10000 ** ((f - f % 2) / features)
            table[p, f] = math.cos(angle) if f % 2 else math.sin(angle)
    return table


def embed(weight: Array, words: Array, positions: Array, table: Array) -> Array:
    """Return sqrt(d) times the row of each word, plus that of its place.

    Parameters
    ----------
    weight : float (n_words, d)
    words, positions : int (tokens,)
    table : float (n_positions, d)
        See `sinusoid`.

    Returns
    -------
    float64 (d, tokens)
    """
    x = np.zeros((weight.shape[1], len(words)))
    for t, (word, position) in enumerate(zip(words, positions, strict=True)):
        for f in range(len(x)):
            x[f, t] = math.sqrt(len(x)) * weight[word, f] + table[position, f]
    return x


def embed_backward(dx: Array, words: Array, n_words: int) -> Array:
    """Return the gradient by the weight, float64 (n_words, d): token by token, in their order."""
    dweight = np.zeros((n_words, len(dx)))
    for t, word in enumerate(words):
        for f in range(len(dx)):
            dweight[word, f] += math.sqrt(len(dx)) * dx[f, t]
    return dweight
