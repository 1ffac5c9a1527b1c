"""Reference implementation of attention over packed sentences, as plain loops.

Arrays are feature-major: column t of an array (features, tokens) is token t. Sentence b has the columns from
`offsets[b]` to before `offsets[b + 1]`; its queries read the keys of the same sentence b. Head h has the features from
h * d_k to before (h + 1) * d_k. What belongs to pairs of tokens is flat, in the order sentence, head, query, key.
All results are float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def attention_forward(
    q: Array, k: Array, v: Array, query_offsets: Array, key_offsets: Array, heads: int, causal: bool,
    keep: Array | None = None, scale: float = 1.0,
) -> tuple[Array, Array]:  # fmt: skip
    """Let each query mix the values of its sentence, by how much their keys agree with it.

    Parameters
    ----------
    q : float (features, query tokens)
    k, v : float (features, key tokens)
    query_offsets, key_offsets : int (n_sentences + 1,)
    heads : int
    causal : bool
        Whether query i sees the keys up to i only.
    keep : bool (n_pairs,), optional
        Dropout: weights that stay; they are multiplied by `scale`, the others by 0.
    scale : float

    Returns
    -------
    c : float64 (features, query tokens)
    weights : float64 (n_pairs,)
        The attention before dropout; 0 for keys that are not seen.

    Notes
    -----
    Equation (1) of [Vaswani2017], per sentence and head:
    :math:`A = softmax(Q^T K / \\sqrt{d_k})`, :math:`C = V (A \\circ M)^T`.
    """
    c, weights = np.zeros(q.shape), np.zeros(n_pairs(query_offsets, key_offsets, heads))
    for features, queries, keys, place in _blocks(q, query_offsets, key_offsets, heads):
        for i, query in enumerate(queries):
            seen = keys[: i + 1] if causal else keys
            scores = [sum(q[f, query] * k[f, key] for f in features) / math.sqrt(len(features)) for key in seen]
            powers = [math.exp(score - max(scores)) for score in scores]
            for j, key in enumerate(seen):
                pair = place + i * len(keys) + j
                weights[pair] = powers[j] / sum(powers)
                for f in features:
                    c[f, query] += v[f, key] * weights[pair] * _multiplier(keep, pair, scale)
    return c, weights


def attention_backward(
    q: Array, k: Array, v: Array, weights: Array, dc: Array, query_offsets: Array, key_offsets: Array, heads: int,
    keep: Array | None = None, scale: float = 1.0,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return the gradients by queries, keys and values.

    Parameters
    ----------
    q, k, v, query_offsets, key_offsets, heads, keep, scale
        As in `attention_forward`.
    weights : float (n_pairs,)
        What it returned.
    dc : float (features, query tokens)
        Gradient by its output.

    Returns
    -------
    dq, dk, dv : float64
        Of the shapes of q, k and v.

    Notes
    -----
    With D = A∘M: :math:`dV = dC\\,D`, :math:`dA = (dC^T V) \\circ M`,
    :math:`dS = A \\circ (dA - rowsum(dA \\circ A))`, :math:`dQ = K dS^T / \\sqrt{d_k}`,
    :math:`dK = Q dS / \\sqrt{d_k}`.
    Each row of dS adds up to 0, so a constant that is added to all keys has no gradient.
    """
    dq, dk, dv = np.zeros(q.shape), np.zeros(k.shape), np.zeros(v.shape)
    for features, queries, keys, place in _blocks(q, query_offsets, key_offsets, heads):
        for i, query in enumerate(queries):
            pairs = range(place + i * len(keys), place + (i + 1) * len(keys))
            da = []
            for key, pair in zip(keys, pairs, strict=True):
                multiplier = _multiplier(keep, pair, scale)
                da.append(multiplier * sum(dc[f, query] * v[f, key] for f in features))
                for f in features:
                    dv[f, key] += dc[f, query] * weights[pair] * multiplier
            mean = sum(da[j] * weights[pair] for j, pair in enumerate(pairs))
            for j, (key, pair) in enumerate(zip(keys, pairs, strict=True)):
                ds = weights[pair] * (da[j] - mean) / math.sqrt(len(features))
                for f in features:
                    dq[f, query] += k[f, key] * ds
                    dk[f, key] += q[f, query] * ds
    return dq, dk, dv


def n_pairs(query_offsets: Array, key_offsets: Array, heads: int) -> int:
    """Return how many pairs of query and key there are in all sentences and heads.

    Examples
    --------
    >>> n_pairs(np.array([0, 2, 3]), np.array([0, 4, 5]), heads=2)
    18
    """
    return heads * int(np.dot(np.diff(query_offsets), np.diff(key_offsets)))


def _blocks(
    q: Array, query_offsets: Array, key_offsets: Array, heads: int
) -> Iterator[tuple[range, range, range, int]]:  # fmt: skip
    """Yield the features, queries and keys of each sentence and head, and where its pairs begin."""
    width, place = len(q) // heads, 0
    for b in range(len(query_offsets) - 1):
        queries, keys = (range(offsets[b], offsets[b + 1]) for offsets in (query_offsets, key_offsets))
        for head in range(heads):
            yield range(head * width, (head + 1) * width), queries, keys, place
            place += len(queries) * len(keys)


def _multiplier(keep: Array | None, pair: int, scale: float) -> float:
    if keep is None:
        return 1.0
    return scale if keep[pair] else 0.0
