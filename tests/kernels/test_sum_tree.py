"""The tree of sums: targets at the borders of stretches, and changes that leave no trace."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.kernels.sum_tree import leaf_at, set_weight, sum_tree


def test_whole_numbers_by_hand():
    tree = sum_tree(np.array([3, 0, 2]))
    assert tree.tolist() == [0, 5, 3, 2, 3, 0, 2, 0]
    assert [leaf_at(tree, target) for target in range(5)] == [0, 0, 0, 2, 2]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_a_target_rounded_up_to_the_total_finds_the_last_weight(n):
    weights = np.linspace(0.1, 0.7, n)
    tree = sum_tree(weights)
    assert leaf_at(tree, tree[1] * (1 + 1e-15)) == n - 1
    set_weight(tree, n - 1, 0.0)
    if n > 1:
        assert leaf_at(tree, tree[1] * (1 + 1e-15)) == n - 2


def test_small_weights_are_not_lost_beside_large_ones_that_went():
    tree = sum_tree(np.array([1.0, 1e-30, 1e-30]))
    set_weight(tree, 0, 0.0)
    assert tree[1] == 2e-30
    assert [leaf_at(tree, share * tree[1]) for share in (0.0, 0.4, 0.6)] == [1, 1, 2]


def test_a_weight_set_to_zero_and_back_leaves_the_same_bytes():
    weights = np.random.default_rng(0).random(13)
    tree = sum_tree(weights)
    before = tree.tobytes()
    for leaf in (4, 12, 0):
        set_weight(tree, leaf, 0.0)
    for leaf in (0, 4, 12):
        set_weight(tree, leaf, weights[leaf])
    assert tree.tobytes() == before
