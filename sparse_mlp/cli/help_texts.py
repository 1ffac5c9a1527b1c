"""What `--help` says of a setting, from its signature and docstring."""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sparse_mlp.options import Option
from sparse_mlp.runs.tables import TABLES

WIDTH = 78  # of a terminal of 80 columns, as argparse has it
METAVARS: dict[Any, str] = {
    bool: "", int: "INT", float: "FLOAT", str: "NAME", list[int]: "INT", list[float]: "FLOAT", list[str]: "NAME",
}  # fmt: skip


def help_text(option: Option, text: str = "", default: Any = None, parts: Collection[str] | None = None) -> str:
    """Return the help of an option, with another text or default where they are given; `parts` may be chosen by it."""
    words = re.sub(r"`(\w+)\.([A-Z_]+)`", _listed, text or option.summary).replace("`", "").rstrip(".")
    if choices := parts or option.choices:
        words += f": {', '.join(choices)}"
    value = option.default if default is None else default
    if value is None or value is False or "(default:" in words:
        return words or "not documented"
    return f"{words} [{_shown(value)}]"


def whole_texts(options: Iterable[Option]) -> Iterator[tuple[Option, str]]:
    """Return options with all that their docstrings say; what is said of several is said once."""
    before = Option("")
    for option in options:
        again = option.help and option.help == before.help
        yield option, help_text(option, "See above" if again else option.help)
        before = option


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Leave room for names of options, and write a switch that can be turned off as `--[no-]name`."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if isinstance(action, argparse.BooleanOptionalAction):
            return f"--[no-]{action.option_strings[0].removeprefix('--')}"
        return super()._format_action_invocation(action)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def others(table: str, parts: Mapping[str, str], skip: Collection[str]) -> str:
    """Return a sentence that names the options of the chosen parts of a table."""
    sentences = []
    for key, name in parts.items():
        flags = [o for o in TABLES[table].part_options(key, name) if f"{table}.{o}" not in skip]
        if flags:
            listed = " ".join(f"--{flag.replace('_', '-')}" for flag in flags)
            sentences.append(f"{name} takes {listed}")
    return "\n".join(textwrap.fill(sentence, WIDTH, initial_indent=" ", subsequent_indent="   ", break_on_hyphens=False)
                     for sentence in sentences)  # fmt: skip


def _listed(reference: re.Match[str]) -> str:
    """Return the names in a registry that a docstring refers to, such as `models.ACTIVATIONS`."""
    found = getattr(importlib.import_module(f"sparse_mlp.{reference[1]}"), reference[2], None)
    return ", ".join(found) if isinstance(found, (Mapping, tuple)) else reference[0]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def first_line(function: Callable[..., Any]) -> str:
    """Return the first sentence of a docstring."""
    return (inspect.getdoc(function) or "").split("\n", 1)[0]
