"""A run that is stopped anywhere and resumed ends with the bytes of one that was not."""

from __future__ import annotations

import os

import numpy as np
import pytest
from training_cases import STEPS, Call, fingerprint, make_trainer, samples, state

from sparse_mlp.errors import CheckpointError, DivergenceError
from sparse_mlp.models import SparseMLP
from sparse_mlp.training import (
    Checkpoints,
    EarlyStopping,
    Trainer,
    last_update_of,
    layers_of,
    load_checkpoint,
    save_checkpoint,
    structures_of,
)

EPOCHS = 3
CASES = {
    "sgd": {},
    "adam": {"optimizer": "adam"},
    "dropout": {"dropout": 0.3},
    "adam with dropout in float64": {"optimizer": "adam", "dropout": 0.3, "dtype": "float64"},
    "percolation and a cosine of zeta": {"rule": "rlr", "rule_options": {"percolate": True, "zeta_schedule": "cosine"}},
    "static": {"rule": "static"},
    "two epochs between updates": {"trainer": {"update_every": 2}},
    "scipy": {"backend": "scipy"},
    "layers that settle one by one": {
        "rule": "cht",
        "rule_options": {"overlap_stop": 0.8, "overlap_stop_scope": "layer"},
        "trainer": {"update_steps": 3},
    },
    "settled when all layers have": {
        "rule": "cht",
        "rule_options": {"overlap_stop": 0.8},
        "trainer": {"update_steps": 3},
    },
    "remembered weights": {
        "rule": "chts",
        "rule_options": {"new_weights": "historical"},
        "trainer": {"update_steps": 2},
    },
    "a density that decays": {"rule": "chtss", "rule_options": {"density": 0.2}, "density": 0.5},
    "gradients every third batch": {"rule": "rigl", "rule_options": {"update_steps": 3}, "dropout": 0.2},
    "gradients every epoch": {"rule": "rigl", "trainer": {"update_every": 1}},
}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def _fit(trainer):
    trainer.fit(samples(), samples(20, seed=4), epochs=EPOCHS)
    return state(trainer)


@pytest.mark.parametrize("case", CASES)
def test_resumed_from_every_batch_and_every_epoch(case, tmp_path):
    options = CASES[case]
    folders = []

    def save(trainer):
        folders.append(tmp_path / str(len(folders)))
        save_checkpoint(folders[-1], trainer.checkpoint())

    whole = _fit(make_trainer(callbacks=[Call(on_fit_begin=save, on_step=save, on_state=save)], **options))
    assert len(folders) == 1 + EPOCHS * (STEPS + 1)
    for folder in folders:
        resumed = make_trainer(rng=1234, **options)  # another seed: everything must come from the checkpoint
        resumed.resume(load_checkpoint(folder))
        assert _fit(resumed) == whole, folder.name


def test_a_checkpoint_is_what_was_when_it_was_taken():
    taken = []
    callback = Call(on_step=lambda trainer: taken.append((trainer.checkpoint(), state(trainer))))
    make_trainer(callbacks=[callback]).fit(samples(), epochs=3)
    for checkpoint, then in taken:
        assert fingerprint(checkpoint) == then


def test_a_state_survives_the_round_trip(tmp_path):
    trainer = make_trainer(optimizer="adam")
    before = _fit(trainer)
    save_checkpoint(tmp_path, trainer.checkpoint())
    other = make_trainer(optimizer="adam", rng=77)
    assert state(other) != before
    other.resume(load_checkpoint(tmp_path))
    assert state(other) == before


@pytest.mark.parametrize("options", [{}, {"dense_readout": False}])
def test_the_wirings_can_be_read_without_a_network(tmp_path, options):
    trainer = make_trainer(**options)
    _fit(trainer)
    save_checkpoint(tmp_path, trainer.checkpoint())
    found = structures_of(load_checkpoint(tmp_path))
    assert found == [layer.structure for layer in trainer.model.sparse_layers] and len(found) == 2 + bool(options)
    assert found != [layer.structure for layer in make_trainer(**options).model.sparse_layers]


@pytest.mark.parametrize("options", [{}, {"dense_readout": False}])
def test_links_and_weights_can_be_read_without_a_network(tmp_path, options):
    trainer = make_trainer(**options)
    _fit(trainer)
    save_checkpoint(tmp_path, trainer.checkpoint())
    layers = trainer.model.linear_layers
    found = layers_of(load_checkpoint(tmp_path))
    assert [layer.structure for layer in found] == [getattr(layer, "structure", None) for layer in layers]
    for stored, layer in zip(found, layers, strict=True):
        np.testing.assert_array_equal(stored.weight, layer.weight)


