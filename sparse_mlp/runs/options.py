"""What can be told about data, network, training and run, each with default and help."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def option(default: Any, help: str) -> Any:
    """Declare an option with its help text."""
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={"help": help})
    return field(default=default, metadata={"help": help})


@dataclass
class DataOptions:
    """Which samples are trained on."""

    dataset: str = option("digits", "data set, see `sparse-mlp data list`")
    data_dir: str | None = option(None, "existing data folder (for what it lacks: $SPARSE_MLP_DATA, the cache)")
    standardize: bool = option(True, "subtract the mean of the training inputs and divide by their deviation")
    validation_fraction: float = option(0.0, "part of the training samples set aside for validation")


@dataclass
class NetworkOptions:
    """What the network is, but for its wiring."""

    hidden: list[int] = option([1000, 1000, 1000], "neurons of each hidden layer")
    activation: str = option("relu", "relu, leaky-relu, all-relu, sigmoid, tanh or identity")
    weights: str = option("swi", "law of the first weights: swi, kaiming, he-uniform, normal or zero")
    dropout: float = option(0.0, "fraction of hidden activations dropped while training")
    motif_size: int = option(1, "neurons of a motif; links join motifs, whose size must divide all hidden layers")
    motif_mode: str = option("shared", "the links between two motifs share one weight, or have a block of their own")
    pad: bool = option(False, "add features that are zero where motifs do not divide the input")


@dataclass
class TrainingOptions:
    """How the weights are trained."""

    epochs: int = option(20, "passes over the training samples")
    batch_size: int = option(32, "samples of a gradient step")
    optimizer: str = option("sgd", "sgd or adam")
    learning_rate: float | None = option(None, "at the start (default: 0.1 for sgd, 0.001 for adam)")
    momentum: float = option(0.9, "of sgd")
    nesterov: bool = option(False, "use Nesterov's momentum")
    weight_decay: float = option(2e-4, "pull of the weights towards zero, as in SET; biases are left alone")
    schedule: str = option("linear", "course of the learning rate: constant, linear, cosine or step")
    warm_up_steps: int = option(0, "steps over which the learning rate rises first")
    label_smoothing: float = option(0.0, "part of the target spread over all classes")
    early_stop: int = option(0, "epochs without better validation accuracy after which to stop; 0: never")


@dataclass
class RunOptions:
    """Where and how the run is carried out."""

    seed: int = option(0, "of wiring, weights, data order and everything else that is random")
    threads: int | None = option(
        None, "threads at most (default: all); one for each 64 samples of a batch is used, the result is the same",
    )  # fmt: skip
    backend: str | None = option(None, "reference, scipy or numba (else $SPARSE_MLP_BACKEND)")
    out: str | None = option(None, "folder of the run (default: a new one under runs/)")
    checkpoint_every: int = option(1, "epochs between two checkpoints")
    figures: bool = option(True, "draw the figures at the end")
