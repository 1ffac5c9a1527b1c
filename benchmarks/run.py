"""One run of a benchmark: how large and how long it is, its workers, and the report that it fills."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.processes import TimedJob, Tree, Worker
from benchmarks.report import Report
from benchmarks.roofline import cache_bytes, roofline
from benchmarks.timing import Timing, interleave, ratio

T = TypeVar("T")


class Run(ExitStack):
    """What a benchmark has at hand; a context, since workers end with it.

    Parameters
    ----------
    name : str
        Of the benchmark.
    quick : bool
        Whether the jobs shall be tiny.
    threads : int
        Two at most if not given.
    old : Tree, optional
        Older code to compare with.

    Attributes
    ----------
    trees : dict of str to Tree
        The code of this repository as "ours", and the older one as "old".
    report : Report
    """

    def __init__(self, name: str, *, quick: bool = False, threads: int | None = None, old: Tree | None = None) -> None:
        super().__init__()
        self.quick, self.threads = quick, threads or min(2, os.cpu_count() or 1)
        self.trees = {"ours": Tree()} | ({"old": old} if old else {})
        self.report = Report(describe(name, self.threads, self.trees), judged=not quick)
        self._workers: dict[tuple[str, int], Worker] = {}
        self._limits: dict[int, dict[str, float]] = {}

    def pick(self, full: T, quick: T) -> T:
        """Return the one that suits this run."""
        return quick if self.quick else full

    def worker(self, side: str = "ours", threads: int | None = None) -> Worker:
        """Return the worker of a side: "ours", "old", or any name of rivals, which import our code as well."""
        key = side, threads or self.threads
        if key not in self._workers:
            self._workers[key] = self.enter_context(Worker(self.trees.get(side, Tree()), key[1]))
        return self._workers[key]

    def sides(self, function: Callable[..., Any], *, threads: int | None = None, **options: Any) -> dict[str, TimedJob]:
        """Prepare the same job in our code and, where there is one, in the old code."""
        return {side: self.worker(side, threads).prepare(function, **options) for side in self.trees}

    def race(
        self, section: str, entries: Mapping[str, TimedJob], *, threads: int | None = None, rounds: int = 15,
        seconds: float = 0.1,
    ) -> dict[str, Timing]:  # fmt: skip
        """Time entries in turns and add a section to the report.

        Parameters
        ----------
        section : str
        entries : mapping of str to TimedJob
            Where the facts of one say what it does at least, it gets a rate and a share of the roofline.
        threads : int, optional
            That the entries use; those of the run if not given.
        rounds, seconds
            As in `interleave`, in a full run.
        """
        timings = interleave(entries, rounds=self.pick(rounds, 3), seconds=self.pick(seconds, 0.002))
        for name, timing in timings.items():
            facts = entries[name].facts
            least = roofline(facts, self.limits(threads))[0] if "flops" in facts else 0.0
            self.report.add_row(section, name, timing, flops=facts.get("flops", 0.0), least=least)
        if {"ours", "old"} <= timings.keys():
            self.report.add_fact(f"new / old, {section}", ratio(timings["ours"], timings["old"]), "×")
        return timings

    def limits(self, threads: int | None = None) -> dict[str, float]:
        """Return what the machine can do at best with a number of threads; measured when first asked for."""
        threads = threads or self.threads
        if threads not in self._limits:
            worker = self.worker(threads=threads)
            found = worker.call("benchmarks.limits:measure", threads=threads, repeats=self.pick(60, 1))
            one = found if threads == 1 else self.limits(1)
            for name in ("fma", "L2"):  # each core's own: other work may keep this from being seen
                found[name] = max(found[name], threads * one[name])
            self._limits[threads] = found
            self.report.limits.append(found)
        return self._limits[threads]


def describe(name: str, threads: int, trees: Mapping[str, Tree]) -> dict[str, str]:
    """Return processor, versions, code, threads and date as text by name."""
    versions = [f"Python {platform.python_version()}"]
    for package in ("numpy", "scipy", "numba", "scikit-learn", "torch"):
        with suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    processor = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    caches = f"L2 {cache_bytes(2) // 1024} KB, L3 {cache_bytes(3) // 1024} KB"
    return {
        "benchmark": f"{name}, {datetime.now().astimezone():%Y-%m-%d %H:%M %z}",
        "machine": f"{processor}, {os.cpu_count()} cores, {caches}, {platform.system()} {platform.release()}",
        "versions": ", ".join(versions),
        "code": ", ".join(f"{side} {_commit(tree.folder)}" for side, tree in trees.items()),
        "threads": f"{threads}, where a section does not name another number",
    }


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"in {folder.name}"
