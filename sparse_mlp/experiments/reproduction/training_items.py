"""Figures 1, 2, 3 and 7 of the robustness paper: the trained network, its updates, its way there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.experiments.reproduction import robustness_claims as claims
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.item import Findings
from sparse_mlp.experiments.reproduction.numbers import Curve, Number
from sparse_mlp.experiments.reproduction.quantities import dip, epochs_to, final, log_area
from sparse_mlp.training import History, last_update_of, layers_of, load_checkpoint

COUNTED_EPOCHS = 50  # of the paper's Fig. 2
LIMIT = 0.99  # part of the final median accuracy


def read_network(runs: Runs) -> Findings:
    """Draw a trained network, and say how sparse the networks are."""
    from sparse_mlp.plotting import NetworkDisplay

    found = Findings()
    chosen = shown_run(runs)
    if chosen is None:
        return found
    found.shown["network"] = runs.only(chosen)
    found.displays["network"] = NetworkDisplay.from_layers(layers_of(load_checkpoint(chosen.folder)))
    found.notes.append(f"Drawn: {chosen.planned.method} on {chosen.planned.dataset}, seed {chosen.planned.seed}.")
    for name, key in (("links of all possible, sparse layers", "sparse_density"),
                      ("neurons on a path from input to output", "anp_by_paths")):  # fmt: skip
        found.numbers.add(Number(*pair, name, "%", runs.by_seed(*pair, _percent(key))) for pair in runs.pairs())
    return found


def read_update_times(runs: Runs) -> Findings:
    """Take the durations of the updates of the first 50 epochs, without the first one of each process."""
    from sparse_mlp.plotting import UpdateTimeDisplay

    found = Findings()
    table: dict[str, dict[str, NDArray[np.float64]]] = {}
    for dataset, method in runs.pairs():
        seconds = {run.planned.seed: update_seconds(run) for run in runs.of(dataset, method)}
        seconds = {seed: values for seed, values in seconds.items() if len(values)}
        if seconds:
            table.setdefault(dataset, {})[method] = np.concatenate(list(seconds.values()))
        means = {seed: 1e3 * float(values.mean()) for seed, values in seconds.items()}
        found.numbers.add([Number(dataset, method, claims.UPDATE_TIME, "ms", means)])
    if table:
        found.displays["update_time"] = UpdateTimeDisplay.from_seconds(table)
    return found


def read_accuracy(runs: Runs) -> Findings:
    """Take the test accuracy after each epoch."""
    from sparse_mlp.plotting import AccuracyCurvesDisplay

    found = Findings()
    table: dict[str, dict[str, NDArray[np.float64]]] = {}
    for dataset, method in runs.pairs():
        several = runs.of(dataset, method)
        columns = [run.history.column("test_accuracy") for run in several]
        seeds, shortest = tuple(run.planned.seed for run in several), min(map(len, columns))
        rows = np.array([column[:shortest] for column in columns], np.float64)
        table.setdefault(dataset, {})[method] = rows
        epochs = np.arange(1.0, shortest + 1)
        found.curves.append(Curve(dataset, method, "test accuracy", epochs, rows, seeds))
        wanted = LIMIT * float(np.median([final(row) for row in rows]))
        for name, unit, values in (
            (claims.FINAL, "%", [100 * final(row) for row in rows]),
            (claims.TO_99, "epochs", [epochs_to(row, wanted) for row in rows]),
            (claims.AREA, "%", [100 * log_area(row) for row in rows]),
            (claims.DIP, "points", [100 * dip(row) for row in rows]),
        ):
            found.numbers.add([Number(dataset, method, name, unit, dict(zip(seeds, values, strict=True)))])
    if table:
        found.displays["accuracy"] = AccuracyCurvesDisplay.from_histories(table)
    return found


def read_stages(runs: Runs) -> Findings:
    """Draw the last update of a trained network from its log, and count the links of all updates."""
    from sparse_mlp.plotting import UpdateStagesDisplay

    found = Findings()
    chosen = shown_run(runs)
    update = None if chosen is None else last_update_of(load_checkpoint(chosen.folder))
    if chosen is not None and update is not None:
        found.shown["update"] = runs.only(chosen)
        found.displays["update"] = UpdateStagesDisplay.from_update(update)
        found.notes.append(
            f"Drawn: the last update of {chosen.planned.method} on {chosen.planned.dataset}, seed "
            f"{chosen.planned.seed}, from the log in its checkpoint. The read-out keeps all its links and is not shown."
        )
    for dataset, method in runs.pairs():
        records = {run.planned.seed: list(_layer_counts(run.history)) for run in runs.of(dataset, method)}
        records = {seed: counts for seed, counts in records.items() if counts}
        changes = {seed: float(max(abs(c["after"] - c["before"]) for c in counts)) for seed, counts in records.items()}
        found.numbers.add([Number(dataset, method, claims.LINK_CHANGE, "links", changes)])
        for stage in ("removed", "percolated"):
            shares = {
                seed: 100 * sum(c[stage] for c in counts) / sum(c["before"] for c in counts)
                for seed, counts in records.items()
            }
            found.numbers.add([Number(dataset, method, f"links {stage} in an update", "%", shares)])
    return found


def shown_run(runs: Runs) -> FinishedRun | None:
    """Return the run that is drawn: of the first data set by CH3L3 if there is one, the lowest seed."""
    if not runs.finished:
        return None
    methods = [claims.CH3L3, *runs.methods]
    first = next(method for method in methods if runs.of(runs.datasets[0], method))
    return runs.of(runs.datasets[0], first)[0]


def update_seconds(run: FinishedRun) -> NDArray[np.float64]:
    """Return the seconds of the updates of the first 50 epochs; the first of each process, a warm-up, is left out."""
    starts = [part.get("epochs_before", 0) for part in run.system] or [0]
    updates = [record for record in run.history.updates if record["epoch"] <= COUNTED_EPOCHS]
    first = {min((u["epoch"] for u in updates if u["epoch"] > start), default=None) for start in starts}
    return np.array([record["seconds"] for record in updates if record["epoch"] not in first], np.float64)


def _percent(key: str) -> Callable[[FinishedRun], float | None]:
    def value(run: FinishedRun) -> float | None:
        found = run.result.get(key)
        return None if found is None else 100 * found

    return value


def _layer_counts(history: History) -> Iterator[dict[str, int]]:
    for record in history.updates:
        yield from record["layers"]
