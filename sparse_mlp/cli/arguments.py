"""Settings become options of a verb, and what was given on the line becomes settings."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sparse_mlp.cli.help_texts import METAVARS, Formatter, first_line, help_text, others, whole_texts
from sparse_mlp.options import Option
from sparse_mlp.runs.config import check_tables, merge
from sparse_mlp.runs.files import load_settings
from sparse_mlp.runs.places import chosen, flag_of, options_anywhere, options_in, place, refuse_option
from sparse_mlp.runs.tables import TABLES
from sparse_mlp.runs.values import kinds_of, value_of

PREFIX = "settings."  # of the names under which argparse keeps settings
PARTS = {flag_of(table, key): (table, key) for table in TABLES for key in TABLES[table].parts}

Settings = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class SettingsOptions:
    """The settings that a verb has as options."""

    tables: Collection[str] = tuple(TABLES)
    skip: Collection[str] = ()  # options that the verb does not have, each `table.option`
    defaults: Settings = field(default_factory=dict)  # defaults of the verb, where they are not those of a run
    # `table.option` → help text of the verb, where that of a run would be wrong
    helps: Mapping[str, str] = field(default_factory=dict)

    def add_to(self, parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
        """Add the options to the parser of the verb, as the words on the line choose them.

        All options of all parts are accepted, so that those of parts that were not chosen can be refused by name; the
        help lists those of the tables or, if it is asked for with `--rule NAME` or the like, those of that part.
        """
        parser.formatter_class = Formatter
        line, file = _peek(words)
        written = load_settings(file) if file else {}
        check_tables(written)
        settings = merge(self.defaults, written, line)
        alone = bool(line) and not {"-h", "--help"}.isdisjoint(words)
        if alone:
            parser.epilog = None
            for action in parser._actions:
                action.help = argparse.SUPPRESS
        count = Counter(flag_of(table, name) for table in self.tables for name in options_in(table, settings))
        for table in self.tables:
            parts = {key: chosen(table, key, settings) for key in TABLES[table].parts}
            for key in parts.keys() & line.get(table, {}).keys() if alone else ():
                name = f"{TABLES[table].word(key)} {parts[key]}"
                group = parser.add_argument_group(f"options of {name}", first_line(TABLES[table].part(key, parts[key])))
                for option, text in whole_texts(TABLES[table].part_options(key, parts[key]).values()):
                    self._add(group, table, option, text, count)
            more = None if alone else others(table, parts, self.skip) or None
            group = parser.add_argument_group(table, more)
            for option in TABLES[table].own:
                self._add(group, table, option, "" if alone else self._help(table, option), count)
            for option in [*options_in(table, settings).values(), *options_anywhere(table).values()]:
                self._add(group, table, option, "", count)

    def given(self, arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
        """Return the settings that somebody gave, table by table: of `--config`, and of the line, which wins.

        Raises
        ------
        InvalidInputError
            If an option is not one of what was chosen, or a value is of the wrong type.
        """
        line = {key.removeprefix(PREFIX): value for key, value in vars(arguments).items() if key.startswith(PREFIX)}
        path = getattr(arguments, "config", None)
        settings = merge(self.defaults, load_settings(path) if path else {})
        for flag in sorted(line, key=lambda flag: flag not in PARTS):  # what is chosen decides what there is
            table, name = PARTS.get(flag) or place(flag, settings)
            option = options_in(table, settings).get(name)
            if option is None:
                raise refuse_option(table, name, settings)
            settings = merge(settings, {table: {name: value_of(option, line[flag])}})
        return settings

    def _help(self, table: str, option: Option) -> str:
        default = self.defaults.get(table, {}).get(option.name, option.default)
        text = self.helps.get(f"{table}.{option.name}", "")
        return help_text(option, text, default, () if table == "data" else TABLES[table].parts.get(option.name))

    def _add(
        self, group: argparse._ActionsContainer, table: str, option: Option, text: str, count: Mapping[str, int]
    ) -> None:
        """Add an option by its name and by `--table.option`; one of them is shown if there is a help text."""
        plain, dotted, kind = flag_of(table, option.name), f"{table}.{option.name}", kinds_of(option)[0]
        how: dict[str, Any] = {"metavar": METAVARS[kind], "nargs": None if kind in (int, float, str) else "*"}
        if kind is bool:
            how = {"action": argparse.BooleanOptionalAction}
        for name in () if dotted in self.skip else (plain, dotted):
            flag = f"--{name.replace('_', '-')}"
            if flag not in group._option_string_actions:
                shown = text.replace("%", "%%") if text and (name == plain) == (count[plain] < 2) else argparse.SUPPRESS
                group.add_argument(flag, dest=PREFIX + name, default=argparse.SUPPRESS, help=shown, **how)


def _peek(words: Sequence[str]) -> tuple[dict[str, dict[str, Any]], Path | None]:
    """Return the parts that the words choose, and the file of `--config`, before all options are known."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--config", nargs="?", type=Path)
    for flag in PARTS:
        parser.add_argument(f"--{flag}", nargs="?", dest=flag)
    found = vars(parser.parse_known_args(list(words))[0])
    file = found.pop("config", None)
    return merge(*({PARTS[flag][0]: {PARTS[flag][1]: name}} for flag, name in found.items() if name)), file
