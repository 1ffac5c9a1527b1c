"""Tasks: what they make of arrays, batch by batch, and that `fit` takes them as well as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from training_cases import BATCH, N_OUT, STEPS, Call, make_model, make_trainer, samples, state

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import Loss, MeanSquaredError, SoftmaxCrossEntropy
from sparse_mlp.models import Samples
from sparse_mlp.training import Classification, Regression
from sparse_mlp.training.task import as_task

X, Y = samples()


def test_batches_by_hand():
    task = Classification(np.zeros((5, 12)), np.array([0, 1, 2, 3, 0]), batch_size=2)
    batches = task.batches(np.array([4, 2, 0, 1, 3]))
    assert [batch.rows.tolist() for batch in batches] == [[4, 2], [0, 1], [3]]
    assert (task.n_samples, task.n_batches, task.weight) == (5, 3, 5.0)
    assert [task.weight_of(batch) for batch in batches] == [2, 2, 1]


def test_integers_are_classes_and_other_targets_numbers():
    assert type(as_task((X, Y))) is Classification and type(as_task((X, Y.astype(float)))) is Regression
    task = Classification(X, Y)
    assert as_task(task) is task


def test_a_bound_task_has_the_types_and_the_loss_of_its_network():
    model = make_model(backend="scipy")
    for task, kind in ((Classification(X.tolist(), Y.tolist()), SoftmaxCrossEntropy),
                       (Regression(X.tolist(), np.eye(N_OUT)[Y].tolist()), MeanSquaredError)):  # fmt: skip
        bound = task.bound("train", model)
        assert type(bound.loss) is kind and bound.loss.backend == "scipy"
        assert bound.x.dtype == np.float32 and bound.x.flags.c_contiguous
        np.testing.assert_array_equal(bound.x, X)
        assert isinstance(task.x, list), "the task itself stays as it was"
        model.gradient(bound.batches(np.arange(50))[0], bound.loss)
    assert Classification(X, Y, loss=(own := SoftmaxCrossEntropy(0.2))).bound("train", model).loss is own


def test_evaluation_by_hand():
    model = make_model(dtype="float64")
    task = Classification(X, Y).bound("test", model)
    scores = model.predict_scores(X)
    assert task.evaluate(model) == {
        "loss": SoftmaxCrossEntropy().forward(scores, Y)[0], "accuracy": np.mean(scores.argmax(axis=1) == Y)
    }  # fmt: skip
    target = np.eye(N_OUT)[Y]
    assert Regression(X, target).bound("test", model).evaluate(model) == {
        "loss": pytest.approx(np.mean((scores - target) ** 2) / 2, rel=1e-12)
    }


def test_training_on_a_task_is_training_on_its_arrays():
    ours, theirs = make_trainer(), make_trainer()
    ours.fit(Classification(X, Y, batch_size=BATCH), Classification(*samples(20, seed=4)), epochs=2)
    theirs.fit((X, Y), samples(20, seed=4), epochs=2)
    assert state(ours) == state(theirs)


class Halves:
    """A task of the user's own: each epoch trains the even samples, then the odd ones, the latter counting twice."""

    n_samples, n_batches, weight, loss = 50, 2, 75.0, SoftmaxCrossEntropy()

    def __init__(self):
        self.orders = []

    def bound(self, name, network):
        return self

    def batches(self, order):
        self.orders.append(order)
        return [Samples(X, np.arange(start, 50, 2), Y) for start in (0, 1)]

    def weight_of(self, batch):
        return 25.0 * (1 + batch.rows[0])

    def evaluate(self, network):
        return {"links": network.n_links}


def test_a_task_of_the_users_own():
    task, trainer = Halves(), make_trainer(learning_rate=0.0, rule="static")
    history = trainer.fit(task, task, epochs=3, validation=task)
    losses = [trainer.model.gradient(batch, task.loss) for batch in task.batches(None)]
    assert trainer.step == 6 and len(task.orders) == 4
    assert history.column("loss") == pytest.approx([(losses[0] + 2 * losses[1]) / 3] * 3, rel=1e-6)
    assert history.column("test_links") == history.column("validation_links") == [trainer.model.n_links] * 3


