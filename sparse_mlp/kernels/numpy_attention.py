"""Attention over packed sentences in NumPy: the twin of `reference.attention` by products of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.reference.attention import n_pairs

Array = NDArray[Any]


def attention_forward(
    q: Array, k: Array, v: Array, query_offsets: Array, key_offsets: Array, heads: int, causal: bool,
    keep: Array | None = None, scale: float = 1.0,
) -> tuple[Array, Array]:  # fmt: skip
    """Mix values by agreement; see `reference.attention.attention_forward`."""
    c, weights = np.empty_like(q), np.empty(n_pairs(query_offsets, key_offsets, heads), q.dtype)
    width, place = len(q) // heads, 0
    for b in range(len(query_offsets) - 1):
        queries, keys = slice(*query_offsets[b : b + 2]), slice(*key_offsets[b : b + 2])
        of_q, of_k, of_v = (_by_head(x[:, part], heads) for x, part in ((q, queries), (k, keys), (v, keys)))
        a = np.einsum("hfi,hfj->hij", of_q, of_k) * q.dtype.type(1 / math.sqrt(width))
        if causal:
            a[:, np.triu(np.ones(a.shape[1:], bool), 1)] = -np.inf
        a = np.exp(a - a.max(axis=2, keepdims=True))
        a /= a.sum(axis=2, keepdims=True)
        weights[place : place + a.size] = a.ravel()
        d = a if keep is None else a * keep[place : place + a.size].reshape(a.shape) * q.dtype.type(scale)
        c[:, queries] = np.einsum("hfj,hij->hfi", of_v, d).reshape(len(q), -1)
        place += a.size
    return c, weights


def attention_backward(
    q: Array, k: Array, v: Array, weights: Array, dc: Array, query_offsets: Array, key_offsets: Array, heads: int,
    keep: Array | None = None, scale: float = 1.0,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return the gradients by queries, keys and values; see `reference.attention.attention_backward`."""
    dq, dk, dv = np.empty_like(q), np.empty_like(k), np.empty_like(v)
    width, place = len(q) // heads, 0
    for b in range(len(query_offsets) - 1):
        queries, keys = slice(*query_offsets[b : b + 2]), slice(*key_offsets[b : b + 2])
        of_q, of_dc = (_by_head(x[:, queries], heads) for x in (q, dc))
        of_k, of_v = (_by_head(x[:, keys], heads) for x in (k, v))
        shape = heads, of_q.shape[2], of_k.shape[2]
        part = slice(place, place + math.prod(shape))
        a = weights[part].reshape(shape)
        m = 1 if keep is None else keep[part].reshape(shape) * q.dtype.type(scale)
        dv[:, keys] = np.einsum("hfi,hij->hfj", of_dc, a * m).reshape(len(q), -1)
        da = np.einsum("hfi,hfj->hij", of_dc, of_v) * m
        ds = a * (da - (da * a).sum(axis=2, keepdims=True)) * q.dtype.type(1 / math.sqrt(width))
        dq[:, queries] = np.einsum("hfj,hij->hfi", of_k, ds).reshape(len(q), -1)
        dk[:, keys] = np.einsum("hfi,hij->hfj", of_q, ds).reshape(len(q), -1)
        place = part.stop
    return dq, dk, dv


def _by_head(x: Array, heads: int) -> Array:
    return x.reshape(heads, len(x) // heads, -1)
