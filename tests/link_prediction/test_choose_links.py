"""Links by given scores: so many of a layer or of each output, ties, draws, rows that take none, and fills."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from conv_cases import BACKENDS, convolution
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import link_scores as kernel
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.link_prediction import choose_links, conv_sample_links, conv_score_matrix, conv_top_links
from sparse_mlp.reference import link_scores as reference
from sparse_mlp.structure import SparseStructure

LAYER = SparseStructure.from_coo([0, 1, 3], [0, 1, 2], shape=(4, 3))
SCORES = np.array([[9, 2, 0], [1, 9, 4], [0, 3, 4], [7, 0, 9]]) / 8  # what stands on links does not count
everywhere = pytest.mark.parametrize("backend", BACKENDS)


def links(found):
    return list(zip(*(ends.tolist() for ends in found), strict=True))


@everywhere
def test_so_many_of_the_layer_or_of_each_output(backend):
    choice = {"backend": backend, "ties": "index", "rng": 0}
    assert links(choose_links(LAYER, SCORES, 3, **choice)) == [(1, 2), (2, 2), (3, 0)]
    assert links(choose_links(LAYER, SCORES, 2, **choice)) == [(1, 2), (3, 0)]
    assert links(choose_links(LAYER, SCORES, [1, 1, 1], **choice)) == [(1, 2), (2, 1), (3, 0)]
    assert links(choose_links(LAYER, SCORES, np.array([2, 0, 2]), **choice)) == [(1, 0), (1, 2), (2, 2), (3, 0)]
    assert links(choose_links(LAYER, SCORES, [0, 0, 0], **choice)) == links(choose_links(LAYER, SCORES, 0)) == []


@everywhere
def test_rows_that_take_no_link(backend):
    rows = np.array([0, 2])
    assert links(choose_links(LAYER, SCORES, 2, rows=rows, backend=backend)) == [(2, 1), (2, 2)]
    assert links(choose_links(LAYER, SCORES, [1, 1, 2], rows=rows, backend=backend)) == [(0, 2), (2, 0), (2, 1), (2, 2)]
    with pytest.raises(InvalidInputError, match="2 links to choose for output 0; expected at most 1, as many as"):
        choose_links(LAYER, SCORES, [2, 0, 0], rows=rows, backend=backend)
    with pytest.raises(InvalidInputError, match="6 links to choose; expected at most 5, as many as"):
        choose_links(LAYER, SCORES, 6, rows=rows, backend=backend)


def test_ties_are_decided_by_a_draw():
    seen = Counter(links(choose_links(LAYER, SCORES, [0, 0, 1], rng=seed))[0] for seed in range(400))
    assert set(seen) == {(1, 2), (2, 2)} and abs(seen[1, 2] - 200) < 40
    nearly = SCORES + np.array([[0], [0], [1e-14], [0]])  # beyond 12 digits
    assert {links(choose_links(LAYER, nearly, [0, 0, 1], rng=seed))[0][0] for seed in range(20)} == {1, 2}


@pytest.mark.parametrize("soft", [False, True])
def test_fills_are_uniform_and_come_last(soft):
    def seen(scores, counts):
        return Counter(
            pair for s in range(300) for pair in links(choose_links(LAYER, scores, counts, rng=s, soft=soft))
        )

    some = seen(SCORES, [0, 3, 2])  # output 1 has three free inputs, the last without a score
    assert some == dict.fromkeys([(0, 1), (2, 1), (3, 1), (1, 2), (2, 2)], 300)
    some = seen(np.zeros((4, 3)), 3)
    assert len(some) == 9 and all(abs(number - 100) < 35 for number in some.values())


@pytest.mark.parametrize("counts", [1, [0, 1, 0]])
def test_draws_in_proportion_to_the_scores(counts):
    scores = np.where(np.arange(3) == 1, SCORES, 0)  # 2 : 3 at (0, 1) and (2, 1)
    seen = Counter(links(choose_links(LAYER, scores, counts, rng=seed, soft=True))[0] for seed in range(2000))
    assert set(seen) == {(0, 1), (2, 1)} and abs(seen[2, 1] - 1200) < 4 * np.sqrt(2000 * 0.24)


@given(st.integers(1, 9), st.integers(1, 7), st.sampled_from(["index", "random", "soft"]), st.integers(0, 999))
def test_twins_and_threads(n_in, n_out, how, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, (n_in, n_out)) / 3
    draws = np.zeros((0, 0)) if how == "index" else rng.random(scores.shape)
    counts = rng.integers(0, n_in + 1, n_out)
    expected = reference.best_of_columns(scores, counts, draws, sampling=how == "soft")
    np.testing.assert_array_equal(kernel.best_of_columns(scores, counts, draws, sampling=how == "soft"), expected)
    with threads_limited(1):
        one = kernel.best_of_columns(scores, counts, draws, sampling=how == "soft")
    np.testing.assert_array_equal(one, expected)
    np.testing.assert_array_equal(
        np.bincount(expected % n_out, minlength=n_out), np.minimum(counts, np.count_nonzero(scores, axis=0))
    )


def test_many_columns_are_shared_by_threads():
    rng = np.random.default_rng(1)
    scores, draws, counts = rng.integers(0, 30, (900, 80)) / 7, rng.random((900, 80)), rng.integers(0, 300, 80)
    expected = [
        np.sort(np.lexsort((draws[:, v], -scores[:, v]))[: counts[v]]) * 80 + v for v in range(80)
    ]  # fmt: skip
    found = kernel.best_of_columns(scores, counts, draws, sampling=False)
    np.testing.assert_array_equal(found, np.sort(np.concatenate(expected)))


@everywhere
@pytest.mark.parametrize("graph", ["kernel", "layer"])
def test_the_best_links_of_a_convolution(graph, backend):
    rng = np.random.default_rng(5)
    structure, geometry = convolution(rng.random((3, 4, 3, 3)) < 0.3, 1, 6, 1, 1)  # one row: taps above and below die
    scores = conv_score_matrix(structure, geometry, "ch2-l3n", graph=graph)
    counts = np.array([3, 0, 5])
    rows, cols = conv_top_links(structure, geometry, "ch2-l3n", counts, graph=graph, rng=0, backend=backend)
    np.testing.assert_array_equal(np.bincount(cols, minlength=3), counts)
    for kernel_, k in enumerate(counts):
        best = np.sort(scores[:, kernel_])[::-1][:k]
        np.testing.assert_allclose(np.sort(scores[rows[cols == kernel_], kernel_])[::-1], best)
    rows, cols = conv_top_links(structure, geometry, "ch2-l3n", 6, graph=graph, rng=0, backend=backend)
    np.testing.assert_allclose(np.sort(scores[rows, cols])[::-1], np.sort(scores.ravel())[::-1][:6])
    live = geometry.live_taps()
    room = len(live) * 3 - np.count_nonzero(np.isin(structure.rows(), live))
    for choose in (conv_top_links, conv_sample_links):
        rows, cols = choose(structure, geometry, "ch2-l3n", room, graph=graph, rng=0, backend=backend)
        assert np.isin(rows, live).all() and not structure.contains(rows, cols).any()
        assert len(set(zip(rows.tolist(), cols.tolist(), strict=True))) == room
        with pytest.raises(InvalidInputError, match=f"at most {room}"):
            choose(structure, geometry, "ch2-l3n", room + 1)


def test_every_backend_makes_the_same_choice_in_a_convolution():
    structure, geometry = convolution(np.random.default_rng(6).random((4, 5, 3, 3)) < 0.2, 5, 5, 1, 1)
    for choose in (conv_top_links, conv_sample_links):
        found = [links(choose(structure, geometry, "ch3-l3n", [9] * 4, rng=2, backend=b)) for b in BACKENDS]
        assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("counts", [-1, 1.5, [1, 2], [1.0, 0, 0], [-1, 0, 0]])
def test_bad_counts(counts):
    with pytest.raises(InvalidInputError, match="counts"):
        choose_links(LAYER, SCORES, counts)
