"""The dense rival computes the same scores as the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sparse_mlp.bench.link_peers import dense_flops, dense_matrix, dense_scores, dense_top_links
from sparse_mlp.link_prediction import score_matrix
from sparse_mlp.structure import SparseStructure

LAYER = SparseStructure.from_coo([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2, 3], shape=(3, 4))


def test_the_layer_is_zeros_and_ones() -> None:
    expected = [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 1]]
    np.testing.assert_array_equal(dense_matrix(LAYER), np.array(expected, np.float32))
    assert dense_matrix(LAYER).dtype == np.float32


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)), density=st.sampled_from([0.1, 0.3, 0.6, 0.9]),
    seed=st.integers(0, 2**16),
)  # fmt: skip
def test_scores_are_those_of_the_reference(shape: tuple[int, int], density: float, seed: int) -> None:
    wiring = np.random.default_rng(seed).random(shape) < density
    structure = SparseStructure.from_coo(*np.nonzero(wiring), shape=shape)
    expected = score_matrix(structure, "ch2-l3n", backend="reference")
    np.testing.assert_allclose(dense_scores(dense_matrix(structure)), expected, rtol=1e-5)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_best_links_are_chosen(k: int) -> None:
    scores = score_matrix(LAYER, "ch2-l3n", backend="reference").ravel()
    chosen = dense_top_links(dense_matrix(LAYER), k)
    np.testing.assert_allclose(np.sort(scores[chosen]), np.sort(scores)[-k:])
    assert len(set(chosen.tolist())) == k


def test_operations_of_the_four_products() -> None:
    # 2 x 3: of each symmetric product one triangle, 2*2*3 and 3*3*2; then 2*(2*2*3) and 2*(3*3*2)
    assert dense_flops(2, 3) == 12 + 18 + 24 + 36
