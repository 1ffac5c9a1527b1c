"""Settings become options of a verb, and what was given on the line becomes settings."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sparse_mlp.cli.help_texts import Formatter, first_line, help_text, metavar, others, whole_texts
from sparse_mlp.options import Option
from sparse_mlp.runs.config import check_tables, merge
from sparse_mlp.runs.files import load_toml
from sparse_mlp.runs.places import chosen, flag_of, options_anywhere, options_in, place, refuse_option
from sparse_mlp.runs.tables import TABLES
from sparse_mlp.runs.values import from_text, kinds_of

PREFIX = "settings."  # of what argparse keeps settings under
PARTS = {flag_of(table, key): (table, key) for table in TABLES for key in TABLES[table].parts}

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class SettingsOptions:
    """The settings that a verb has as options.

    Attributes
    ----------
    tables : collection of str
    skip : collection of str
        Options that the verb does not have, each `table.option`.
    defaults : mapping of table to mapping
        Defaults of the verb, where they are not those of a run.
    helps : mapping of str to str
        `table.option` → help text of the verb, where that of a run would be wrong.
    """

    tables: Collection[str] = tuple(TABLES)
    skip: Collection[str] = ()
    defaults: Settings = field(default_factory=dict)
    helps: Mapping[str, str] = field(default_factory=dict)

    def add_to(self, parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
        """Add the options to the parser of the verb, as the words on the line choose them.

        All options of all parts are accepted, so that those of parts that were not chosen can be refused by name; the
        help lists those of the tables or, if it is asked for with `--rule NAME` or the like, those of that part.
        """
        parser.formatter_class = Formatter
        line = _parts_on(words)
        settings = merge(self.defaults, _file_on(words), line)
        asked = {(table, key) for table, values in line.items() for key in values if table in self.tables}
        alone = bool(asked) and not {"-h", "--help"}.isdisjoint(words)
        if alone:
            for action in parser._actions:
                action.help = argparse.SUPPRESS
            parser.epilog = None
        available = {table: options_in(table, settings) for table in self.tables}
        count = Counter(flag_of(table, name) for table, options in available.items() for name in options)
        for table in self.tables:
            own = TABLES[table].options
            parts = [(key, chosen(table, key, settings)) for key in TABLES[table].parts]
            more = None if alone else others(table, parts, self.skip) or None
            group: argparse._ActionsContainer = parser.add_argument_group(table, more)
            for option in own.values():
                if alone and available[table][option.name] is not option:
                    continue  # a part has an option of this name, which is added below
                self._add(group, table, option, count, "" if alone else self._help(table, option))
            for key, name in parts:
                shown = (table, key) in asked and alone
                part, word = TABLES[table].part(key, name), table if key == "name" else key
                group = parser.add_argument_group(f"options of {word} {name}", first_line(part)) if shown else parser
                for option, text in whole_texts(TABLES[table].part_options(key, name).values()):
                    self._add(group, table, option, count, text if shown else "")
        for table in self.tables:
            for option in options_anywhere(table).values():
                self._add(parser, table, option, count, "")

    def given(self, arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
        """Return the settings that somebody gave, table by table: of `--config`, and of the line, which wins.

        Raises
        ------
        InvalidInputError
            If an option is not one of what was chosen, or a value is of the wrong type.
        """
        line = {key.removeprefix(PREFIX): value for key, value in vars(arguments).items() if key.startswith(PREFIX)}
        path = getattr(arguments, "config", None)
        settings = merge(self.defaults, load_toml(path) if path else {})
        check_tables(settings)
        for flag in sorted(line, key=lambda flag: flag not in PARTS):  # what is chosen decides what there is
            table, name = PARTS.get(flag) or place(flag, settings)
            option = options_in(table, settings).get(name)
            if option is None:
                raise refuse_option(table, name, settings)
            settings = merge(settings, {table: {name: from_text(option, line[flag])}})
        return settings

    def _help(self, table: str, option: Option) -> str:
        text = self.helps.get(f"{table}.{option.name}", "")
        default = self.defaults.get(table, {}).get(option.name, option.default)
        return help_text(option, text, default, TABLES[table].parts.get(option.name))

    def _add(
        self, group: argparse._ActionsContainer, table: str, option: Option, count: Mapping[str, int], text: str
    ) -> None:
        """Add an option under its name and, unseen, as `--table.option`; it is shown if it has a help text."""
        if f"{table}.{option.name}" in self.skip:
            return
        plain = flag_of(table, option.name)
        dotted = f"{table}.{option.name}"
        kinds = kinds_of(option)
        how: dict[str, Any] = {"default": argparse.SUPPRESS}
        if bool in kinds:
            how["action"] = argparse.BooleanOptionalAction
        else:
            how["metavar"] = metavar(kinds)
            how["nargs"] = "*" if any(kind not in (int, float, str) for kind in kinds) else None
        for name, shown in ((plain, text and count[plain] < 2), (dotted, text and count[plain] > 1)):
            flag = f"--{name.replace('_', '-')}"
            if flag not in group._option_string_actions:
                help = text.replace("%", "%%") if shown else argparse.SUPPRESS
                group.add_argument(flag, dest=f"{PREFIX}{name}", help=help, **how)


def _parts_on(words: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the parts that the words choose."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for flag in PARTS:
        parser.add_argument(f"--{flag}", nargs="?", dest=flag, default=argparse.SUPPRESS)
    found, _ = parser.parse_known_args(list(words))
    return merge(*({PARTS[flag][0]: {PARTS[flag][1]: name}} for flag, name in vars(found).items() if name))


def _file_on(words: Sequence[str]) -> dict[str, Any]:
    """Return the settings of the file that `--config` names."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--config", nargs="?", type=Path)
    found, _ = parser.parse_known_args(list(words))
    settings = load_toml(found.config) if found.config else {}
    check_tables(settings)
    return settings
