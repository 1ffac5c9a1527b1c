"""Attention over packed sentences, compiled: the twin of `reference.attention` on tiles (n_tiles, features, lanes).

Serial. Tiles are first copied into one long row for each feature, since a sentence may lie in several. Then all is one
of two products: `products` of features, which gives a number for each pair of tokens, and `mixtures` of tokens by such
numbers. They write whole vectors: what lies behind a sentence is written again by the next one, and rows are a vector
longer than the tokens. Cost O(features * queries * keys) for each sentence.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import SIMD, jit
from sparse_mlp.reference.attention import n_pairs

Array = NDArray[Any]

VECTOR = 16  # numbers to whose multiple rows are padded
NO_DROPOUT = np.empty(0, np.bool_)


def attention_forward(
    q: Array, k: Array, v: Array, query_offsets: Array, key_offsets: Array, heads: int, causal: bool,
    keep: Array | None = None, scale: float = 1.0, *, out: Array | None = None, weights: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Mix values by agreement; see `reference.attention.attention_forward`.

    Parameters
    ----------
    q, k, v : float (n_tiles, features, lanes)
    query_offsets, key_offsets : int64 (n_sentences + 1,)
    heads, causal, keep, scale
        As there.
    out : float (n_tiles, features, lanes), optional
        Where the result goes; its lanes behind the last token become 0.
    weights : float (n_pairs,), optional
        Where the attention goes.
    """
    c = np.empty_like(q) if out is None else out
    if weights is None:
        weights = np.empty(n_pairs(query_offsets, key_offsets, heads), q.dtype)
    number = q.dtype.type
    root = number(1 / math.sqrt(q.shape[1] // heads))
    stay = NO_DROPOUT if keep is None else keep
    _forward(q, k, v, query_offsets, key_offsets, heads, causal, stay, number(scale), root, c, weights)
    return c, weights


def attention_backward(
    q: Array, k: Array, v: Array, weights: Array, dc: Array, query_offsets: Array, key_offsets: Array, heads: int,
    keep: Array | None = None, scale: float = 1.0, *, out: tuple[Array, Array, Array] | None = None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return the gradients by queries, keys and values; see `reference.attention.attention_backward`.

    `out` are three arrays for them; lanes behind the last token become 0.
    """
    found = (np.empty_like(q), np.empty_like(k), np.empty_like(v)) if out is None else out
    number = q.dtype.type
    root = number(1 / math.sqrt(q.shape[1] // heads))
    stay = NO_DROPOUT if keep is None else keep
    _backward(q, k, v, weights, dc, query_offsets, key_offsets, heads, stay, number(scale), root, *found)
    return found


@jit
def plain_products(
    a: Array, a_at: int, a_row: int, b: Array, b_at: int, b_row: int, width: int, count: int, wide: int, out: Array
) -> None:  # fmt: skip
    """Write out[i, j], the sum over f of a[f, i] * b[f, j].

    Parameters
    ----------
    a, b : float (n,)
        Flat; row f begins at `a_at + f * a_row`, `b_at + f * b_row`.
    width, count, wide : int
        How many f, i and j there are.
    out : float (count or more, wide or more)
    """
    for i in range(count):
        for j in range(wide):
            out[i, j] = 0
        for f in range(width):
            for j in range(wide):
                out[i, j] += a[a_at + f * a_row + i] * b[b_at + f * b_row + j]


@jit
def plain_mixtures(
    x: Array, x_at: int, x_row: int, m: Array, width: int, count: int, wide: int, out: Array, out_at: int, out_row: int
) -> None:  # fmt: skip
    """Write out[f, j], the sum over i of x[f, i] * m[i, j].

    Parameters
    ----------
    x, out : float (n,)
        Flat; row f begins at `x_at + f * x_row`, `out_at + f * out_row`.
    m : float (count or more, wide or more)
    width, count, wide : int
        How many f, i and j there are.
    """
    for f in range(width):
        to = out_at + f * out_row
        for j in range(wide):
            out[to + j] = 0
        for i in range(count):
            for j in range(wide):
                out[to + j] += x[x_at + f * x_row + i] * m[i, j]


if SIMD:
    from sparse_mlp.kernels.simd_attention import mixtures, products
else:
    products, mixtures = plain_products, plain_mixtures


@jit
def _forward(
    q: Array, k: Array, v: Array, query_offsets: Array, key_offsets: Array, heads: int, causal: bool, keep: Array,
    scale: Any, root: Any, c: Array, weights: Array,
) -> None:  # fmt: skip
    width, most_q, most_k = q.shape[1] // heads, _longest(query_offsets), _longest(key_offsets)
    row_q, row_k = query_offsets[-1] + VECTOR, key_offsets[-1] + VECTOR
    long_q, long_k, long_v = _long_rows(q, row_q), _long_rows(k, row_k), _long_rows(v, row_k)
    long_c = np.empty(q.shape[1] * row_q, q.dtype)
    a, by_key = np.zeros((most_q, most_k), q.dtype), np.zeros((most_k, most_q), q.dtype)
    place = 0
    for b in range(len(query_offsets) - 1):
        first_q, n_q = query_offsets[b], query_offsets[b + 1] - query_offsets[b]
        first_k, n_k = key_offsets[b], key_offsets[b + 1] - key_offsets[b]
        wide_q, wide_k = _padded(n_q), _padded(n_k)
        for head in range(heads):
            at_q, at_k = head * width * row_q + first_q, head * width * row_k + first_k
            products(long_q, at_q, row_q, long_k, at_k, row_k, width, n_q, wide_k, a)
            for i in range(n_q):
                seen = min(i + 1, n_k) if causal else n_k
                largest = a[i, 0]
                for j in range(1, seen):
                    largest = max(largest, a[i, j])
                total = a[i, 0] * 0
                for j in range(seen):
                    a[i, j] = math.exp((a[i, j] - largest) * root)
                    total += a[i, j]
                share = 1 / total
                for j in range(seen):
                    a[i, j] *= share
                for j in range(seen, n_k):
                    a[i, j] = 0
                row = place + i * n_k
                for j in range(n_k):
                    weights[row + j] = a[i, j]
                if len(keep):
                    for j in range(n_k):
                        a[i, j] = a[i, j] * scale if keep[row + j] else a[i, j] * 0
                for j in range(n_k):
                    by_key[j, i] = a[i, j]
            mixtures(long_v, at_k, row_k, by_key, width, n_k, wide_q, long_c, at_q, row_q)
            place += n_q * n_k
    _into_tiles(long_c, row_q, query_offsets[-1], c)


@jit
def _backward(
    q: Array, k: Array, v: Array, weights: Array, dc: Array, query_offsets: Array, key_offsets: Array, heads: int,
    keep: Array, scale: Any, root: Any, dq: Array, dk: Array, dv: Array,
) -> None:  # fmt: skip
    features, width = q.shape[1], q.shape[1] // heads
    most_q, most_k = _longest(query_offsets), _longest(key_offsets)
    row_q, row_k = query_offsets[-1] + VECTOR, key_offsets[-1] + VECTOR
    long_q, long_dc = _long_rows(q, row_q), _long_rows(dc, row_q)
    long_k, long_v = _long_rows(k, row_k), _long_rows(v, row_k)
    long_dq = np.empty(features * row_q, q.dtype)
    long_dk, long_dv = np.empty(features * row_k, q.dtype), np.empty(features * row_k, q.dtype)
    ds, d = np.zeros((most_q, most_k), q.dtype), np.zeros((most_q, most_k), q.dtype)
    by_key = np.zeros((most_k, most_q), q.dtype)
    place = 0
    for b in range(len(query_offsets) - 1):
        first_q, n_q = query_offsets[b], query_offsets[b + 1] - query_offsets[b]
        first_k, n_k = key_offsets[b], key_offsets[b + 1] - key_offsets[b]
        wide_q, wide_k = _padded(n_q), _padded(n_k)
        for head in range(heads):
            at_q, at_k = head * width * row_q + first_q, head * width * row_k + first_k
            products(long_dc, at_q, row_q, long_v, at_k, row_k, width, n_q, wide_k, ds)
            for i in range(n_q):
                row = place + i * n_k
                for j in range(n_k):
                    d[i, j] = weights[row + j]
                if len(keep):
                    for j in range(n_k):
                        m = scale if keep[row + j] else scale * 0
                        d[i, j] *= m
                        ds[i, j] *= m
                mean = ds[i, 0] * 0
                for j in range(n_k):
                    mean += ds[i, j] * weights[row + j]
                for j in range(n_k):
                    ds[i, j] = weights[row + j] * (ds[i, j] - mean) * root
                    by_key[j, i] = ds[i, j]
            mixtures(long_q, at_q, row_q, ds, width, n_q, wide_k, long_dk, at_k, row_k)
            mixtures(long_dc, at_q, row_q, d, width, n_q, wide_k, long_dv, at_k, row_k)
            mixtures(long_k, at_k, row_k, by_key, width, n_k, wide_q, long_dq, at_q, row_q)
            place += n_q * n_k
    _into_tiles(long_dq, row_q, query_offsets[-1], dq)
    _into_tiles(long_dk, row_k, key_offsets[-1], dk)
    _into_tiles(long_dv, row_k, key_offsets[-1], dv)


@jit
def _padded(count: int) -> int:
    return (count + VECTOR - 1) // VECTOR * VECTOR


@jit
def _longest(offsets: Array) -> int:
    longest = 1
    for b in range(len(offsets) - 1):
        longest = max(longest, offsets[b + 1] - offsets[b])
    return _padded(longest)


@jit
def _long_rows(tiles: Array, length: int) -> Array:
    """Copy tiles (n_tiles, features, lanes) into one row of `length` for each feature, zeros behind the last token."""
    lanes, tokens = tiles.shape[2], length - VECTOR
    rows = np.empty(tiles.shape[1] * length, tiles.dtype)
    for tile in range(tiles.shape[0]):
        first = tile * lanes
        count = min(lanes, tokens - first)
        for f in range(tiles.shape[1]):
            to = f * length + first
            for lane in range(count):
                rows[to + lane] = tiles[tile, f, lane]
    for f in range(tiles.shape[1]):
        for t in range(tokens, length):
            rows[f * length + t] = 0
    return rows


@jit
def _into_tiles(rows: Array, length: int, tokens: int, tiles: Array) -> None:
    """Copy one row for each feature into tiles, zeros into the lanes behind the last token."""
    lanes = tiles.shape[2]
    for tile in range(tiles.shape[0]):
        first = tile * lanes
        count = max(0, min(lanes, tokens - first))
        for f in range(tiles.shape[1]):
            at = f * length + first
            for lane in range(count):
                tiles[tile, f, lane] = rows[at + lane]
            for lane in range(count, lanes):
                tiles[tile, f, lane] = 0
