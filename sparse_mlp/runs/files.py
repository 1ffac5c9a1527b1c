"""Files of settings: TOML as somebody wrote it, and the `config.json` of a run."""

from __future__ import annotations

import json
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sparse_mlp import plugins
from sparse_mlp.errors import invalid
from sparse_mlp.runs import own_files
from sparse_mlp.runs.config import RunConfig, check_tables, make_config
from sparse_mlp.runs.tables import TABLES

CONFIG = "config.json"


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; names of options may be written with `-` or `_`.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or is not TOML.
    """
    try:
        return underscored(tomllib.loads(Path(path).read_bytes().decode("utf-8-sig")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise invalid(f"{path} ({error})", "a TOML file that can be read") from None


def load_settings(path: Path) -> dict[str, Any]:
    """Read the settings of a run from a TOML file; files of data are relative to it.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or is not TOML.
    """
    return own_files.anchored(load_toml(path), Path(path).parent)


def underscored(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables of settings with `_` for `-` in the names of options."""
    return {
        table: {name.replace("-", "_"): value for name, value in values.items()}
        if table in TABLES and isinstance(values, dict) else values
        for table, values in settings.items()
    }  # fmt: skip


def check_run(folder: Path) -> None:
    """Refuse a folder that cannot be that of a run.

    Raises
    ------
    InvalidInputError
        If it does not exist, or is a file.
    """
    if not folder.exists():
        raise invalid(f"no folder {folder}", "the folder of a run", "`sparse-mlp train` makes one and prints its name")
    if not folder.is_dir():
        raise invalid(f"{folder}, a file", "the folder of a run")


def read_config(path: Path) -> RunConfig:
    """Read `config.json` of a run.

    Raises
    ------
    InvalidInputError
        If it is missing, damaged, or of an earlier version.

    Warns
    -----
    UserWarning
        If it names parts that are imported from within the folder.
    """
    try:
        settings = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        settings = None
    if not isinstance(settings, dict):
        raise invalid(f"{path} missing or damaged", "the config.json of a run")
    if "dataset" in settings:
        found = f"{path} of an earlier version"
        raise invalid(found, f"the tables {', '.join(TABLES)}", "train again")
    check_tables(settings)
    _warn_of_code(settings, Path(path).resolve().parent)
    return make_config(settings)


def _warn_of_code(settings: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Warn of code that came with a run: who opens it runs the code."""
    for values in settings.values():
        for value in values.values():
            file = plugins.source(value) if isinstance(value, str) and ":" in value else None
            if file is not None and file.is_relative_to(folder):
                warnings.warn(f"{value} is imported from the run folder {folder} and runs its code", stacklevel=3)
