"""Attention over packed sentences, compiled: the twin of `reference.attention` on tiles (n_tiles, features, lanes).

Serial. A sentence may lie in several tiles, so what a head has of it is first copied side by side, queries and keys
padded to whole vectors. All products are then one of two: `products` of features, which gives a number for each pair
of tokens, and `mixtures` of tokens by such numbers. Cost O(features * queries * keys) for each sentence.
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
def _plain_products(a: Array, b: Array, count: int, wide: int, out: Array) -> None:
    """Write out[i, j], the sum over f of a[f, i] * b[f, j], for `count` rows i and `wide` columns j."""
    for i in range(count):
        for j in range(wide):
            out[i, j] = 0
        for f in range(a.shape[0]):
            for j in range(wide):
                out[i, j] += a[f, i] * b[f, j]


@jit
def _plain_mixtures(x: Array, m: Array, count: int, wide: int, out: Array) -> None:
    """Write out[f, j], the sum over `count` rows i of x[f, i] * m[i, j], for `wide` columns j."""
    for f in range(x.shape[0]):
        for j in range(wide):
            out[f, j] = 0
        for i in range(count):
            for j in range(wide):
                out[f, j] += x[f, i] * m[i, j]


if SIMD:
    from sparse_mlp.kernels.simd_attention import mixtures, products
else:
    products, mixtures = _plain_products, _plain_mixtures


@jit
def _forward(
    q: Array, k: Array, v: Array, query_offsets: Array, key_offsets: Array, heads: int, causal: bool, keep: Array,
    scale: Any, root: Any, c: Array, weights: Array,
) -> None:  # fmt: skip
    width, most_q, most_k = q.shape[1] // heads, _longest(query_offsets), _longest(key_offsets)
    of_q, of_c = np.empty((width, most_q), q.dtype), np.empty((width, most_q), q.dtype)
    of_k, of_v = np.empty((width, most_k), q.dtype), np.empty((width, most_k), q.dtype)
    a, by_key = np.empty((most_q, most_k), q.dtype), np.zeros((most_k, most_q), q.dtype)
    place = 0
    for b in range(len(query_offsets) - 1):
        first_q, n_q = query_offsets[b], query_offsets[b + 1] - query_offsets[b]
        first_k, n_k = key_offsets[b], key_offsets[b + 1] - key_offsets[b]
        wide_q, wide_k = _padded(n_q), _padded(n_k)
        for head in range(heads):
            _gather(q, head * width, first_q, n_q, wide_q, of_q)
            _gather(k, head * width, first_k, n_k, wide_k, of_k)
            _gather(v, head * width, first_k, n_k, wide_k, of_v)
            products(of_q, of_k, n_q, wide_k, a)
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
            mixtures(of_v, by_key, n_k, wide_q, of_c)
            _scatter(of_c, head * width, first_q, n_q, c)
            place += n_q * n_k
    _clear(c, query_offsets[-1])


@jit
def _backward(
    q: Array, k: Array, v: Array, weights: Array, dc: Array, query_offsets: Array, key_offsets: Array, heads: int,
    keep: Array, scale: Any, root: Any, dq: Array, dk: Array, dv: Array,
) -> None:  # fmt: skip
    width, most_q, most_k = q.shape[1] // heads, _longest(query_offsets), _longest(key_offsets)
    of_q, of_dc = np.empty((width, most_q), q.dtype), np.empty((width, most_q), q.dtype)
    of_dq, of_k = np.empty((width, most_q), q.dtype), np.empty((width, most_k), q.dtype)
    of_v, of_dk = np.empty((width, most_k), q.dtype), np.empty((width, most_k), q.dtype)
    of_dv, ds = np.empty((width, most_k), q.dtype), np.zeros((most_q, most_k), q.dtype)
    d, by_key = np.zeros((most_q, most_k), q.dtype), np.zeros((most_k, most_q), q.dtype)
    place = 0
    for b in range(len(query_offsets) - 1):
        first_q, n_q = query_offsets[b], query_offsets[b + 1] - query_offsets[b]
        first_k, n_k = key_offsets[b], key_offsets[b + 1] - key_offsets[b]
        wide_q, wide_k = _padded(n_q), _padded(n_k)
        for head in range(heads):
            _gather(q, head * width, first_q, n_q, wide_q, of_q)
            _gather(dc, head * width, first_q, n_q, wide_q, of_dc)
            _gather(k, head * width, first_k, n_k, wide_k, of_k)
            _gather(v, head * width, first_k, n_k, wide_k, of_v)
            products(of_dc, of_v, n_q, wide_k, ds)
            for i in range(n_q):
                row = place + i * n_k
                for j in range(n_k):
                    d[i, j] = weights[row + j]
                for j in range(n_k, wide_k):
                    d[i, j] = 0
                    ds[i, j] = 0
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
            mixtures(of_q, ds, n_q, wide_k, of_dk)
            mixtures(of_dc, d, n_q, wide_k, of_dv)
            mixtures(of_k, by_key, n_k, wide_q, of_dq)
            _scatter(of_dq, head * width, first_q, n_q, dq)
            _scatter(of_dk, head * width, first_k, n_k, dk)
            _scatter(of_dv, head * width, first_k, n_k, dv)
            place += n_q * n_k
    _clear(dq, query_offsets[-1])
    _clear(dk, key_offsets[-1])
    _clear(dv, key_offsets[-1])


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
def _gather(tiles: Array, row: int, first: int, count: int, wide: int, out: Array) -> None:
    """Copy some features of a sentence side by side, zeros behind its last token."""
    lanes, done = tiles.shape[2], 0
    while done < count:
        tile, lane = (first + done) // lanes, (first + done) % lanes
        run = min(count - done, lanes - lane)
        for f in range(out.shape[0]):
            for t in range(run):
                out[f, done + t] = tiles[tile, row + f, lane + t]
        done += run
    for f in range(out.shape[0]):
        for t in range(count, wide):
            out[f, t] = 0


@jit
def _scatter(rows: Array, row: int, first: int, count: int, tiles: Array) -> None:
    """Copy some features of a sentence to where its tokens lie in tiles."""
    lanes, done = tiles.shape[2], 0
    while done < count:
        tile, lane = (first + done) // lanes, (first + done) % lanes
        run = min(count - done, lanes - lane)
        for f in range(rows.shape[0]):
            for t in range(run):
                tiles[tile, row + f, lane + t] = rows[f, done + t]
        done += run


@jit
def _clear(tiles: Array, tokens: int) -> None:
    """Write zeros into the lanes behind the last token."""
    lanes = tiles.shape[2]
    for tile in range(tokens // lanes, tiles.shape[0]):
        for f in range(tiles.shape[1]):
            for lane in range(max(0, tokens - tile * lanes), lanes):
                tiles[tile, f, lane] = 0
