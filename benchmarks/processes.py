"""Workers seen from the process that compares them: one process for each source tree and number of threads."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.timing import Turn

ROOT = Path(__file__).parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
REMOVED = ("NUMBA_DISABLE_JIT", "SPARSE_MLP_BACKEND", "SPARSE_MLP_SIMD")  # would measure something else

Function = Callable[..., Any] | str  # or "module:name", where importing the module here would be a waste


class Tree(NamedTuple):
    """A folder that holds the package `sparse_mlp`, and the Python that runs it."""

    folder: Path = ROOT
    python: str = sys.executable

    def environment(self, threads: int, **more: str) -> dict[str, str]:
        """Return the environment of a process that imports this tree and uses so many threads."""
        kept = {name: value for name, value in os.environ.items() if name not in REMOVED}
        return {**kept, **dict.fromkeys(THREADS, str(threads)), "PYTHONPATH": str(self.folder), **more}


@contextlib.contextmanager
def old_tree(place: str, python: str | None) -> Iterator[Tree]:
    """Yield the tree in a folder, or a temporary copy of the package at a commit of this repository.

    Raises
    ------
    ValueError
        If it is neither.
    """
    python = python or sys.executable
    if (Path(place) / "sparse_mlp").is_dir():
        yield Tree(Path(place).resolve(), python)
        return
    archive = subprocess.run(["git", "archive", place, "sparse_mlp"], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        raise ValueError(f"{place!r} is neither a folder with sparse_mlp in it nor a commit of this repository")
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        copy = Path(folder) / place.replace("/", "-")
        tar.extractall(copy, filter="data")
        yield Tree(copy, python)


class Worker:
    """A process that runs jobs of one tree; see `benchmarks.worker`.

    Parameters
    ----------
    tree : Tree
    threads : int
        That kernels, BLAS and OpenMP libraries may use.
    environment : str by name
        More variables of the process.
    """

    def __init__(self, tree: Tree, threads: int, **environment: str) -> None:
        self._process = subprocess.Popen(
            [tree.python, "-P", str(ROOT / "benchmarks" / "worker.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=tree.environment(threads, **environment),
        )  # fmt: skip
        self._jobs = 0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # ends its standard input, and waits

    def prepare(self, function: Function, **options: Any) -> TimedJob:
        """Let the worker make a job: `function` returns it there, with facts about it."""
        self._jobs += 1
        name = str(self._jobs)
        return TimedJob(self, name, self._ask(do="prepare", name=name, function=_place(function), options=options))

    def call(self, function: Function, **options: Any) -> Any:
        """Call a function there once and return what it returned."""
        return self._ask(do="call", function=_place(function), options=options)

    def turn(self, name: str, seconds: float) -> Turn:
        """Time a job."""
        return Turn(**self._ask(do="turn", name=name, seconds=seconds))

    def _ask(self, **request: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended with code {self._process.wait()} while it was asked for {request}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"in a worker:\n{answer['error']}")
        return answer["answer"]


class TimedJob(NamedTuple):
    """A job in a worker, and what is known about it."""

    worker: Worker
    name: str
    facts: dict[str, Any]

    def turn(self, seconds: float) -> Turn:
        """Call it until the time is over."""
        return self.worker.turn(self.name, seconds)


def _place(function: Function) -> str:
    return function if isinstance(function, str) else f"{function.__module__}:{function.__name__}"
