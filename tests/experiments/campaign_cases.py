"""A recipe of runs that take a second each, and what of a store must not depend on how its campaign went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sparse_mlp.experiments import Store, load_recipe
from sparse_mlp.training import load_checkpoint

RECIPE = """
title = "Small"
paper = "Sulyok2026"
[settings]
model.hidden = [20, 15]
wiring.density = 0.2
training.batch-size = 64
[methods.SET]
rule.name = "set"
[methods.RLR]
rule.name = "rlr"
rule.zeta = 0.2
[datasets.digits]
training.learning_rate = 0.2
[measurements.weights]
[presets.smoke]
datasets = ["digits"]
seeds = [0, 1]
[presets.smoke.settings]
training.epochs = 3
"""


def write_recipe(folder: Path, text: str = RECIPE, name: str = "small.toml") -> Path:
    """Write a recipe into a folder and return its path."""
    path = folder / name
    path.write_text(text)
    return path


def plan(folder: Path, text: str = RECIPE, preset: str = "smoke", **options: Any) -> list[Any]:
    """Write a recipe and expand it."""
    return load_recipe(write_recipe(folder, text)).plan(preset, **options)


def essence(store: Store, run_id: str) -> dict[str, Any]:
    """Return all that a run left, but for the time that it took and the machine."""
    folder = store.folder(run_id)
    checkpoint = load_checkpoint(folder)
    arrays = {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in checkpoint.arrays.items()}
    metrics = [_untimed(record) for record in store.history(run_id)]
    measured = {path.name: path.read_bytes() for path in folder.glob("*-*.json")}
    result = _untimed(store.result(run_id) or {})
    return {
        "config": (folder / "config.json").read_bytes(), "arrays": arrays, "metrics": json.dumps(metrics),
        "result": json.dumps(result), "measured": measured,
    }  # fmt: skip


def _untimed(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if not name.startswith("seconds")}
