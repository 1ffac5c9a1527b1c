"""Positions tried so far, and links that come back in the update that removed them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirings import wiring

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.measures import EverActive, overlap
from sparse_mlp.structure import SparseStructure


def test_rate_by_hand():
    tried = EverActive(wiring([[0, 1, 0], [0, 0, 1]]))
    assert (tried.count, tried.size, tried.rate) == (2, 6, 2 / 6)
    tried.add([0, 1])
    tried.add([5])
    tried.add([])
    assert (tried.count, tried.rate) == (3, 0.5)
    assert tried.positions().tolist() == [0, 1, 5]


def test_both_ends_of_a_word_and_its_neighbours():
    tried = EverActive(SparseStructure.from_keys([64], (10, 20)))
    tried.add([63, 127])
    tried.add([0, 128, 199])
    assert tried.positions().tolist() == [0, 63, 64, 127, 128, 199]


def test_a_layer_without_links():
    tried = EverActive(wiring(np.zeros((2, 2))))
    assert (tried.count, tried.rate, tried.positions().tolist()) == (0, 0.0, [])


@given(st.lists(st.sets(st.integers(0, 349), max_size=60), min_size=1, max_size=8))
def test_equals_a_set_of_all_positions(groups):
    tried, known = EverActive(SparseStructure.from_keys(sorted(groups[0]), (10, 35))), set(groups[0])
    for group in groups[1:]:
        tried.add(sorted(group))
        known |= group
        assert tried.count == len(known)
    assert tried.positions().tolist() == sorted(known)
    assert tried.rate == len(known) / 350


def test_memory_follows_what_was_tried_and_has_a_bound():
    few = EverActive(SparseStructure.from_keys(np.arange(5) * 10**9, (100_000, 100_000)))
    assert sum(array.nbytes for array in few.to_arrays().values()) <= 16 * 5 + 16
    all_of_them = EverActive(SparseStructure.complete((100, 100)))
    assert sum(array.nbytes for array in all_of_them.to_arrays().values()) <= 100 * 100 / 4 + 32


def test_there_and_back_through_a_file(tmp_path):
    tried = EverActive(SparseStructure.from_keys([3, 70, 340], (10, 35)))
    np.savez(tmp_path / "tried.npz", **tried.to_arrays())
    with np.load(tmp_path / "tried.npz", allow_pickle=False) as arrays:
        again = EverActive.from_arrays(arrays)
    for one in (tried, again):
        one.add([4, 70, 200])
    assert (again.shape, again.count) == ((10, 35), 5)
    assert again.positions().tolist() == tried.positions().tolist() == [3, 4, 70, 200, 340]
    with pytest.raises(InvalidInputError, match=r"without bits, words"):
        EverActive.from_arrays({"shape": np.array([2, 2])})


@pytest.mark.parametrize("positions", [[2, 1], [1, 1], [-1], [6]])
def test_positions_that_cannot_be(positions):
    with pytest.raises(InvalidInputError, match=r"ascending, distinct ones in \[0, 6\)"):
        EverActive(wiring(np.zeros((2, 3)))).add(positions)


def test_overlap_by_hand():
    assert overlap([3, 7, 8], [0, 3, 5, 8]) == 0.5
    assert overlap([3, 7, 8], [3, 7, 8]) == 1.0
    assert overlap([3, 7, 8], [9]) == 0.0
    assert overlap([], [1, 2]) == 0.0
    assert overlap([1, 2], []) == 0.0


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40), min_size=1))
def test_overlap_equals_sets(removed, regrown):
    assert overlap(sorted(removed), sorted(regrown)) == len(removed & regrown) / len(regrown)
