"""What a rule sees of links between motifs, and what it gives them."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.evolution import LayerUpdate, NewWeights, make_rule, one_chain, regrow_by_gradient
from sparse_mlp.layers import MotifLinear
from sparse_mlp.structure import SparseStructure


def make_layer(weight, shape=(2, 2), mode="block"):
    weight = np.asarray(weight, float)
    m = weight.shape[1] if weight.ndim == 3 else 2
    structure = SparseStructure.from_keys(np.arange(len(weight)), shape)
    return MotifLinear(structure, weight, motif_size=m, mode=mode, dtype="float64")


def test_an_update_takes_the_block_of_smallest_norm():
    """Norms 5, 2, 1 of three pairs out of four: the third has the largest single weight that is not the first's."""
    blocks = [[[3, 0], [0, -4]], [[1, 1], [1, -1]], [[0, 0], [0, 1.0]]]
    layer = make_layer(blocks)
    update = make_rule("rlr", zeta=0.4, exclude_removed=True, new_weights="he-uniform").update(
        one_chain([layer]), 0.0, 0
    )
    (change,) = update.layers
    assert [links.tolist() for links in change.removed] == [[1], [0]]
    assert [links.tolist() for links in change.grown] == [[1], [1]]
    assert layer.weight[:2].tolist() == blocks[:2]
    new = layer.weight[2]
    assert new.shape == (2, 2) and len(np.unique(new)) == 4
    assert np.abs(new).max() <= np.sqrt(6 / 4)


def test_set_takes_blocks_of_smallest_norm():
    """Norms 3, 3.2, 3.5, 4.2; by sums of magnitudes the first and third would go, by maxima the second and fourth."""
    blocks = [[[3, 0], [0, 0]], [[1.6, 1.6], [1.6, 1.6]], [[0, -3.5], [0, 0]], [[2.1, -2.1], [2.1, -2.1]]]
    layer = make_layer(blocks, (2, 3))
    (change,) = make_rule("set", zeta=0.5, exclude_removed=True).update(one_chain([layer]), 0.0, 0).layers
    assert [links.tolist() for links in change.removed] == [[0, 0], [0, 1]]
    assert [links.tolist() for links in change.grown] == [[1, 1], [1, 2]], "the places that were free"
    assert layer.structure.keys().tolist() == [2, 3, 4, 5]
    assert layer.weight[:2].tolist() == blocks[2:]


def test_set_takes_shared_weights_near_zero_sign_by_sign():
    layer = make_layer([3.0, -1.0, 0.5, -4.0], (2, 3), mode="shared")
    (change,) = make_rule("set", zeta=0.5, exclude_removed=True).update(one_chain([layer]), 0.0, 0).layers
    assert [links.tolist() for links in change.removed] == [[0, 0], [1, 2]]
    assert layer.weight[:2].tolist() == [3, -4]


@pytest.mark.parametrize("shape", [(), (3, 3)])
def test_set_keeps_the_number_of_pairs(shape):
    """Of 17 pairs 0.3 are no whole number: what is removed grows again, update after update."""
    rng = np.random.default_rng(0)
    structure = SparseStructure.from_keys(np.sort(rng.permutation(5 * 7)[:17]), (5, 7))
    mode = "block" if shape else "shared"
    layer = MotifLinear(structure, rng.normal(size=(17, *shape)), motif_size=3, mode=mode)
    rule, stream = make_rule("set", zeta=0.3), np.random.default_rng(1)
    for _ in range(20):
        (change,) = rule.update(one_chain([layer]), 0.0, stream).layers
        assert 0 < len(change.removed[0]) == len(change.grown[0]) < 17
        assert layer.structure.nnz == 17 and layer.weight.shape == (17, *shape)
        assert np.all(np.diff(layer.structure.keys()) > 0) and layer.weight.all()


def test_the_dense_gradient_of_blocks_counts_by_norm():
    """Inputs (3, 4 | 4.5, 0), deltas (1, 0 | 0, 2): norms 5, 10 / 4.5, 9; by the largest numbers 3 would come first."""
    layer = make_layer(np.zeros((0, 2, 2)))
    layer.recorded = np.array([[3.0], [4.0], [4.5], [0.0]]), np.array([[1.0], [0.0], [0.0], [2.0]])
    order = [1, 3, 0, 2]
    for k in range(1, 5):
        grown = regrow_by_gradient(layer, np.zeros(0, bool), k)
        assert grown.tolist() == sorted(order[:k])


def draw(new, change, blocks):
    """Draw for a layer that has these blocks before the update."""
    layer = MotifLinear(change.before, blocks, motif_size=blocks.shape[1], mode="block", dtype="float64")
    return new.draw(change, layer, np.random.default_rng(0))


@pytest.mark.parametrize("distribution", ["zero", "normal", "historical"])
def test_new_blocks_have_the_shape_of_the_old(distribution):
    keep = np.array([False, True])
    change = LayerUpdate.from_stages("one", SparseStructure.from_keys([0, 1], (2, 2)), keep, keep, [2, 3])
    values = draw(NewWeights(distribution), change, np.ones((2, 3, 3)))
    assert values.shape == (2, 3, 3)
    assert values.any() == (distribution == "normal")


def test_blocks_are_remembered_whole():
    first, second = SparseStructure.from_keys([0, 1], (2, 2)), SparseStructure.from_keys([1, 2], (2, 2))
    new, block = NewWeights("historical"), np.arange(8.0).reshape(2, 2, 2)
    keep = np.array([False, True])
    there = LayerUpdate.from_stages("one", first, keep, keep, [2])
    draw(new, there, block)
    back = LayerUpdate.from_stages("one", second, ~keep, ~keep, [0])
    again = NewWeights("historical")
    again.load_state(new.state())
    for one in (new, again):
        assert draw(one, back, np.ones((2, 2, 2))).tolist() == [block[0].tolist()]


def test_a_regrown_block_keeps_its_weights():
    keep = np.array([True, False])
    change = LayerUpdate.from_stages("one", SparseStructure.from_keys([0, 1], (2, 2)), keep, keep, [1])
    block = np.arange(8.0).reshape(2, 2, 2)
    values = draw(NewWeights("zero", keep_regrown=True), change, block)
    assert values.tolist() == [block[1].tolist()]
