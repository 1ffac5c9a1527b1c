"""What a job costs by count, what the machine's limits make of it, and the loops that measure them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import roofline as module
from benchmarks.jobs import Job
from benchmarks.roofline import cache_bytes, roofline
from sparse_mlp.kernels._jit import JIT_ENABLED

JOB = Job([10, 20, 4], batch=8, options={"density": 0.1}, n_samples=400)
LIMITS = {"threads": 1, "fma": 1e12, "L2": 1e9, "L3": 1e8, "DRAM": 1e7}


def test_operations_and_bytes_are_counted_by_links() -> None:
    assert JOB.facts(JOB.network()) == {
        "links": 100,  # a tenth of 10 x 20, and the dense read-out
        "flops": 2 * 8 * (3 * 100 - 20),  # no gradient by the input of the first layer
        "bytes_read": 2 * 100 * 8 * 4,
        "tile_bytes": 20 * 8 * 4,
    }


@pytest.mark.parametrize(("mode", "weights", "rows"), [("shared", 5, 5), ("block", 20, 10)])
def test_motifs_read_a_row_for_each_of_their_inputs(mode: str, weights: int, rows: int) -> None:
    job = Job([10, 20, 4], batch=8, options={"density": 0.1, "motif_size": 2, "motif_mode": mode})
    facts = job.facts(job.network())
    assert (facts["links"], facts["bytes_read"]) == (weights + 80, 2 * (rows + 80) * 8 * 4)


def test_the_roofline_is_the_longer_of_reading_and_computing() -> None:
    facts = JOB.facts(JOB.network())
    assert roofline(facts, LIMITS) == (6400 / 1e9, "L2")
    assert roofline(facts, LIMITS | {"fma": 1e8}) == (4480 / 1e8, "fma")


def test_wide_layers_are_read_from_farther_away(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, sizes = JOB.facts(JOB.network()), {2: 639, 3: 1279}
    monkeypatch.setattr(module, "cache_bytes", sizes.__getitem__)
    assert roofline(facts, LIMITS)[1] == "L3"
    assert roofline(facts, LIMITS | {"threads": 2})[1] == "DRAM"  # two tiles share the third level
    sizes[2] = 640
    assert roofline(facts, LIMITS)[1] == "L2"


def test_jobs_are_repeatable_and_about_a_fifth_of_their_inputs_is_ink() -> None:
    first, again = (Job([50, 20, 4], batch=8, n_samples=400).data for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert 0.15 < np.mean(first[0] > 0) < 0.23
    assert len(set(first[2].tolist())) == 8


@pytest.mark.skipif(not JIT_ENABLED, reason="vectors exist in compiled code only")
def test_the_loops_that_measure_do_the_work_they_are_timed_for() -> None:
    from benchmarks.limits import READ_AT_ONCE, measure, multiply_adds, read_all

    data = np.arange(2 * READ_AT_ONCE, dtype=np.float32)
    assert read_all(data, 3) == 3 * data.sum()
    # Each number x becomes x / 2 + 1; sixteen lanes of 0.5, 1, 3, 4, 5, 6 and 9 are summed.
    assert multiply_adds(1, np.float32(9)) == 16 * sum(x / 2 + 1 for x in (0.5, 1, 3, 4, 5, 6, 9))
    found = measure(1, repeats=1)
    assert found["fma"] > 1e8 and found["L2"] > 1e7 and found["DRAM"] > 1e6


def test_caches_have_sizes() -> None:
    assert 0 < cache_bytes(2) < cache_bytes(3)
