"""Settings become options of a verb, and what was given on the line becomes settings."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sparse_mlp.runs.config import GROUPS, TrainConfig


def add_settings(
    parser: argparse.ArgumentParser, skip: Iterable[str] = (), defaults: Mapping[str, Any] | None = None,
    helps: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Declare one option for each setting of a run but those to skip, in their groups.

    `defaults` and `helps` are those of the verb, shown instead of the setting's own.
    """
    skipped, defaults, helps = set(skip), defaults or {}, helps or {}
    for title, settings in GROUPS.items():
        wanted = [setting for setting in fields(settings) if setting.name not in skipped]
        group = parser.add_argument_group(title) if wanted else parser
        for setting in wanted:
            help_text = helps.get(setting.name, setting.metadata["help"])
            _add_option(group, setting, defaults.get(setting.name, setting.default), help_text)


def given_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that stood on the line."""
    return {key: value for key, value in vars(arguments).items() if key in TrainConfig.__dataclass_fields__}


def _add_option(group: argparse._ActionsContainer, setting: Any, default: Any, help_text: str) -> None:
    flag = "--" + setting.name.replace("_", "-")
    options: dict[str, Any] = {"dest": setting.name, "default": argparse.SUPPRESS}
    if setting.type.removesuffix(" | None") == "bool":
        group.add_argument(flag, action=argparse.BooleanOptionalAction, help=help_text, **options)
    elif setting.type == "list[int]":
        group.add_argument(flag, type=int, nargs="*", help=help_text, metavar="N", **options)
    else:
        kind = {"int": int, "float": float, "str": str}[setting.type.removesuffix(" | None")]
        shown = "" if default is None else f" (default: {default})"
        group.add_argument(flag, type=kind, help=help_text + shown, metavar=kind.__name__.upper(), **options)
