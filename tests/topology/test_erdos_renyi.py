"""Exact counts, every wiring equally likely, memory that grows with the links alone."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate
from sparse_mlp.topology.sampling import sample_distinct


def test_counts_of_the_first_layers():
    assert generate("erdos-renyi", 784, 1000, 0.01, rng=0).nnz == 7840
    assert generate("erdos-renyi", 1000, 1000, 0.01, rng=0).nnz == 10_000


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.001, 1), st.integers(0, 9))
def test_count_is_exact_at_any_density(n_in, n_out, density, seed):
    structure = generate("erdos-renyi", n_in, n_out, density, rng=seed)
    assert structure.shape == (n_in, n_out)
    assert structure.nnz == round(density * n_in * n_out)


@given(st.integers(1, 2000), st.integers(1, 2000), st.data())
def test_a_count_survives_the_way_through_a_density(n_in, n_out, data):
    links = data.draw(st.integers(1, min(2000, n_in * n_out)))
    assert generate("erdos-renyi", n_in, n_out, links / (n_in * n_out), rng=0).nnz == links


def test_seed_decides_the_wiring():
    first, again, other = (generate("erdos-renyi", 50, 40, 0.1, rng=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_nearly_and_fully_dense():
    assert generate("erdos-renyi", 100, 90, 0.999, rng=0).nnz == 8991
    assert generate("erdos-renyi", 100, 90, 1.0, rng=0) == SparseStructure.complete((100, 90))


@pytest.mark.parametrize("k", [2, 4])
def test_every_set_is_equally_likely(k):
    # 2 of 6 are drawn, of 4 of 6 the complement is: 15 sets each
    sets = dict.fromkeys(combinations(range(6), k), 0)
    rng = np.random.default_rng(5)
    for _ in range(3000):
        sets[tuple(sample_distinct(6, k, rng).tolist())] += 1
    assert chisquare(list(sets.values())).pvalue > 1e-6


def test_draws_do_not_depend_on_the_backend():
    for k in (0, 1, 40, 61, 99, 100):
        slow, fast = (sample_distinct(100, k, np.random.default_rng(3), backend=b) for b in ("reference", "numba"))
        np.testing.assert_array_equal(slow, fast)
        assert fast.dtype == slow.dtype == np.int64


def test_memory_grows_with_the_links_not_with_the_layer(monkeypatch):
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "numba")
    generate("erdos-renyi", 10, 10, 0.1, rng=0)  # compile first
    tracemalloc.start()
    structure = generate("erdos-renyi", 50_000, 50_000, 0.0001, rng=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert structure.nnz == 250_000
    assert peak < 100 * structure.nnz  # bytes; a list of all positions would take 80,000 for each link


def test_wiring_rooms_do_not_load_the_compiler_before_it_is_needed():
    rooms = ", ".join(f"sparse_mlp.{room}" for room in ("topology", "link_prediction", "measures"))
    code = f"import sys, {rooms}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
