"""A run that breaks says where and when, and leaves the last good state."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from training_cases import STEPS, Call, Events, make_trainer, samples

from sparse_mlp.errors import DivergenceError
from sparse_mlp.layers import Dense
from sparse_mlp.models import SparseMLP
from sparse_mlp.optim import SGD
from sparse_mlp.training import Checkpoints, Trainer, load_checkpoint


@pytest.mark.parametrize("backend", ["scipy", "numba"])
def test_a_huge_learning_rate_is_told_with_layer_and_step(backend):
    events = Events()
    trainer = make_trainer(learning_rate=1e25, callbacks=[events], backend=backend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's own word on overflows
        message = r"at step \d+, first in .*layer '\w+' \(number \d\)"
        with pytest.raises(DivergenceError, match=message):
            trainer.fit(samples(), epochs=5)
    assert events.seen[-1] == "on_failure"
    assert "on_fit_end" not in events.seen


@pytest.mark.parametrize(("index", "name"), [(0, "sparse1"), (1, "sparse2")])
def test_the_first_layer_that_went_wrong_is_named(index, name):
    def spoil(trainer):
        if trainer.step == 3:
            trainer.model.sparse_layers[index].weight[:] = np.inf

    with pytest.raises(DivergenceError, match=rf"at step 3, first in the parameters of layer '{name}'"):
        make_trainer(callbacks=[Call(on_step=spoil)]).fit(samples(), epochs=1)


def test_an_output_that_overflows_is_told_apart_from_bad_parameters():
    def spoil(trainer):
        if trainer.step == 2:
            for layer in trainer.model.linear_layers:
                layer.weight[:] = 1e25

    with pytest.raises(DivergenceError, match=r"at step 2, first in the output of layer 'sparse2' \(number 3\)"):
        make_trainer(callbacks=[Call(on_step=spoil)]).fit(samples(), epochs=1)


def test_a_run_that_breaks_in_its_very_last_step_is_found():
    layer = Dense(1, 1, name="readout", rng=0)
    layer.weight[:] = 1.0  # the loss, 5e19, is finite, but the step leads to infinity
    trainer = Trainer(SparseMLP.from_layers([layer]), rule="static", optimizer=SGD(1e38, momentum=0.0), rng=0)
    with pytest.raises(DivergenceError, match="after step 1, first in layer 'readout'"):
        trainer.fit((np.array([[1e10]]), np.array([[0.0]])), epochs=1)


def test_the_last_good_checkpoint_is_left(tmp_path):
    def spoil(trainer):
        if trainer.step == 2 * STEPS + 4:
            trainer.model.store.values[:] *= 1e30

    events = Events()
    with pytest.raises(DivergenceError, match=f"at step {2 * STEPS + 4}"):
        make_trainer(callbacks=[Checkpoints(tmp_path), Call(on_step=spoil), events]).fit(samples(), epochs=4)
    checkpoint = load_checkpoint(tmp_path)
    assert checkpoint.meta["counters"]["epoch"] == 2
    assert all(np.all(np.isfinite(array)) for array in checkpoint.arrays.values())
    resumed = make_trainer()
    resumed.resume(checkpoint)
    resumed.fit(samples(), epochs=4)
    assert resumed.epoch == 4


def test_a_spoiled_epoch_end_leaves_the_good_checkpoint_too(tmp_path):
    def spoil(trainer):
        if trainer.step == 2 * STEPS:  # no batch follows in this epoch
            trainer.model.sparse_layers[1].weight[0] = np.nan

    with pytest.raises(DivergenceError, match=f"after step {2 * STEPS}, first in layer 'sparse2'"):
        make_trainer(callbacks=[Checkpoints(tmp_path), Call(on_step=spoil)]).fit(samples(), epochs=4)
    assert load_checkpoint(tmp_path).meta["counters"]["epoch"] == 1


@pytest.mark.parametrize("backend", ["numba", "scipy"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_learning_rate_beyond_all_bounds_is_a_divergence_and_no_warning(backend, optimizer, dtype):
    trainer = make_trainer(optimizer=optimizer, backend=backend, learning_rate=1e308, dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceError):
            trainer.fit(samples(20), samples(20), epochs=2)
