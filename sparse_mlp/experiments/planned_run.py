"""A run that a recipe asks for, under an id that says all that its bytes depend on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.runs.config import TrainConfig
from sparse_mlp.runs.settings import make_config

FORMAT = 1  # to be raised when the same settings come to give other bytes
NO_MATTER = ("out", "data_dir", "threads", "figures", "checkpoint_every")  # settings that no byte of a run depends on
DIGITS = 12  # of a SHA-256: 48 bits, enough to tell apart what one store ever holds


@dataclass(frozen=True)
class PlannedRun:
    """Say what is to be trained, and what is to be measured on it.

    Attributes
    ----------
    run_id : str
        As `make_run_id` gives it; two items that need the same run share it.
    dataset : str
    method : str
        The recipe's label.
    seed : int
    options : dict
        The value on each of the recipe's further axes.
    settings : dict
        All settings of the run that its bytes depend on.
    measurements : dict of str to dict
        What is measured on the finished run, with its arguments.
    """

    run_id: str
    dataset: str
    method: str
    seed: int
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    measurements: dict[str, dict[str, Any]] = field(default_factory=dict)


def plan_run(
    settings: Mapping[str, Any], method: str, options: Mapping[str, Any] | None = None,
    measurements: Mapping[str, Mapping[str, Any]] | None = None,
) -> PlannedRun:  # fmt: skip
    """Plan a run by its settings.

    Parameters
    ----------
    settings : mapping
        Names as in `sparse-mlp train --config`; what is left out has its default.
    method : str
        What the run is called in tables and figures.
    options, measurements : mapping, optional
        See `PlannedRun`.

    Raises
    ------
    InvalidInputError
        If a key is unknown, or a value of the wrong type or out of range.

    Examples
    --------
    >>> plan_run({"rule": "rlr", "seed": 3}, "RLR").run_id[:13]
    'digits-rlr-3-'
    """
    complete = _complete(settings)
    asked = {name: dict(arguments) for name, arguments in (measurements or {}).items()}
    return PlannedRun(
        make_run_id(complete), complete["dataset"], method, complete["seed"], dict(options or {}), complete, asked
    )


def make_run_id(settings: Mapping[str, Any]) -> str:
    """Return the id of the run that settings describe: data set, rule, seed, and a hash of all that matters.

    Notes
    -----
    The backend that would be chosen here counts as told, since the last bits depend on it. A setting that is None is
    left to the rule or the generator, and counts as not told.
    """
    complete = _complete(settings)
    told = {name: value for name, value in complete.items() if value is not None}
    digest = short_hash({"format": FORMAT, **told})
    return f"{complete['dataset']}-{complete['rule']}-{complete['seed']}-{digest}"


def short_hash(content: Mapping[str, Any]) -> str:
    """Return the first digits of the SHA-256 of plain JSON types; the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def run_config(settings: Mapping[str, Any]) -> TrainConfig:
    """Return the configuration that a campaign trains with: one thread, no figures, nothing that names a place."""
    config = make_config(dict(settings))
    config.backend = choose_backend(config.backend).name
    config.out, config.data_dir, config.threads, config.figures = None, None, 1, False
    return config


def _complete(settings: Mapping[str, Any]) -> dict[str, Any]:
    config = dataclasses.asdict(run_config(settings))
    return {name: value for name, value in config.items() if name not in NO_MATTER}
