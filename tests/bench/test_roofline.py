"""What a job costs by count, and what the limits make of it."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.bench import limits as limits_module
from sparse_mlp.bench.job import make_job
from sparse_mlp.bench.limits import Limits, check_compiled, roofline
from sparse_mlp.errors import SparseMLPError
from sparse_mlp.kernels._jit import JIT_ENABLED

compiled = pytest.mark.skipif(not JIT_ENABLED, reason="vectors exist in compiled code only")


def limits(**changed: float) -> Limits:
    return Limits(**{"threads": 1, "fma": 1e12, "sgemm": 1.0, "l2": 1e9, "l3": 1e8, "dram": 1e7, **changed})


def test_operations_and_bytes_are_counted_by_links() -> None:
    job = make_job("job", (10, 20, 4), batch=8, density=0.1, n_samples=16)
    assert job.links == [20, 80]  # a tenth of 10 x 20, and the dense read-out
    assert job.flops == 2 * 8 * (3 * 100 - 20)  # no gradient by the input of the first layer
    assert job.bytes_read == 2 * 100 * 8 * 4


def test_the_roofline_is_the_longer_of_reading_and_computing() -> None:
    job = make_job("job", (10, 20, 4), batch=8, density=0.1, n_samples=16)
    assert roofline(job, limits()) == limits_module.Roofline(6400 / 1e9, "L2")
    assert roofline(job, limits(fma=1e8)) == limits_module.Roofline(4480 / 1e8, "fma")


def test_wide_layers_are_read_from_farther_away(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job("job", (10, 20, 4), batch=8, density=0.1, n_samples=16)  # a tile is 20 x 8 x 4 = 640 bytes
    sizes = {2: 639, 3: 1279}
    monkeypatch.setattr(limits_module, "cache_bytes", sizes.__getitem__)
    assert roofline(job, limits()).bound == "L3"
    assert roofline(job, limits(threads=2)).bound == "DRAM"  # two tiles share the third level
    sizes[2] = 640
    assert roofline(job, limits()).bound == "L2"


def test_jobs_are_repeatable_and_about_a_fifth_of_their_inputs_is_ink() -> None:
    first, again = (make_job("job", (50, 20, 4), batch=8, density=0.1, n_samples=400) for _ in range(2))
    np.testing.assert_array_equal(first.x, again.x)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert 0.15 < np.mean(first.x > 0) < 0.23
    assert len(set(first.samples.tolist())) == 8


@compiled
def test_the_loops_that_measure_do_the_work_they_are_timed_for() -> None:
    from sparse_mlp.kernels.limits import READ_AT_ONCE, multiply_adds, read_all

    data = np.arange(2 * 2 * READ_AT_ONCE, dtype=np.float32).reshape(2, -1)
    out = np.zeros(2, np.float32)
    read_all(data, 3, out)
    np.testing.assert_array_equal(out, 3 * data.sum(axis=1))
    multiply_adds(100, out)  # y -> y / 2 + 1 settles at 2 in each of 7 x 16 lanes
    np.testing.assert_allclose(out, 7 * 16 * 2)


@compiled
def test_limits_of_several_cores_are_no_less_than_those_of_one_times_their_number() -> None:
    found = limits_module.measure_limits(1, repeats=1, one=limits(fma=1e18, l2=1e18))
    assert (found.fma, found.l2) == (1e18, 1e18)
    assert min(found.sgemm, found.l3, found.dram) > 0


@compiled
def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_compiled()
    monkeypatch.setenv("SPARSE_MLP_BACKEND", "scipy")
    with pytest.raises(SparseMLPError, match=r"backend scipy .*; expected numba"):
        check_compiled()
