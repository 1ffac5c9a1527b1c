"""Translation as a task: batches of equal tokens, and runs that resume to the byte."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.datasets import load_translation
from sparse_mlp.errors import CheckpointError, InvalidInputError
from sparse_mlp.layers import MeanSquaredError
from sparse_mlp.models import SparseTransformer
from sparse_mlp.optim import Adam
from sparse_mlp.training import Trainer, Translation


@pytest.fixture(scope="module")
def data():
    return load_translation("reversal")


def trainer_of(data, **options):
    model = SparseTransformer(24, 24, d_model=16, heads=2, d_ff=16, layers=1, density=0.4, rng=0)
    return Trainer(
        model, rule="chts", optimizer="adam", schedule="noam", schedule_params={"width": 16, "peak_step": 20},
        update_steps=7, rng=1, **options,
    )  # fmt: skip


def task_of(data, count=300):
    return Translation(data.train.pairs.select(np.arange(count)), batch_tokens=200)


def test_batches_hold_each_sentence_once_and_nearly_equal_tokens(data):
    task = task_of(data)
    batches = task.batches(np.random.default_rng(0).permutation(task.n_samples))
    assert len(batches) == task.n_batches == -(-len(task.pairs.target) // 200)
    assert sum(map(len, batches)) == task.n_samples and sum(batch.total for batch in batches) == task.weight
    share = task.weight / task.n_batches
    assert all(abs(batch.total - share) <= 9 for batch in batches)


def test_a_sentence_longer_than_a_batch_is_refused(data):
    with pytest.raises(InvalidInputError, match="batch_tokens"):
        trainer_of(data).fit(Translation(data.train.pairs, batch_tokens=5), epochs=1)


@pytest.mark.parametrize(("options", "named"), [
    ({"batch_tokens": 0}, "batch_tokens"), ({"label_smoothing": 1.0}, "label_smoothing"),
    ({"loss": MeanSquaredError()}, "MeanSquaredError"),
])  # fmt: skip
def test_options_out_of_range_are_refused(data, options, named):
    with pytest.raises(InvalidInputError, match=named):
        Translation(data.train.pairs, **options)


def test_it_learns_and_measures_tokens(data):
    trainer, task = trainer_of(data), task_of(data)
    history = trainer.fit(task, validation=task_of(data, 50), epochs=4)
    loss = history.column("loss")
    assert loss[-1] < loss[0] and 0 < history.column("validation_accuracy")[-1] <= 1
    assert trainer.counted == ("tokens", float(len(task.pairs.source) + len(task.pairs.target)))


def test_the_loss_of_an_epoch_is_the_mean_over_all_tokens(data):
    """Steps too small to change a weight: batches of different numbers of tokens must count by these numbers."""
    options = {"layers": 1, "dropout": 0.0, "attention_dropout": 0.0, "density": 0.4, "rng": 0, "dtype": "float64"}
    model = SparseTransformer(24, 24, d_model=16, heads=2, d_ff=16, **options)
    trainer, task = Trainer(model, rule="static", optimizer=Adam(1e-30), rng=1), task_of(data)
    (loss,) = trainer.fit(task, epochs=1).column("loss")
    assert loss == pytest.approx(task.evaluate(model)["loss"], rel=1e-12)


def stopped_after(batches):
    """A callback that interrupts in the middle of an epoch, as Ctrl-C does."""
    from sparse_mlp.training import Callback

    class Stop(Callback):
        seen = 0

        def on_step(self, trainer):
            self.seen += 1
            if self.seen == batches:
                raise KeyboardInterrupt

    return Stop()


@pytest.mark.parametrize("batches", [4, 7, 15])  # in the first epoch, right at an update, in a later epoch
def test_a_resumed_training_ends_in_the_same_bytes(data, batches):
    whole = trainer_of(data)
    whole.fit(task_of(data), epochs=3)
    first = trainer_of(data, callbacks=[stopped_after(batches)])
    with pytest.raises(KeyboardInterrupt):
        first.fit(task_of(data), epochs=3)
    second = trainer_of(data)
    second.resume(first.checkpoint())
    second.fit(task_of(data), epochs=3)
    np.testing.assert_array_equal(whole.model.store.values, second.model.store.values)
    assert [layer.structure for layer in whole.model.sparse_layers] == [
        layer.structure for layer in second.model.sparse_layers
    ]


def test_a_checkpoint_of_other_sentences_is_refused(data):
    first = trainer_of(data, origin={"sentences": data.fingerprint})
    first.fit(task_of(data), epochs=1)
    with pytest.raises(CheckpointError, match="sentences"):
        trainer_of(data, origin={"sentences": "others"}).resume(first.checkpoint())
