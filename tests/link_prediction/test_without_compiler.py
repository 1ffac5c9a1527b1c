"""The kernels as plain Python, where NumPy watches every index: the same choice and nothing out of bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json
import numpy as np
from wiring_cases import EDGES, route, wiring
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.link_prediction import PREDICTORS, sample_links, score_matrix, top_links

def results():
    rng = np.random.default_rng(0)
    hubs = (rng.random((9, 12)) < 0.25).astype(int)
    hubs[3] = hubs[:, 5] = 1
    few_inputs = np.ones((2, 40), int)  # every input is near every other, long before the walk is over
    few_inputs[0, ::3] = 0
    made = {}
    with route("walks"):
        for name, present in {**EDGES, "hubs": hubs, "few inputs": few_inputs, "few outputs": few_inputs.T}.items():
            structure = wiring(present)
            k = min(5, int((present == 0).sum()))
            for method in PREDICTORS:
                links = [top_links(structure, method, k, rng=1), top_links(structure, method, k, rng=1, ties="random"),
                         sample_links(structure, method, k, rng=1)]
                scores = score_matrix(structure, method)
                made[f"{name} {method}"] = [float(scores.sum()), *(np.array(pair).tolist() for pair in links)]
    return made
"""


def test_the_same_links_and_no_index_out_of_bounds():
    here = {}
    exec(SCRIPT, here)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + "\nprint(json.dumps([JIT_ENABLED, results()]))"],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, cwd=Path(__file__).parent,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    jit, there = json.loads(done.stdout)
    assert not jit
    assert there == json.loads(json.dumps(here["results"]()))
