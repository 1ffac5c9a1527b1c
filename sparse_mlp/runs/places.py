"""Where an option belongs: to which table, and to which of the parts that may be chosen there."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from sparse_mlp.errors import InvalidInputError, check_choice, describe, invalid
from sparse_mlp.options import Option
from sparse_mlp.runs.tables import TABLES, default_topology

Settings = Mapping[str, Mapping[str, Any]]  # table → option → value

FLAGS = {("model", "name"): "model", ("rule", "name"): "rule"}  # other options have flags of their own names


class OptionError(InvalidInputError):
    """Report an option that its table does not have by what was chosen.

    Parameters
    ----------
    message : str
    table, option : str
    """

    def __init__(self, message: str, table: str = "", option: str = "") -> None:
        super().__init__(message)
        self.table, self.option = table, option


def flag_of(table: str, option: str) -> str:
    """Return the name under which an option stands on the command line."""
    return FLAGS.get((table, option), option)


def chosen(table: str, key: str, settings: Settings) -> str:
    """Return the name of the part that settings choose, given or by default."""
    name = settings.get(table, {}).get(key)
    if name is None and (table, key) == ("wiring", "topology"):
        return default_topology(chosen("rule", "name", settings))
    if name is None:
        name = TABLES[table].options[key].default
    if not isinstance(name, str):
        raise invalid(f"{table}.{key}={name!r}", "text")
    return name


def options_in(table: str, settings: Settings) -> dict[str, Option]:
    """Return the options that a table has by what the settings choose."""
    found = TABLES[table].options
    for key in TABLES[table].parts:
        found = {**found, **TABLES[table].part_options(key, chosen(table, key, settings))}
    return found


def options_anywhere(table: str) -> dict[str, Option]:
    """Return the options that a table has whatever may be chosen."""
    found: dict[str, Option] = {}
    for key, known in TABLES[table].parts.items():
        for name in known:
            found = {**TABLES[table].part_options(key, name), **found}
    return {**found, **TABLES[table].options}


def place(flag: str, settings: Settings) -> tuple[str, str]:
    """Return the table and the option that a flag means.

    Parameters
    ----------
    flag : str
        `option`, or `table.option` where several tables have it.
    settings : mapping of table to mapping
        What they choose decides which options there are.

    Raises
    ------
    InvalidInputError
        If no table has the option by what was chosen, or several have it.
    """
    table, dot, option = flag.rpartition(".")
    if dot:
        return check_choice("table", table, TABLES), option
    homes = [(name, known) for name in TABLES for known in options_in(name, settings) if flag_of(name, known) == flag]
    if len(homes) == 1:
        return homes[0]
    if homes:
        raise invalid(f"--{flag}, which belongs to several", " or ".join(f"--{name}.{known}" for name, known in homes))
    for name in TABLES:
        if flag in options_anywhere(name):
            raise refuse_option(name, flag, settings)
    raise invalid(f"option {flag!r}", "one of those that --help lists")


def refuse_option(table: str, option: str, settings: Settings) -> OptionError:
    """Say that a table does not have an option by what was chosen, and which parts have it, or which name is near."""
    parts = TABLES[table].parts
    now = " and ".join(f"{_word(table, key)} {chosen(table, key, settings)}" for key in parts)
    found = f"option {option!r}" + (f" of {now}" if now else f" in [{table}]")
    have = [name for key in parts for name in TABLES[table].part_options(key, chosen(table, key, settings))]
    if takers := [taker for key in parts if (taker := _takers(table, key, option))]:
        wanted = f"one of {', '.join(have)}" if have else "none, since it takes no options"
        return OptionError(describe(found, wanted, f"taken by {' and '.join(takers)}"), table, option)
    known = list(dict.fromkeys([*have, *TABLES[table].options]))
    near = difflib.get_close_matches(option, known, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else ""
    return OptionError(describe(found, f"one of {', '.join(known)}", remedy), table, option)


def _takers(table: str, key: str, option: str) -> str:
    """Return the parts that take an option, in words."""
    names = [name for name in TABLES[table].parts[key] if option in TABLES[table].part_options(key, name)]
    return f"{_word(table, key)} {', '.join(names)}" if names else ""


def _word(table: str, key: str) -> str:
    return table if key == "name" else key
