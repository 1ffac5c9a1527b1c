"""New links: as many as are gone, never on a present one, each set of positions equally likely."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import regrow_random
from sparse_mlp.layers import SparseLinear
from sparse_mlp.structure import SparseStructure


@given(
    st.integers(1, 12), st.integers(1, 12), st.floats(0.01, 1), st.floats(0, 1), st.integers(0, 999),
)  # fmt: skip
def test_positions_are_absent_and_exactly_as_many_as_are_gone(make_net, n_in, n_out, density, share, seed):
    (layer,) = make_net([n_in, n_out], density, seed)
    keep = np.random.default_rng(seed).random(layer.structure.nnz) >= share
    grown = regrow_random(layer, keep, np.count_nonzero(~keep), rng=np.random.default_rng(seed))
    assert len(grown) == np.count_nonzero(~keep)
    assert np.all(np.diff(grown) > 0)
    assert np.all((grown >= 0) & (grown < n_in * n_out))
    assert not np.isin(grown, layer.structure.keys()[keep]).any()


def test_every_set_of_absent_positions_is_equally_likely(make_layer):
    # Kept are positions 1 and 6, so 2 of the 6 others are drawn, the removed 3 and 4 among them.
    layer = make_layer([[0, 1, 0, 1], [1, 0, 1, 0]])
    keep = np.array([True, False, False, True])
    sets = dict.fromkeys(combinations([0, 2, 3, 4, 5, 7], 2), 0)
    rng = np.random.default_rng(11)
    for _ in range(3000):
        sets[tuple(regrow_random(layer, keep, 2, rng=rng).tolist())] += 1
    assert chisquare(list(sets.values())).pvalue > 1e-6


def test_removed_positions_can_be_closed(make_layer):
    layer = make_layer([[0, 1, 0, 1], [1, 0, 1, 0]])
    keep = np.array([True, False, False, True])
    sets = dict.fromkeys(combinations([0, 2, 5, 7], 2), 0)
    rng = np.random.default_rng(12)
    for _ in range(2000):
        sets[tuple(regrow_random(layer, keep, 2, rng=rng, exclude_removed=True).tolist())] += 1
    assert chisquare(list(sets.values())).pvalue > 1e-6


def test_nearly_dense_layer(make_net):
    (layer,) = make_net([60, 50], 0.95)
    keep = np.arange(layer.structure.nnz) % 3 > 0
    # 950 are gone and 150 never were there; 950 of 1100 absent positions are drawn.
    chosen = np.zeros(3000)
    rng = np.random.default_rng(13)
    for _ in range(200):
        chosen[regrow_random(layer, keep, 950, rng=rng)] += 1
    absent = np.setdiff1d(np.arange(3000), layer.structure.keys()[keep])
    assert len(absent) == 1100
    assert chosen.sum() == chosen[absent].sum() == 200 * 950
    assert abs(chosen[absent[:550]].mean() / 200 - 950 / 1100) < 0.01


def test_complete_layer_gets_its_own_links_back(make_layer):
    layer = make_layer(np.ones((4, 5)))
    keep = np.arange(20) % 2 == 0
    assert regrow_random(layer, keep, 10, rng=np.random.default_rng(0)).tolist() == list(range(1, 20, 2))


def test_complete_layer_with_removed_positions_closed(make_layer):
    layer = make_layer(np.ones((4, 5)), name="narrow")
    keep = np.arange(20) > 0
    with pytest.raises(InvalidInputError, match="0 free positions for 1 new links in layer narrow; expected"):
        regrow_random(layer, keep, 1, rng=np.random.default_rng(0), exclude_removed=True)


def test_nothing_gone_nothing_grown(make_layer):
    for matrix in (np.ones((2, 2)), np.zeros((2, 2)), np.eye(3)):
        layer = make_layer(matrix)
        keep = np.ones(layer.structure.nnz, bool)
        for closed in (False, True):
            assert len(regrow_random(layer, keep, 0, rng=np.random.default_rng(0), exclude_removed=closed)) == 0


class Fenced(SparseLinear):
    """A layer where only rows 1 and 3 may bear links."""

    def growable(self):
        return np.array([1, 3])


def test_rows_that_bear_no_links_stay_closed():
    # Row 0 bears a link that it may keep. Of row 1, 1 and 2 are free, of row 3 all, and 0 after it went.
    layer = Fenced(SparseStructure.from_coo([0, 1, 3], [2, 0, 1], (4, 3)), [1.0, 2.0, 3.0], name="fenced")
    keep, sets, rng = np.array([True, True, False]), {}, np.random.default_rng(14)
    for _ in range(2000):
        grown = tuple(regrow_random(layer, keep, 2, rng=rng).tolist())
        sets[grown] = sets.get(grown, 0) + 1
    assert set(sets) == set(combinations([4, 5, 9, 10, 11], 2))
    assert chisquare(list(sets.values())).pvalue > 1e-6
    assert regrow_random(layer, keep, 4, rng=rng, exclude_removed=True).tolist() == [4, 5, 9, 11]
    with pytest.raises(InvalidInputError, match="5 free positions for 6 new links in layer fenced"):
        regrow_random(layer, keep, 6, rng=rng)
