"""The buffer of the best: streams much longer than it, close scores, many ties."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.kernels.link_scores import best_of_matrix, top_of_matrix
from sparse_mlp.kernels.pool import threads_limited


@pytest.mark.parametrize("k", [1, 10, 100, 1999])
def test_close_scores(k):
    scores = 1 + 1e-9 * np.random.default_rng(k).permutation(2000).reshape(40, 50)
    with threads_limited(1):
        keys, positions = top_of_matrix(scores, k)
    np.testing.assert_array_equal(positions, np.argsort(-scores.ravel())[:k])
    np.testing.assert_allclose(keys, scores.ravel()[positions], rtol=1e-12)


@pytest.mark.parametrize("k", [1, 10, 100, 1999])
def test_many_ties_by_position_and_by_draw(k):
    rng = np.random.default_rng(k)
    scores, draws = rng.integers(1, 4, (40, 50)) * 1.0, rng.random((40, 50))
    blocks = [(0, draws[:11]), (11, draws[11:])]
    found = top_of_matrix(scores, k)[1], best_of_matrix(scores, k, blocks, sampling=False)[2]
    for positions, ties in zip(found, (np.arange(2000), draws.ravel()), strict=True):
        np.testing.assert_array_equal(positions, np.lexsort((ties, -scores.ravel()))[:k])


@pytest.mark.parametrize("k", [1, 10, 100, 1999])
def test_arrivals(k):
    rng = np.random.default_rng(k)
    scores, draws = rng.exponential(1, (40, 50)), rng.random((40, 50))
    found = best_of_matrix(scores, k, [(0, draws[:7]), (7, draws[7:])], sampling=True)[2]
    np.testing.assert_array_equal(found, np.argsort(-np.log1p(-draws.ravel()) / scores.ravel())[:k])


def test_rows_from_the_middle():
    scores, draws = np.arange(1.0, 13).reshape(3, 4), np.zeros((1, 4))
    assert best_of_matrix(scores, 2, [(1, draws)], sampling=False)[2].tolist() == [7, 6]


def test_equal_draws_leave_room_for_lower_ones():
    scores, draws = np.ones((1, 5)), np.array([[0.75, 0.75, 0.75, 0.625, 0.75]])
    _, ties, positions = best_of_matrix(scores, 2, [(0, draws)], sampling=False)
    assert ties.tolist() == [0.625, 0.75]
    assert positions.tolist() == [3, 0]
