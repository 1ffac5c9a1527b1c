"""What every generator of layers without data promises, whatever its name."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import GENERATORS, NEEDS_DATA

FREE_OF_DATA = [name for name in GENERATORS if name not in NEEDS_DATA]
EACH = pytest.mark.parametrize("name", FREE_OF_DATA)

DEGENERATE = [
    (1, 1, 0), (1, 1, 1), (1, 7, 1), (1, 7, 4), (1, 7, 7), (7, 1, 1), (7, 1, 4), (7, 1, 7),
    (2, 90, 45), (90, 2, 45), (2, 90, 100), (90, 2, 100), (90, 2, 179), (5, 6, 0), (5, 6, 1), (6, 5, 29), (6, 5, 30),
]  # fmt: skip


def draw(name: str, n_in: int, n_out: int, links: int, seed: int = 0) -> SparseStructure:
    return GENERATORS[name](n_in, n_out, links, np.random.default_rng(seed))


def assert_wiring(structure: SparseStructure, n_in: int, n_out: int, links: int) -> None:
    assert structure.shape == (n_in, n_out)
    assert structure.nnz == links
    keys = structure.keys()
    assert np.all(np.diff(keys) > 0)  # sorted, none twice
    assert links == 0 or (keys[0] >= 0 and keys[-1] < n_in * n_out)


def test_generators_are_found():
    assert {"erdos-renyi", "receptive-field", "small-world", "scale-free", "ramanujan"} <= set(FREE_OF_DATA)


@EACH
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 9))
def test_exact_count_sorted_unique(name, n_in, n_out, fraction, seed):
    links = round(fraction * n_in * n_out)
    assert_wiring(draw(name, n_in, n_out, links, seed), n_in, n_out, links)


@EACH
@pytest.mark.parametrize("case", DEGENERATE, ids=lambda case: "x".join(map(str, case)))
def test_degenerate_shapes(name, case):
    structure = draw(name, *case)
    assert_wiring(structure, *case)
    if case[2] == case[0] * case[1]:
        assert structure == SparseStructure.complete(case[:2])


@EACH
@pytest.mark.parametrize("case", [(12, 20, 60), (20, 12, 61), (9, 9, 70), (30, 4, 17), *DEGENERATE[::4]])
def test_same_bytes_on_all_backends(name, case, monkeypatch):
    drawn, states = [], []
    for backend in ("reference", "scipy", "numba", "numba"):
        monkeypatch.setenv("SPARSE_MLP_BACKEND", backend)
        stream = np.random.default_rng(3)
        drawn.append(GENERATORS[name](*case, stream).keys().tobytes())
        states.append(stream.random())
    assert len(set(drawn)) == 1
    assert len(set(states)) == 1


@EACH
def test_seed_decides_the_wiring(name):
    assert draw(name, 50, 40, 333, seed=1) == draw(name, 50, 40, 333, seed=1)
    assert draw(name, 50, 40, 333, seed=1) != draw(name, 50, 40, 333, seed=2)  # 333 are not shared evenly


@EACH
def test_memory_grows_with_the_links_not_with_the_layer(name, monkeypatch):
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "numba")
    draw(name, 10, 12, 30)  # compile first
    tracemalloc.start()
    structure = draw(name, 20_000, 20_000, 100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert structure.nnz == 100_000
    assert peak < 40_000_000  # a list of all positions would take 3,200,000,000
