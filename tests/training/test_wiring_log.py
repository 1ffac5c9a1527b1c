"""What the history says of each update: by hand, and against sets and positions over a run."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from training_cases import make_model, make_trainer, samples

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import LayerUpdate, TopologyUpdate, make_rule, one_chain
from sparse_mlp.evolution.units import EvolvingUnit
from sparse_mlp.measures import anp_by_links, anp_by_paths
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training.wiring_log import WiringLog


def links(*keys, shape=(2, 3)):
    return SparseStructure.from_keys(sorted(keys), shape)


def change(name, before, after, gone=(), percolated=(), back=()):
    """Log a change; positions in `back` were removed or percolated, and grown again."""
    stay = np.isin(before.keys(), after.keys()) & ~np.isin(before.keys(), back)
    left = stay | np.isin(before.keys(), percolated)
    return LayerUpdate.from_stages(name, before, left, stay, np.setdiff1d(after.keys(), before.keys()[stay]))


def two_layers():
    return [
        SimpleNamespace(name=name, structure=links(*keys, shape=shape), units=lambda wiring: (wiring, None))
        for name, keys, shape in (("a", (0, 1, 5), (2, 3)), ("b", (0, 5), (3, 2)))
    ]


def test_record_by_hand():
    layers = two_layers()
    log = WiringLog(one_chain(layers))
    # Of 0, 1, 5 of layer a: 0 stays, 1 is removed and comes back, 5 is percolated; 2 is new. Layer b loses 5.
    first = change("a", layers[0].structure, links(0, 1, 2), percolated=[5], back=[1])
    second = change("b", layers[1].structure, links(0, shape=(3, 2)))
    record = log.record(TopologyUpdate((first, second), 0.3, 0.5), epoch=4)
    assert record == {
        "kind": "update", "epoch": 4, "zeta": 0.3, "seconds": 0.5,
        "layers": [
            {"layer": "a", "before": 3, "removed": 1, "percolated": 1, "grown": 2, "after": 3,
             "survivors_of_first": 1, "density": 0.5, "overlap": 0.5, "itop": 4 / 6, "mean_age": 1 / 3},
            {"layer": "b", "before": 2, "removed": 1, "percolated": 0, "grown": 0, "after": 1,
             "survivors_of_first": 1, "density": 1 / 6, "overlap": 0.0, "itop": 2 / 6, "mean_age": 1.0},
        ],
        "itop": 6 / 12,
        "anp_by_links": 3 / 7,  # input 0, hidden 0, output 0
        "anp_by_paths": 3 / 7,
    }  # fmt: skip
    json.dumps(record)


def test_what_was_percolated_and_regrown_overlaps():
    (layer, _) = two_layers()
    update = change("a", layer.structure, links(0, 1, 5), percolated=[0], back=[0, 1, 5])
    (entry,) = WiringLog(one_chain([layer])).record(TopologyUpdate((update,), 0.3, 0.0))["layers"]
    assert (entry["removed"], entry["percolated"], entry["grown"], entry["overlap"]) == (2, 1, 3, 1.0)


def test_a_stopped_layer_only_grows_older():
    (layer, _) = two_layers()
    log, still = WiringLog(one_chain([layer])), change("a", layer.structure, layer.structure)
    for age in (1, 2):
        (entry,) = log.record(TopologyUpdate((still,), 0.3, 0.0))["layers"]
        assert (entry["overlap"], entry["itop"], entry["mean_age"], entry["survivors_of_first"]) == (0, 0.5, age, 3)


def test_a_layer_that_lost_all_links():
    (layer, _) = two_layers()
    record = WiringLog(one_chain([layer])).record(TopologyUpdate((change("a", layer.structure, links()),), 1.0, 0.0))
    assert record["layers"][0]["mean_age"] == record["anp_by_links"] == record["anp_by_paths"] == 0.0
    assert record["itop"] == 0.5


def test_units_that_do_not_feed_each_other_share_the_active_neurons_of_the_net():
    """Layer a has links of all its 5 neurons, layer b of 4 of its 5; so has a unit that is passed the other way."""
    layers = two_layers()
    still = tuple(change(layer.name, layer.structure, layer.structure) for layer in layers)
    units = [EvolvingUnit(layer.name, (layer,)) for layer in layers]
    record = WiringLog(units).record(TopologyUpdate(still, 0.3, 0.0))
    assert record["anp_by_links"] == record["anp_by_paths"] == pytest.approx(0.9)
    units = [EvolvingUnit(layer.name, (layer,), turned=(True,)) for layer in layers]
    assert WiringLog(units).record(TopologyUpdate(still, 0.3, 0.0))["anp_by_paths"] == pytest.approx(0.9)


@pytest.mark.parametrize("rule", ["set", "rlr"])
def test_a_run_against_sets(rule):
    layers, rule, rng = make_model().evolving_layers, make_rule(rule), np.random.default_rng(2)
    log, tried = WiringLog(one_chain(layers)), [set(layer.structure.keys().tolist()) for layer in layers]
    for epoch in range(1, 6):
        old = [layer.structure for layer in layers]
        update = rule.update(one_chain(layers), 0.0, rng)
        record = log.record(update, epoch=epoch)
        for entry, layer, before, known, stages in zip(
            record["layers"], layers, old, tried, update.layers, strict=True
        ):
            grown = set(links_of(stages.grown))
            gone = set(links_of(stages.removed)) | set(links_of(stages.percolated))
            known |= set((layer.structure.rows() * layer.structure.n_out + layer.structure.indices).tolist())
            assert entry["overlap"] == len(grown & gone) / len(grown)
            assert entry["itop"] == len(known) / np.prod(before.shape)
            assert log.ever_active[layer.name].positions().tolist() == sorted(known)
        wiring = [layer.structure for layer in layers]
        assert (record["anp_by_links"], record["anp_by_paths"]) == (anp_by_links(wiring), anp_by_paths(wiring))
        positions = sum(s.n_in * s.n_out for s in wiring)
        assert record["itop"] == sum(map(len, tried)) / positions


def links_of(pairs):
    return zip(*(side.tolist() for side in pairs), strict=True)


def test_there_and_back_through_a_file(tmp_path):
    layers, rule, rng = make_model().evolving_layers, make_rule("set"), np.random.default_rng(2)
    log = WiringLog(one_chain(layers))
    log.record(rule.update(one_chain(layers), 0.0, rng))
    np.savez(tmp_path / "log.npz", **log.to_arrays())
    with np.load(tmp_path / "log.npz", allow_pickle=False) as arrays:
        again = WiringLog.from_arrays(arrays, one_chain(layers))
    update = rule.update(one_chain(layers), 0.0, rng)
    assert again.record(update, epoch=2) == log.record(update, epoch=2)
    for name, array in log.to_arrays().items():
        np.testing.assert_array_equal(again.to_arrays()[name], array)


def test_errors():
    layers = two_layers()
    log = WiringLog(one_chain(layers[:1]))
    with pytest.raises(InvalidInputError, match="layer='b'"):
        log.record(TopologyUpdate((change("b", layers[1].structure, layers[1].structure),), 0.3, 0.0))
    arrays = log.to_arrays()
    del arrays["a.ever_bits"]
    with pytest.raises(InvalidInputError, match="without bits"):
        WiringLog.from_arrays(arrays)


def test_an_update_of_no_layer_changes_nothing():
    record = WiringLog(one_chain(two_layers())).record(TopologyUpdate(), epoch=1)
    assert record == {"kind": "update", "epoch": 1, "zeta": 0.0, "seconds": 0.0, "layers": [], "itop": 5 / 12}


def test_the_trainer_writes_the_measures_into_the_history_and_the_checkpoint():
    trainer = make_trainer()
    trainer.fit(samples(), epochs=4)
    assert len(trainer.history.updates) == 3
    for record in trainer.history.updates:
        assert {"epoch", "itop", "anp_by_links", "anp_by_paths"} <= set(record)
        for entry in record["layers"]:
            assert {"survivors_of_first", "density", "overlap", "itop", "mean_age"} <= set(entry)
    tried = trainer.state.wiring_log.ever_active
    again = make_trainer()
    again.resume(trainer.checkpoint())
    for name, positions in tried.items():
        assert again.state.wiring_log.ever_active[name].positions().tolist() == positions.positions().tolist()
    last = {entry["layer"]: entry["itop"] for entry in trainer.history.updates[-1]["layers"]}
    assert last == {name: positions.rate for name, positions in tried.items()}