def test_the_last_update_can_be_read_without_a_network(tmp_path):
    trainer = make_trainer(dense_readout=False)
    _fit(trainer)
    save_checkpoint(tmp_path, trainer.checkpoint())
    found, there = last_update_of(load_checkpoint(tmp_path)), trainer.last_update
    assert [change.layer for change in found.layers] == [change.layer for change in there.layers] and found.layers
    for stored, change in zip(found.layers, there.layers, strict=True):
        assert (stored.before, stored.after) == (change.before, change.after)
        np.testing.assert_array_equal(stored.grown, change.grown)
    assert last_update_of(make_trainer().checkpoint()) is None


def test_an_update_log_goes_on_after_a_resume(tmp_path):
    trainer = make_trainer()
    trainer.fit(samples(), epochs=2)
    resumed = make_trainer()
    resumed.resume(trainer.checkpoint())
    assert resumed.history == trainer.history
    logs = [one.state.wiring_log.links for one in (resumed, trainer)]
    assert logs[0].survivors_of_first() == logs[1].survivors_of_first()
    history = resumed.fit(samples(), epochs=3)
    assert [record["epoch"] for record in history.epochs] == [1, 2, 3]


@pytest.mark.parametrize(
    "options",
    [
        {"rule": "static"}, {"optimizer": "adam"}, {"batch_size": 9}, {"dtype": "float64"}, {"dropout": 0.1},
        {"trainer": {"update_steps": 7}},
    ],
)  # fmt: skip
def test_a_checkpoint_of_another_run_is_refused(options):
    checkpoint = make_trainer().checkpoint()
    other = make_trainer(**options)
    before = state(other)
    with pytest.raises(CheckpointError, match="checkpoint of"):
        other.resume(checkpoint)
    assert state(other) == before, "nothing is taken over from a checkpoint that is refused"


def test_a_checkpoint_of_another_shape_is_refused():
    with pytest.raises(CheckpointError, match=r"12 x 15.*12 x 16"):
        Trainer(SparseMLP([12, 16, 10, 4], density=0.3, rng=1), batch_size=8).resume(make_trainer().checkpoint())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_parameters_that_are_not_finite_are_not_saved(value):
    trainer = make_trainer()
    trainer.fit(samples(), epochs=1)
    trainer.model.sparse_layers[1].weight[3] = value
    with pytest.raises(DivergenceError, match=f"after step {STEPS}, first in layer 'sparse2'"):
        trainer.checkpoint()


def test_a_run_that_was_stopped_early_is_over_when_it_is_resumed(tmp_path):
    def make():
        stopping = EarlyStopping(patience=1, metric="validation_accuracy", min_delta=1.0)  # nothing improves that much
        return make_trainer(callbacks=[stopping, Call(on_state=lambda t: save_checkpoint(tmp_path, t.checkpoint()))])

    trainer = make()
    trainer.fit(samples(), validation=samples(20, seed=4), epochs=9)
    assert trainer.epoch == 2  # the first is an improvement over nothing, the second is none
    resumed = make()
    resumed.resume(load_checkpoint(tmp_path))
    resumed.fit(samples(), validation=samples(20, seed=4), epochs=9)
    assert state(resumed) == state(trainer)
    assert resumed.stop_reason


@pytest.mark.parametrize("percolate", [False, True])
def test_the_log_of_the_last_update_is_kept_for_its_figure(tmp_path, percolate):
    trainer = make_trainer(rule="rlr", rule_options={"percolate": percolate}, callbacks=[Checkpoints(tmp_path)])
    trainer.fit(samples(), epochs=3)
    again = make_trainer(rule="rlr", rule_options={"percolate": percolate})
    again.resume(load_checkpoint(tmp_path))
    assert again.last_update is not None and trainer.last_update is not None
    assert again.last_update.to_record() == trainer.last_update.to_record()
    for got, wanted in zip(again.last_update.layers, trainer.last_update.layers, strict=True):
        assert (got.layer, got.before, got.after) == (wanted.layer, wanted.before, wanted.after)
        for stage in ("removed", "percolated", "grown"):
            np.testing.assert_array_equal(getattr(got, stage), getattr(wanted, stage))
        np.testing.assert_array_equal(got.carry, wanted.carry)
