"""Files of settings: TOML as somebody wrote it, and the `config.json` of a run."""

from __future__ import annotations

import contextlib
import re
import tomllib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sparse_mlp import plugins
from sparse_mlp.errors import DataFileError, check_integer, invalid
from sparse_mlp.reading import read_json
from sparse_mlp.runs import own_files
from sparse_mlp.runs.config import RunConfig, check_tables, make_config
from sparse_mlp.runs.tables import TABLES


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; names of options may be written with `-` or `_`.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or is not TOML.
    """
    try:
        return underscored(tomllib.loads(Path(path).read_bytes().decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise invalid(f"{path} ({error})", "a TOML file in UTF-8", "save it as UTF-8") from None
    except RecursionError:
        raise invalid(f"{path}, nested too deeply", "a TOML file that can be read") from None
    except (OSError, ValueError) as error:
        raise invalid(f"{path} ({error})", "a TOML file that can be read", _long_number(Path(path))) from None


def _long_number(path: Path) -> str:
    """Say which value has more digits than Python reads; its parser does not say where."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if found := re.search(r"^\s*([^\s=#]+)\s*=\s*([+-]?\d{4300,})", path.read_text("utf-8-sig"), re.MULTILINE):
            return f"{found[1]} = {found[2][:10]}… has {len(found[2])} digits"
    return ""


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
        settings = read_json(path, "the config.json of a run")
    except DataFileError:
        settings = None
    if not isinstance(settings, dict):
        raise invalid(f"{path} missing or damaged", "the config.json of a run")
    extended = _extended(settings.pop("extended", []))
    if "dataset" in settings:
        found = f"{path} of an earlier version"
        raise invalid(found, f"the tables {', '.join(TABLES)}", "train again")
    check_tables(settings)
    _warn_of_code(settings, Path(path).resolve().parent)
    config = make_config(settings)
    config.extended = extended
    return config


def _extended(found: Any) -> list[dict[str, int]]:
    names = {"epoch", "step", "epochs_before", "epochs"}
    if isinstance(found, list) and all(isinstance(each, dict) and set(each) == names for each in found):
        return [{name: check_integer(name, value, minimum=0) for name, value in each.items()} for each in found]
    raise invalid(f"extended={str(found)[:40]}", f"a list of tables with {', '.join(sorted(names))}")


def _warn_of_code(settings: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Warn of code that came with a run: who opens it runs the code."""
    for values in settings.values():
        for value in values.values():
            file = plugins.source(value) if isinstance(value, str) and ":" in value else None
            if file is not None and file.is_relative_to(folder):
                warnings.warn(f"{value} is imported from the run folder {folder} and runs its code", stacklevel=3)
