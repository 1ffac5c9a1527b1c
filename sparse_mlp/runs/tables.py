"""The tables of settings: which options each has, and which parts bring more.

`[model]` chooses a model, `[wiring]` a topology, `[rule]` a rule, `[training]` an optimizer and a schedule. The options
of such a part are read from its signature and docstring; here are only those that belong to no part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sparse_mlp import datasets, plugins
from sparse_mlp.errors import check_fraction, check_integer, check_number
from sparse_mlp.evolution import RULES
from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.models import WIRINGS
from sparse_mlp.optim import OPTIMIZERS, SCHEDULES
from sparse_mlp.options import Option, extends, options_of
from sparse_mlp.runs.models import MODELS
from sparse_mlp.runs.values import kinds_of
from sparse_mlp.topology.presets import DENDRITIC_PRESETS

SET_BY_RUNS = ("backend", "rng", "density")  # options of parts that a run sets itself, from other tables
CORRELATED_RULES = ("cht", "chts", "chtss")  # their papers start from the correlations of the inputs
# Defaults of a run with a model, where they are not those of all runs. Options of parts go with these parts alone.
MODEL_DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "transformer": {
        "wiring": {"topology": "receptive-field", "density": 0.1},
        "rule": {"name": "chts", "update_steps": 100},
        "training": {
            "epochs": 13,
            "label_smoothing": 0.1,
            "optimizer": "adam",
            "learning_rate": 1.0,
            "beta2": 0.998,
            "epsilon": 1e-9,
            "weight_decay": 0.0,
            "schedule": "noam",
            "peak_step": 1000,
        },
    },
}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {"dendritic": DENDRITIC_PRESETS}


def known_set() -> None:
    """Name a data set that has no options."""


@extends(datasets.load, "data_dir", "name_or_path", "download")
def own_file(**options: Any) -> None:
    """Read samples from a file of your own."""


@extends(datasets.load_translation, "data_dir", "name_or_folder", "download", "skip_empty")
def sentence_pairs(*, batch_tokens: int = 1024, **options: Any) -> None:
    """Read sentences and their translations.

    Parameters
    ----------
    batch_tokens : int
        Target words of a batch, nearly; whole sentences fill it.
    """


class DataSets(dict[str, Callable[..., Any]]):
    """The data sets by name; any other name is that of a file, which is looked at when all settings are known."""

    def __missing__(self, name: str) -> Callable[..., Any]:
        return own_file


FILE = "FILE"  # stands for any file where data sets are listed
DATA_SETS = DataSets(
    dict.fromkeys(datasets.names(), known_set), **dict.fromkeys(datasets.text_names(), sentence_pairs),
    **{FILE: own_file},
)  # fmt: skip


class Table(NamedTuple):
    """Say what a table may hold."""

    name: str
    own: tuple[Option, ...]  # those that it has whatever is chosen
    parts: Mapping[str, Mapping[str, Callable[..., Any]]] = {}  # option that chooses a part → the parts by name

    @property
    def options(self) -> dict[str, Option]:
        """The own options by name."""
        return {option.name: option for option in self.own}

    def part(self, key: str, name: str) -> Callable[..., Any]:
        """Return a part by its name, or by `module:name`."""
        parts = self.parts[key]
        return parts[name] if isinstance(parts, DataSets) else plugins.find(self.word(key), name, parts)

    def word(self, key: str) -> str:
        """Return what the parts are that an option chooses: `[rule] name` chooses a rule."""
        return self.name if key == "name" else key

    def part_options(self, key: str, name: str) -> dict[str, Option]:
        """Return the options that a part brings, of those that text can hold."""
        return _options(self.part(key, name))


@lru_cache(maxsize=256)
def _options(part: Callable[..., Any]) -> dict[str, Option]:
    return {name: option for name, option in options_of(part, skip=SET_BY_RUNS).items() if kinds_of(option)}


def default_topology(rule_name: str) -> str:
    """Return the topology that the paper of a rule starts from."""
    return "correlated" if rule_name in CORRELATED_RULES else "erdos-renyi"


def _option(name: str, default: Any, kind: str, text: str, choices: tuple[str, ...] = ()) -> Option:
    return Option(name, default, kind, choices, text)


_TABLES = (
    Table("data", (
        _option("dataset", "digits", "str", "Data set (`sparse-mlp data list`) or a FILE"),
        _option("data_dir", None, "str", "Data files' folder (else $SPARSE_MLP_DATA, cache)"),
        _option("standardize", True, "bool", "Scale inputs to mean 0 and deviation 1"),
        _option("scale_by", "image", "str", "One mean for each", ("image", "channel")),
        _option("validation_fraction", 0.0, "float", "Fraction of the training samples for validation"),
    ), {"dataset": DATA_SETS}),
    Table("model", (_option("name", "mlp", "str", "Kind of network"),), {"name": MODELS}),
    Table("wiring", (
        _option("topology", None, "str", "First wiring (default: as in the paper of the rule)"),
        _option("density", 0.02, "float", "Fraction of all possible links of the sparse layers"),
        _option("epsilon", None, "float", "Instead of a density: epsilon * (n_in + n_out) links a layer"),
        _option("allocation", "uniform", "str", "Links of the layers", ("uniform", "er", "erk")),
        _option("preset", None, "str", "Stored options of the topology; options that are given win"),
    ), {"topology": WIRINGS}),
    Table("rule", (
        _option("name", "set", "str", "How the wiring evolves"),
        _option("update_every", None, "int", "Epochs between two updates (default: as in the rule's paper)"),
        _option("update_steps", None, "int", "Batches between two updates instead"),
    ), {"name": RULES}),
    Table("training", (
        _option("epochs", 20, "int", "Passes over the training samples"),
        _option("batch_size", 32, "int", "Samples of a gradient step"),
        _option("optimizer", "sgd", "str", "How the gradient moves the weights"),
        _option("schedule", "linear", "str", "Course of the learning rate"),
        _option("warm_up_steps", 0, "int", "Steps of a rising learning rate at first"),
        _option("label_smoothing", 0.0, "float", "Part of the target spread over all classes"),
        _option("flip", 0.0, "float", "Probability of mirroring an image"),
        _option("early_stop", 0, "int", "Stop after so many epochs without better validation accuracy"),
    ), {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}),
    Table("run", (
        _option("seed", 0, "int", "Seed of everything that is random"),
        _option("threads", None, "int", "Most threads to use (default: all); no result depends on it"),
        _option("backend", None, "str", "reference, scipy or numba (else $SPARSE_MLP_BACKEND)"),
        _option("out", None, "str", "Folder of the run (default: a new one in runs/)"),
        _option("checkpoint_every", 1, "int", "Epochs between two checkpoints"),
        _option("figures", True, "bool", "Draw the figures at the end"),
        _option("input_strengths", False, "bool", "Record the inputs' strengths in each epoch, for `features`"),
    )),
)  # fmt: skip
TABLES: dict[str, Table] = {table.name: table for table in _TABLES}

_not_negative = partial(check_integer, minimum=0)
_part_of_one = partial(check_fraction, zero=True, one=False)
CHECKS: dict[str, Callable[[str, Any], Any]] = {  # of own options that have a value
    "validation_fraction": _part_of_one, "label_smoothing": _part_of_one, "density": check_fraction,
    "flip": partial(check_fraction, zero=True),
    "epsilon": partial(check_number, strict=True), "backend": lambda name, value: choose_backend(value),
    **dict.fromkeys(("seed", "warm_up_steps", "early_stop"), _not_negative),
    **dict.fromkeys(("epochs", "batch_size", "update_every", "update_steps"), check_integer),
    **dict.fromkeys(("checkpoint_every", "threads"), check_integer),
}  # fmt: skip
