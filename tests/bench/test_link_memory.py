"""The memory of one choice of links, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from sparse_mlp.bench.apart import measure_apart

SPOILED = """
import json, numpy, sparse_mlp.bench.link_memory as m
m.top_links = lambda structure, method, k: numpy.ones(2**23 if structure.n_in == 200 else 2**20)
print(json.dumps(m.measure_choice("ch3-l3p", 200, 150, 0.05, 1)))
"""


def test_a_choice_takes_much_less_memory_than_all_scores() -> None:
    found = measure_apart("sparse_mlp.bench.link_memory", "ch3-l3p", 3000, 2500, 0.002, 1)
    assert (found["links"], found["chosen"]) == (15_000, 4_500)
    assert 0 <= found["growth_bytes"] < 8 * 3000 * 2500 / 4
    assert 2**25 < found["peak_bytes"] < 1e9
    assert 0 < found["seconds"] < 60


def test_growth_is_what_the_choice_takes_itself() -> None:
    done = subprocess.run([sys.executable, "-c", SPOILED], capture_output=True, check=True)
    growth = json.loads(done.stdout)["growth_bytes"]
    assert 0.8 * 8 * 2**23 < growth < 1.1 * 8 * 2**23