def test_labels_that_are_no_integers_are_refused():
    """Half a class would be rounded to one without a word."""
    for labels in (Y + 0.5, Y.astype(float), Y > 1):
        with pytest.raises(InvalidInputError, match="train labels"):
            make_trainer().fit(Classification(X, labels, batch_size=BATCH), epochs=1)


def test_the_last_batch_may_be_smaller():
    assert Classification(X, Y, batch_size=BATCH).n_batches == STEPS
    assert Classification(X, Y, batch_size=50).n_batches == Classification(X, Y, batch_size=99).n_batches == 1
    with pytest.raises(InvalidInputError, match="batch_size=0"):
        Classification(X, Y, batch_size=0)


def test_weighted_evaluation_by_hand():
    """The weighted mean of what each sample gives alone."""
    model, weights = make_model(dtype="float64"), np.arange(50.0) % 3
    scores = model.predict_scores(X)
    target = np.eye(N_OUT)[Y]
    for kind, goal, loss in ((Classification, Y, SoftmaxCrossEntropy()), (Regression, target, MeanSquaredError())):
        task = kind(X, goal, batch_size=50, sample_weight=weights).bound("test", model)
        alone = [loss.forward(scores[i : i + 1], goal[i : i + 1])[0] for i in range(50)]
        found = task.evaluate(model)
        assert found["loss"] == pytest.approx(np.average(alone, weights=weights), rel=1e-12)
        assert task.weight == 49 and task.weight_of(task.batches(np.arange(50))[0]) == 49
        if kind is Classification:
            right = scores.argmax(axis=1) == Y
            assert found["accuracy"] == pytest.approx(np.average(right, weights=weights), rel=1e-12)


class OwnLoss(Loss):
    """Cross-entropy that knows nothing of weights."""

    def forward(self, scores, target):
        return SoftmaxCrossEntropy(backend="scipy").forward(scores, target)

    def backward(self, cache):
        return cache


def test_weights_reach_a_loss_of_the_users_own():
    weights, gradients = np.arange(50.0) % 3, []
    for loss in (OwnLoss(), SoftmaxCrossEntropy()):
        model = make_model(dtype="float64")
        value = model.gradient(Samples(X.astype(float), np.arange(50), Y, weights), loss)
        gradients.append((value, model.store.gradient.copy()))
    assert gradients[0][0] == pytest.approx(gradients[1][0], rel=1e-12)
    np.testing.assert_allclose(gradients[0][1], gradients[1][1], rtol=1e-9, atol=1e-15)


def test_a_batch_of_weight_0_makes_no_step():
    """Without shuffling, batches 1 and 4 of seven weigh nothing: the rest is training without their samples."""
    weights = np.ones(50)
    weights[8:16] = weights[32:40] = 0
    kept = weights > 0
    for optimizer in ("sgd", "adam"):
        options = {"rule": "static", "optimizer": optimizer, "trainer": {"shuffle": False}, "learning_rate": 0.01}
        ours, theirs = make_trainer(**options), make_trainer(**options)
        ours.schedule = theirs.schedule = "constant"
        ours.fit(Classification(X, Y, batch_size=BATCH, sample_weight=weights), epochs=2)
        theirs.fit((X[kept], Y[kept]), epochs=2)
        assert ours.step == 2 * STEPS and theirs.step == 2 * (STEPS - 2)
        np.testing.assert_array_equal(ours.model.store.values, theirs.model.store.values)
        assert ours.history.column("loss") == theirs.history.column("loss")


@pytest.mark.parametrize("rule", ["set", "rigl"])
def test_weighted_training_resumes_to_the_same_bytes(rule):
    """RigL looks at the last batch that weighs anything, also after a resume."""
    weights = (np.arange(50) % 5 > 2).astype(float)
    weights[np.random.default_rng(0).permutation(50)[:35]] = 0
    task = Classification(X, Y, batch_size=4, sample_weight=weights)
    options = {"rule": rule, "trainer": {"update_steps": 3}}
    taken = []
    whole = make_trainer(**options, callbacks=[Call(on_step=lambda trainer: taken.append(trainer.checkpoint()))])
    whole.fit(task, epochs=3)
    assert len(taken) == 39
    for checkpoint in taken[13:26:2]:
        again = make_trainer(**options)
        again.resume(checkpoint)
        again.fit(task, epochs=3)
        assert state(again) == state(whole)
