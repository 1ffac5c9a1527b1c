"""Predictors of the user's own: functions of a structure that return a score for each position."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.link_prediction import sample_links, score_matrix, top_links
from sparse_mlp.structure import SparseStructure

LAYER = SparseStructure.from_coo([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2, 3], shape=(3, 4))


def preferential(structure):
    return np.outer(structure.degrees_in(), structure.degrees_out())


def test_scores_by_hand():
    expected = [[0, 0, 4, 2], [4, 0, 0, 2], [0, 6, 0, 0]]
    np.testing.assert_array_equal(score_matrix(LAYER, preferential), expected)


@pytest.mark.parametrize("backend", ["reference", "numba"])
def test_the_best_links(backend):
    rows, cols = top_links(LAYER, preferential, 3, backend=backend)
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == [(2, 1), (0, 2), (1, 0)]


def test_ties_by_a_draw():
    seconds = {top_links(LAYER, preferential, 2, rng=seed, ties="random")[0][1] for seed in range(30)}
    assert seconds == {0, 1}


def test_draws_in_proportion_to_the_scores():
    firsts = [sample_links(LAYER, preferential, 1, rng=seed) for seed in range(3000)]
    share = np.mean([(row[0], col[0]) == (2, 1) for row, col in firsts])
    assert abs(share - 6 / 18) < 4 * np.sqrt(2 / 9 / 3000)


def test_links_without_a_score_fill_up():
    rows, cols = top_links(LAYER, lambda structure: np.zeros(structure.shape), 5, rng=0)
    assert set(zip(rows.tolist(), cols.tolist(), strict=True)) == {(0, 2), (0, 3), (1, 0), (1, 3), (2, 1)}


def test_a_predictor_in_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def ones(structure):\n    return [[1.0] * structure.n_out] * structure.n_in\n")
    assert score_matrix(LAYER, f"{path}:ones").sum() == 5


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        (np.ones((4, 3)), r"float64 \(4, 3\) from predictor .*mine"),
        (np.full((3, 4), "a"), r"<U1 \(3, 4\)"),
        (np.full((3, 4), -1.0), "scores from -1.0 to 0.0"),
        (np.full((3, 4), np.nan), "scores from nan"),
    ],
)
def test_what_a_predictor_returns_is_checked(scores, found):
    def mine(structure):
        return scores

    with pytest.raises(InvalidInputError, match=found):
        top_links(LAYER, mine, 1)


def test_what_is_not_a_predictor():
    with pytest.raises(InvalidInputError, match="predictor of type int"):
        score_matrix(LAYER, 3)
