"""From settings to a run: the one place where network, rule, optimizer and trainer are made of them.

A new run, a resumed and an evaluated one, the runs of campaigns and searches, and the estimators all come from here.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sparse_mlp import datasets
from sparse_mlp.datasets import Dataset, TranslationSet
from sparse_mlp.evolution import Rule
from sparse_mlp.evolution.part_checks import check_rule_parts
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.models import Network
from sparse_mlp.optim import Optimizer, make_schedule
from sparse_mlp.options import pick
from sparse_mlp.runs import own_files
from sparse_mlp.runs.models import Fitting
from sparse_mlp.runs.run import Run
from sparse_mlp.runs.tables import TABLES
from sparse_mlp.runs.tasks import tasks_of
from sparse_mlp.training import Trainer

if TYPE_CHECKING:
    from sparse_mlp.runs.config import RunConfig

Table = Mapping[str, Any]


def build(config: RunConfig) -> Run:
    """Load the data and make network and trainer; nothing is written before `Run.write_into`.

    Raises
    ------
    InvalidInputError
        If the settings do not fit the data.
    DataFileError
        If the data files are missing or damaged.
    """
    data = load_data(config.data)
    rule, training = config.make_rule(), config.training
    loss = SoftmaxCrossEntropy(training["label_smoothing"], backend=config.run["backend"])
    tasks = tasks_of(data, config, loss)
    network = make_network(
        config.model, config.wiring, rule, tasks.fitting, rng=config.run["seed"], backend=config.run["backend"]
    )
    if config.run["input_strengths"]:
        from sparse_mlp.robustness import input_strength

        input_strength(network)  # refuses a network that could not record them
    trainer = make_trainer(
        network, rule, training, config.rule, rng=config.run["seed"], loss=loss,
        origin={**config.origin, "backend": network.backend, **tasks.origin},
    )  # fmt: skip
    return Run(config, data, tasks, network, trainer)


def load_data(table: Table) -> Dataset | TranslationSet:
    """Load a data set, standardised if the table says so and its samples are numbers."""
    if translates(table):
        options = pick(datasets.load_translation, {k: v for k, v in table.items() if k != "data_dir"})
        return datasets.load_translation(table["dataset"], table["data_dir"], **options)
    if own_files.SHA256 in table:
        own_files.check_unchanged(table)
    options = pick(datasets.load, {name: value for name, value in table.items() if name != "data_dir"})
    data = datasets.load(table["dataset"], table["data_dir"], **options)
    return datasets.standardize(data, table["scale_by"]) if table["standardize"] else data


def translates(table: Table) -> bool:
    """Tell whether the data set of a table holds sentence pairs."""
    return table["dataset"] in datasets.text_names()


def make_rule(table: Table, *, density: float | None = None) -> Rule:
    """Make the rule of a table; `density` is that of the wiring, for a rule whose density decays to it."""
    make = TABLES["rule"].part("name", table["name"])
    rule = make(**pick(make, {**_options(table), "density": density}))
    check_rule_parts(rule, table["name"])
    return rule


def make_network(model: Table, wiring: Table, rule: Rule, fitting: Fitting, **common: Any) -> Network:
    """Build the network of a table.

    Parameters
    ----------
    model, wiring : mapping
        Tables of settings.
    rule : Rule
        Says whether the layers are dense, or with which density they begin.
    fitting : Fitting
    **common
        rng, backend, dtype.
    """
    make, links = TABLES["model"].part("name", model["name"]), None
    if not rule.wants_dense:
        links = wiring_options(wiring, rule)
        fitting = fitting if needs_data(wiring["topology"]) else fitting._replace(samples=None)
    return make(fitting, links, common, **_options(model))


def needs_data(topology: str) -> bool:
    """Tell whether a topology looks at the training samples."""
    return "data" in inspect.signature(TABLES["wiring"].part("topology", topology)).parameters


def wiring_options(wiring: Table, rule: Rule | None = None) -> dict[str, Any]:
    """Return the options of a network that say how it is wired: its density, its topology and what that takes."""
    epsilon, topology = wiring.get("epsilon"), wiring["topology"]
    decays = rule is not None and rule.initial_density is not None
    params = {name: value for name, value in wiring.items() if name not in TABLES["wiring"].options}
    if decays and topology == "snip":
        params.setdefault("scope", "layer")  # the density decays alike in all layers
    density = rule.initial_density if rule is not None and decays else wiring["density"]
    return {
        "density": density if epsilon is None else None, "epsilon": epsilon, "topology": topology,
        "allocation": wiring.get("allocation", "uniform"), "topology_params": params,
    }  # fmt: skip


def make_optimizer(table: Table, backend: str | None = None) -> Optimizer:
    """Make the optimizer of a table."""
    make = TABLES["training"].part("optimizer", table["optimizer"])
    return make(**pick(make, {**table, "backend": backend}))


def _options(table: Table) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != "name"}


def make_trainer(
    network: Network, rule: Rule, training: Table, rule_table: Table | None = None, **options: Any
) -> Trainer:  # fmt: skip
    """Make the trainer of a network by two tables, of which the second has the interval between updates.

    `options` are those of `Trainer` that are not settings.
    """
    schedule = TABLES["training"].part("schedule", training["schedule"])
    every, steps = ((rule_table or {}).get(name) for name in ("update_every", "update_steps"))
    if steps == rule.update_steps:  # the rule has it already, and lets `update_every` win
        steps = None
    params = {"warm_up_steps": training.get("warm_up_steps", 0), **pick(schedule, training)}
    if params.get("width", 0) is None:
        params["width"] = network.width
    optimizer = make_optimizer(training, network.backend)
    make_schedule(training["schedule"], optimizer.learning_rate, 1, **params)  # refused before anything is written
    return Trainer(
        network, rule=rule, optimizer=optimizer, schedule=training["schedule"],
        schedule_params=params, batch_size=training["batch_size"], update_every=every, update_steps=steps, **options,
    )  # fmt: skip
