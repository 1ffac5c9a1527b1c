"""Ctrl-C finishes the batch, saves, and ends; the resumed run has the bytes of one that was never interrupted."""

from __future__ import annotations

import signal
import threading

import pytest
from training_cases import STEPS, Call, Events, make_trainer, samples, state

from sparse_mlp.training import Checkpoints, load_checkpoint

EPOCHS = 3


@pytest.fixture(autouse=True)
def _handlers():
    outside = signal.getsignal(signal.SIGINT)
    before = signal.default_int_handler  # a shell may start background jobs with the signal ignored
    signal.signal(signal.SIGINT, before)
    yield
    after = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, outside)
    assert after == before, "the handler is given back"


def _fit(trainer):
    trainer.fit(samples(), samples(20, seed=4), epochs=EPOCHS)
    return trainer


def _interrupting(step, times=1):
    def interrupt(trainer):
        if trainer.step == step:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return Call(on_step=interrupt)


@pytest.mark.parametrize("step", [1, STEPS - 1, STEPS, STEPS + 3, EPOCHS * STEPS])
def test_an_interrupted_run_ends_at_its_batch_and_resumes_to_the_same_bytes(tmp_path, step):
    whole = state(_fit(make_trainer(optimizer="adam", rule="rlr")))
    events = Events()
    callbacks = [_interrupting(step), Checkpoints(tmp_path), events]
    stopped = _fit(make_trainer(optimizer="adam", rule="rlr", callbacks=callbacks))
    assert stopped.interrupted
    assert stopped.step == step
    assert events.seen[-1] == "on_fit_end"
    in_the_middle = step % STEPS != 0
    assert ("on_interrupt" in events.seen) == in_the_middle
    resumed = make_trainer(optimizer="adam", rule="rlr")
    resumed.resume(load_checkpoint(tmp_path))
    assert resumed.step == step
    assert resumed.epoch == step // STEPS
    assert state(_fit(resumed)) == whole
    assert not resumed.interrupted


def test_an_interrupt_at_an_epoch_without_checkpoint_is_saved_too(tmp_path):
    _fit(make_trainer(callbacks=[_interrupting(STEPS), Checkpoints(tmp_path, every=10)]))
    assert load_checkpoint(tmp_path).meta["counters"]["epoch"] == 1


def test_the_same_trainer_can_go_on():
    whole = state(_fit(make_trainer()))
    trainer = _fit(make_trainer(callbacks=[_interrupting(STEPS + 3)]))
    assert trainer.step == STEPS + 3
    assert state(_fit(trainer)) == whole


def test_a_second_interrupt_acts_as_always():
    events = Events()
    trainer = make_trainer(callbacks=[events, _interrupting(2, times=2)])
    with pytest.raises(KeyboardInterrupt):
        _fit(trainer)
    assert events.seen[-1] == "on_failure"


def test_training_in_another_thread_works_without_signals():
    trainer = make_trainer()
    thread = threading.Thread(target=_fit, args=(trainer,))
    thread.start()
    thread.join()
    assert trainer.epoch == EPOCHS
    assert state(trainer) == state(_fit(make_trainer()))
