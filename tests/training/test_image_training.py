"""Networks on images in training: they learn, resume byte for byte with running statistics, on any threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from training_cases import Call, assert_threads_do_not_matter, state

from sparse_mlp.errors import CheckpointError
from sparse_mlp.evolution import make_rule
from sparse_mlp.kernels.pool import most_threads
from sparse_mlp.layers import (
    BatchNorm,
    Dense,
    Dropout,
    Flatten,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    SparseLinear,
    Tanh,
    Unflatten,
)
from sparse_mlp.models import Network
from sparse_mlp.optim import make_optimizer
from sparse_mlp.topology import generate
from sparse_mlp.training import Checkpoint, Trainer, load_checkpoint, save_checkpoint

IMAGE, SMALL, EPOCHS = (2, 6, 6), (2, 3, 3), 3


def images(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw images of a bright quarter, whose place is the class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, n)
    x = rng.normal(1, 0.7, (n, *IMAGE))
    for image, label in zip(x, labels, strict=True):
        image[:, 3 * (label // 2) :, 3 * (label % 2) :][:, :3, :3] += 1
    return x.reshape(n, -1).astype(np.float32), labels


DATA, TEST = images(90, seed=0), images(60, seed=1)


def make_trainer(rule: str = "set", seed: int = 5, callbacks: Any = (), height: int = 3) -> Trainer:
    rng, small = np.random.default_rng(1), (2, height, 18 // 2 // height)
    hidden = SparseLinear(generate("erdos-renyi", 18, 20, 0.4, rng=rng), rng=rng, name="hidden")
    net = Network(
        Sequential([
            Unflatten(IMAGE), BatchNorm(IMAGE), ReLU(), MaxPool2d(IMAGE),
            Residual(Sequential([BatchNorm(SMALL), Tanh(), Dropout(0.2)])), Flatten(SMALL),
            Unflatten(small), BatchNorm(small, name="again"), Flatten(small), hidden, ReLU(), Dense(20, 4, rng=rng),
        ])
    )  # fmt: skip
    optimizer = make_optimizer("adam", learning_rate=0.02)
    return Trainer(net, rule=make_rule(rule), optimizer=optimizer, batch_size=32, rng=seed, callbacks=callbacks)


@pytest.fixture(scope="module")
def run() -> tuple[Trainer, list[Checkpoint]]:
    checkpoints: list[Checkpoint] = []
    trainer = make_trainer(callbacks=[Call(on_step=lambda trainer: checkpoints.append(trainer.checkpoint()))])
    trainer.fit(DATA, TEST, epochs=EPOCHS)
    return trainer, checkpoints


def test_it_learns() -> None:
    trainer = make_trainer()
    trainer.fit(DATA, TEST, epochs=12)
    assert np.mean(trainer.model.predict(TEST[0]) == TEST[1]) > 0.8


@pytest.mark.parametrize("step", [2, 3, 5])  # in the middle of an epoch, at its end, in the middle of the next
def test_a_resumed_run_ends_in_the_same_bytes(run: Any, step: int, tmp_path: Any) -> None:
    trainer, checkpoints = run
    save_checkpoint(tmp_path, checkpoints[step - 1])
    resumed = make_trainer(seed=1234)
    resumed.resume(load_checkpoint(tmp_path))
    assert resumed.step == step
    for name, array in resumed.model.store.state().items():
        assert np.array_equal(array, checkpoints[step - 1].arrays[f"state/{name}"])
        assert array.any()
    resumed.fit(DATA, TEST, epochs=EPOCHS)
    assert state(resumed) == state(trainer)
    assert len(resumed.model.store.state()) == 6


@pytest.mark.parametrize("name", ["running_mean", "running_var"])
@pytest.mark.parametrize("value", [None, np.inf, np.zeros(3, np.float32)])
def test_damaged_statistics_are_refused(run: Any, name: str, value: Any) -> None:
    arrays, key = dict(run[1][0].arrays), f"state/again/{name}"
    assert key in arrays
    if value is None:
        del arrays[key]
    else:
        arrays[key] = np.full_like(arrays[key], value) if np.ndim(value) == 0 else value
    with pytest.raises(CheckpointError, match=f"again/{name}"):
        make_trainer().resume(run[1][0]._replace(arrays=arrays))


def test_a_checkpoint_of_other_shapes_is_refused(run: Any) -> None:
    with pytest.raises(CheckpointError, match="another training"):
        make_trainer(height=1).resume(run[1][0])


@pytest.mark.skipif(most_threads() < 2, reason="this process has one thread")
@pytest.mark.parametrize("rule", ["set", "rigl"])
def test_one_thread_and_two_give_the_same_bytes(rule: str) -> None:
    assert_threads_do_not_matter(lambda: make_trainer(rule), DATA, TEST, epochs=2)
