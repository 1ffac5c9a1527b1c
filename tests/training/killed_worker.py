"""Train one configuration in a folder, from its last checkpoint if there is one: what test_killed_training kills."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from sparse_mlp import SparseMLP, Trainer
from sparse_mlp.evolution import make_rule
from sparse_mlp.layers import Dense, ReLU, Residual, Sequential, SparseLinear
from sparse_mlp.models import Network, vgg
from sparse_mlp.topology import generate
from sparse_mlp.training import Callback, Checkpoints, Classification, RandomFlip, load_checkpoint

EPOCHS, SAMPLES, IMAGE = 12, 640, (1, 4, 5)
FLIPPED = "vgg"  # whose samples are images, mirrored by chance


def residual() -> Network:
    def sparse(name: str, seed: int) -> SparseLinear:
        return SparseLinear(generate("erdos-renyi", 40, 40, density=0.1, rng=seed), rng=seed, name=name)

    blocks = [Residual(Sequential([sparse(f"{b}a", b), ReLU(), sparse(f"{b}b", b + 9)])) for b in range(2)]
    return Network(Sequential([Dense(20, 40, rng=0), ReLU(), *blocks, Dense(40, 4, rng=1)]))


def mlp(**options: Any) -> SparseMLP:
    return SparseMLP([20, 40, 40, 4], **{"density": 0.1, "rng": 0, **options})


CONFIGURATIONS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "residual": (residual, lambda: make_rule("set", percolate=True), {}),
    "vgg": (
        lambda: vgg("4-M-8", IMAGE, 4, density=0.4, first="dense", rng=0),
        lambda: make_rule("cht-conv", percolate=True),
        {"optimizer": "adam"},
    ),
    "motifs": (lambda: mlp(motif_size=2, motif_mode="block"), lambda: "set", {"optimizer": "adam"}),
    "chtss": (lambda: mlp(density=0.5), lambda: make_rule("chtss", density=0.1), {}),
    "cht": (mlp, lambda: "cht", {}),
    "rigl": (mlp, lambda: make_rule("rigl", update_steps=7), {}),
    "dropout": (lambda: mlp(dropout=0.3), lambda: make_rule("set", new_weights="historical"), {"optimizer": "adam"}),
}


class EveryFewSteps(Callback):
    """Save between any two batches, and say so, so that somebody may kill at that moment."""

    def __init__(self, folder: Path) -> None:
        self.checkpoints = Checkpoints(folder)

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step % 3 == 0:
            self.checkpoints.on_fit_end(trainer)
        print(trainer.step, flush=True)

    def on_fit_end(self, trainer: Trainer) -> None:
        self.checkpoints.on_fit_end(trainer)


def main(name: str, folder: Path) -> None:
    network, rule, options = CONFIGURATIONS[name]
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((SAMPLES, 20)).astype(np.float32), rng.integers(0, 4, SAMPLES)
    trainer = Trainer(network(), rule=rule(), batch_size=64, rng=0, callbacks=[EveryFewSteps(folder)], **options)
    if (folder / "checkpoint.json").exists():
        trainer.resume(load_checkpoint(folder))
    flip = RandomFlip(IMAGE) if name == FLIPPED else None
    task = Classification(x, y, batch_size=64, loss=trainer.loss, augmentation=flip)
    trainer.fit(task, (x[:100], y[:100]), epochs=EPOCHS)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
