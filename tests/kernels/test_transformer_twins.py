"""Attention, layer norm, embedding and generator: by hand, and the loops agree with NumPy and with compiled code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.kernels import attention as compiled
from sparse_mlp.kernels import embedding as compiled_embedding
from sparse_mlp.kernels import layer_norm as compiled_norm
from sparse_mlp.kernels import numpy_attention, numpy_embedding, numpy_layer_norm, vocabulary
from sparse_mlp.kernels._jit import SIMD
from sparse_mlp.kernels.tiles import pack, unpack
from sparse_mlp.reference import attention, embedding, layer_norm
from sparse_mlp.reference import vocabulary as loops

ONE = np.array([0, 1])


def tiles(x, lanes=64):
    """Tiles of x (features, tokens), with numbers that must not matter in the lanes behind the last token."""
    out = np.full((max(1, -(-x.shape[1] // lanes)), len(x), lanes), 7.0, x.dtype)
    count = x.shape[1]
    filled = pack(np.ascontiguousarray(x.T), np.arange(count), np.empty_like(out))
    places = np.arange(len(out) * lanes).reshape(len(out), 1, lanes) < count
    return np.where(places, filled, out)


def flat(x, tokens):
    return unpack(x, tokens).T


def unwritten(x):
    """Memory for a result, in which all that is not written shows."""
    return np.full_like(x, np.nan)


def behind(x, tokens):
    """The lanes behind the last token."""
    return np.moveaxis(x, 1, 2).reshape(-1, x.shape[1])[tokens:]


def test_attention_by_hand():
    q, k = np.array([[1.0], [0.0]]), np.eye(2)
    v = np.array([[1.0, 3.0], [2.0, 4.0]])
    c, weights = attention.attention_forward(q, k, v, ONE, 2 * ONE, 1, False)
    np.testing.assert_allclose(weights, [0.669762, 0.330238], atol=1e-6)
    np.testing.assert_allclose(c[:, 0], [1.660477, 2.660477], atol=1e-6)
    dc = np.array([[1.0], [0.0]])
    dq, dk, dv = attention.attention_backward(q, k, v, weights, dc, ONE, 2 * ONE, 1)
    np.testing.assert_allclose(dq[:, 0], [-0.312797, 0.312797], atol=1e-6)
    np.testing.assert_allclose(dk, [[-0.312797, 0.312797], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(dv, [[0.669762, 0.330238], [0, 0]], atol=1e-6)


@st.composite
def sentences(draw):
    """Queries, keys and values of some sentences, with dropout or without."""
    count, heads, width = draw(st.integers(1, 4)), draw(st.integers(1, 2)), draw(st.sampled_from([1, 3, 4, 6]))
    causal = draw(st.booleans())
    lengths = draw(st.lists(st.integers(1, 40), min_size=count, max_size=count))
    others = lengths if causal else draw(st.lists(st.integers(1, 40), min_size=count, max_size=count))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    offsets, key_offsets = (np.concatenate([[0], np.cumsum(side)]) for side in (lengths, others))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    q, k, v, dc = (
        rng.standard_normal((heads * width, side[-1])).astype(dtype)
        for side in (offsets, key_offsets, key_offsets, offsets)
    )
    pairs = attention.n_pairs(offsets, key_offsets, heads)
    keep = rng.random(pairs) < 0.8 if draw(st.booleans()) else None
    return (q, k, v), dc, (offsets, key_offsets, heads), causal, keep


@given(sentences())
def test_attention_twins(case):
    qkv, dc, where, causal, keep = case
    scale = 1.0 if keep is None else 1.25
    wanted, weights = attention.attention_forward(*qkv, *where, causal, keep, scale)
    gradients = attention.attention_backward(*qkv, weights, dc, *where, keep, scale)
    tolerance = 2e-4 if dc.dtype == np.float32 else 1e-11
    close = {"rtol": tolerance, "atol": tolerance}
    found, plain = numpy_attention.attention_forward(*qkv, *where, causal, keep, scale)
    np.testing.assert_allclose(found, wanted, **close)
    np.testing.assert_allclose(plain, weights, **close)
    for one, other in zip(
        numpy_attention.attention_backward(*qkv, plain, dc, *where, keep, scale), gradients, strict=True
    ):
        np.testing.assert_allclose(one, other, **close)
    tokens, keys = where[0][-1], where[1][-1]
    in_tiles = [tiles(x) for x in qkv]
    out = {"out": unwritten(in_tiles[0]), "weights": unwritten(weights.astype(dc.dtype))}
    found, fast = compiled.attention_forward(*in_tiles, *where, causal, keep, scale, **out)
    np.testing.assert_allclose(flat(found, tokens), wanted, **close)
    np.testing.assert_allclose(fast, weights, **close)
    assert not behind(found, tokens).any()
    out = tuple(map(unwritten, in_tiles))
    found = compiled.attention_backward(*in_tiles, fast, tiles(dc), *where, keep, scale, out=out)
    for one, other, count in zip(found, gradients, (tokens, keys, keys), strict=True):
        assert one.dtype == dc.dtype
        np.testing.assert_allclose(flat(one, count), other, **close)
        assert not behind(one, count).any()


@pytest.mark.skipif(not SIMD, reason="without explicit vectors there is one version only")
@given(
    st.integers(1, 7), st.integers(1, 9), st.sampled_from([16, 32]), st.sampled_from([0, 16]),
    st.sampled_from([np.float32, np.float64]), st.integers(0, 5),
)  # fmt: skip
def test_products_with_explicit_vectors_are_those_of_the_loops(width, count, wide, more, dtype, seed):
    """The table of pairs may be wider than a sentence is long, and begin anywhere; what is beyond stays."""
    from sparse_mlp.kernels.simd_attention import mixtures, products

    rng = np.random.default_rng(seed)
    a, b, m = (
        rng.standard_normal(shape).astype(dtype)
        for shape in (3 + width * 20, 5 + width * 40, (count + 1, wide + more))
    )
    close = {"rtol": 1e-12, "atol": 1e-12} if dtype == np.float64 else {"rtol": 2e-5, "atol": 2e-5}
    found, wanted = (np.full((count + 1, wide + more), 7, dtype) for _ in range(2))
    products(a, 3, 20, b, 5, 40, width, count, wide, found)
    compiled.plain_products(a, 3, 20, b, 5, 40, width, count, wide, wanted)
    np.testing.assert_allclose(found, wanted, **close)
    sums = np.einsum("fi,fj->ij", a[3:].reshape(width, 20)[:, :count], b[5:].reshape(width, 40)[:, :wide])
    np.testing.assert_allclose(wanted[:count, :wide], sums, **close)
    out, plain = (np.full(2 + width * 50, 7, dtype) for _ in range(2))
    mixtures(a, 3, 20, m, width, count, wide, out, 2, 50)
    compiled.plain_mixtures(a, 3, 20, m, width, count, wide, plain, 2, 50)
    np.testing.assert_allclose(out, plain, **close)
    sums = a[3:].reshape(width, 20)[:, :count] @ m[:count, :wide]
    np.testing.assert_allclose(plain[2:].reshape(width, 50)[:, :wide], sums, **close)


def test_layer_norm_by_hand():
    x, ones, zeros = np.array([[1.0], [2.0], [3.0], [4.0]]), np.ones(4), np.zeros(4)
    y = layer_norm.layer_norm_forward(x, ones, zeros, 0.0)
    np.testing.assert_allclose(y[:, 0], [-1.341641, -0.447214, 0.447214, 1.341641], atol=1e-6)
    dx, _, _ = layer_norm.layer_norm_backward(x, np.array([[1.0], [0], [0], [0]]), ones, 0.0)
    np.testing.assert_allclose(dx[:, 0], [0.268328, -0.357771, -0.089443, 0.178885], atol=1e-6)


@given(st.integers(1, 9), st.integers(1, 130), st.integers(0, 9), st.booleans())
def test_layer_norm_twins(features, tokens, seed, constant):
    rng = np.random.default_rng(seed)
    x, dy = rng.standard_normal((2, features, tokens))
    if constant:
        x[:, 0] = 3.0
    gain, bias = rng.standard_normal((2, features))
    wanted = layer_norm.layer_norm_forward(x, gain, bias, 1e-6)
    gradients = layer_norm.layer_norm_backward(x, dy, gain, 1e-6)
    close = {"rtol": 1e-8, "atol": 1e-8}  # a constant column multiplies rounding by 1,000
    np.testing.assert_allclose(numpy_layer_norm.layer_norm_forward(x, gain, bias, 1e-6), wanted, **close)
    for one, other in zip(numpy_layer_norm.layer_norm_backward(x, dy, gain, 1e-6), gradients, strict=True):
        np.testing.assert_allclose(one, other, **close)
    found = compiled_norm.layer_norm_forward(tiles(x), gain, bias, 1e-6)
    np.testing.assert_allclose(flat(found, tokens), wanted, **close)
    assert np.isfinite(found).all()
    slopes = pack(np.ascontiguousarray(dy.T), np.arange(tokens), np.empty_like(found))
    dx, dgain, dbias = compiled_norm.layer_norm_backward(tiles(x), slopes, gain, 1e-6)
    for one, other in zip((flat(dx, tokens), dgain, dbias), gradients, strict=True):
        np.testing.assert_allclose(one, other, **close)
    assert not behind(dx, tokens).any()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=70), st.integers(0, 9))
def test_embedding_twins(words, seed):
    rng, words = np.random.default_rng(seed), np.array(words)
    positions, table = np.arange(len(words)), embedding.sinusoid(len(words), 4)
    weight, dx = rng.standard_normal((5, 4)), rng.standard_normal((4, len(words)))
    wanted, gradient = embedding.embed(weight, words, positions, table), embedding.embed_backward(dx, words, 5)
    np.testing.assert_allclose(numpy_embedding.embed(weight, words, positions, table), wanted, rtol=1e-13)
    np.testing.assert_allclose(numpy_embedding.embed_backward(dx, words, 5), gradient, rtol=1e-12, atol=1e-12)
    out = np.full((-(-len(words) // 64), 4, 64), np.nan)
    found = compiled_embedding.embed(weight, words, positions, table, out=out)
    np.testing.assert_allclose(flat(found, len(words)), wanted, rtol=1e-13)
    assert not behind(found, len(words)).any()
    found = compiled_embedding.embed_backward(tiles(dx), words, 5, add_to=np.ones((5, 4)))
    np.testing.assert_allclose(found - 1, gradient, rtol=1e-12, atol=1e-12)


def test_the_generator_by_hand():
    """Zero scores of four words, smoothing .1: the loss is log 4, the gradient .225, at the label -.675."""
    h, weight, bias = np.zeros((1, 2)), np.zeros((4, 2)), np.zeros(4)
    loss, _, _, dbias = loops.loss_and_gradients(h, weight, bias, np.array([1]), 0.1, 1)
    assert loss == pytest.approx(np.log(4))
    np.testing.assert_allclose(dbias, [0.225, -0.675, 0.225, 0.225])


@given(st.integers(1, 6), st.sampled_from([0.0, 0.1]), st.integers(0, 9))
def test_the_generator_goes_in_chunks_like_the_loops(tokens, smoothing, seed):
    rng = np.random.default_rng(seed)
    h, weight, bias = rng.standard_normal((tokens, 3)), rng.standard_normal((5, 3)), rng.standard_normal(5)
    target = rng.integers(5, size=tokens)
    wanted = loops.loss_and_gradients(h, weight, bias, target, smoothing, 9)
    before, vocabulary.CHUNK = vocabulary.CHUNK, 2
    try:
        dweight, dbias = np.ones((5, 3)), np.ones(5)
        loss, dh = vocabulary.loss_and_gradients(
            h, weight, bias, target, smoothing, 9, dweight=dweight, dbias=dbias
        )
        total, right = vocabulary.loss_only(h, weight, bias, target, smoothing)
    finally:
        vocabulary.CHUNK = before
    for one, other in zip((loss, dh, dweight - 1, dbias - 1), wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)
    assert total == pytest.approx(9 * wanted[0])
    assert right == np.count_nonzero(loops.scores(h, weight, bias).argmax(axis=1) == target)
