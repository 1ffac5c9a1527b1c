"""Training that ends before a planned density: what may wait waits, and what does not says so."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from training_cases import STEPS, Call, make_trainer, samples

from sparse_mlp import SparseMLPClassifier
from sparse_mlp.evolution import make_rule
from sparse_mlp.training import EarlyStopping, Trainer

DECAY = {"density": 0.1, "density_start": 0.3, "decay_end": 0.5}


def decaying(callbacks=(), **rule):
    return make_trainer(rule="chtss", rule_options={**DECAY, "delta_start": 0.5, "delta_end": 0.5, **rule},
                        density=0.3, callbacks=callbacks)  # fmt: skip


def densities(trainer):
    return [layer.structure.density for layer in trainer.model.evolving_layers]


def impatient(patience=2):
    return EarlyStopping(patience, "loss", min_delta=100.0)  # after the first epoch that counts, nothing is better


@pytest.mark.parametrize(
    ("rule", "options", "end"),
    [
        ("set", {}, 0), ("rigl", {}, 0.75), ("set", {"zeta_schedule": "linear", "zeta_end": 0.4}, 0.4),
        ("chts", {}, 0.75), ("chts", {"delta_end": 0.5}, 0), ("chtss", {}, 0.75),
        ("chtss", {"decay_end": 0.9}, 0.9), ("chtss", {"delta_end": 0.5}, 0.5),
    ],
)  # fmt: skip
def test_when_the_schedules_of_a_rule_have_ended(rule, options, end):
    assert make_rule(rule, **options).planned_end == end


def test_patience_counts_from_the_end_of_the_decay():
    """The density is final with the update after epoch 5 of 10: epoch 6 is the first that counts, 8 ends it."""
    trainer = decaying([impatient()])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.fit(samples(), epochs=10)
    assert trainer.epoch == 8 and "did not improve for 2 epochs" in trainer.stop_reason
    assert densities(trainer) == pytest.approx([0.1, 0.1], abs=0.005)


def test_patience_counts_alike_after_a_resume():
    whole = decaying([impatient()])
    whole.fit(samples(), epochs=10)
    first = decaying([Call(on_epoch_end=lambda trainer, record: trainer.epoch == 7 and trainer.stop("test"))])
    first.fit(samples(), epochs=10)
    second = decaying([impatient()])
    second.resume(first.checkpoint())
    second.fit(samples(), epochs=10)
    assert second.epoch == whole.epoch == 8


def test_patience_waits_for_a_falling_zeta_and_a_warm_up():
    trainer = make_trainer(rule_options={"zeta_schedule": "linear", "zeta_end": 0.5}, callbacks=[impatient()])
    trainer.fit(samples(), epochs=10)
    assert trainer.epoch == 7  # epoch 5 counts first
    trainer = make_trainer(callbacks=[impatient()], trainer={"schedule_params": {"warm_up_steps": 4 * STEPS}})
    trainer.fit(samples(), epochs=10)
    assert trainer.epoch == 6  # epoch 4 counts first


def test_an_explicit_stop_is_obeyed_and_the_density_is_named():
    stop = Call(on_epoch_end=lambda trainer, record: trainer.epoch == 2 and trainer.stop("enough"))
    trainer = decaying([stop])
    with pytest.warns(UserWarning, match=r"after 2 of its 10 epochs, with density 0.\d+ instead of the 0.1 that"):
        trainer.fit(samples(), epochs=10)
    assert trainer.epoch == 2 and min(densities(trainer)) > 0.11


def test_another_schedule_that_is_cut_short_is_named():
    stop = Call(on_epoch_end=lambda trainer, record: trainer.stop("enough"))
    trainer = make_trainer(rule="rigl", callbacks=[stop])
    with pytest.warns(UserWarning, match="schedules of rule 'rigl' end at 0.75 of it"):
        trainer.fit(samples(), epochs=10)


def test_a_rule_of_ones_own_needs_no_planned_end():
    class Still:
        name, wants_dense, initial_density, update_steps, wants_signals = "still", False, None, None, False

        def update(self, units, progress, rng=None):
            return make_rule("static").update(units, progress, rng)

        def state(self):
            return {}

        def load_state(self, state):
            pass

    trainer = Trainer(make_trainer().model, rule=Still(), callbacks=[impatient()], rng=0)
    trainer.fit(samples(), epochs=10)
    assert trainer.epoch == 3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("early_stopping", [False, True])
def test_estimators_end_with_the_density_that_was_asked_for(early_stopping):
    """Also the copy that early stopping keeps."""
    X, y = samples(200)
    network = SparseMLPClassifier(
        (20, 20), rule="chtss", density=0.1, max_iter=12, n_iter_no_change=1, tol=100.0, early_stopping=early_stopping,
        random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        network.fit(X, y)
    found = [layer.structure.density for layer in network.model_.evolving_layers]
    assert found == pytest.approx([0.1] * len(found), abs=0.01)
    assert network.n_iter_ < 12


def test_single_passes_are_one_training_and_do_not_warn():
    X, y = samples(60)
    network = SparseMLPClassifier((20,), rule="chtss", density=0.1, max_iter=10, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network.partial_fit(X, y, classes=np.unique(y)).partial_fit(X, y)
