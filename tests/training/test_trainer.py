"""The training loop: every sample once, updates between epochs, state that follows the links, the same bytes again."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import numpy as np
import pytest
from training_cases import (
    BATCH,
    N_IN,
    N_OUT,
    N_SAMPLES,
    STEPS,
    Call,
    Events,
    assert_threads_do_not_matter,
    make_model,
    make_trainer,
    samples,
    state,
    watch_batches,
    weight_parts,
)

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.evolution import make_rule
from sparse_mlp.kernels.pool import most_threads
from sparse_mlp.layers import Dense, MeanSquaredError, SoftmaxCrossEntropy
from sparse_mlp.models import SparseMLP
from sparse_mlp.optim import SGD
from sparse_mlp.training import Regression, Trainer


def test_one_step_by_hand():
    # score 2 * 3 = 6, loss 6² / 2 = 18, gradients 6 * 3 and 6; weight 2 - 0.1 * 18, bias 0 - 0.1 * 6
    layer = Dense(1, 1, dtype="float64", name="readout", rng=0)
    layer.weight[:] = 2.0
    optimizer = SGD(learning_rate=0.1, momentum=0.0, weight_decay=0.0)
    trainer = Trainer(SparseMLP.from_layers([layer]), rule="static", optimizer=optimizer, rng=0)
    history = trainer.fit((np.array([[3.0]]), np.array([[0.0]])), epochs=1)
    assert history.column("loss") == [18.0]
    np.testing.assert_allclose([layer.weight[0, 0], layer.bias[0]], [0.2, -0.6], rtol=1e-15)


def _seen_samples(trainer, epochs, data):
    batches = watch_batches(trainer.model)
    trainer.fit(data, epochs=epochs)
    return [batch.rows for batch in batches]


def test_every_sample_is_seen_once_an_epoch_and_the_last_partial_batch_too():
    trainer = make_trainer()
    batches = _seen_samples(trainer, 2, samples())
    assert [len(batch) for batch in batches] == [8, 8, 8, 8, 8, 8, 2] * 2
    assert trainer.step == 2 * STEPS
    assert trainer.epoch == 2
    epochs = [np.concatenate(batches[:STEPS]), np.concatenate(batches[STEPS:])]
    for order in epochs:
        np.testing.assert_array_equal(np.sort(order), np.arange(N_SAMPLES))
    assert not np.array_equal(*epochs)


def test_without_shuffle_samples_come_in_order():
    trainer = make_trainer(trainer={"shuffle": False})
    batches = _seen_samples(trainer, 2, samples())
    np.testing.assert_array_equal(np.concatenate(batches), [*range(N_SAMPLES), *range(N_SAMPLES)])


def test_a_batch_larger_than_the_data_is_all_of_it():
    assert [len(batch) for batch in _seen_samples(make_trainer(batch_size=1000), 1, samples(30))] == [30]


@pytest.mark.parametrize(
    ("epochs", "every", "kinds"), [(1, 1, "E"), (3, 1, "EUEUE"), (5, 2, "EEUEEUE"), (4, 2, "EEUEE"), (3, 9, "EEE")]
)
def test_updates_follow_epochs_but_not_the_last_one(epochs, every, kinds):
    trainer = make_trainer(trainer={"update_every": every})
    history = trainer.fit(samples(), epochs=epochs)
    assert "".join({"epoch": "E", "update": "U"}[record["kind"]] for record in history) == kinds


def test_events_come_in_order():
    events = Events()
    make_trainer(callbacks=[events], batch_size=25).fit(samples(), epochs=2)
    one_epoch = ["on_step", "on_step", "on_epoch_end"]
    expected = ["on_fit_begin", *one_epoch, "on_update", "on_state", *one_epoch, "on_state", "on_fit_end"]
    assert events.seen == expected


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("rule", ["set", "rlr", "cht", "chts"])
def test_optimizer_state_of_survivors_is_kept_and_that_of_new_links_is_zero(optimizer, rule):
    before = {}
    checked = []

    def remember(trainer, record):
        before.clear()
        store = trainer.model.store
        before.update({name: array.copy() for name, array in trainer.optimizer.arrays.items()})
        before.update(values=store.values.copy(), structures=[layer.structure for layer in trainer.model.sparse_layers])

    def compare(trainer, update, record):
        store, model, parts = trainer.model.store, trainer.model, weight_parts(trainer.model)
        for i, (layer, old) in enumerate(zip(model.sparse_layers, before["structures"], strict=True)):
            part = parts[layer.name]  # an update keeps the number of links, so old and new parts coincide
            position = {(r, c): n for n, (r, c) in enumerate(zip(old.rows(), old.indices, strict=True))}
            new_links = {tuple(link) for link in zip(*update.layers[i].grown, strict=True)}
            links = list(zip(layer.structure.rows(), layer.structure.indices, strict=True))
            for name, array in trainer.optimizer.arrays.items():
                expected = [0.0 if link in new_links else before[name][part][position[link]] for link in links]
                np.testing.assert_array_equal(array[part], expected)
            kept = [n for n, link in enumerate(links) if link not in new_links]
            np.testing.assert_array_equal(
                store.values[part][kept], [before["values"][part][position[links[n]]] for n in kept]
            )
            checked.append(len(new_links))
        rest = slice(parts["readout"].start, None)  # read-out and all biases
        for name, array in trainer.optimizer.arrays.items():
            assert np.any(before[name][rest])
            np.testing.assert_array_equal(array[rest], before[name][rest])

    callback = Call(on_epoch_end=remember, on_update=compare)
    make_trainer(optimizer=optimizer, rule=rule, callbacks=[callback]).fit(samples(), epochs=3)
    assert len(checked) == 4
    assert min(checked) > 3


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    states = []
    for seed in (5, 5, 6):
        trainer = make_trainer(rng=seed, dropout=0.2)
        trainer.fit(samples(), samples(20, seed=4), epochs=3)
        states.append(state(trainer))
    assert states[0] == states[1]
    assert states[0] != states[2]
    assert states[0]["arrays"]["values"] != states[2]["arrays"]["values"]


@pytest.mark.skipif(most_threads() < 2, reason="this process has one thread")
def test_one_thread_and_two_give_the_same_bytes():
    """Batches of four groups of 64 samples, then one of two groups of 32."""
    assert_threads_do_not_matter(lambda: make_trainer(batch_size=256, dropout=0.2), samples(300), epochs=3)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_backends_agree_to_rounding_over_epochs_with_updates(optimizer, monkeypatch):
    trained, options = {}, {"percolate": True}
    for backend in ("reference", "scipy", "numba"):
        monkeypatch.setenv("SPARSE_MLP_BACKEND", backend)
        trainer = make_trainer(backend=backend, dtype="float64", optimizer=optimizer, rule_options=options)
        history = trainer.fit(samples(dtype=np.float64), epochs=3)
        assert len(history.updates) == 2
        trained[backend] = trainer
    first = trained["reference"]
    for other in (trained["scipy"], trained["numba"]):
        for ours, theirs in zip(first.model.sparse_layers, other.model.sparse_layers, strict=True):
            np.testing.assert_array_equal(ours.structure.indptr, theirs.structure.indptr)
            np.testing.assert_array_equal(ours.structure.indices, theirs.structure.indices)
        np.testing.assert_allclose(other.model.store.values, first.model.store.values, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(other.history.column("loss"), first.history.column("loss"), rtol=1e-10)


def test_it_learns():
    trainer = make_trainer(optimizer="adam")
    history = trainer.fit(samples(1000), samples(200, seed=8), epochs=15)
    assert history.column("loss")[-1] < 0.5 * history.column("loss")[0]
    assert history.column("test_accuracy")[-1] > 0.8  # four classes: guessing gives 0.25


def test_it_learns_with_dropout():
    trainer = make_trainer(optimizer="adam", dropout=0.2)
    history = trainer.fit(samples(400), samples(200, seed=8), epochs=15)
    assert len(history.updates) == 14
    assert history.column("test_accuracy")[-1] > 0.6
    plain = make_trainer(optimizer="adam")
    assert plain.fit(samples(400), epochs=1).column("loss")[0] != history.column("loss")[0]


def test_regression_with_the_mean_squared_error():
    x = samples(200)[0]
    target = np.column_stack([x[:, 0] + x[:, 1], x[:, 2], -x[:, 3], np.zeros(len(x))])
    trainer = make_trainer(optimizer="adam", learning_rate=0.02)
    history = trainer.fit((x, target), (x, target), epochs=30)
    assert isinstance(trainer.loss, MeanSquaredError)
    assert history.column("loss")[-1] < 0.25 * history.column("loss")[0]
    assert "test_accuracy" not in history.epochs[-1]
    task = Regression(x, target).bound("test", trainer.model)
    assert {"loss": history.column("test_loss")[-1]} == task.evaluate(trainer.model)


def test_records_hold_what_an_evaluation_says():
    validation, test = samples(30, seed=10), samples(20, seed=11)
    trainer = make_trainer()
    history = trainer.fit(samples(), test, validation=validation, epochs=2)
    record = history.epochs[-1]
    for name, (x, labels) in (("validation", validation), ("test", test)):
        scores = trainer.model.predict_scores(x)
        assert record[f"{name}_loss"] == SoftmaxCrossEntropy().forward(scores, labels)[0]
        assert record[f"{name}_accuracy"] == np.mean(scores.argmax(axis=1) == labels)
    assert record["epoch"] == 2
    assert record["step"] == 2 * STEPS
    assert record["links"] == [layer.structure.nnz for layer in trainer.model.sparse_layers]
    assert "test_loss" not in make_trainer().fit(samples(), epochs=1).epochs[0]


def test_the_loss_of_an_epoch_is_the_mean_over_samples_not_over_batches():
    trainer = make_trainer(learning_rate=0.0, dtype="float64")
    data = samples(dtype=np.float64)
    history = trainer.fit(data, epochs=1)
    loss, _ = SoftmaxCrossEntropy().forward(trainer.model.predict_scores(data[0]), data[1])
    np.testing.assert_allclose(history.column("loss"), [loss], rtol=1e-12)


def test_the_schedule_runs_over_the_whole_training():
    history = make_trainer(learning_rate=0.7).fit(samples(), epochs=2)
    # linear from 0.7 to 0.007 over 14 steps; the records hold the rates of steps 6 and 13, counted from 0
    expected = [0.7 + (0.007 - 0.7) * step / 14 for step in (6, 13)]
    np.testing.assert_allclose(history.column("learning_rate"), expected, rtol=1e-12)


def test_each_step_takes_its_own_rate_and_decays_weights_alone(monkeypatch):
    trainer, taken = make_trainer(learning_rate=0.7), []
    monkeypatch.setattr(trainer.optimizer, "step", lambda values, gradient, *rest: taken.append(rest))
    trainer.fit(samples(), epochs=2)
    store = trainer.model.store
    assert [decayed for decayed, _ in taken] == [store.n_decayed] * 14
    assert store.n_decayed == len(store.values) - 15 - 10 - N_OUT
    expected = [0.7 + (0.007 - 0.7) * step / 14 for step in range(14)]
    np.testing.assert_allclose([rate for _, rate in taken], expected, rtol=1e-12)


def test_a_static_rule_changes_no_wiring():
    trainer = make_trainer(rule="static")
    before = [layer.structure for layer in trainer.model.sparse_layers]
    assert not trainer.fit(samples(), epochs=3).updates
    assert all(layer.structure is old for layer, old in zip(trainer.model.sparse_layers, before, strict=True))
    assert trainer.last_update is None


def test_a_dense_network_trains():
    trainer = Trainer(SparseMLP.dense([N_IN, 9, N_OUT], rng=0), rule="dense", optimizer="adam", batch_size=BATCH, rng=0)
    history = trainer.fit(samples(), epochs=20)
    assert not history.updates
    assert history.column("loss")[-1] < history.column("loss")[0]


def test_survivors_are_counted_in_the_history():
    trainer = make_trainer()
    history = trainer.fit(samples(), epochs=3)
    alive = trainer.state.wiring_log.links.survivors_of_first()
    for layer in history.updates[-1]["layers"]:
        assert layer["survivors_of_first"] == alive[layer["layer"]]
        assert layer["before"] == layer["after"]
        assert layer["removed"] == layer["grown"] > 0
        assert 0 < layer["survivors_of_first"] < layer["after"]


def test_stop_ends_training_after_the_epoch_and_leaves_the_update_out():
    def stop(trainer):
        if trainer.step == STEPS + 2:
            trainer.stop("enough")

    trainer = make_trainer(callbacks=[Call(on_step=stop)])
    history = trainer.fit(samples(), epochs=9)
    assert (trainer.epoch, trainer.step, trainer.stop_reason) == (2, 2 * STEPS, "enough")
    assert [record["kind"] for record in history] == ["epoch", "update", "epoch"]
    assert not trainer.interrupted


def test_fit_goes_on_to_the_epoch_that_it_is_told():
    trainer = make_trainer()
    trainer.fit(samples(), epochs=2)
    history = trainer.fit(samples(), epochs=5)
    assert [record["epoch"] for record in history.epochs] == [1, 2, 3, 4, 5]
    assert trainer.step == 5 * STEPS


def test_an_error_in_a_callback_is_passed_on_and_told_as_failure():
    def fail(trainer):
        raise OSError("no space")

    events = Events()
    with pytest.raises(OSError, match="no space"):
        make_trainer(callbacks=[events, Call(on_step=fail)]).fit(samples(), epochs=2)
    assert events.seen == ["on_fit_begin", "on_step", "on_failure"]


X, Y = samples()
NAN = X.copy()
NAN[7, 3] = np.nan


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((NAN, Y), "train inputs with infinite or missing numbers"),
        ((np.where(np.isnan(NAN), np.inf, NAN), Y), "train inputs with infinite or missing numbers"),
        ((X[:, :-1], Y), r"train inputs of shape \(50, 11\)"),
        ((X[0], Y[:1]), r"train inputs of shape \(12,\)"),
        ((X[:0], Y[:0]), r"train inputs of shape \(0, 12\); .* at least one sample"),
        ((X, Y[:-1]), r"train labels of shape \(49,\)"),
        ((X, np.zeros((49, 4))), r"train targets of shape \(49, 4\)"),
        ((X, Y - 1), r"train labels from -1 to 2"),
        ((X, Y + 1), r"train labels from 1 to 4"),
        ((X, np.eye(4, dtype=int)[Y]), r"train labels of shape \(50, 4\)"),
        ((X, Y.astype(float)), r"train targets of shape \(50,\)"),
        ((X, np.full((50, 4), np.nan)), "train targets with infinite or missing numbers"),
    ],
)  # fmt: skip
def test_bad_data_are_refused_before_anything_is_trained(data, message):
    trainer = make_trainer()
    before = state(trainer)
    with pytest.raises(InvalidInputError, match=message):
        trainer.fit(data, epochs=1)
    assert state(trainer) == before


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("digits", "data of type str; expected a pair"),
        (SimpleNamespace(train_x=X, train_y=Y), r"data of type SimpleNamespace; .*train_x"),
        ((X, Y, Y), "data of type tuple"),
        ((X, np.array(["cat", "dog"])[Y % 2]), r"targets of <U3; .*np\.unique"),
        ((X, Y.astype(object)), "targets of object"),
    ],
)  # fmt: skip
def test_what_is_neither_arrays_nor_a_task_is_refused(data, message):
    with pytest.raises(InvalidInputError, match=message):
        make_trainer().fit(data, epochs=1)


def test_sparse_inputs_are_trained_like_dense_ones():
    from scipy.sparse import csr_array

    dense, sparse = make_trainer(), make_trainer()
    dense.fit((X, Y), (X, Y), epochs=2)
    sparse.fit((csr_array(X), Y), (csr_array(X), Y), epochs=2)
    assert state(dense) == state(sparse)


def test_objects_show_themselves_in_brief():
    trainer = make_trainer(rule="set")
    history = trainer.fit((X, Y), (X, Y), epochs=3)
    assert repr(history) == (
        f"History(3 epochs, 2 updates, loss {history.column('loss')[-1]:.3g}, "
        f"test accuracy {history.column('test_accuracy')[-1]:.3g})"
    )
    assert repr(trainer.rule) == "ThreeStageRule('set')"
    assert repr(trainer).startswith(f"Trainer({trainer.model!r}, rule=set, SGD(") and repr(trainer).endswith("epoch 3)")


def test_bad_test_and_validation_data_are_named():
    with pytest.raises(InvalidInputError, match="test labels from 9 to 9"):
        make_trainer().fit((X, Y), (X, np.full(50, 9)), epochs=1)
    with pytest.raises(InvalidInputError, match="validation inputs of shape"):
        make_trainer().fit((X, Y), validation=(X[:, 1:], Y), epochs=1)


def test_targets_must_be_of_the_kind_that_the_loss_takes():
    floats = np.zeros((50, 4))
    with pytest.raises(InvalidInputError, match="MeanSquaredError for the train labels"):
        make_trainer(trainer={"loss": MeanSquaredError()}).fit((X, Y), epochs=1)
    with pytest.raises(InvalidInputError, match="SoftmaxCrossEntropy for the train targets"):
        make_trainer(trainer={"loss": SoftmaxCrossEntropy()}).fit((X, floats), epochs=1)
    with pytest.raises(InvalidInputError, match="SoftmaxCrossEntropy for the test targets"):
        make_trainer().fit((X, Y), (X, floats), epochs=1)


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"batch_size": 2.5}, {"update_every": 0}])
def test_bad_options_are_refused(options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        Trainer(make_model(), **options)


def test_epochs_must_be_a_whole_number():
    with pytest.raises(InvalidInputError, match="epochs=0"):
        make_trainer().fit(samples(), epochs=0)


def test_an_update_may_come_before_the_first_epoch():
    trainer = make_trainer(rule="set")
    trainer.update_topology()
    assert [record["kind"] for record in trainer.history] == ["update"]


def test_percolation_asks_for_a_dense_readout():
    model = SparseMLP([4, 5, 5, 3], density=0.5, dense_readout=False, rng=0)
    with pytest.raises(InvalidInputError, match=r"'readout', .* 'rlr'"):
        Trainer(model, rule=make_rule("rlr", percolate=True))
    Trainer(model, rule=make_rule("rlr"))


def test_half_an_epoch_goes_on_with_the_same_samples_only():
    trainer = make_trainer(callbacks=[Call(on_step=lambda t: t.step == 2 and signal.raise_signal(signal.SIGINT))])
    trainer.fit(samples(), epochs=2)
    assert trainer.interrupted and trainer.state.batch == 2
    with pytest.raises(InvalidInputError, match=f"{N_SAMPLES + 1} training samples"):
        trainer.fit(samples(N_SAMPLES + 1), epochs=2)
