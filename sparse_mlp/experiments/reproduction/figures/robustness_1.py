"""Figure 1 of [Sulyok2026]: a trained network, drawn, and how sparse the networks are."""

from __future__ import annotations

from collections.abc import Callable

from sparse_mlp.experiments.reproduction.figure import Results
from sparse_mlp.experiments.reproduction.figures.robustness import robustness_figure, shown_run
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.training import layers_of, load_checkpoint


def read(runs: Runs) -> Results:
    """Take the network from its checkpoint."""
    from sparse_mlp.plotting import NetworkDisplay

    results, run = Results(), shown_run(runs)
    if run is None:
        return results
    results.draw("network", NetworkDisplay.from_layers(layers_of(load_checkpoint(run.folder))), runs.only(run))
    results.notes.append(f"Drawn: {run.planned.method} on {run.planned.dataset}, seed {run.planned.seed}.")
    results.measure(runs, "links of all possible, sparse layers", "%", _percent("sparse_density"))
    results.measure(runs, "neurons on a path from input to output", "%", _percent("anp_by_paths"))
    return results


def _percent(key: str) -> Callable[[FinishedRun], float | None]:
    return lambda run: None if run.result.get(key) is None else 100 * run.result[key]


FIGURE = robustness_figure(1, "a trained network", read)
