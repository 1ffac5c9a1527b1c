"""The log of an update: what each stage did, by hand, and there and back through a file."""

from __future__ import annotations

import numpy as np

from sparse_mlp.evolution import LayerUpdate, TopologyUpdate
from sparse_mlp.structure import SparseStructure


def make():
    """Of 0, 2, 5 and 7 in 2 x 4: 2 is removed, 5 percolated; 1 grows, and 5 grows back."""
    before = SparseStructure.from_keys([0, 2, 5, 7], (2, 4))
    left, connected = np.array([True, False, True, True]), np.array([True, False, False, True])
    return LayerUpdate.from_stages("one", before, left, connected, [1, 5])


def test_by_hand():
    change = make()
    assert change.after.keys().tolist() == [0, 1, 5, 7]
    assert change.carry.tolist() == [0, -1, -1, 3]
    stages = change.removed, change.percolated, change.grown
    assert [[side.tolist() for side in links] for links in stages] == [[[0], [2]], [[1], [1]], [[0, 1], [1, 1]]]
    assert (change.regrown_from.tolist(), change.overlap) == ([-1, 2], 0.5)
    counts = {"layer": "one", "before": 4, "removed": 1, "percolated": 1, "grown": 2, "after": 4}
    assert change.counts() == counts
    assert TopologyUpdate((change,), 0.3).to_record(epoch=2, step=9) == {
        "kind": "update", "epoch": 2, "step": 9, "zeta": 0.3, "seconds": 0.0, "layers": [counts]
    }  # fmt: skip


def test_nothing_grown():
    structure = SparseStructure.from_keys([0, 2], (1, 3))
    change = LayerUpdate.from_stages("one", structure, np.array([True, False]), np.array([True, False]), [])
    assert (change.overlap, change.after.nnz, [len(side) for side in change.grown]) == (0.0, 1, [0, 0])


def test_there_and_back_through_a_file(tmp_path):
    change = make()
    np.savez(tmp_path / "update.npz", **change.to_arrays())
    with np.load(tmp_path / "update.npz", allow_pickle=False) as arrays:
        again = LayerUpdate.from_arrays("one", (2, 4), arrays)
    assert (again.before, again.after, again.counts()) == (change.before, change.after, change.counts())
    for name in ("carry", "after_removal", "after_percolation", "grown_positions", "regrown_from"):
        np.testing.assert_array_equal(getattr(again, name), getattr(change, name))
