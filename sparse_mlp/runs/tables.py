"""The tables of settings: `[data]`, `[model]`, `[wiring]`, `[rule]`, `[training]`, `[run]`.

Each table is a function whose signature and docstring are its options, and whose body checks them. Some of its options
choose a part (a model, a topology, a rule, an optimizer, a schedule), and the options of that part belong to the table
too: they are read from the part's own signature and docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sparse_mlp import plugins
from sparse_mlp.datasets import names
from sparse_mlp.errors import check_choice, check_fraction, check_integer, check_number, invalid
from sparse_mlp.evolution import RULES
from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.models import WIRINGS, SparseMLP
from sparse_mlp.optim import SCHEDULES, SGD, Adam
from sparse_mlp.options import Option, extends, options_of
from sparse_mlp.runs.models import MODELS
from sparse_mlp.runs.values import kinds_of
from sparse_mlp.topology.presets import DENDRITIC_PRESETS

SET_BY_RUNS = ("backend", "rng", "density")  # options of parts that a run sets itself, from other tables
CORRELATED_RULES = ("cht", "chts", "chtss")  # their papers start from the correlations of the inputs
PRESETS: dict[str, dict[str, dict[str, Any]]] = {"dendritic": DENDRITIC_PRESETS}


class Table(NamedTuple):
    """Say what a table may hold.

    Attributes
    ----------
    function : callable
        Its options, and their check.
    parts : dict of str to mapping
        Option that chooses a part → the parts by name.
    """

    function: Callable[..., None]
    parts: Mapping[str, Mapping[str, Callable[..., Any]]] = {}

    @property
    def options(self) -> dict[str, Option]:
        """The options that the table has whatever is chosen."""
        return _options(self.function)

    def part(self, key: str, name: str) -> Callable[..., Any]:
        """Return a part by its name, or by `module:name`."""
        return plugins.find(key if key != "name" else self.function.__name__, name, self.parts[key])

    def part_options(self, key: str, name: str) -> dict[str, Option]:
        """Return the options that a part brings, of those that text can hold."""
        found = _options(self.part(key, name))
        return {option: found[option] for option in found if option not in SET_BY_RUNS}


@lru_cache(maxsize=256)
def _options(function: Callable[..., Any]) -> dict[str, Option]:
    """Return the options of a function that text can hold."""
    return {name: option for name, option in options_of(function).items() if kinds_of(option)}


def default_topology(rule_name: str) -> str:
    """Return the topology that the paper of a rule starts from."""
    return "correlated" if rule_name in CORRELATED_RULES else "erdos-renyi"


def data(
    *, dataset: str = "digits", data_dir: str | None = None, standardize: bool = True, validation_fraction: float = 0.0
) -> None:
    """Check which samples are trained on.

    Parameters
    ----------
    dataset : str
        Data set; `sparse-mlp data list` lists them.
    data_dir : str
        Folder with the data files (else $SPARSE_MLP_DATA or the cache).
    standardize : bool
        Scale inputs to mean 0 and deviation 1.
    validation_fraction : float
        Fraction of the training samples for validation.
    """
    check_choice("dataset", dataset, names())
    check_fraction("validation_fraction", validation_fraction, zero=True, one=False)


def model(*, name: str = "mlp") -> None:
    """Check which network is built.

    Parameters
    ----------
    name : str
        Kind of network.
    """


@extends(
    SparseMLP, "topology_params", "data", "activation", "weights", "dense_readout", "motif_size", "motif_mode", "pad",
    "dropout", "rng", "dtype", "backend",
)  # fmt: skip
def wiring(*, topology: str | None = None, density: float = 0.02, preset: str | None = None, **shared: Any) -> None:
    """Check how the sparse layers are wired at first.

    Parameters
    ----------
    topology : str
        First wiring (default: as in the paper of the rule).
    density : float
        Fraction of all possible links of the sparse layers.
    epsilon : float
        Instead of a density: epsilon * (n_in + n_out) links a layer.
    allocation : {"uniform", "er", "erk"}
        Links of the layers.
    preset : str
        Stored options of the topology.
    """
    check_fraction("density", density)
    if shared["epsilon"] is not None:
        check_number("epsilon", shared["epsilon"], strict=True)
    if preset is not None and topology is not None:
        if topology not in PRESETS:
            raise invalid(f"preset={preset} with topology {topology}", "no preset", f"{', '.join(PRESETS)} has presets")
        check_choice("preset", preset, PRESETS[topology])


def rule(*, name: str = "set", update_every: int | None = None, update_steps: int | None = None) -> None:
    """Check how the wiring evolves.

    Parameters
    ----------
    name : str
        How the wiring evolves.
    update_every : int
        Epochs between two updates (default: as in the rule's paper).
    update_steps : int
        Batches between two updates instead.
    """
    for option, value in (("update_every", update_every), ("update_steps", update_steps)):
        if value is not None:
            check_integer(option, value)


def training(
    *, epochs: int = 20, batch_size: int = 32, optimizer: str = "sgd", schedule: str = "linear", warm_up_steps: int = 0,
    label_smoothing: float = 0.0, early_stop: int = 0,
) -> None:  # fmt: skip
    """Check how the weights are trained.

    Parameters
    ----------
    epochs : int
        Passes over the training samples.
    batch_size : int
        Samples of a gradient step.
    optimizer : str
        How the gradient moves the weights.
    schedule : str
        Course of the learning rate.
    warm_up_steps : int
        Steps of a rising learning rate at first.
    label_smoothing : float
        Part of the target spread over all classes.
    early_stop : int
        Stop after so many epochs without better validation accuracy.
    """
    check_integer("epochs", epochs)
    check_integer("batch_size", batch_size)
    check_integer("warm_up_steps", warm_up_steps, minimum=0)
    check_integer("early_stop", early_stop, minimum=0)
    check_fraction("label_smoothing", label_smoothing, zero=True, one=False)


def run(
    *, seed: int = 0, threads: int | None = None, backend: str | None = None, out: str | None = None,
    checkpoint_every: int = 1, figures: bool = True, input_strengths: bool = False,
) -> None:  # fmt: skip
    """Check where and how a run is carried out.

    Parameters
    ----------
    seed : int
        Seed of everything that is random.
    threads : int
        Most threads to use (default: all); no result depends on it.
    backend : str
        reference, scipy or numba (else $SPARSE_MLP_BACKEND).
    out : str
        Folder of the run (default: a new one in runs/).
    checkpoint_every : int
        Epochs between two checkpoints.
    figures : bool
        Draw the figures at the end.
    input_strengths : bool
        Record the inputs' strengths in each epoch, for `features`.
    """
    check_integer("seed", seed, minimum=0)
    check_integer("checkpoint_every", checkpoint_every)
    if threads is not None:
        check_integer("threads", threads)
    choose_backend(backend)


@extends(SGD, learning_rate=0.1, weight_decay=2e-4)
def sgd(**shared: Any) -> SGD:
    """Make the optimizer SGD, with the learning rate and the weight decay of SET."""
    return SGD(**shared)


@extends(Adam, weight_decay=2e-4)
def adam(**shared: Any) -> Adam:
    """Make the optimizer Adam, with the weight decay of SET."""
    return Adam(**shared)


OPTIMIZERS: dict[str, Callable[..., SGD | Adam]] = {"sgd": sgd, "adam": adam}

TABLES: dict[str, Table] = {
    "data": Table(data),
    "model": Table(model, {"name": MODELS}),
    "wiring": Table(wiring, {"topology": WIRINGS}),
    "rule": Table(rule, {"name": RULES}),
    "training": Table(training, {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}),
    "run": Table(run),
}
