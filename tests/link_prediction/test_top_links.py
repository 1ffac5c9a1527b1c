"""The k best absent links: exactly k, in a known order, the same whatever computes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array
from wiring_cases import EDGES, EXAMPLE, ROUTES, route, wiring, wirings

from sparse_mlp.errors import InvalidInputError, StructureError
from sparse_mlp.kernels import link_scores, link_walks
from sparse_mlp.kernels.link_layer import LinkLayer
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.link_prediction import PREDICTORS, sample_links, score_matrix, streaming, top_links
from sparse_mlp.reference.link_scores import rounded
from sparse_mlp.topology import generate


def sorted_matrix(structure, method, k, backend=None):
    """The positive scores from best to worst, ties in row-major order; at most k positions."""
    scores = score_matrix(structure, method, backend=backend).ravel()
    positive = [p for p in range(scores.size) if scores[p] > 0]
    return sorted(positive, key=lambda p: (-rounded(scores[p]), p))[:k]


def positions(links, structure):
    rows, cols = links
    return (rows * structure.n_out + cols).tolist()


@pytest.mark.parametrize("way", ROUTES)
def test_the_worked_example(way):
    # 3.414214 at (0,2) and (1,0), 4 at (2,1), 1.414214 at (0,3) and (1,3).
    with route(way) as backend:
        rows, cols = top_links(wiring(EXAMPLE), "ch2-l3p", 5, backend=backend)
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == [(2, 1), (0, 2), (1, 0), (0, 3), (1, 3)]


def test_rounding_to_twelve_digits():
    assert rounded(1.23456789012349) == 1.23456789012
    assert rounded(1 + 1e-13) == 1.0 == rounded(1 - 1e-13)
    assert rounded(98765.43210987654) == 98765.4321099


@given(st.floats(1e-9, 1e9))
def test_rounding_twins(score):
    from sparse_mlp.kernels.selection import rounded as fast

    assert abs(fast(score) - rounded(score)) <= 1e-11 * score  # one unit of the last digit where a digit 5 is in doubt
    if len(f"{score:.15e}".rstrip("0").split("e")[0]) <= 10:
        assert fast(score) == rounded(score) == score


@given(wirings(), st.sampled_from(list(PREDICTORS)), st.integers(0, 40))
def test_equals_the_sorted_matrix(structure, method, k):
    for way in ROUTES:
        with route(way) as backend:
            expected = sorted_matrix(structure, method, k, backend)
            absent = structure.n_in * structure.n_out - structure.nnz
            found = positions(top_links(structure, method, min(k, absent), rng=0, backend=backend), structure)
            assert found[: len(expected)] == expected, way


@pytest.mark.parametrize("method", ["ch3-l3p", "path-count", "ch2-l3n"])
def test_many_rows_and_a_full_buffer(method):
    structure = generate("erdos-renyi", 150, 130, 0.04, rng=3)
    for k in (1, 7, 150, 4000):
        expected = sorted_matrix(structure, method, k)
        found = positions(top_links(structure, method, k, rng=0), structure)
        assert found[: len(expected)] == expected
        assert len(set(found)) == k
        with threads_limited(1):
            assert positions(top_links(structure, method, k, rng=0), structure) == found


@pytest.mark.parametrize("generosity", [0.001, 0.5, 1.5, 100])
@pytest.mark.parametrize("given", [False, True])
def test_a_wrong_guess_of_the_bound_changes_nothing(monkeypatch, generosity, given):
    structure = generate("erdos-renyi", 400, 130, 0.03, rng=3)
    monkeypatch.setattr(LinkLayer, "prefers_matrices", lambda layer, method: given)
    monkeypatch.setattr(link_scores, "GENEROSITY", generosity)
    monkeypatch.setattr(link_scores, "SAMPLED_BEST", 20)
    for k in (500, 4000, 30_000):
        expected = sorted_matrix(structure, "ch3-l3p", k)
        assert positions(top_links(structure, "ch3-l3p", k, rng=0), structure)[: len(expected)] == expected


@pytest.mark.parametrize("listed", [0, 128])
@pytest.mark.parametrize("method", ["ch3-l3p", "ch2-l3n"])
def test_walks_that_are_listed_once_or_for_each_row(monkeypatch, listed, method):
    structure = generate("erdos-renyi", 60, 70, 0.1, rng=4)
    expected = score_matrix(structure, method, backend="reference")
    monkeypatch.setattr(LinkLayer, "prefers_matrices", lambda layer, method: False)
    monkeypatch.setattr(link_walks, "STEPS_A_LINK", listed)
    np.testing.assert_allclose(score_matrix(structure, method), expected, rtol=1e-12)


@pytest.mark.parametrize("ties", ["index", "random"])
def test_links_without_paths_fill_up(ties):
    structure = wiring(EDGES["isolated"])
    counts = np.zeros(12)
    for seed in range(300):
        found = positions(top_links(structure, "ch3-l3p", 5, rng=seed, ties=ties), structure)
        assert len(set(found)) == 5
        assert found[0] == 10  # the only path leads from input 2 to output 2
        counts[found[1:]] += 1
    eligible = [0, 1, 2, 3, 4, 7, 8, 11]
    assert counts.sum() == counts[eligible].sum()
    assert np.all(np.abs(counts[eligible] - 150) < 4 * np.sqrt(300 * 0.25))


def test_ties_by_draw_are_fair():
    structure = wiring(EXAMPLE)  # (0,2) and (1,0) tie behind (2,1)
    second = [positions(top_links(structure, "ch3-l3p", 2, rng=seed, ties="random"), structure) for seed in range(400)]
    assert {tuple(found) for found in second} == {(9, 2), (9, 4)}
    assert abs(sum(found[1] == 2 for found in second) - 200) < 40


@given(wirings(), st.sampled_from(["path-count", "ch3-l3p", "ch3-l3n"]), st.integers(1, 30), st.integers(0, 99))
def test_random_ties_choose_the_same_scores(structure, method, k, seed):
    k = min(k, structure.n_in * structure.n_out - structure.nnz)
    scores = score_matrix(structure, method).ravel()
    by_index = [rounded(s) if s else 0.0 for s in scores[positions(top_links(structure, method, k, rng=0), structure)]]
    links = [positions(top_links(structure, method, k, rng=seed, ties="random", backend=b), structure)
             for b in ("numba", "reference")]  # fmt: skip
    for found in links:
        assert [rounded(s) if s else 0.0 for s in scores[found]] == by_index
    assert links[0] == links[1]


def test_blocks_of_rows_change_nothing(monkeypatch):
    structure = generate("erdos-renyi", 60, 50, 0.02, rng=4)
    whole = positions(top_links(structure, "path-count", 200, rng=5, ties="random"), structure)
    monkeypatch.setattr(streaming, "DRAW_CHUNK", 150)
    monkeypatch.setattr(streaming, "DRAWS_A_LINK", 0)
    assert positions(top_links(structure, "path-count", 200, rng=5, ties="random"), structure) == whole


def test_nothing_asked_nothing_given():
    for edge in EDGES.values():
        rows, cols = top_links(wiring(edge), "ch3-l3p", 0)
        assert rows.shape == cols.shape == (0,)


def test_bad_input():
    structure = wiring(EXAMPLE)
    with pytest.raises(InvalidInputError, match="k=6 links to choose; expected at most 5, as many"):
        top_links(structure, "ch3-l3p", 6)
    with pytest.raises(InvalidInputError, match="ties='first'"):
        top_links(structure, "ch3-l3p", 1, ties="first")
    with pytest.raises(InvalidInputError, match="k=-1"):
        top_links(structure, "ch3-l3p", -1)


def test_a_stored_zero_is_a_link():
    layer = csr_array((np.array([1.0, 0.0, 1.0]), [0, 1, 1], [0, 2, 3]), shape=(2, 3))
    assert [ends.tolist() for ends in top_links(layer, "ra-l3", 1)] == [[1], [0]]
    layer.eliminate_zeros()
    assert len(top_links(layer, "ra-l3", 4, rng=0)[0]) == 4


@pytest.mark.parametrize("array", [coo_array(np.ones(4)), coo_array(np.ones((2, 2, 2)))])
def test_a_wiring_has_two_dimensions(array):
    for ask in (top_links, sample_links):
        with pytest.raises(StructureError, match="two-dimensional"):
            ask(array, "ra-l3", 1)
    with pytest.raises(StructureError, match="two-dimensional"):
        score_matrix(array, "ra-l3")
