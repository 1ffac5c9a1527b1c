"""When a layer stops to evolve, and what happens to it then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import EarlyStop, NewWeights, ThreeStageRule, make_rule, one_chain, remove_by_magnitude


def grow_back(layer, keep, k, **_):
    """Grow back `layer.loyal` of the k links, the others where none was."""
    back = layer.structure.keys()[~keep][: layer.loyal]
    never = np.setdiff1d(np.arange(np.prod(layer.structure.shape)), layer.structure.keys())
    return np.sort(np.concatenate((back, never[: k - len(back)])))


def make(stop, percolate=False):
    return ThreeStageRule(
        "by hand", lambda progress: 0.5, remove_by_magnitude, percolate, grow_back, NewWeights("kaiming"),
        early_stop=stop,
    )  # fmt: skip


@pytest.fixture
def layers(make_layer):
    """Two layers of 4 x 10 with 20 links, of which an update takes 10."""
    pair = [make_layer(np.arange(40).reshape(4, 10) % 2, name=name) for name in ("first", "second")]
    for layer, loyal in zip(pair, (10, 3), strict=True):
        layer.loyal = loyal
    return pair


def test_overlap_counts_what_grew_where_something_went(layers):
    log = make(EarlyStop()).update(one_chain(layers), 0.0, 0)
    assert [change.overlap for change in log.layers] == [1.0, 0.3]
    assert make_rule("rlr", zeta=0.01).update(one_chain(layers), 0.0, 0).layers[0].overlap == 0.0  # nothing grew


def test_overlap_counts_percolated_links(make_layer):
    # 1 -> 1 goes by weight, then 0 -> 1 leads nowhere and percolates, and both grow back.
    first = make_layer([[1, 1], [1, 0]], [5, 4, 3], name="first")
    second = make_layer([[1], [1]], [2, 1], name="second")
    first.loyal = second.loyal = 2
    (change, other) = make(EarlyStop(), percolate=True).update(one_chain([first, second]), 0.0, 0).layers
    assert (len(change.removed[0]), len(change.percolated[0]), len(change.grown[0])) == (1, 1, 2)
    assert change.overlap == other.overlap == 1.0


def test_at_the_threshold_a_layer_goes_on(layers):
    stop = EarlyStop(0.3)
    make(stop).update(one_chain(layers), 0.0, 0)
    assert stop.stopped == {"first"}
    assert not EarlyStop(1.0).stopped


def test_global_goes_on_until_all_have_stopped(layers):
    stop = EarlyStop(0.9, "global")
    rule, rng = make(stop), np.random.default_rng(0)
    for _ in range(2):
        before = [layer.weight.tobytes() for layer in layers]
        assert [len(change.grown[0]) for change in rule.update(one_chain(layers), 0.0, rng).layers] == [10, 10]
        assert all(layer.weight.tobytes() != old for layer, old in zip(layers, before, strict=True))
    layers[0].loyal, layers[1].loyal = 0, 10
    assert len(rule.update(one_chain(layers), 0.0, 0).layers) == 2
    assert stop.stopped == {"first", "second"}  # it stays stopped, although the first grew elsewhere now
    structures = [layer.structure for layer in layers]
    assert rule.update(one_chain(layers), 0.0, 0).layers == ()
    assert all(layer.structure is old for layer, old in zip(layers, structures, strict=True))


def test_a_stopped_layer_is_left_alone_at_once_if_layers_stop_by_themselves(layers):
    rule = make(EarlyStop(0.9, "layer"))
    rule.update(one_chain(layers), 0.0, 0)
    weight = layers[0].weight.copy()
    first, second = rule.update(one_chain(layers), 0.0, 0).layers
    assert (len(first.removed[0]), len(first.percolated[0]), len(first.grown[0])) == (0, 0, 0)
    assert first.carry.tolist() == list(range(20))
    np.testing.assert_array_equal(layers[0].weight, weight)
    assert len(second.grown[0]) == 10


def test_a_stopped_layer_keeps_its_links_although_the_density_decays(layers):
    stop = EarlyStop(0.9, "layer")
    stop.load_state({"stopped": ["first"]})
    rule = replace(make(stop), density_at=lambda progress: 0.4)
    rule.update(one_chain(layers), 0.0, 0)
    assert [layer.structure.nnz for layer in layers] == [20, 16]


def test_percolation_spares_a_stopped_layer_and_goes_through_it(make_layer):
    # 0 -> 0 of the second layer goes, so 0 -> 0 of the first leads nowhere; but the first layer has stopped.
    first = make_layer([[1, 0], [0, 1]], [1, 2], name="first")
    second = make_layer([[1, 0], [0, 1]], [1, 2], name="second")
    second.loyal = 0
    stop = EarlyStop(0.9, "layer")
    stop.load_state({"stopped": ["first"]})
    change, other = make(stop, percolate=True).update(one_chain([first, second]), 0.0, 0).layers
    assert change.carry.tolist() == [0, 1]
    assert (len(other.removed[0]), len(other.percolated[0])) == (1, 0)
    stop.load_state({"stopped": ["second"]})
    first.loyal = 0  # 0 -> 0 of the first goes, so 0 -> 0 of the second is not reached; but the second has stopped
    change, other = make(stop, percolate=True).update(one_chain([first, second]), 0.0, 0).layers
    assert len(change.removed[0]) == 1
    assert np.all(other.carry >= 0)


def test_state_comes_back():
    stop = EarlyStop(0.9)
    assert stop.state() == {}
    stop.load_state({"stopped": ["b", "a"]})
    assert stop.state() == {"stopped": ["a", "b"]}
    stop.load_state({})
    assert stop.stopped == set()


def test_rules_do_not_share_what_has_stopped():
    one, other = make_rule("cht"), make_rule("cht")
    one.load_state({"stopped": ["sparse1"]})
    assert other.state() == {}


def test_bad_input():
    with pytest.raises(InvalidInputError, match=r"overlap_stop=90.*percentage"):
        make_rule("cht", overlap_stop=90)
    with pytest.raises(InvalidInputError, match="overlap_stop_scope='all'"):
        make_rule("cht", overlap_stop_scope="all")
