"""Figures 4, 5 and 6 of the robustness paper: what perturbations leave of the accuracy; how large weights are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.experiments.reproduction import robustness_claims as claims
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.item import Findings
from sparse_mlp.experiments.reproduction.numbers import Curve, Number
from sparse_mlp.experiments.reproduction.quantities import (
    at_strength,
    bottom,
    hollow,
    share_between,
    strength_of_loss,
)
from sparse_mlp.training import layers_of, load_checkpoint

Floats = NDArray[np.float64]
Value = Callable[[Floats, Floats], float]

MEASUREMENT = "robustness"
BASELINE = "accuracy of the whole network"
LOSS = 0.05  # five points


def read_pruning(runs: Runs) -> Findings:
    """Take the accuracy over the fraction of links removed."""
    from sparse_mlp.plotting import PruningCurvesDisplay

    found, table = _curves(runs, (claims.RANDOM, claims.ORDER, claims.REVERSE))
    if table:
        found.displays["pruning"] = PruningCurvesDisplay.from_curves(table)
    for name in (claims.RANDOM, claims.ORDER, claims.REVERSE):
        _add(found, name, claims.bottom(name), "%", bottom)
    _add(found, claims.REVERSE, claims.loss_at_80(claims.REVERSE), "points",
         lambda x, y: float(y[0] - at_strength(x, y, 0.8)))  # fmt: skip
    return found


def read_noise(runs: Runs) -> Findings:
    """Take the accuracy over the strength of shuffling and of noise."""
    from sparse_mlp.plotting import NoiseCurvesDisplay

    names = (claims.SHUFFLING, claims.MODIFICATION)
    found, table = _curves(runs, names)
    if table:
        found.displays["noise"] = NoiseCurvesDisplay.from_curves(table)
    for name in names:
        _add(found, name, claims.loss_of_5(name), "", lambda x, y: strength_of_loss(x, y, LOSS), scale=1)
        _add(found, name, claims.at_full(name), "%", lambda x, y: at_strength(x, y, 1.0))
    return found


def read_weights(runs: Runs) -> Findings:
    """Take the magnitudes of the weights of the sparse layers, from the checkpoints."""
    from sparse_mlp.plotting import WeightDensityDisplay

    found = Findings()
    table: dict[str, dict[str, list[Floats]]] = {}
    for dataset, method in runs.pairs():
        magnitudes = {run.planned.seed: _magnitudes(run.folder) for run in runs.of(dataset, method)}
        table.setdefault(dataset, {})[method] = list(magnitudes.values())
        for name, value in (
            (claims.MIDDLE, lambda w: share_between(w, 0.2, 1.0)),
            (claims.LARGE, lambda w: share_between(w, 1.0)),
            (claims.HOLLOW, hollow),
        ):
            by_seed = {seed: 100 * value(weights) for seed, weights in magnitudes.items()}
            found.numbers.add([Number(dataset, method, name, "%", by_seed)])
    if table:
        found.displays["weights"] = WeightDensityDisplay.from_weights(table)
    return found


def _curves(runs: Runs, names: Sequence[str]) -> tuple[Findings, dict[str, Any]]:
    """Return the curves of the networks, draws averaged, with baseline and area; and the same for a Display."""
    found = Findings()
    table: dict[str, Any] = {}
    for dataset, method in runs.pairs():
        several = [(run.planned.seed, run.measurement(MEASUREMENT)) for run in runs.of(dataset, method)]
        baseline = {seed: 100 * measured["baseline"] for seed, measured in several}
        found.numbers.add([Number(dataset, method, BASELINE, "%", baseline)])
        for name in names:
            x = np.array(several[0][1]["strengths"][name], np.float64)
            rows = np.array([np.mean(measured["accuracy"][name], axis=0) for _, measured in several])
            table.setdefault(dataset, {}).setdefault(method, {})[name] = (x, rows)
            found.curves.append(Curve(dataset, method, name, x, rows, tuple(seed for seed, _ in several)))
    for name in names:
        _add(found, name, claims.area(name), "%", _area)
        _add(found, name, f"kept under {name}", "%", lambda x, y: _area(x, y) / float(y[0]))
    return found, table


def _add(found: Findings, name: str, quantity: str, unit: str, value: Value, scale: float = 100) -> None:
    """Add one number a network from all curves of a perturbation."""
    for curve in found.curves:
        if curve.name == name:
            by_seed = {s: scale * value(curve.x, row) for s, row in zip(curve.seeds, curve.y, strict=True)}
            found.numbers.add([Number(curve.dataset, curve.method, quantity, unit, by_seed)])


def _area(x: Floats, y: Floats) -> float:
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def _magnitudes(folder: Any) -> Floats:
    layers = [layer for layer in layers_of(load_checkpoint(folder)) if layer.structure is not None]
    return np.abs(np.concatenate([layer.weight for layer in layers])).astype(np.float64)
