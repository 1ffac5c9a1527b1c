"""Residual blocks of sparse layers under every rule: exact counts, the same bytes after a resume and on any threads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from training_cases import N_IN, N_OUT, Call, assert_threads_do_not_matter, samples, state

from sparse_mlp.evolution import RULES, make_rule
from sparse_mlp.kernels.pool import most_threads
from sparse_mlp.kernels.tiles import unpack
from sparse_mlp.layers import Dense, Dropout, Layer, ReLU, Residual, Sequential, SparseLinear
from sparse_mlp.layers.batch import Batch
from sparse_mlp.models import Network
from sparse_mlp.optim import make_optimizer
from sparse_mlp.topology import generate
from sparse_mlp.training import Checkpoint, Trainer, load_checkpoint, save_checkpoint

WIDTH, INNER, EPOCHS = 10, 14, 3
DATA, TEST = samples(100), samples(20, seed=4)
BATCH = 40  # two groups of tiles; the third batch of an epoch has 20 samples
OPTIONS: dict[str, dict[str, Any]] = {
    "rigl": {"update_steps": 2}, "chtss": {"density": 0.3, "density_start": 0.6}, "cht-conv": {"graph": "layer"},
}  # fmt: skip


def network(density: float = 0.3, extra: Layer | None = None) -> Network:
    """Make a sparse stem, two residual blocks, the second with dropout, and a dense read-out."""
    shapes = {"stem": (N_IN, WIDTH), "up1": (WIDTH, INNER), "down1": (INNER, WIDTH), "up2": (WIDTH, INNER),
              "down2": (INNER, WIDTH)}  # fmt: skip
    rng = np.random.default_rng(1)
    sparse = {
        name: SparseLinear(generate("erdos-renyi", *shape, density, rng=rng), rng=rng, name=name)
        for name, shape in shapes.items()
    }
    first = Residual(Sequential([sparse["up1"], ReLU(), sparse["down1"]]), name="block1")
    second = Residual(Sequential([sparse["up2"], ReLU(), Dropout(0.2), sparse["down2"]]), name="block2")
    between = [extra] if extra else []
    return Network(Sequential([sparse["stem"], first, ReLU(), *between, second, Dense(WIDTH, N_OUT, rng=rng)]))


def make_trainer(rule: str, seed: int = 5, *, callbacks: Any = (), model: Network | None = None) -> Trainer:
    made = make_rule(rule, **OPTIONS.get(rule, {}))
    optimizer = make_optimizer("adam", learning_rate=0.02)
    net = model or network(made.initial_density or 0.3)
    return Trainer(net, rule=made, optimizer=optimizer, batch_size=BATCH, rng=seed, callbacks=callbacks)


class Run(NamedTuple):
    """A training from its beginning to its end, and its states on the way."""

    rule: str
    trainer: Trainer
    before: list[int]
    checkpoints: list[Checkpoint]


@pytest.fixture(scope="module", params=[name for name in RULES if name != "dense"])
def run(request: pytest.FixtureRequest) -> Run:
    checkpoints: list[Checkpoint] = []
    save = Call(on_step=lambda trainer: checkpoints.append(trainer.checkpoint()))
    trainer = make_trainer(request.param, callbacks=[save])
    before = [layer.structure.nnz for layer in trainer.model.sparse_layers]
    trainer.fit(DATA, TEST, epochs=EPOCHS)
    return Run(request.param, trainer, before, checkpoints)


def test_it_is_trained_and_keeps_exact_counts(run: Run) -> None:
    history, layers = run.trainer.history, run.trainer.model.sparse_layers
    assert history.column("loss")[-1] < history.column("loss")[0]
    possible = [layer.structure.n_in * layer.structure.n_out for layer in layers]
    wanted = run.before if run.rule != "chtss" else [round(0.3 * n) for n in possible]
    assert [layer.structure.nnz for layer in layers] == wanted
    assert all(record["links"][-1] == len(layers[-1].weight) for record in history.epochs[-1:])
    grown = [sum(entry["grown"] for entry in record["layers"]) for record in history.updates]
    assert len(grown) == {"static": 0, "rigl": 3}.get(run.rule, EPOCHS - 1)
    assert (sum(grown) > 0) == (run.rule != "static")
    for record in history.updates:
        assert [entry["layer"] for entry in record["layers"]] == ["stem", "up1", "down1", "up2", "down2"]


@pytest.mark.parametrize("step", [2, 3, 5])  # in the middle of an epoch, at its end, in the middle of the next
def test_a_resumed_run_ends_in_the_same_bytes(run: Run, step: int, tmp_path: Any) -> None:
    save_checkpoint(tmp_path, run.checkpoints[step - 1])
    resumed = make_trainer(run.rule, seed=1234)
    resumed.resume(load_checkpoint(tmp_path))
    assert resumed.step == step
    resumed.fit(DATA, TEST, epochs=EPOCHS)
    assert state(resumed) == state(run.trainer)


@pytest.mark.skipif(most_threads() < 2, reason="this process has one thread")
@pytest.mark.parametrize("rule", [name for name in RULES if name != "dense"])
def test_one_thread_and_two_give_the_same_bytes(rule: str) -> None:
    assert_threads_do_not_matter(lambda: make_trainer(rule), DATA, TEST, epochs=2)


@pytest.mark.parametrize("rule", ["rlr", "cht"])
def test_percolation_leaves_no_link_that_does_nothing(rule: str) -> None:
    """With few links some neurons of the stem die; what the blocks add keeps the neurons behind them alive."""
    trainer = make_trainer(rule, model=network(0.12))
    trainer.rule = make_rule(rule, percolate=True, zeta=0.5)
    before = [layer.structure.nnz for layer in trainer.model.sparse_layers]
    trainer.fit(DATA, epochs=4)
    assert [layer.structure.nnz for layer in trainer.model.sparse_layers] == before
    percolated = [entry["percolated"] for record in trainer.history.updates for entry in record["layers"]]
    assert sum(percolated) > 0
    assert [(unit.name, unit.sources, unit.alive, unit.ends) for unit in trainer.model.units] == [
        ("stem", (), True, True), ("up1-down1", ("stem",), False, True),
        ("up2-down2", ("stem", "up1-down1"), False, True),
    ]  # fmt: skip


class Centred(Layer):
    """Subtract a running mean of each feature, which is a state that nothing trains."""

    name, needs_batch = "centred", True

    def __init__(self) -> None:
        self.mean = np.zeros(WIDTH, np.float32)

    def state(self) -> dict[str, Any]:
        return {"mean": self.mean}

    def forward_tiles(self, x: Any, batch: Batch) -> tuple[Any, None]:
        if batch.training:
            self.mean += 0.1 * (unpack(x, batch.n_samples).mean(axis=0) - self.mean)
        return x - self.mean[:, None], None

    def backward_tiles(self, dy: Any, cache: None, batch: Batch, grads: Any, wants_dx: bool = True) -> Any:
        return dy


def test_a_state_that_nothing_trains_is_kept_in_checkpoints(tmp_path: Any) -> None:
    def make(callbacks: Any = ()) -> Trainer:
        return make_trainer("set", model=network(extra=Centred()), callbacks=callbacks)

    whole = make([Call(on_step=lambda t: t.step == 4 and save_checkpoint(tmp_path, t.checkpoint()))])
    whole.fit(DATA, TEST, epochs=EPOCHS)
    checkpoint = load_checkpoint(tmp_path)
    kept = checkpoint.arrays["state/centred/mean"]
    assert kept.any() and not np.array_equal(kept, whole.model.store.state()["centred/mean"])
    resumed = make()
    resumed.resume(checkpoint)
    assert np.array_equal(resumed.model.store.state()["centred/mean"], kept)
    resumed.fit(DATA, TEST, epochs=EPOCHS)
    assert state(resumed) == state(whole)
