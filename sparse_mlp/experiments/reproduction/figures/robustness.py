"""What the seven figures of the robustness paper share: `robustness.toml`, names, and curves of perturbed networks.

The paper gives no numbers. Where it says "about", "minor" or "the same", the bounds in the claims are our choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sparse_mlp.experiments.reproduction.claims import Claim
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.quantities import Curve, Floats, Quantity

RLR, CH3L3 = "RLR", "CH3L3"
MNIST, FASHION, KMNIST, EMNIST = DATASETS = ("mnist", "fashion-mnist", "kmnist", "emnist-letters")

COLORS = {"ch3l3": "#33BBEE", "rlr": "#CC3311"}  # the paper's
PERTURBED_NOTE = (
    "Strengths from 0 to 1; draws of one network are averaged first, so n counts networks. Links of the sparse layers "
    "only; the same part in each layer. The area is the mean accuracy over the strengths, as the curves stand in the "
    "figure; a network that starts higher has the larger one. What is kept is the area over the network's accuracy."
)

CurveTable = dict[str, dict[str, dict[str, tuple[Floats, Floats]]]]  # data set → method → perturbation → (x, rows)


def robustness_figure(
    number: int, title: str, read: Callable[[Runs], Results], claims: tuple[Claim, ...] = (), notes: Sequence[str] = ()
) -> Figure:
    """Return a figure of the robustness paper, which shares its networks with the others."""
    minutes = {"smoke": 0.5, "laptop": 45, "paper": 1400}
    return Figure(
        f"robustness-{number}", f"Fig. {number}, {title}", "Sulyok2026", ("robustness",), minutes, read, claims,
        DATASETS, tuple(notes),
    )  # fmt: skip


def shown_run(runs: Runs) -> FinishedRun | None:
    """Return the run that is drawn: of the first data set by CH3L3 if there is one, the lowest seed."""
    if not runs.finished:
        return None
    first = next(method for method in [CH3L3, *runs.methods] if runs.of(runs.datasets[0], method))
    return runs.of(runs.datasets[0], first)[0]


area = "area under {}".format  # the name of that quantity


def read_perturbed(runs: Runs, names: Sequence[str]) -> tuple[Results, CurveTable]:
    """Return the curves of networks under perturbations, draws averaged, with areas; and the same for a Display."""
    results, table = Results(), CurveTable()
    for dataset, method in runs.pairs():
        several = {run.planned.seed: run.measurement("robustness") for run in runs.of(dataset, method)}
        whole = {seed: 100 * measured["baseline"] for seed, measured in several.items()}
        results.quantities.add([Quantity(dataset, method, "accuracy of the whole network", "%", whole)])
        for name in names:
            x = np.array(next(iter(several.values()))["strengths"][name], np.float64)
            rows = np.array([np.mean(measured["accuracy"][name], axis=0) for measured in several.values()])
            table.setdefault(dataset, {}).setdefault(method, {})[name] = (x, rows)
            results.curves.append(Curve(dataset, method, name, x, rows, tuple(several)))
    for name in names:
        add_of_curves(results, name, area(name), "%", mean_height)
        add_of_curves(results, name, f"kept under {name}", "%", lambda x, y: mean_height(x, y) / float(y[0]))
    return results, table


def add_of_curves(
    results: Results, curve: str, name: str, unit: str, value: Callable[[Floats, Floats], float], scale: float = 100
) -> None:
    """Add `scale` times a value (x, y) of each network from all curves of a name."""
    results.quantities.add(c.quantity(name, unit, value, scale) for c in results.curves if c.name == curve)


def mean_height(x: Floats, y: Floats) -> float:
    """Return the mean of a curve over its x."""
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))
