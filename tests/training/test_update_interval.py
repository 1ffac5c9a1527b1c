"""When the wiring is updated: after epochs or batches, never after the last; what the rule is told then."""

from __future__ import annotations

import warnings
from contextlib import nullcontext

import numpy as np
import pytest
from training_cases import (
    BATCH,
    N_SAMPLES,
    STEPS,
    Call,
    assert_threads_do_not_matter,
    make_model,
    make_trainer,
    samples,
    state,
    watch_batches,
)

from sparse_mlp.errors import DivergenceError, InvalidInputError
from sparse_mlp.evolution import RULES, make_rule
from sparse_mlp.kernels.pool import most_threads
from sparse_mlp.layers import Dense, ReLU, SparseLinear
from sparse_mlp.measures import anp_by_links, anp_by_paths
from sparse_mlp.models import SparseMLP
from sparse_mlp.optim import make_optimizer
from sparse_mlp.topology import generate, generate_network
from sparse_mlp.training import Trainer


def kinds(history):
    return "".join({"epoch": "E", "update": "U"}[record["kind"]] for record in history)


@pytest.mark.parametrize(
    ("interval", "steps", "order"),
    [
        (3, [3, 6, 9, 12], "UUEUUE"),
        (7, [7], "UEE"),  # at the end of an epoch, before its evaluation, but not after the last batch
        (1, list(range(1, 14)), "U" * 7 + "E" + "U" * 6 + "E"),
        (14, [], "EE"),
        (99, [], "EE"),
    ],
)
def test_updates_counted_in_batches(interval, steps, order):
    history = make_trainer(trainer={"update_steps": interval}).fit(samples(), epochs=2)
    assert [record["step"] for record in history.updates] == steps
    assert kinds(history) == order
    assert [record["epoch"] for record in history.updates] == [(step - 1) // STEPS for step in steps]


def test_updates_counted_in_epochs_say_after_which_batch():
    history = make_trainer().fit(samples(), epochs=3)
    assert [(record["epoch"], record["step"]) for record in history.updates] == [(1, STEPS), (2, 2 * STEPS)]


def test_an_update_takes_the_place_of_no_batch():
    trainer = make_trainer(trainer={"update_steps": 2})
    batches = watch_batches(trainer.model)
    trainer.fit(samples(), epochs=1)
    assert sorted(np.concatenate([batch.rows for batch in batches])) == list(range(N_SAMPLES))


def test_an_update_comes_before_the_step_is_told():
    # A checkpoint of on_step must hold the update that belongs to that step.
    told = []
    callback = Call(
        on_step=lambda t: told.append(("step", t.step)), on_update=lambda t, *_: told.append(("up", t.step))
    )
    make_trainer(trainer={"update_steps": 3}, callbacks=[callback]).fit(samples(), epochs=1)
    assert told[2:5] == [("up", 3), ("step", 3), ("step", 4)]


def test_the_rules_own_interval_is_the_default():
    assert [make_rule(name).update_steps for name in RULES] == [100 if name == "rigl" else None for name in RULES]
    rigl, own = make_rule("rigl", update_steps=5), make_rule("set")
    for rule, options, expected in (
        (rigl, {}, (None, 5)), (rigl, {"update_every": 2}, (2, None)), (rigl, {"update_steps": 9}, (None, 9)),
        (own, {}, (1, None)), (own, {"update_steps": 9}, (None, 9)),
    ):  # fmt: skip
        trainer = Trainer(make_model(), rule=rule, **options)
        assert (trainer.update_every, trainer.update_steps) == expected


def test_bad_intervals():
    with pytest.raises(InvalidInputError, match="update_every=1 and update_steps=2"):
        Trainer(make_model(), update_every=1, update_steps=2)
    with pytest.raises(InvalidInputError, match="update_steps=0"):
        Trainer(make_model(), update_steps=0)
    with pytest.raises(InvalidInputError, match="update_steps=0"):
        make_rule("rigl", update_steps=0)


class Listening:
    """A rule that changes nothing and remembers what it was told."""

    name, wants_dense, initial_density, update_steps = "listening", False, None, None

    def __init__(self, wants_signals):
        self.wants_signals, self.told = wants_signals, []

    def update(self, units, progress, rng=None):
        self.told.append((progress, {layer.name: layer.recorded for layer in units[0].layers}))
        return make_rule("static").update(units, progress)

    def state(self):
        return {}

    def load_state(self, state):
        pass


@pytest.mark.parametrize(
    ("interval", "expected"),
    [({"update_steps": 4}, [4 / 14, 8 / 14, 12 / 14]), ({"update_every": 1}, [1 / 2])],
)
def test_progress_is_the_fraction_of_all_steps(interval, expected):
    rule = Listening(wants_signals=False)
    Trainer(make_model(), rule=rule, batch_size=8, rng=0, **interval).fit(samples(), epochs=2)
    assert [progress for progress, _ in rule.told] == expected
    assert all(pair is None for _, signals in rule.told for pair in signals.values())


@pytest.mark.parametrize("interval", [{"update_steps": 3}, {"update_steps": 7}, {"update_every": 1}])
def test_signals_are_of_the_last_batch_after_its_step(interval):
    rule, expected = Listening(wants_signals=True), []
    trainer = Trainer(make_model(dropout=0.3), rule=rule, batch_size=8, rng=0, **interval)
    batches = watch_batches(trainer.model)

    def record(trainer):
        # Nothing changes between the update and on_step, so what is recorded here is what the rule must have got.
        trainer.model.record_signals(batches[-1], trainer.loss)
        expected.append({layer.name: layer.recorded for layer in trainer.model.evolving_layers})
        trainer.model.forget_signals()

    trainer.callbacks.append(Call(on_step=record))
    trainer.fit(samples(), epochs=2)
    steps = [3, 6, 9, 12] if interval == {"update_steps": 3} else [7]
    assert len(rule.told) == len(steps)
    for (_, signals), step in zip(rule.told, steps, strict=True):
        for name, pair in signals.items():
            for got, wanted in zip(pair, expected[step - 1][name], strict=True):
                np.testing.assert_array_equal(got, wanted)


def test_signals_are_freed_after_an_update():
    trainer = make_trainer(rule="rigl", trainer={"update_steps": 3})
    trainer.fit(samples(), epochs=1)
    assert trainer.history.updates
    assert all(layer.recorded is None for layer in trainer.model.sparse_layers)


def test_rules_that_want_signals_are_updated_by_fit_alone():
    trainer = make_trainer(rule="rigl")
    with pytest.raises(InvalidInputError, match=r"no signals of layer 'sparse1'; .*let Trainer\.fit do the updates"):
        trainer.update_topology()


def test_rigl_grows_what_the_dense_gradient_wants():
    grown, signals = [], {}

    def check(trainer, update, record):
        for change in update.layers:
            inputs, deltas = signals[change.layer]
            gradient = np.abs(inputs.astype(float) @ deltas.astype(float).T)
            others = np.ones(change.before.shape, bool)
            kept = change.carry >= 0
            others[change.after.rows()[kept], change.after.indices[kept]] = False
            others[change.grown] = False
            assert gradient[change.grown].min(initial=np.inf) >= gradient[others].max() * (1 - 1e-5)
            grown.append(len(change.grown[0]))

    trainer = make_trainer(rule="rigl", rule_options={"update_steps": 4}, callbacks=[Call(on_update=check)])
    update = trainer.rule.update

    def listen(units, progress, rng):
        signals.update({layer.name: layer.signals() for layer in units[0].layers})
        return update(units, progress, rng)

    object.__setattr__(trainer.rule, "update", listen)
    trainer.fit(samples(), epochs=4)
    assert len(grown) == 2 * 5  # at steps 4, 8, … 20; then zeta is 0
    assert sum(grown) > 40


def test_a_decaying_density_ends_where_it_should():
    options = {"density": 0.12, "decay_end": 0.5}
    trainer = make_trainer(rule="chtss", rule_options=options, density=0.5, trainer={"update_steps": 2})
    history = trainer.fit(samples(), epochs=4)
    assert [layer.structure.nnz for layer in trainer.model.evolving_layers] == [round(0.12 * 180), round(0.12 * 150)]
    counts = [layer["after"] for record in history.updates for layer in record["layers"][:1]]
    assert counts == sorted(counts, reverse=True)
    assert counts[6:] == [22] * 7  # from step 14 of 28 on
    assert counts[4] > 22
    assert trainer.optimizer.state()["velocity"].shape == trainer.model.store.values.shape
    assert trainer.state.wiring_log.links.ages["sparse1"].shape == (22,)


def test_a_net_of_another_density_is_refused():
    refused = r"layer sparse1 of density 0\.\d+ for rule 'chtss'; .*density=0\.5"
    for options in ({}, {"density": 0.5, "allocation": "er"}):  # er gives the layers densities of their own
        with pytest.raises(InvalidInputError, match=refused):
            make_trainer(rule="chtss", rule_options={"density": 0.1}, **options)
    make_trainer(rule="chtss", rule_options={"density_start": 0.3, "density": 0.1})
    for off in (-2, -1, 0, 1, 2):  # one link more or less is rounding
        wiring = generate_network("erdos-renyi", [12, 15, 10, 4], [90 + off, 75], rng=0)
        model = SparseMLP([12, 15, 10, 4], topology=wiring, rng=0)
        with pytest.raises(InvalidInputError, match="sparse1") if abs(off) > 1 else nullcontext():
            Trainer(model, rule=make_rule("chtss", density=0.1))


def test_a_decay_to_nothing_is_refused():
    with pytest.raises(InvalidInputError, match=r"leaves layer sparse1 no link of 180.*raise density"):
        make_trainer(rule="chtss", density=0.5, rule_options={"density": 0.001})


def test_a_dense_layer_between_sparse_ones_parts_two_chains():
    """What percolates does so on either side of it, and the shares of active neurons are those of both sides."""
    sparse = {name: SparseLinear(generate("erdos-renyi", 12, 12, 0.2, rng=ord(name)), name=name) for name in "abcd"}
    layers = [sparse["a"], ReLU(), sparse["b"], Dense(12, 12, name="between"), ReLU(), sparse["c"], sparse["d"]]
    model = SparseMLP.from_layers([*layers, Dense(12, 4, name="readout")])
    optimizer = make_optimizer("sgd", learning_rate=1e-3)
    trainer = Trainer(model, rule=make_rule("cht"), optimizer=optimizer, batch_size=BATCH, rng=5)
    trainer.fit(samples(), epochs=4)
    record = trainer.history.updates[-1]
    pairs = [[sparse[name].structure for name in pair] for pair in ("ab", "cd")]
    assert sum(layer["percolated"] for one in trainer.history.updates for layer in one["layers"]) > 0
    for name, share in (("anp_by_links", anp_by_links), ("anp_by_paths", anp_by_paths)):
        assert record[name] == pytest.approx(np.mean([share(pair) for pair in pairs]))
    assert {layer["layer"]: layer["after"] for layer in record["layers"]} == dict.fromkeys("abcd", 29)


@pytest.mark.parametrize(
    "rule", [("cht", {"overlap_stop": 0.3}), ("set", {"new_weights": "historical"})], ids=lambda rule: rule[0]
)
def test_a_rule_that_has_served_is_as_new(rule):
    name, options = rule
    shared, states = make_rule(name, **options), []
    for served in (make_rule(name, **options), shared, shared):
        trainer = make_trainer(trainer={})
        trainer.rule = served
        trainer.fit(samples(), epochs=5)
        states.append(state(trainer))
    assert states[0] == states[1] == states[2]


def remembered(rule):
    return {name: array.tolist() for name, array in rule.state().items()}


@pytest.mark.parametrize("first_use", [Trainer.update_topology, Trainer.checkpoint])
def test_a_rule_is_made_as_new_once_before_its_first_use(first_use):
    served, states = make_rule("set", new_weights="historical"), []
    for seed, rule in ((2, served), (1, served), (1, make_rule("set", new_weights="historical"))):
        trainer = make_trainer(rng=seed)
        trainer.rule = rule
        first_use(trainer)
        memory = remembered(rule)
        trainer.fit(samples(), epochs=1)
        assert remembered(rule) == memory  # one epoch has no update
        trainer.fit(samples(), epochs=4)
        states.append(state(trainer))
    assert states[1] == states[2]


def test_a_density_never_rises_again():
    trainer = make_trainer(rule="chtss", density=0.5, rule_options={"density": 0.1, "decay_end": 0.9})
    with warnings.catch_warnings(action="ignore"):  # that the density is still on its way down
        trainer.fit(samples(), epochs=4)
    links = [layer.structure.nnz for layer in trainer.model.evolving_layers]
    trainer.fit(samples(), epochs=20)  # progress starts again from a fifth
    for record in trainer.history.updates[3:]:
        assert all(layer["after"] <= n for layer, n in zip(record["layers"], links, strict=True))


def test_an_update_between_a_resume_and_the_training():
    trainer, resumed = make_trainer(), make_trainer()
    trainer.fit(samples(), epochs=3)
    resumed.resume(trainer.checkpoint())
    for one in (trainer, resumed):
        one.update_topology()
    assert state(trainer) == state(resumed)


@pytest.mark.parametrize(
    ("epochs", "interval", "last"),
    [(1, {}, "0"), (2, {}, None), (4, {"update_every": 3}, None), (3, {"update_every": 2}, None),
     (2, {"update_steps": 6}, None), (1, {"update_steps": 3}, None), (1, {"update_steps": 5}, None),
     (2, {"update_steps": 99}, "0"), (3, {"rule": 0.8}, "0.67")],
)  # fmt: skip
def test_a_decay_that_outlasts_the_updates_is_named(epochs, interval, last):
    options = {"density": 0.2, "decay_end": interval.pop("rule", 0.5)}
    trainer = make_trainer(rule="chtss", rule_options=options, density=0.5, trainer=interval)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.fit(samples(), epochs=epochs)
    found = [str(warning.message) for warning in caught if "last update" in str(warning.message)]
    assert len(found) == (last is not None)
    assert all(f"last update after {last} of training" in message for message in found)


def test_parameters_that_are_not_finite_are_named_before_an_update():
    def spoil(trainer):
        trainer.model.sparse_layers[0].weight[2] = np.nan

    trainer = make_trainer(trainer={"update_steps": 3})
    step = trainer.optimizer.step

    def and_spoil(*arguments):
        step(*arguments)
        if trainer.step == 2:
            spoil(trainer)

    trainer.optimizer.step = and_spoil
    with pytest.raises(DivergenceError, match="first in layer 'sparse1'"):
        trainer.fit(samples(), epochs=1)


@pytest.mark.skipif(most_threads() < 2, reason="this process has one thread")
@pytest.mark.parametrize("rule", ["chts", "cht", "rigl"])
def test_one_thread_and_two_give_the_same_wiring(rule):
    def make():
        model = SparseMLP([12, 200, 150, 4], density=0.05, rng=1)
        return Trainer(model, rule=rule, batch_size=16, update_steps=4, rng=5)

    assert_threads_do_not_matter(make, samples(80), epochs=2)
