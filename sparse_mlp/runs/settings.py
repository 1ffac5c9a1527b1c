"""Settings from files and from the line become a checked configuration; bad ones are named, one line each."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from sparse_mlp.errors import check_choice, invalid
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.wiring_options import WiringOptions

_INTERVAL = ("update_every", "update_steps")
_WIRING = tuple(setting.name for setting in fields(WiringOptions))
_MOTIFS = ("motif_size", "motif_mode", "pad")

# Where a setting has this value, given or by default, the others change nothing.
IDLE = (
    ("rule", "static", _INTERVAL),
    ("rule", "dense", (*_INTERVAL, *_WIRING, *_MOTIFS)),
    ("optimizer", "adam", ("momentum", "nesterov")),
    ("motif_size", 1, ("motif_mode", "pad")),
)


def load_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file; names may be written with `-` or `_`.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or is no TOML.
    """
    try:
        text = Path(path).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(f"configuration {path}: {error}", "a readable TOML file") from None
    try:
        return {key.replace("-", "_"): value for key, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        raise invalid(f"configuration {path}: {error}", "valid TOML") from None


def make_config(settings: dict[str, Any]) -> TrainConfig:
    """Turn settings into a checked configuration.

    Raises
    ------
    InvalidInputError
        If a key is unknown, or a value of the wrong type or out of range.
    """
    known = {f.name: f for f in fields(TrainConfig)}
    for key, value in settings.items():
        check_choice("key", key, known)
        settings[key] = _typed(key, value, str(known[key].type))
    config = TrainConfig(**settings)
    config.check()
    return config


def refuse_contradictions(settings: dict[str, Any]) -> None:
    """Refuse settings that somebody gave although others make them mean nothing.

    Raises
    ------
    InvalidInputError
        Naming both.
    """
    if {"density", "epsilon"} <= set(settings):
        raise invalid("density and epsilon", "one of the two")
    if {"allocation", "epsilon"} <= set(settings):
        raise invalid("allocation with epsilon", "left out", "epsilon says how many links each layer has")
    for key, value, idle in IDLE:
        if settings.get(key, getattr(TrainConfig, key)) != value:
            continue
        for name in idle:
            if name in settings:
                raise invalid(f"{name} with {key}={value}", "left out", f"{name} would change nothing")


def check_run(folder: Path) -> None:
    """Refuse a folder of a run that is none.

    Raises
    ------
    InvalidInputError
        If it does not exist, or is a file.
    """
    if not folder.exists():
        found = f"no folder {folder}"
        raise invalid(found, "that of a run, which exists", "`sparse-mlp train` makes one and prints its name")
    if not folder.is_dir():
        raise invalid(f"{folder}, a file", "the folder of a run")


def read_config(path: Path) -> TrainConfig:
    """Read `config.json` of a run.

    Raises
    ------
    InvalidInputError
        If there is none, or it is damaged.
    """
    try:
        settings = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        settings = None
    if not isinstance(settings, dict):
        raise invalid(f"{path} missing or damaged", "the config.json of a run")
    return make_config(settings)


def _typed(key: str, value: Any, annotation: str) -> Any:
    """Check a value's type as TOML and JSON know it; whole numbers do for numbers."""
    if value is None and "None" in annotation:
        return None
    if annotation == "list[int]":
        if isinstance(value, list) and all(isinstance(v, int) and not isinstance(v, bool) for v in value):
            return value
        raise invalid(f"{key}={value!r}", "a list of whole numbers")
    kind = {"str": str, "bool": bool, "int": int, "float": float}[annotation.removesuffix(" | None")]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        names = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
        raise invalid(f"{key}={value!r}", names[kind])
    return value
