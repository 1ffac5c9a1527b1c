"""From settings to a network, its data and its trainer; the same for a new run, a resumed and an evaluated one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparse_mlp import datasets
from sparse_mlp.datasets import Dataset
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.models import SparseMLP
from sparse_mlp.optim import Optimizer, make_optimizer
from sparse_mlp.rng import spawn_streams
from sparse_mlp.robustness import InputStrengths
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.system_record import SystemRecord
from sparse_mlp.topology import NEEDS_DATA
from sparse_mlp.training import Callback, Checkpoints, EarlyStopping, HistoryFile, Progress, Trainer

RECORDS = ("metrics.jsonl", "system.json", "input_strength.npz")  # besides configuration and checkpoints
LEARNING_RATES = {"sgd": 0.1, "adam": 0.001}

Samples = tuple[Any, Any]


@dataclass
class Run:
    """Everything that a run consists of, made from its settings alone."""

    config: TrainConfig
    data: Dataset
    train: Samples
    validation: Samples | None
    model: SparseMLP
    trainer: Trainer
    folder: Path = Path()

    def write_into(self, folder: Path) -> None:
        """Let history, checkpoints and figures go into a folder, and show progress."""
        self.folder = folder
        self.trainer.callbacks = _callbacks(self.config, folder)

    @property
    def test(self) -> Samples:
        """The samples that nothing is decided on."""
        return self.data.test_x, self.data.test_y

    def fit(self) -> None:
        """Train from wherever the state is to the last epoch."""
        self.trainer.fit(self.train, self.test, epochs=self.config.epochs, validation=self.validation)


def load_data(config: TrainConfig) -> Dataset:
    """Load the data set of a run, standardised if it says so."""
    data = datasets.load(config.dataset, config.data_dir)
    return datasets.standardize(data) if config.standardize else data


def make_run(config: TrainConfig) -> Run:
    """Load the data and make network and trainer; nothing is written before `Run.write_into`."""
    data = load_data(config)
    train, validation = _split(data, config)
    model = _model(config, train, data.n_classes)
    trainer = Trainer(
        model,
        rule=config.make_rule(),
        optimizer=_optimizer(config),
        schedule=config.schedule,
        schedule_params={"warm_up_steps": config.warm_up_steps},
        loss=SoftmaxCrossEntropy(config.label_smoothing, backend=model.backend),
        batch_size=config.batch_size,
        update_every=config.update_every,
        update_steps=config.update_steps,
        rng=config.seed,
    )
    return Run(config, data, train, validation, model, trainer)


def _split(data: Dataset, config: TrainConfig) -> tuple[Samples, Samples | None]:
    if not config.validation_fraction:
        return (data.train_x, data.train_y), None
    stream = spawn_streams(config.seed)["split"]
    return datasets.set_aside(data.train_x, data.train_y, config.validation_fraction, stream)


def _model(config: TrainConfig, train: Samples, n_classes: int) -> SparseMLP:
    sizes = [train[0].shape[1], *config.hidden, n_classes]
    common: dict[str, Any] = {
        "activation": config.activation, "weights": config.weights, "dropout": config.dropout, "rng": config.seed,
        "backend": config.backend,
    }  # fmt: skip
    rule = config.make_rule()
    if rule.wants_dense:
        return SparseMLP.dense(sizes, **common)
    density = (rule.initial_density or config.density) if config.epsilon is None else None
    return SparseMLP(
        sizes, density=density, epsilon=config.epsilon, topology=config.first_wiring,
        topology_params=config.topology_params(), data=train if config.first_wiring in NEEDS_DATA else None,
        allocation=config.allocation, motif_size=config.motif_size, motif_mode=config.motif_mode, pad=config.pad,
        **common,
    )  # fmt: skip


def _optimizer(config: TrainConfig) -> Optimizer:
    options: dict[str, Any] = {
        "learning_rate": config.learning_rate or LEARNING_RATES[config.optimizer],
        "weight_decay": config.weight_decay,
        "backend": config.backend,
    }
    if config.optimizer == "sgd":
        options.update(momentum=config.momentum, nesterov=config.nesterov)
    return make_optimizer(config.optimizer, **options)


def _callbacks(config: TrainConfig, folder: Path) -> list[Callback]:
    metrics, system, strengths = (folder / name for name in RECORDS)
    callbacks: list[Callback] = [
        Progress(), HistoryFile(metrics), SystemRecord(system), InputStrengths(strengths),
    ]  # fmt: skip
    if config.early_stop:
        callbacks.append(EarlyStopping(config.early_stop))
    return [*callbacks, Checkpoints(folder, config.checkpoint_every)]
