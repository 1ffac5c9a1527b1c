"""Where an option belongs: to which table, and to which of the parts that may be chosen there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparse_mlp.errors import InvalidInputError, describe, invalid, nearest
from sparse_mlp.options import Option
from sparse_mlp.runs.tables import MODEL_DEFAULTS, TABLES, default_topology

Settings = Mapping[str, Mapping[str, Any]]  # table → option → value


class OptionError(InvalidInputError):
    """Report an option that its table does not have by what was chosen."""

    table = option = ""


def flag_of(table: str, option: str) -> str:
    """Return the name of an option on the command line: its own, but `--rule` for `[rule] name`."""
    return TABLES[table].word(option)


def chosen(table: str, key: str, settings: Settings) -> str:
    """Return the name of the part that settings choose, given or by default."""
    name = settings.get(table, {}).get(key) or of_model(table, settings).get(key) or TABLES[table].options[key].default
    if name is None:
        return default_topology(chosen("rule", "name", settings))
    if not isinstance(name, str):
        raise invalid(f"{table}.{key}={name!r}", "text")
    return name


def of_model(table: str, settings: Settings) -> Mapping[str, Any]:
    """Return the defaults that the chosen model has for a table, where they are not those of all runs."""
    return MODEL_DEFAULTS.get(settings.get("model", {}).get("name", ""), {}).get(table, {})


def defaults_in(table: str, settings: Settings) -> dict[str, Any]:
    """Return the defaults of all options that a table has by what the settings choose.

    What a model wants of an optimizer or a rule it wants only together with the parts that it wants.
    """
    options, wanted, given = options_in(table, settings), of_model(table, settings), settings.get(table, {})
    found = {name: list(o.default) if isinstance(o.default, tuple) else o.default for name, o in options.items()}
    own = TABLES[table].options
    whole = all(chosen(table, key, settings) == wanted.get(key) for key in TABLES[table].parts)
    found |= {name: value for name, value in wanted.items() if name in options and (whole or name in own)}
    if given.get("update_every") is not None:
        found |= {"update_steps": None}
    return found


def options_in(table: str, settings: Settings) -> dict[str, Option]:
    """Return the options that a table has by what the settings choose."""
    found = TABLES[table].options
    for key in TABLES[table].parts:
        found = {**found, **TABLES[table].part_options(key, chosen(table, key, settings))}
    return found


def options_anywhere(table: str) -> dict[str, Option]:
    """Return the options that a table has whatever may be chosen."""
    parts = [TABLES[table].part_options(key, name) for key, known in TABLES[table].parts.items() for name in known]
    return {name: option for options in [*parts, TABLES[table].options] for name, option in options.items()}


def place(flag: str, settings: Settings) -> tuple[str, str]:
    """Return the table and the option that a flag means: `option`, or `table.option` where several tables have it.

    Raises
    ------
    InvalidInputError
        If no table has the option by what the settings choose, or several have it.
    """
    table, dot, option = flag.rpartition(".")
    if dot:
        return table, option
    homes = [(name, known) for name in TABLES for known in options_in(name, settings) if flag_of(name, known) == flag]
    if len(homes) > 1:
        raise invalid(f"--{flag}, which belongs to several", " or ".join(f"--{name}.{known}" for name, known in homes))
    if not homes:
        raise refuse_option(next(name for name in TABLES if flag in options_anywhere(name)), flag, settings)
    return homes[0]


def refuse_option(name: str, option: str, settings: Settings) -> OptionError:
    """Say that a table does not have an option by what was chosen, and which parts have it, or which name is near."""
    table, have, now, takers = TABLES[name], list(TABLES[name].options), [], []
    for key, known in table.parts.items():
        now.append(f"{table.word(key)} {chosen(name, key, settings)}")
        have += table.part_options(key, chosen(name, key, settings))
        if taking := [part for part in known if option in table.part_options(key, part)]:
            takers.append(f"{table.word(key)} {', '.join(taking)}")
    near = nearest(option, have)
    remedy = f"did you mean {near!r}?" if near else ""
    if takers:
        remedy = f"taken by {' and '.join(takers)}"
    found = f"option {option!r} in [{name}]" + (f" with {' and '.join(now)}" if now else "")
    error = OptionError(describe(found, f"one of {', '.join(dict.fromkeys(have))}", remedy))
    error.table, error.option = name, option
    return error
