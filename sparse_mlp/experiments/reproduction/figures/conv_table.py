"""Table 1 of [Li2025]: sparse VGG networks by rule and sparsity."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.finished import Runs


def read(runs: Runs) -> Results:
    """Take what the table has of each run."""
    results = Results()
    results.measure(runs, "test accuracy", "%", lambda run: 100 * run.result["test_accuracy"])
    return results


FIGURE = Figure(
    "conv-table", "Table 1, CHT-Conv", "Li2025", ("conv-cifar-10", "conv-cifar-100"),
    {"smoke": 0.5, "laptop": 90, "paper": 20000}, read,
)
