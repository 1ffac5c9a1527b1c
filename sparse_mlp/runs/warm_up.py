"""Compile ahead what training needs, so that no run has to wait and no two workers compile the same."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any, cast

import numpy as np

SAMPLES = 256
SMALL, LARGE, MOTIFS = [20, 30, 30, 3], [20, 300, 300, 3], [20, 40, 40, 4]
PLAN, IMAGE = "16-M-16-M", (1, 8, 8)


def warm_up(dtypes: Sequence[str] = ("float32",), progress: bool = False) -> float:
    """Compile the kernels that training needs, and return the seconds that it took.

    Parameters
    ----------
    dtypes : sequence of {"float32", "float64"}
        Of weights and activations. Commands train in float32; networks and estimators in Python may be of float64.
    progress : bool
        Whether to show a bar on standard error, where that is a terminal.

    Notes
    -----
    Numba compiles for the types that a kernel is called with, and other kernels serve small and large networks, single
    and several groups of a batch, convolutions, attention, networks with dropout and motifs. So tiny jobs of all these
    kinds are trained.
    """
    from tqdm import tqdm

    began = perf_counter()
    kinds = [*(partial(_train, **job) for job in _jobs()), *(partial(_translate, n) for n in (8, 64))]
    jobs = list(itertools.product(dtypes, kinds))
    shown = progress and sys.stderr.isatty()
    bar = tqdm(jobs, "compiling", disable=not shown, unit="kind of training", leave=False, dynamic_ncols=True)
    for dtype, train in bar:
        train(dtype=dtype)
    return perf_counter() - began


def _jobs() -> Iterator[dict[str, Any]]:
    classes = np.arange(SAMPLES) % 3
    common: dict[str, Any] = {"sizes": SMALL, "target": classes, "density": 0.2, "rule": "set", "batch_size": 32}
    for optimizer in ("sgd", "adam"):
        yield {**common, "optimizer": optimizer}
        yield {**common, "sizes": LARGE, "density": 0.5, "rule": "rlr", "optimizer": optimizer, "batch_size": 128}
    yield {**common, "target": np.eye(3, dtype=np.float32)[classes], "batch_size": 128}
    for activation in ("relu", "leaky-relu", "sigmoid", "tanh"):
        yield {**common, "dropout": 0.2, "activation": activation}
    for mode, size, batch_size in itertools.product(("shared", "block"), (2, 4), (32, 128)):
        yield {**common, "sizes": MOTIFS, "batch_size": batch_size, "motif_size": size, "motif_mode": mode}
    for rule in ("ch3l3", "chts", "rigl"):
        yield {**common, "rule": rule}
    for rule, optimizer, batch_size in (("set", "sgd", 32), ("cht-conv", "adam", 128)):
        yield {**common, "sizes": None, "density": 0.4, "rule": rule, "optimizer": optimizer, "batch_size": batch_size}


def _train(
    *, sizes: list[int] | None, target: Any, rule: str, batch_size: int, optimizer: str = "sgd", **network: Any
) -> None:
    from sparse_mlp.evolution import make_rule
    from sparse_mlp.models import SparseMLP, vgg
    from sparse_mlp.training import Trainer

    network |= {"rng": 0, "backend": "numba"}
    model = SparseMLP(sizes, **network) if sizes else vgg(PLAN, IMAGE, 3, **network)
    x = np.random.default_rng(0).random((SAMPLES, model.n_features), np.float32)
    evolve = make_rule(rule, **({"percolate": True} if rule in ("set", "rlr") else {}))
    trainer = Trainer(model, rule=evolve, optimizer=optimizer, batch_size=batch_size, rng=0)
    trainer.fit((x, target), (x, target), epochs=2)


def _translate(batch_sentences: int, dtype: str) -> None:
    from sparse_mlp.evolution import make_rule
    from sparse_mlp.models import SparseTransformer
    from sparse_mlp.token_pairs import TokenPairs
    from sparse_mlp.training import Task, Trainer, Translation

    sentences = [[4 + k % 13, 4 + k % 7, 5, 3] for k in range(SAMPLES // 2)]
    task = cast(Task, Translation(TokenPairs.of(sentences, sentences), batch_tokens=4 * batch_sentences))
    sizes: dict[str, Any] = {"d_model": 32, "heads": 2, "d_ff": 64, "layers": 1}
    model = SparseTransformer(20, 20, **sizes, density=0.3, rng=0, dtype=dtype, backend="numba")
    Trainer(model, rule=make_rule("chts"), optimizer="adam", rng=0).fit(task, task, epochs=2)
