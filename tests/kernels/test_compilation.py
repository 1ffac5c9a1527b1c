"""Compiling is announced once for each topic, and no clock of ours counts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest

from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.kernels.compilation import TOPICS, Compilation

SCRIPT = """
import numba
import numpy as np
from sparse_mlp.kernels import linear
from sparse_mlp.kernels.compilation import clock, compilation
from time import perf_counter

numba.njit(lambda x: x + 1)(1)  # somebody else's
began, at = perf_counter(), clock()
linear.bias_grad(np.ones((1, 2, 3)))
print(perf_counter() - began, clock() - at, compilation.seconds)
"""


def test_the_clock_stands_still_while_something_is_compiled() -> None:
    said: list[str] = []
    compilation = Compilation(said.append)
    began = compilation.clock()
    compilation.begin("sparse_mlp.kernels.linear")
    inside = compilation.clock()
    compilation.begin("sparse_mlp.kernels.motif")  # for the sake of the first
    sleep(0.05)
    compilation.end()
    assert compilation.clock() == inside >= began and compilation.seconds == 0
    compilation.end()
    assert compilation.seconds >= 0.05 and 0 <= compilation.clock() - inside < 0.05
    assert said == ["compiling kernels for sparse layers, once"]


def test_each_topic_is_announced_once() -> None:
    said: list[str] = []
    compilation = Compilation(said.append)
    for module in ("linear", "simd_linear", "optim", "linear", "one_that_has_no_topic"):
        compilation.begin(f"sparse_mlp.kernels.{module}")
        compilation.end()
    assert [line.split(" for ")[1] for line in said] == [
        "sparse layers, once", "optimizers, once", "one that has no topic, once",
    ]  # fmt: skip


def test_topics_are_files() -> None:
    room = Path(__file__).parents[2] / "sparse_mlp" / "kernels"
    assert all((room / f"{file}.py").exists() for file in TOPICS)


@pytest.mark.skipif(not JIT_ENABLED, reason="nothing is compiled")
def test_a_cold_cache_is_announced_and_not_counted_and_a_warm_one_is_silent(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "SPARSE_MLP_CACHE": "1"}
    command = [sys.executable, "-c", SCRIPT]
    cold, warm = (
        subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
        for _ in range(2)
    )
    took, counted, compiled = map(float, cold.stdout.split())
    assert cold.stderr == "compiling kernels for sparse layers, once\n"
    assert 0 < compiled < took and counted == pytest.approx(took - compiled, abs=0.01)
    assert warm.stderr == "" and float(warm.stdout.split()[2]) == 0
