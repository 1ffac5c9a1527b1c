"""What a first use costs, before any kernel is compiled: the first gradient, and a training run on digits."""

from __future__ import annotations

import subprocess
import tempfile
from time import perf_counter, process_time
from typing import Any

from benchmarks.processes import Tree, Worker
from benchmarks.report import at_most
from benchmarks.run import Run
from benchmarks.timing import median_of

CPU, WALL = "CPU seconds of network and first gradient", "wall seconds of sparse-mlp train on digits"
CLAIMS = {CPU: at_most(6, "s"), WALL: at_most(10, "s")}
NETWORK: dict[str, Any] = {"sizes": [784, 1000, 1000, 1000, 10], "batch": 128, "options": {"density": 0.01}}


def benchmark(run: Run) -> None:
    """Run each process some times with an empty kernel cache, old code and ours in turns."""
    found: dict[str, list[dict[str, float]]] = {side: [] for side in run.trees}
    for _ in range(run.pick(3, 1)):
        for side, tree in run.trees.items():
            found[side].append({**first_gradient_apart(run, tree), WALL: train_apart(run, tree)})
    for side, records in found.items():
        for name in records[0]:
            figure = median_of([record[name] for record in records])
            run.report.add_fact(f"{side}: {name}", figure, "s")
            if side == "ours" and name in CLAIMS:
                run.report.claim(name, CLAIMS[name], figure)
    run.report.notes.append(
        "Each figure is that of a process with an empty NUMBA_CACHE_DIR. CPU seconds count all threads; wall seconds "
        "of the training run are those of the whole command, from start to end."
    )


def first_gradient_apart(run: Run, tree: Tree) -> dict[str, float]:
    """Return what a first gradient takes in a fresh process."""
    with tempfile.TemporaryDirectory() as cache, Worker(tree, run.threads, **_cache(run, cache)) as worker:
        return dict(worker.call(first_gradient, **NETWORK))


def train_apart(run: Run, tree: Tree) -> float:
    """Return the wall seconds of ``sparse-mlp train`` with its defaults, which train on digits."""
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as work:
        command = [tree.python, "-P", "-m", "sparse_mlp", "train", *run.pick([], ["--epochs", "1"])]
        environment = tree.environment(run.threads, **_cache(run, cache))
        began = perf_counter()
        subprocess.run(command, cwd=work, env=environment, check=True, stdout=subprocess.DEVNULL)
        return perf_counter() - began


def first_gradient(**options: Any) -> dict[str, float]:
    """Import the package, build a network and compute a gradient; return the seconds that this takes."""
    began = process_time()
    import sparse_mlp.models  # noqa: F401

    imported = process_time()
    from benchmarks.jobs import Job, Ours

    ours = Ours(Job(**options))
    built, wall = process_time(), perf_counter()
    ours.gradient()
    done = process_time()
    return {
        "CPU seconds of the import": imported - began,
        CPU: done - imported,
        "CPU seconds of the gradient": done - built,
        "wall seconds of the gradient": perf_counter() - wall,
    }


def _cache(run: Run, folder: str) -> dict[str, str]:
    """Return the variable that moves the kernel cache; a quick run uses the one that there is."""
    return {} if run.quick else {"NUMBA_CACHE_DIR": folder}
