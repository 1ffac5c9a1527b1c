"""The settings of a run: six tables, completed with the defaults of what they choose, and checked."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.evolution import Rule
from sparse_mlp.runs import own_files
from sparse_mlp.runs.build import make_rule, translates
from sparse_mlp.runs.places import chosen, defaults_in, options_anywhere, options_in, refuse_option
from sparse_mlp.runs.tables import CHECKS, PRESETS, TABLES
from sparse_mlp.runs.values import value_of

Given = Mapping[str, Mapping[str, Any]]  # table → option → value

# Settings on which no byte of a checkpoint depends. The number of epochs and the backend are looked at elsewhere.
WITHOUT_EFFECT = {
    "data": ("data_dir",), "training": ("epochs", "early_stop"),
    "run": ("backend", "threads", "out", "checkpoint_every", "figures", "input_strengths"),
}  # fmt: skip

# A table, an option of it, the value with which other options of it change nothing, and these.
UNUSED_WITH = (
    ("rule", "name", "static", ("update_every", "update_steps")),
    ("rule", "name", "dense", ("update_every", "update_steps")),
    ("data", "standardize", False, ("scale_by",)),
    ("model", "motif_size", 1, ("motif_mode", "pad")),
    ("wiring", "degree_distribution", "fixed", ("degree_std",)),
    ("wiring", "dendritic_distribution", "fixed", ("dendrite_std",)),
    ("wiring", "width_distribution", "fixed", ("width_std",)),
    ("wiring", "synaptic_distribution", "fixed", ("synaptic_std",)),
)


# What changes nothing where sentences are translated, and what does instead.
UNUSED_WITH_TEXT = {
    ("data", "standardize"): "",
    ("data", "scale_by"): "",
    ("data", "validation_fraction"): "the set has its own part",
    ("training", "batch_size"): "batch_tokens counts tokens",
    ("training", "flip"): "",
    ("run", "input_strengths"): "",
}


@dataclass
class RunConfig:
    """Hold all settings of a run, table by table; `config.json` in the run's folder is the same.

    Attributes
    ----------
    data, model, wiring, rule, training, run : dict of str to object
        Options and their values, also of the chosen model, topology, rule, optimizer and schedule. `wiring` is empty
        if all layers are dense.
    extended : list of dict
        Each time that another number of epochs was asked for later: the `epoch` and the `step` that the training was
        at, `epochs_before` and `epochs`.
    """

    data: dict[str, Any]
    model: dict[str, Any]
    wiring: dict[str, Any]
    rule: dict[str, Any]
    training: dict[str, Any]
    run: dict[str, Any]
    extended: list[dict[str, int]] = field(default_factory=list, kw_only=True)

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """All tables by name, as plain JSON types."""
        return {name: copy.deepcopy(getattr(self, name)) for name in TABLES}

    @property
    def origin(self) -> dict[str, dict[str, Any]]:
        """The settings that the bytes of a checkpoint depend on; of parts of your own the name, as files may move."""
        return {
            table: {
                name: value.rpartition(":")[2] if isinstance(value, str) else value
                for name, value in values.items() if name not in WITHOUT_EFFECT.get(table, ())
            }
            for table, values in {**self.tables, "data": own_files.without_places(self.data)}.items()
        }  # fmt: skip

    def make_rule(self) -> Rule:
        """Make the rule with its options."""
        return make_rule(self.rule, density=self.wiring.get("density"))

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        extended = {"extended": self.extended} if self.extended else {}
        return json.dumps({**self.tables, **extended}, indent=1) + "\n"


def make_config(given: Given) -> RunConfig:
    """Complete settings with the defaults of what they choose, and check them.

    Parameters
    ----------
    given : mapping of table to mapping
        What is left out has its default.

    Raises
    ------
    InvalidInputError
        If a table or an option is unknown, an option belongs to a part that was not chosen, or a value cannot be used.

    Examples
    --------
    >>> config = make_config({"rule": {"name": "static"}, "wiring": {"topology": "small-world", "beta": 0.5}})
    >>> config.wiring["beta"], config.training["learning_rate"]
    (0.5, 0.1)
    """
    check_tables(given)
    settings = {name: dict(given.get(name, {})) for name in TABLES}
    checksums = settings["data"].pop(own_files.SHA256, None)
    topology, preset = chosen("wiring", "topology", settings), settings["wiring"].get("preset")
    if preset is not None:
        check_choice(f"preset of topology {topology}", preset, PRESETS.get(topology, {}))
    stored = PRESETS.get(topology, {}).get(preset or "", {})
    settings["wiring"] = {**stored, **settings["wiring"], "topology": topology}
    config = RunConfig(*(_completed(name, settings) for name in TABLES))
    config.data = own_files.pinned(config.data, checksums)
    rule = config.make_rule()
    if rule.initial_density is not None and "scope" in config.wiring:
        config.wiring["scope"] = settings["wiring"].get("scope", "layer")
    _check_together(config, rule)
    if rule.wants_dense:
        config.wiring = {}
    return config


def check_tables(given: Mapping[str, Any]) -> None:
    """Refuse settings outside the tables, and tables that are unknown.

    Raises
    ------
    InvalidInputError
        Naming, for a setting, the table where it belongs.
    """
    for name, values in given.items():
        if isinstance(values, Mapping):
            check_choice("table", name, TABLES)
        elif name in TABLES:
            raise invalid(f"{name}={values!r}", "a table", f"write its options below [{name}]")
        else:
            home = next((f"{table}.{name}" for table in TABLES if name in options_anywhere(table)), "")
            raise invalid(f"{name} outside of the tables", ", ".join(TABLES), f"write it as {home}" if home else "")


def refuse_unused(given: Given, config: RunConfig) -> None:
    """Refuse settings that somebody gave although others make them change nothing.

    Files of many runs are not checked like this: what their runs share may be of no use to one of them.

    Raises
    ------
    InvalidInputError
        Naming both.
    """
    wiring, rule = given.get("wiring", {}), config.rule["name"]
    if wiring and not config.wiring:
        raise invalid(f"{', '.join(wiring)} with rule {rule}", "no options of a wiring", "all layers are dense")
    for other in ("density", "allocation"):
        if {other, "epsilon"} <= set(wiring):
            raise invalid(f"{other} and epsilon", "one of the two", "epsilon says how many links each layer has")
    tables = config.tables
    for (table, name), remedy in UNUSED_WITH_TEXT.items() if translates(config.data) else ():
        if name in given.get(table, {}):
            raise invalid(f"{name} with dataset {config.data['dataset']}", "one without the other", remedy)
    for table, option, value, unused in UNUSED_WITH:
        for name in unused:
            if name in given.get(table, {}) and tables[table].get(option) == value:
                found = f"{name} with {TABLES[table].word(option)}={value}"
                raise invalid(found, "one without the other", f"{name} would change nothing")


def merge(*several: Given) -> dict[str, dict[str, Any]]:
    """Return settings in which later ones win over earlier ones, option by option."""
    merged: dict[str, dict[str, Any]] = {}
    for settings in several:
        for table, values in settings.items():
            merged.setdefault(table, {}).update(values)
    return merged


def _completed(table: str, settings: Given) -> dict[str, Any]:
    """Return a table with all its options: those given, checked, and the defaults of the others."""
    options, values = options_in(table, settings), defaults_in(table, settings)
    for name, value in settings[table].items():
        if name not in options:
            raise refuse_option(table, name, settings)
        values[name] = value_of(options[name], value)
    for name in TABLES[table].options.keys() & CHECKS.keys():
        if values[name] is not None:
            CHECKS[name](name, values[name])
    return values


def _check_together(config: RunConfig, rule: Rule) -> None:
    early_stop, with_rule = config.training["early_stop"], f"with rule {config.rule['name']}"
    if early_stop and not config.data["validation_fraction"] and not translates(config.data):
        found = f"early_stop={early_stop} without validation samples"
        raise invalid(found, "validation_fraction above 0", "test samples must not decide when to stop")
    if rule.initial_density is None:
        return
    for option, needed in (("epsilon", None), ("allocation", "uniform"), ("scope", "layer")):
        if (value := config.wiring.get(option, needed)) != needed:
            found, wanted = f"{option}={value} {with_rule}", f"{option}={needed}" if needed else "a density"
            raise invalid(found, wanted, "the density decays alike in all layers")
