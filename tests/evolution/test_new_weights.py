"""What new links weigh: drawn, their weight of a moment ago, or the one they had when they last were there."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, NewWeights
from sparse_mlp.layers import MotifLinear, SparseLinear
from sparse_mlp.structure import SparseStructure


def change(before, kept, grown, name="sparse1", shape=(2, 5)):
    """Make the log of an update from positions: those before, those that survive, those that grow."""
    keep = np.isin(before, kept)
    return LayerUpdate.from_stages(name, SparseStructure.from_keys(before, shape), keep, keep, grown)


def draw(new, update, weight):
    """Draw for a layer that has these weights before the update."""
    return new.draw(update, SparseLinear(update.before, weight, dtype=weight.dtype), rng())


def rng():
    return np.random.default_rng(0)


def test_a_distribution_draws_one_number_for_each_new_link():
    update = change([1, 3, 5], [3], [1, 2])
    values = draw(NewWeights("normal"), update, np.array([0.1, 0.3, 0.5], np.float32))
    np.testing.assert_array_equal(values, rng().normal(0, 0.1, 2).astype(np.float32))
    assert values.dtype == np.float32


def test_new_weights_that_motifs_share_reckon_with_their_equal_inputs():
    update = change([1, 3, 5], [3], [1, 2])
    single = draw(NewWeights("swi"), update, np.zeros(3))
    shared, blocks = (
        NewWeights("swi").draw(update, MotifLinear(update.before, "zero", motif_size=4, mode=mode, dtype=float), rng())
        for mode in ("shared", "block")
    )
    np.testing.assert_allclose(shared, single / 4)  # 4 times the neurons, and equal ones in fours
    np.testing.assert_allclose(blocks.ravel()[:2], single / 2)


@pytest.mark.parametrize("distribution", ["zero", "normal"])
def test_a_regrown_link_keeps_its_weight_and_the_others_draw_as_before(distribution):
    update = change([1, 3, 5, 7], [3], [1, 2, 7])
    weight = np.array([0.1, 0.3, 0.5, 0.7])
    fresh = draw(NewWeights(distribution), update, weight)
    kept = draw(NewWeights(distribution, keep_regrown=True), update, weight)
    assert kept.tolist() == [0.1, fresh[1], 0.7]


def test_historical_weights_are_those_of_the_last_time():
    new = NewWeights("historical")
    # 1 and 5 go, 0 was never there: positions 0 and 3 afterwards
    assert draw(new, change([1, 3, 5], [3], [0, 8]), np.array([0.1, 0.3, 0.5])).tolist() == [0.0, 0.0]
    # 3 goes and 5 comes back; 8 goes and comes back
    assert draw(new, change([0, 3, 8], [0], [5, 8]), np.array([1.0, 3.0, 8.0])).tolist() == [0.5, 8.0]
    assert [a.tolist() for a in new.memory["sparse1"]] == [[1, 3], [0.1, 3.0]]
    # 5 goes with another weight and comes back with that one; 1 comes back too
    assert draw(new, change([0, 5, 8], [8], [1, 5]), np.array([1.5, 5.5, 8.5])).tolist() == [0.1, 5.5]
    assert [a.tolist() for a in new.memory["sparse1"]] == [[0, 3], [1.5, 3.0]]
    # what has gone twice is remembered once, as it was the second time
    assert draw(new, change([1, 5, 8], [5], [3, 4]), np.array([1.25, 5.0, 8.25])).tolist() == [3.0, 0.0]
    assert [a.tolist() for a in new.memory["sparse1"]] == [[0, 1, 8], [1.5, 1.25, 8.25]]


def test_each_layer_has_its_own_memory():
    new = NewWeights("historical")
    draw(new, change([1, 3], [3], [0], "a"), np.array([0.1, 0.3]))
    assert draw(new, change([2, 3], [3], [1], "b"), np.array([0.2, 0.4])).tolist() == [0.0]
    assert set(new.memory) == {"a", "b"}


def test_memory_keeps_the_precision_of_the_weights():
    new = NewWeights("historical")
    weight = np.array([0.1, 0.3], np.float32)
    draw(new, change([1, 3], [3], [0]), weight)
    values = draw(new, change([0, 3], [3], [1]), weight)
    assert values.dtype == np.float32
    assert values[0] == weight[0]


def test_state_comes_back():
    new, other = NewWeights("historical"), NewWeights("historical")
    assert new.state() == {}
    draw(new, change([1, 3], [3], [0], "a.b"), np.array([0.1, 0.3]))
    other.load_state(new.state())
    update, weight = change([0, 3], [3], [1], "a.b"), np.array([1.0, 2.0])
    assert draw(other, update, weight).tolist() == [0.1]
    assert draw(new, update, weight).tolist() == [0.1]  # nothing is shared
    assert {name: a.tolist() for name, a in other.state().items()} == {
        name: a.tolist() for name, a in new.state().items()
    }
    assert NewWeights("zero").state() == {}


def test_unknown_distribution():
    with pytest.raises(InvalidInputError, match=r"new_weights='historic'; .*did you mean 'historical'"):
        NewWeights("historic")
