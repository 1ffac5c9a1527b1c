"""Work after a fork: the pool's threads do not exist in the child, and the child computes all the same.

Each case runs in a process with a time limit, since what goes wrong here hangs.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

LIMIT = 60  # seconds
BEGIN = """
import multiprocessing, os, sys, warnings
from concurrent.futures import ProcessPoolExecutor
import numpy as np
from sparse_mlp import SparseMLP
from sparse_mlp.kernels.pool import run, set_threads
from sparse_mlp.training import Trainer

warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of threads and forks
rng = np.random.default_rng(0)
x, y = rng.standard_normal((512, 20), np.float32), rng.integers(0, 3, 512)
set_threads(int(sys.argv[1]))

def trained(seed=0):
    network = SparseMLP([20, 64, 3], density=0.5, rng=seed)
    Trainer(network, rule="set", batch_size=256, rng=seed).fit((x, y), epochs=3)
    return network.predict_scores(x).tobytes()

def predicted(seed=0):
    return SparseMLP([20, 64, 3], density=0.5, rng=seed).predict_scores(x).tobytes()

first, work = ({"train": trained, "predict": predicted}[name] for name in sys.argv[2:])
first()
expected = [work(0), work(1)]
"""
FORK = """
for seed in (0, 1):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if work(seed) == expected[seed] else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert work(0) == expected[0], "the parent goes on"
"""
POOL = """
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(work, [0, 1]) == expected
"""
EXECUTOR = """
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor:
    assert list(executor.map(work, [0, 1])) == expected
"""
FROM_TASK = """
def fork_here():
    pid = os.fork()
    if pid == 0:
        os._exit(0 if work(0) == expected[0] else 3)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert run([fork_here, fork_here]) == [0, 0]
"""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("ways", [("predict", "train"), ("train", "predict")])
def test_children_compute_the_same_bytes(threads, ways):
    script = BEGIN + FORK + POOL + EXECUTOR + FROM_TASK
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", script, str(threads), *ways], env=environment, capture_output=True,
                          text=True, timeout=LIMIT)  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_python_threads_that_train_at_the_same_time():
    """Also under Numba's workqueue layer, which aborted the process while kernels had parallel regions."""
    script = BEGIN + """
import threading
found = {}
threads = [threading.Thread(target=lambda seed=seed: found.update({seed: work(seed)})) for seed in (0, 1)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert [found[0], found[1]] == expected
"""
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2", "NUMBA_THREADING_LAYER": "workqueue"}
    done = subprocess.run([sys.executable, "-c", script, "2", "train", "train"], env=environment, capture_output=True,
                          text=True, timeout=LIMIT)  # fmt: skip
    assert done.returncode == 0, done.stderr
