"""A whole update by hand: a layer of eight positions, regrowth at positions that we choose."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import (
    NewWeights,
    ThreeStageRule,
    one_chain,
    regrow_by_gradient,
    regrow_random,
    remove_by_magnitude,
)
from sparse_mlp.layers import SparseLinear
from sparse_mlp.structure import SparseStructure


def grow_first(layer, keep, k, **_):
    """Fill the first positions that were absent before the update; if these are too few, the first that became so."""
    never = np.setdiff1d(np.arange(np.prod(layer.structure.shape)), layer.structure.keys())
    return np.sort(np.concatenate((never, layer.structure.keys()[~keep]))[:k])


def grow_back(layer, keep, k, **_):
    return layer.structure.keys()[~keep]


def make(regrow=grow_first, percolate=False, zeta=0.5, new_weights="zero"):
    return ThreeStageRule(
        "by hand", lambda progress: zeta, remove_by_magnitude, percolate, regrow, NewWeights(new_weights)
    )


def coordinates(links):
    return list(zip(links[0].tolist(), links[1].tolist(), strict=True))


def test_eight_positions(make_layer):
    # position   0    1   2    3    4   5   6    7
    # before     .9       -.2  .4       .1
    # removed             x             x
    # grown           0             0
    layer = make_layer([[1, 0, 1, 1], [0, 1, 0, 0]], [0.9, -0.2, 0.4, 0.1])
    first = layer.structure
    log = make().update(one_chain([layer]), 0.0, 0)
    (change,) = log.layers
    assert (change.layer, change.before, log.zeta) == ("sparse1", first, 0.5)
    assert coordinates(change.removed) == [(0, 2), (1, 1)]
    assert coordinates(change.percolated) == []
    assert coordinates(change.grown) == [(0, 1), (1, 0)]
    assert change.carry.tolist() == [0, -1, 2, -1]
    assert layer.structure is change.after
    assert layer.structure.keys().tolist() == [0, 1, 3, 4]
    assert layer.weight.tolist() == [0.9, 0, 0.4, 0]


def test_a_link_that_grows_back_starts_at_zero(make_layer):
    layer = make_layer([[1, 0, 1, 1], [0, 1, 0, 0]], [0.9, -0.2, 0.4, 0.1])
    (change,) = make(grow_back).update(one_chain([layer]), 0.0, 0).layers
    assert change.after == change.before
    assert coordinates(change.removed) == coordinates(change.grown) == [(0, 2), (1, 1)]
    assert layer.weight.tolist() == [0.9, 0, 0.4, 0]


def test_percolated_links_are_regrown_in_their_own_layer(make_layer):
    # Removal takes 0 -> 0 of the first layer and 1 -> 0 of the second; then node 1 leads nowhere and 0 -> 1 is cut off,
    # and node 0 is reached by 1 -> 0 alone.
    first = make_layer([[1, 1], [1, 0]], [0.1, 5, 6], name="first")
    second = make_layer([[1, 0], [1, 0]], [4, 0.1], name="second")
    rule = make(percolate=True, zeta=0.5)
    log = rule.update(one_chain([first, second]), 0.0, 0)
    assert [coordinates(change.removed) for change in log.layers] == [[(0, 0)], [(1, 0)]]
    assert [coordinates(change.percolated) for change in log.layers] == [[(0, 1)], []]
    assert [len(change.grown[0]) for change in log.layers] == [2, 1]
    expected = [
        {"layer": "first", "before": 3, "removed": 1, "percolated": 1, "grown": 2, "after": 3},
        {"layer": "second", "before": 2, "removed": 1, "percolated": 0, "grown": 1, "after": 2},
    ]
    assert log.to_record()["layers"] == expected


def test_record_is_plain_json(make_layer):
    layer = make_layer([[1, 0, 1, 1], [0, 1, 0, 0]], [0.9, -0.2, 0.4, 0.1], dtype=np.float32)
    record = make().update(one_chain([layer]), 0.0, 0).to_record(epoch=3, survivors={"sparse1": np.int64(2)})
    assert json.loads(json.dumps(record)) == record
    assert record.pop("seconds") > 0
    counts = {"before": 4, "removed": 2, "percolated": 0, "grown": 2, "after": 4}
    layers = [{"layer": "sparse1", **counts, "survivors_of_first": 2}]
    assert record == {"kind": "update", "epoch": 3, "zeta": 0.5, "layers": layers}


def test_zeta_zero_touches_nothing(make_layer):
    layer = make_layer([[1, 0], [0, 1]])
    before, weight = layer.structure, layer.weight
    log = make(percolate=True, zeta=0.0).update(one_chain([layer]), 0.9, 0)
    assert (log.layers, log.zeta) == ((), 0.0)
    assert layer.structure is before
    assert layer.weight is weight
    assert log.to_record()["layers"] == []


def test_a_net_cut_in_two_is_named_and_rewired(make_layer):
    layers = [make_layer([[1, 0]], [1], name="first"), make_layer([[0], [1]], [1], name="second")]
    with pytest.warns(UserWarning, match="none of its 1 links") as caught:
        log = make(percolate=True, zeta=0.1).update(one_chain(layers), 0.0, 0)
    assert [str(warning.message).split(":")[0] for warning in caught] == ["layer first", "layer second"]
    assert [len(change.percolated[0]) for change in log.layers] == [1, 1]
    assert [layer.structure.keys().tolist() for layer in layers] == [[1], [0]]


def test_unknown_distribution_of_new_weights():
    with pytest.raises(InvalidInputError, match=r"new_weights='kamming'"):
        make(new_weights="kamming")


@pytest.mark.parametrize(("density", "links"), [(0.1, 4), (0.04, 4), (0.034, 3), (0.02, 2), (0.0, 0)])
def test_a_density_never_rises(make_layer, density, links):
    """Of 100 positions 4 bear links; what the density asks for beyond that stays away, with zeta 0 and above."""
    for zeta in (0.0, 0.25):
        layer = make_layer(np.eye(10)[:4].tolist() + np.zeros((6, 10)).tolist())
        replace(make(zeta=zeta), density_at=lambda progress: density).update(one_chain([layer]), 0.0, 0)
        assert layer.structure.nnz == links


def test_errors_leave_all_layers_as_they_were(make_layer):
    layers = [make_layer(np.eye(3), name="first"), make_layer(np.ones((3, 3)), name="second")]
    before = [(layer.structure, layer.weight) for layer in layers]
    with pytest.raises(InvalidInputError, match="0 free positions for 4 new links in layer second"):
        replace(make(), regrow=partial(regrow_random, exclude_removed=True)).update(one_chain(layers), 0.0, 0)
    layers[1].weight[5] = np.nan
    with pytest.raises(InvalidInputError, match=r"weight\[5\] = nan in layer second"):
        make().update(one_chain(layers), 0.0, 0)
    for layer, (structure, weight) in zip(layers, before, strict=True):
        assert layer.structure is structure and layer.weight is weight


class Recorded(SparseLinear):
    """A layer that takes no links in row 1, and notes by what it was judged."""

    def growable(self):
        return np.array([0, 2])


def test_rows_that_bear_no_links_stay_empty():
    structure = SparseStructure.from_coo([0, 0, 2, 2], [0, 1, 1, 3], (3, 4))
    for regrow in (regrow_random, regrow_by_gradient):
        for seed in range(5):
            layer = Recorded(structure, [4.0, 3.0, 2.0, 1.0], dtype=np.float64)
            layer.recorded = np.array([[1.0], [9.0], [2.0]]), np.ones((4, 1))
            replace(make(), regrow=regrow).update(one_chain([layer]), 0.0, seed)
            assert layer.structure.nnz == 4 and not np.any(layer.structure.rows() == 1)
