"""Strength and selection by hand; ties by index; the counts of the formula, not those of rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import MOTIF_MODES, Dense, MotifLinear, SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.robustness import input_strength, select_features
from sparse_mlp.structure import SparseStructure


def layer() -> SparseLinear:
    """Rows (.5, -.1), (0, 0), (.2, .3): the second input has no link."""
    structure = SparseStructure.from_coo([0, 0, 2, 2], [0, 1, 0, 1], shape=(3, 2))
    return SparseLinear(structure, [0.5, -0.1, 0.2, 0.3], dtype="float64")


def test_strength_by_hand() -> None:
    strength = input_strength(layer())
    assert strength.dtype == np.float64
    np.testing.assert_allclose(strength, [0.6, 0, 0.5], rtol=1e-15)
    assert select_features(strength, 2 / 3).tolist() == [0, 2]


def test_strength_in_deviations_of_the_input_by_hand() -> None:
    """Deviations 2, 1 and 0 of the inputs, strengths .6, 0 and .5."""
    inputs = np.array([[-2.0, 1, 7], [2, 3, 7]])
    np.testing.assert_allclose(input_strength(layer(), inputs), [1.2, 0, 0], rtol=1e-15)
    with pytest.raises(InvalidInputError, match=r"\(2, 2\)"):
        input_strength(layer(), inputs[:, :2])


def test_of_a_network_the_first_layer_counts() -> None:
    model = SparseMLP([20, 30, 30, 3], density=0.2, rng=0)
    dense = np.zeros((20, 30))
    first = model.sparse_layers[0]
    dense[first.structure.rows(), first.structure.indices] = first.weight
    np.testing.assert_allclose(input_strength(model), np.abs(dense).sum(axis=1), rtol=1e-12)
    other = SparseMLP.dense([4, 3, 2], rng=0)
    np.testing.assert_array_equal(
        input_strength(other), np.abs(other.linear_layers[0].weight).astype(np.float64).sum(axis=1)
    )


def test_dense_layers_and_layers_of_motifs() -> None:
    dense = Dense(2, 2, dtype="float64", rng=0)
    dense.weight[:] = [[1, -2], [0.5, 0]]
    assert input_strength(dense).tolist() == [3, 0.5]
    links = SparseStructure.from_coo([0, 0, 2], [0, 1, 0], shape=(3, 2))
    shared = MotifLinear(links, [0.5, -0.25, 2.0], motif_size=2, dtype="float64")
    assert input_strength(shared).tolist() == [1.5, 1.5, 0, 0, 4, 4]
    blocks = MotifLinear(links, [[[0.5]], [[-1]], [[2]]], motif_size=1, mode="block")
    assert input_strength(blocks).tolist() == [1.5, 0, 2]


@pytest.mark.parametrize("mode", MOTIF_MODES)
def test_motifs_count_as_their_single_links(mode: str) -> None:
    model = SparseMLP([10, 12, 3], density=0.4, motif_size=3, motif_mode=mode, pad=True, rng=0)
    first = model.sparse_layers[0]
    wanted = np.abs(first.expanded().weights.toarray()).sum(axis=1)
    assert first.shape[0] == 12
    np.testing.assert_allclose(input_strength(first), wanted, rtol=1e-6)
    np.testing.assert_allclose(input_strength(model), wanted[:10], rtol=1e-6)  # padding is no feature


def test_what_has_no_weights_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="a dict without weights"):
        input_strength({})


def test_ties_go_to_the_first() -> None:
    assert select_features([1, 2, 1, 2, 1], 0.6).tolist() == [0, 1, 3]
    assert select_features(np.zeros(4), 0.5).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("n", "fraction", "count"),
    [(784, 0.6, 470), (500, 1 - 0.9, 50), (10, 0.7, 7), (100, 0.29, 29), (3, 0.3, 0), (7, 1.0, 7), (7, 0.0, 0)],
)
def test_counts_of_the_formula(n: int, fraction: float, count: int) -> None:
    chosen = select_features(np.random.default_rng(0).random(n), fraction)
    assert chosen.dtype == np.int64 and len(chosen) == count


@given(
    strength=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=30),
    percent=st.integers(0, 100),
)
def test_no_input_that_is_left_out_is_stronger(strength: list[float], percent: int) -> None:
    values = np.array(strength)
    chosen = select_features(values, percent / 100)
    assert len(chosen) == percent * len(values) // 100 and np.all(np.diff(chosen) > 0)
    rest = np.setdiff1d(np.arange(len(values)), chosen)
    if len(chosen) and len(rest):
        assert values[rest].max() <= values[chosen].min()
        tied = np.flatnonzero(values == values[chosen].min())
        assert np.isin(tied, chosen).argmin() == np.isin(tied, chosen).sum() or np.isin(tied, chosen).all()


def test_bad_values_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="did you pass a percentage"):
        select_features([1.0], 20)
    for strength in ([np.nan, 1.0], [[1.0]], [np.inf]):
        with pytest.raises(InvalidInputError, match="strength"):
            select_features(strength, 0.5)


def test_deviations_of_sparse_columns_are_those_of_dense_ones():
    from scipy.sparse import csr_array

    from sparse_mlp.robustness.feature_selection import deviations

    dense = np.array([[1.0, 0.0, 3.0], [1.0, 0.0, 0.0], [1.0, 2.0, -3.0]])
    np.testing.assert_allclose(deviations(csr_array(dense)), dense.std(axis=0), rtol=1e-15)
