"""The settings of a run: six tables, completed with the defaults of what they choose, and checked."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.evolution import Rule
from sparse_mlp.runs.build import make_rule
from sparse_mlp.runs.contradictions import refuse_together
from sparse_mlp.runs.places import chosen, options_anywhere, options_in, refuse_option
from sparse_mlp.runs.tables import PRESETS, TABLES, default_topology
from sparse_mlp.runs.values import checked

Given = Mapping[str, Mapping[str, Any]]  # table → option → value


@dataclass
class RunConfig:
    """Hold all settings of a run, table by table; `config.json` in the run's folder is the same.

    Attributes
    ----------
    data, model, wiring, rule, training, run : dict of str to object
        Options and their values, also of the chosen model, topology, rule, optimizer and schedule. `wiring` is empty
        if all layers are dense.
    """

    data: dict[str, Any]
    model: dict[str, Any]
    wiring: dict[str, Any]
    rule: dict[str, Any]
    training: dict[str, Any]
    run: dict[str, Any]

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """All tables by name, as plain JSON types."""
        return dataclasses.asdict(self)

    @property
    def default_topology(self) -> str:
        """The topology that the rule's paper starts from."""
        return default_topology(self.rule["name"])

    def make_rule(self) -> Rule:
        """Make the rule with its options."""
        return make_rule(self.rule, density=self.wiring.get("density"))

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        return json.dumps(self.tables, indent=1) + "\n"


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
    wiring = settings["wiring"]
    wiring["topology"] = chosen("wiring", "topology", settings)
    settings["wiring"] = {**PRESETS.get(wiring["topology"], {}).get(wiring.get("preset") or "", {}), **wiring}
    config = RunConfig(**{name: _completed(name, settings) for name in TABLES})
    for name, table in TABLES.items():
        table.function(**{option: getattr(config, name)[option] for option in table.options})
    rule = config.make_rule()
    if rule.initial_density is not None and "scope" in config.wiring:  # the density decays alike in all layers
        config.wiring["scope"] = settings["wiring"].get("scope", "layer")
    refuse_together(config)
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
        if name in TABLES and not isinstance(values, Mapping):
            raise invalid(f"{name}={values!r}", "a table", f"write its options below [{name}]")
        if not isinstance(values, Mapping):
            home = next((f"{table}.{name}" for table in TABLES if name in options_anywhere(table)), "")
            raise invalid(f"{name} outside of the tables", ", ".join(TABLES), f"write it as {home}" if home else "")
        check_choice("table", name, TABLES)


def merge(*several: Given) -> dict[str, dict[str, Any]]:
    """Return settings in which later ones win over earlier ones, option by option."""
    merged: dict[str, dict[str, Any]] = {}
    for settings in several:
        for table, values in settings.items():
            merged.setdefault(table, {}).update(values)
    return merged


def _completed(table: str, settings: Given) -> dict[str, Any]:
    """Return a table with all its options: those given, checked, and the defaults of the others."""
    options, values = options_in(table, settings), {}
    for name, value in settings[table].items():
        if name not in options:
            raise refuse_option(table, name, settings)
        values[name] = checked(options[name], value)
    defaults = {name: list(o.default) if isinstance(o.default, tuple) else o.default for name, o in options.items()}
    return {**defaults, **values}
