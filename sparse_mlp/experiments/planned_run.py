"""A run that a recipe asks for, under an id that says all that its bytes depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sparse_mlp.kernels.dispatch import choose_backend
from sparse_mlp.runs.config import Given, RunConfig, make_config
from sparse_mlp.runs.own_files import label_of, without_places

FORMAT = 2  # to be raised when the same settings come to give other bytes
NOT_IN_RUN_ID = {  # settings that no byte of a trained network depends on
    "data": ("data_dir",), "run": ("out", "threads", "figures", "checkpoint_every", "input_strengths"),
}  # fmt: skip
DIGITS = 12  # of a SHA-256: 48 bits, enough to tell apart what one store ever holds


@dataclass(frozen=True)
class PlannedRun:
    """Say what is to be trained, and what is to be measured on it."""

    run_id: str  # as `make_run_id` gives it; two figures that need the same run share it
    dataset: str
    method: str  # the recipe's label
    seed: int
    options: dict[str, Any] = field(default_factory=dict)  # the value on each of the recipe's further axes
    # table → all settings of the run that its bytes depend on
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    # what is measured on the finished run, with its arguments
    measurements: dict[str, dict[str, Any]] = field(default_factory=dict)


def plan_run(
    settings: Given, method: str, options: Mapping[str, Any] | None = None,
    measurements: Mapping[str, Mapping[str, Any]] | None = None,
) -> PlannedRun:  # fmt: skip
    """Plan a run by its settings.

    The settings, by table, are as in `sparse-mlp train --config`; what is left out has its default. The rest is as in
    `PlannedRun`.

    Examples
    --------
    >>> plan_run({"rule": {"name": "rlr"}, "run": {"seed": 3}}, "RLR").run_id[:13]
    'digits-rlr-3-'
    """
    complete = _complete(settings)
    asked = {name: dict(arguments) for name, arguments in (measurements or {}).items()}
    dataset, seed = label_of(complete["data"]), complete["run"]["seed"]
    return PlannedRun(_run_id(complete), dataset, method, seed, dict(options or {}), complete, asked)


def make_run_id(settings: Given) -> str:
    """Return the id of the run that settings describe: data set, rule, seed, and a hash of all that matters.

    Notes
    -----
    The backend that would be chosen here counts as given, since the last bits depend on it. So do the defaults: a run
    has the same id whether or not a default is written out. Of a part of your own, `module:name` counts, not its code.
    """
    return _run_id(_complete(settings))


def short_hash(content: Mapping[str, Any]) -> str:
    """Return the first digits of the SHA-256 of plain JSON types; the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def run_config(settings: Given) -> RunConfig:
    """Return the configuration that a campaign trains with: one thread, no figures, nothing that names a place."""
    config = make_config(settings)
    config.data["data_dir"] = None
    config.run.update(backend=choose_backend(config.run["backend"]).name, out=None, threads=1, figures=False)
    return config


def _complete(settings: Given) -> dict[str, dict[str, Any]]:
    tables = run_config(settings).tables
    return {
        table: {name: value for name, value in values.items() if name not in NOT_IN_RUN_ID.get(table, ())}
        for table, values in tables.items()
    }


def _run_id(complete: Given) -> str:
    given = {
        table: {name: value for name, value in values.items() if value is not None}
        for table, values in {**complete, "data": without_places(complete["data"])}.items()
    }
    rule = complete["rule"]["name"].rpartition(":")[2]
    digest = short_hash({"format": FORMAT, **given})
    return f"{label_of(complete['data'])}-{rule}-{complete['run']['seed']}-{digest}"
