"""Links where features go together: the paper's example, ties and tiles by hand, and what always holds."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.topology import correlation, generate, generate_network
from sparse_mlp.topology.correlated import correlated, strongest_links
from sparse_mlp.topology.correlation import SAMPLE_CHUNK, absolute_correlation

# r01 = .9, r02 = -.5, r12 = .1 by absolute value
STRENGTH = np.array([[0.0, 0.9, 0.5], [0.9, 0.0, 0.1], [0.5, 0.1, 0.0]])


def rng(seed=0):
    return np.random.default_rng(seed)


def pairs(structure):
    return list(zip(structure.rows().tolist(), structure.indices.tolist(), strict=True))


def inputs_with(wanted, n_samples=40):
    """Inputs of exactly the wanted correlation: orthonormal columns times its Cholesky factor."""
    centred = rng(1).standard_normal((n_samples, len(wanted)))
    columns, _ = np.linalg.qr(centred - centred.mean(axis=0))
    return columns @ np.linalg.cholesky(wanted).T


# ---------------------------------------------------------------------------------------------- correlation


def test_correlation_by_hand():
    # deviations (-1, 0, 1), (2, -1, -1) and (1, 1, -2): products -3, -3 and 3; squares 2, 6 and 6
    x = np.array([[1.0, 12.0, 3.0], [2.0, 9.0, 3.0], [3.0, 9.0, 0.0]])
    r = round(3 / 12**0.5, 12)
    np.testing.assert_array_equal(absolute_correlation(x), [[0, r, r], [r, 0, 0.5], [r, 0.5, 0]])


def test_correlation_is_that_of_numpy_over_many_blocks():
    x = rng(2).standard_normal((2 * SAMPLE_CHUNK + 17, 6)) @ rng(3).standard_normal((6, 6)) + 1e3
    expected = np.abs(np.corrcoef(x.T))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(absolute_correlation(x), expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(absolute_correlation(1e-200 * x), expected, rtol=0, atol=1e-11)


def test_constant_features_correlate_with_nothing():
    # The mean of ten times 0.1 is not 0.1 in every order of summation: only the values tell that it is constant.
    x = np.column_stack([np.full(10, 0.1), np.arange(10.0), np.full(10, 0.7), np.arange(10.0) ** 2])
    strength = absolute_correlation(x)
    assert np.flatnonzero(strength.any(axis=0)).tolist() == [1, 3]


def test_copies_tie_exactly_and_uncorrelated_features_are_at_zero():
    x = rng(4).standard_normal((3000, 5))
    doubled = absolute_correlation(np.column_stack([x, 3 * x - 7]))
    np.testing.assert_array_equal(doubled[:5, :5], doubled[5:, 5:])
    np.testing.assert_array_equal(doubled[np.arange(5), np.arange(5, 10)], 1.0)
    fourier = np.cos(2 * np.pi * np.outer(np.arange(64), np.arange(1, 9)) / 64)
    assert not absolute_correlation(fourier).any()


def test_symmetric_and_the_same_bytes_for_any_number_of_threads(monkeypatch):
    monkeypatch.setattr(correlation, "DECIMALS", 17)  # no rounding that could hide a difference
    x = rng(5).standard_normal((3000, 300)).astype(np.float32)
    strength = absolute_correlation(x)
    np.testing.assert_array_equal(strength, strength.T)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.append(absolute_correlation(x).tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(3), r"data of float64 \(3,\); expected numbers \(n_samples, n_features\); flatten"),
        (np.zeros((0, 3)), r"\(0, 3\)"),
        (np.array([["a"]]), "data of <U1"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "data with infinite or missing numbers"),
        (np.array([[1.0, np.inf], [0.0, 1.0]]), "data with infinite or missing numbers"),
    ],
)
def test_data_that_cannot_be_used(x, message):
    with pytest.raises(InvalidInputError, match=message):
        generate("correlated", 2, 2, 0.5, data=x)


# ---------------------------------------------------------------------------------------------------- links


def test_example_of_the_paper():
    # k = 3: (0, 2) and (2, 0) tie, the published code takes both
    assert pairs(strongest_links(STRENGTH, 3, 3, 2, rng())) == [(0, 1), (1, 0)]
    assert pairs(strongest_links(STRENGTH, 3, 3, 3, rng())) == [(0, 1), (0, 2), (1, 0)]
    assert pairs(strongest_links(STRENGTH, 3, 3, 5, rng())) == [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0)]
    assert strongest_links(STRENGTH, 3, 3, 0, rng()).nnz == 0


def test_example_from_inputs():
    x = inputs_with(np.array([[1, 0.9, -0.5], [0.9, 1, -0.1], [-0.5, -0.1, 1]]))
    np.testing.assert_array_equal(absolute_correlation(x), STRENGTH)
    assert pairs(generate("correlated", 3, 3, 3 / 9, data=x, rng=0)) == [(0, 1), (0, 2), (1, 0)]


def test_layer_twice_as_wide_as_the_data_is_four_tiles():
    # .9 stands 4 times in a 3 x 6 layer and 8 times in a 6 x 6 one
    assert pairs(strongest_links(STRENGTH, 3, 6, 4, rng())) == [(0, 1), (0, 4), (1, 0), (1, 3)]
    strongest = [(0, 1), (0, 4), (1, 0), (1, 3), (3, 1), (3, 4), (4, 0), (4, 3)]
    assert pairs(strongest_links(STRENGTH, 6, 6, 8, rng())) == strongest
    assert pairs(strongest_links(STRENGTH, 6, 6, 6, rng())) == strongest[:6]
    assert pairs(strongest_links(STRENGTH, 6, 6, 9, rng())) == sorted([*strongest, (0, 2)])


def test_layer_that_is_no_multiple_of_the_data():
    # rows 0 1 2 0, columns 0 1: .9 at (0, 1), (1, 0), (3, 1), then .5 at (2, 0)
    assert pairs(strongest_links(STRENGTH, 4, 2, 3, rng())) == [(0, 1), (1, 0), (3, 1)]
    assert pairs(strongest_links(STRENGTH, 4, 2, 4, rng())) == [(0, 1), (1, 0), (2, 0), (3, 1)]


def test_zeros_are_filled_uniformly_when_correlations_run_out():
    seen = np.zeros((3, 3))
    for seed in range(300):
        structure = strongest_links(STRENGTH, 3, 3, 7, rng(seed))
        assert structure.nnz == 7 and structure.contains([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]).all()
        seen += structure.to_scipy().toarray()
    assert np.all(np.abs(seen.diagonal() - 100) < 35), "each place of the diagonal one time in three"
    assert strongest_links(np.zeros((1, 1)), 5, 4, 3, rng()).nnz == 3
    assert strongest_links(np.zeros((2, 2)), 5, 4, 20, rng()).nnz == 20


def test_nothing_is_drawn_while_correlations_last():
    generator = rng()
    strongest_links(STRENGTH, 3, 3, 6, generator)
    assert generator.bit_generator.state == rng().bit_generator.state


def layer_of(strength, n_in, n_out):
    return strength[np.ix_(np.arange(n_in) % len(strength), np.arange(n_out) % len(strength))]


@given(st.data())
def test_links_are_the_head_of_the_sorted_layer(data):
    size, n_in, n_out = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 15)), data.draw(st.integers(1, 15))
    # Few different values, zero among them, so that ties are the rule.
    upper = np.array([data.draw(st.sampled_from([0, 0.2, 0.5, 0.9])) for _ in range(size * size)]).reshape(size, size)
    strength = np.triu(upper, 1) + np.triu(upper, 1).T
    links = data.draw(st.integers(0, n_in * n_out))
    structure = strongest_links(strength, n_in, n_out, links, rng())
    assert structure.shape == (n_in, n_out) and structure.nnz == links
    layer = layer_of(strength, n_in, n_out).ravel()
    head = np.argsort(-layer, kind="stable")[: min(links, np.count_nonzero(layer))]
    assert set(head.tolist()) <= set(structure.keys().tolist())


@given(st.integers(2, 12), st.integers(0, 50), st.data())
def test_another_order_of_features_is_another_order_of_neurons(size, seed, data):
    # All correlations differ, so only a pair (i, j), (j, i) ties; an even count takes both.
    x, order = rng(seed).standard_normal((30, size)), rng(seed + 1).permutation(size)
    links = 2 * data.draw(st.integers(1, size * (size - 1) // 2))
    plain = correlated(size, size, links, rng(), data=x).to_scipy().toarray()
    permuted = correlated(size, size, links, rng(), data=x[:, order]).to_scipy().toarray()
    np.testing.assert_array_equal(permuted, plain[np.ix_(order, order)])


def test_scale_and_sign_of_a_feature_do_not_matter():
    x = rng(8).standard_normal((50, 10))
    other = (x * np.array([1, -2, 3, -4, 5, 6, 7, 8, 9, 10]) + 5).astype(np.float64)
    assert generate("correlated", 10, 20, 0.2, data=x, rng=0) == generate("correlated", 10, 20, 0.2, data=other, rng=0)


def test_memory_follows_the_correlations_not_the_layer():
    x = rng(9).standard_normal((100, 50))
    tracemalloc.start()
    structure = generate("correlated", 8000, 8000, 0.0005, data=x, rng=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert structure.nnz == 32_000
    assert peak < 8_000_000, "a byte for each position would be 64 MB"


# ------------------------------------------------------------------------------------------------- networks


def test_hidden_layers_share_one_pattern():
    x = rng(10).standard_normal((60, 12))
    structures = generate_network("correlated", [12, 12, 12, 3], [30, 30], data=(x, None), rng=0)
    assert structures[0] == structures[1] == generate("correlated", 12, 12, 30 / 144, data=x, rng=3)


def test_fashion_images_in_seconds(real_data_dir):
    from sparse_mlp import datasets

    images = datasets.load("fashion-mnist", real_data_dir).train_x
    start = time.perf_counter()
    first, second = generate_network("correlated", [784, 1000, 1000, 10], [7840, 10_000], data=(images, None), rng=0)
    assert time.perf_counter() - start < 15
    assert (first.nnz, second.nnz) == (7840, 10_000)
    assert first.degrees_in().max() > 50, "hubs, where a random wiring has some 20 links at most"
