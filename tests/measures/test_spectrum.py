"""Singular values known by hand or from a dense decomposition, and the bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sparse_mlp.kernels import spectrum
from sparse_mlp.measures.spectrum import ramanujan_bound, second_singular_value
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology import generate


def circulant(n):
    rows = np.repeat(np.arange(n), 2)
    return SparseStructure.from_coo(rows, (rows + np.tile([0, 1], n)) % n, (n, n))


def test_circulant_of_four_is_ramanujan():
    # singular values |1 + exp(2 pi i k / 4)|: 2, 1.4142, 0, 1.4142
    assert second_singular_value(circulant(4)) == pytest.approx(math.sqrt(2))
    assert ramanujan_bound(circulant(4)) == 2.0


def test_long_circulant():
    # |1 + exp(2 pi i / n)| = 2 cos(pi / n); beyond 256 neurons by iteration
    assert second_singular_value(circulant(300)) == pytest.approx(2 * math.cos(math.pi / 300))


@pytest.mark.parametrize("shape", [(20, 30), (300, 20), (300, 270), (260, 400)])
@pytest.mark.parametrize("density", [0.02, 0.3, 0.9])
def test_against_a_dense_decomposition(shape, density):
    wiring = generate("erdos-renyi", *shape, density, rng=0)
    expected = np.linalg.svd(wiring.to_scipy().toarray().astype(float), compute_uv=False)[1]
    assert second_singular_value(wiring) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 3), (300, 300)])
def test_complete_wirings_have_one_singular_value(shape):
    wiring = SparseStructure.complete(shape)
    assert second_singular_value(wiring) == pytest.approx(0, abs=1e-5)


def test_without_links():
    empty = SparseStructure.from_coo([], [], (300, 400))
    assert second_singular_value(empty) == 0.0
    assert math.isnan(ramanujan_bound(empty))


def test_separate_links_have_equal_singular_values():
    links = SparseStructure.from_coo(np.arange(300), np.arange(300), (300, 300))
    assert second_singular_value(links) == pytest.approx(1)
    assert ramanujan_bound(links) == 0.0


def test_bound_of_mean_degrees():
    # 15 links: mean degrees 3 and 2.5
    wiring = generate("erdos-renyi", 5, 6, 0.5, rng=0)
    assert ramanujan_bound(wiring) == pytest.approx(math.sqrt(2) + math.sqrt(1.5))
    # a mean degree below 1 has no bound
    assert math.isnan(ramanujan_bound(generate("erdos-renyi", 5, 60, 0.1, rng=0)))


@pytest.mark.parametrize("find", ["_among_all", "_by_iteration"])
def test_decompositions_run_on_one_thread(monkeypatch, find):
    seen = []

    def found(_):
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return 0.0

    monkeypatch.setattr(spectrum, find, found)
    size = {"_among_all": 4, "_by_iteration": 300}[find]
    with threadpool_limits(2, user_api="blas"):
        second_singular_value(circulant(size))
    assert set(seen) == {1}
