"""Small runs that the tests of training share, and the bytes by which two of them are compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from sparse_mlp.evolution import make_rule
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.models import Network, Samples, SparseMLP
from sparse_mlp.optim import make_optimizer
from sparse_mlp.training import Callback, Checkpoint, Trainer

N_IN, N_OUT, N_SAMPLES, BATCH = 12, 4, 50, 8
STEPS = 7  # 50 samples in batches of 8: six whole ones and one of 2


def samples(n: int = N_SAMPLES, dtype: Any = np.float32, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Draw inputs and labels that a network can learn: the largest of four random projections."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, N_IN))
    return x.astype(dtype), (x @ np.random.default_rng(99).standard_normal((N_IN, N_OUT))).argmax(axis=1)


def make_model(**options: Any) -> SparseMLP:
    return SparseMLP([N_IN, 15, 10, N_OUT], **{"density": 0.3, "rng": 1, **options})


def make_trainer(
    *, optimizer: str = "sgd", rule: str = "set", rng: Any = 5, callbacks: Any = (), backend: str | None = None,
    learning_rate: float | None = None, batch_size: int = BATCH, rule_options: dict[str, Any] | None = None,
    trainer: dict[str, Any] | None = None, **model: Any,
) -> Trainer:  # fmt: skip
    rate = {"sgd": 0.05, "adam": 0.01}[optimizer] if learning_rate is None else learning_rate
    return Trainer(
        make_model(backend=backend, **model),
        rule=make_rule(rule, **(rule_options or {})),
        optimizer=make_optimizer(optimizer, learning_rate=rate, backend=backend),
        schedule="linear",
        batch_size=batch_size,
        rng=rng,
        callbacks=callbacks,
        **(trainer or {}),
    )  # fmt: skip


def fingerprint(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return all of a state but the seconds that it took, arrays as bytes."""
    arrays = {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in checkpoint.arrays.items()}
    return {"arrays": arrays, "meta": _without_seconds(json.loads(json.dumps(checkpoint.meta)))}


def state(trainer: Trainer) -> dict[str, Any]:
    return fingerprint(trainer.checkpoint())


def _without_seconds(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_seconds(item) for key, item in value.items() if key != "seconds"}
    if isinstance(value, list):
        return [_without_seconds(item) for item in value]
    return value


def watch_batches(model: Network) -> list[Samples]:
    """Return a list that gets each batch whose gradient the network is asked for from now on."""
    batches: list[Samples] = []
    gradient = model.gradient

    def spy(batch: Samples, *rest: Any) -> float:
        batches.append(batch)
        return gradient(batch, *rest)

    model.gradient = spy  # type: ignore[method-assign]
    return batches


def weight_parts(model: Network) -> dict[str, slice]:
    """Return which part of the flat arrays holds the weights of each layer that bears links."""
    return {entry.layer.name: entry.part for entry in model.store.entries if entry.name == "weight"}


def assert_threads_do_not_matter(make: Callable[[], Trainer], *data: Any, epochs: int) -> None:
    """Train with one thread, with two, and with two again: all states are equal to the byte."""
    states = []
    for threads in (1, 2, 2):
        with threads_limited(threads):
            trainer = make()
            trainer.fit(*data, epochs=epochs)
        states.append(state(trainer))
    assert states[0] == states[1] == states[2]


class Call(Callback):
    """Call functions at events: `Call(on_step=lambda trainer: ...)`."""

    def __init__(self, **functions: Any) -> None:
        for event, function in functions.items():
            assert hasattr(Callback, event), event
            setattr(self, event, function)


class Events(Callback):
    """Write down the names of the events that are told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)
        return lambda trainer, *arguments: self.seen.append(name)
