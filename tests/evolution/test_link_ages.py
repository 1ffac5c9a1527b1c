"""Ages of links, carried over updates by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, LinkAges, TopologyUpdate, make_rule, one_chain


def update(layer, regrown, name=None):
    """Log an update that removes links and grows them again."""
    keep = ~np.isin(np.arange(layer.structure.nnz), regrown)
    grown = layer.structure.keys()[~keep]
    return TopologyUpdate((LayerUpdate.from_stages(name or layer.name, layer.structure, keep, keep, grown),), 0.3, 0.0)


def test_ages_by_hand(make_layer):
    layer = make_layer(np.ones((2, 2)))
    history = LinkAges([layer])
    assert history.survivors_of_first() == {"sparse1": 4}
    history.record(update(layer, [1]))
    assert history.ages["sparse1"].tolist() == [1, 0, 1, 1]
    history.record(update(layer, [2]))
    assert history.ages["sparse1"].tolist() == [2, 1, 0, 2]
    assert history.survivors_of_first() == {"sparse1": 2}
    assert history.fraction_of_first() == {"sparse1": 0.5}


def test_updates_without_layers_age_nobody(make_layer):
    history = LinkAges([make_layer(np.ones((2, 2)))])
    history.record(TopologyUpdate())
    assert history.ages["sparse1"].tolist() == [0] * 4 and history.survivors_of_first() == {"sparse1": 4}


def test_against_positions_and_birthdays(make_net):
    layers, rule, rng = make_net([12, 15, 9], 0.4), make_rule("set"), np.random.default_rng(1)
    history, born = LinkAges(layers), [dict.fromkeys(layer.structure.keys().tolist(), 0) for layer in layers]
    for now in range(1, 7):
        for births, change in zip(born, (log := rule.update(one_chain(layers), 0.0, rng)).layers, strict=True):
            for rows, cols in (change.removed, change.grown):
                for position in (rows.astype(int) * change.after.n_out + cols).tolist():
                    births[position] = now
        history.record(log)
    for layer, births in zip(layers, born, strict=True):
        expected = [6 - births[position] for position in layer.structure.keys().tolist()]
        assert history.ages[layer.name].tolist() == expected
        assert 0 < history.survivors_of_first()[layer.name] == expected.count(6) < len(expected)


def test_there_and_back_through_a_file(make_net, tmp_path):
    layers, rule = make_net([12, 15, 9], 0.4), make_rule("rlr")
    history = LinkAges(layers)
    history.record(rule.update(one_chain(layers), 0.0, 1))
    np.savez(tmp_path / "history.npz", **history.to_arrays())
    with np.load(tmp_path / "history.npz", allow_pickle=False) as arrays:
        again = LinkAges.from_arrays(arrays)
    log = rule.update(one_chain(layers), 0.0, 2)
    for one in (history, again):
        one.record(log)
    assert again.survivors_of_first() == history.survivors_of_first()
    assert (again.first, again.updates) == (history.first, history.updates)
    for name in history.ages:
        np.testing.assert_array_equal(again.ages[name], history.ages[name])
        assert again.ages[name].dtype == history.ages[name].dtype


def test_layer_without_links(make_layer):
    history = LinkAges([make_layer(np.zeros((2, 2)))])
    assert history.fraction_of_first() == {"sparse1": 1.0}


def test_errors(make_layer):
    layer, other = make_layer(np.ones((2, 2))), make_layer(np.ones((2, 3)))
    history = LinkAges([layer])
    with pytest.raises(InvalidInputError, match="layer='sparse9'"):
        history.record(update(layer, [], name="sparse9"))
    with pytest.raises(InvalidInputError, match="an update of 6 links in layer sparse1; expected the 4"):
        history.record(update(other, []))
    with pytest.raises(InvalidInputError, match=r"sparse1\.ages without sparse1\.counts"):
        LinkAges.from_arrays({"sparse1.ages": np.zeros(3)})
