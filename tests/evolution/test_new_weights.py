"""What new links weigh: a law, their weight of a moment ago, or the one they had when they last were there."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, NewWeights
from sparse_mlp.structure import SparseStructure


def change(before, kept, grown, name="sparse1", shape=(2, 5)):
    """Make the log of an update from positions: those before, those that survive, those that grow."""
    after = np.sort(np.concatenate((kept, grown)).astype(np.int64))
    old, new = SparseStructure.from_keys(before, shape), SparseStructure.from_keys(after, shape)
    at = {position: i for i, position in enumerate(before)}
    carry = np.array([at[p] if p in kept else -1 for p in after.tolist()])
    return LayerUpdate.from_carry(name, old, new, carry, np.zeros(old.nnz, bool))


def rng():
    return np.random.default_rng(0)


def test_a_law_draws_one_number_for_each_new_link():
    update = change([1, 3, 5], [3], [1, 2])
    values = NewWeights("normal").draw(update, np.array([0.1, 0.3, 0.5], np.float32), rng())
    np.testing.assert_array_equal(values, rng().normal(0, 0.1, 2).astype(np.float32))
    assert values.dtype == np.float32


def test_new_weights_that_motifs_share_reckon_with_their_equal_inputs():
    update = change([1, 3, 5], [3], [1, 2])
    single = NewWeights("swi").draw(update, np.zeros(3), rng())
    shared = NewWeights("swi").draw(update, np.zeros(3), rng(), motif_size=4)
    blocks = NewWeights("swi").draw(update, np.zeros((3, 4, 4)), rng(), motif_size=4)
    np.testing.assert_allclose(shared, single / 4)  # 4 times the neurons, and equal ones in fours
    np.testing.assert_allclose(blocks.ravel()[:2], single / 2)


@pytest.mark.parametrize("law", ["zero", "normal"])
def test_a_regrown_link_keeps_its_weight_and_the_others_draw_as_before(law):
    update = change([1, 3, 5, 7], [3], [1, 2, 7])
    weight = np.array([0.1, 0.3, 0.5, 0.7])
    fresh = NewWeights(law).draw(update, weight, rng())
    kept = NewWeights(law, keep_regrown=True).draw(update, weight, rng())
    assert kept.tolist() == [0.1, fresh[1], 0.7]


def test_historical_weights_are_those_of_the_last_time():
    law = NewWeights("historical")
    # 1 and 5 go, 0 was never there: positions 0 and 3 afterwards
    assert law.draw(change([1, 3, 5], [3], [0, 8]), np.array([0.1, 0.3, 0.5]), rng()).tolist() == [0.0, 0.0]
    # 3 goes and 5 comes back; 8 goes and comes back
    assert law.draw(change([0, 3, 8], [0], [5, 8]), np.array([1.0, 3.0, 8.0]), rng()).tolist() == [0.5, 8.0]
    assert [a.tolist() for a in law.memory["sparse1"]] == [[1, 3], [0.1, 3.0]]
    # 5 goes with another weight and comes back with that one; 1 comes back too
    assert law.draw(change([0, 5, 8], [8], [1, 5]), np.array([1.5, 5.5, 8.5]), rng()).tolist() == [0.1, 5.5]
    assert [a.tolist() for a in law.memory["sparse1"]] == [[0, 3], [1.5, 3.0]]
    # what has gone twice is remembered once, as it was the second time
    assert law.draw(change([1, 5, 8], [5], [3, 4]), np.array([1.25, 5.0, 8.25]), rng()).tolist() == [3.0, 0.0]
    assert [a.tolist() for a in law.memory["sparse1"]] == [[0, 1, 8], [1.5, 1.25, 8.25]]


def test_layers_have_memories_of_their_own():
    law = NewWeights("historical")
    law.draw(change([1, 3], [3], [0], "a"), np.array([0.1, 0.3]), rng())
    assert law.draw(change([2, 3], [3], [1], "b"), np.array([0.2, 0.4]), rng()).tolist() == [0.0]
    assert set(law.memory) == {"a", "b"}


def test_memory_keeps_the_precision_of_the_weights():
    law = NewWeights("historical")
    weight = np.array([0.1, 0.3], np.float32)
    law.draw(change([1, 3], [3], [0]), weight, rng())
    values = law.draw(change([0, 3], [3], [1]), weight, rng())
    assert values.dtype == np.float32
    assert values[0] == weight[0]


def test_state_comes_back():
    law, other = NewWeights("historical"), NewWeights("historical")
    assert law.state() == {}
    law.draw(change([1, 3], [3], [0], "a.b"), np.array([0.1, 0.3]), rng())
    other.load_state(law.state())
    update, weight = change([0, 3], [3], [1], "a.b"), np.array([1.0, 2.0])
    assert other.draw(update, weight, rng()).tolist() == [0.1]
    assert law.draw(update, weight, rng()).tolist() == [0.1]  # nothing is shared
    assert {name: a.tolist() for name, a in other.state().items()} == {
        name: a.tolist() for name, a in law.state().items()
    }
    assert NewWeights("zero").state() == {}


def test_unknown_law():
    with pytest.raises(InvalidInputError, match=r"new_weights='historic'; .*did you mean 'historical'"):
        NewWeights("historic")
