"""Compiled and vectorised optimizer steps against the loops that define them."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.kernels import numpy_optim, optim
from sparse_mlp.kernels.pool import most_threads, threads_limited
from sparse_mlp.reference import optim as reference

U32 = 2.0**-24
TWINS = pytest.mark.parametrize("twin", [optim, numpy_optim], ids=["numba", "numpy"])
ALL = pytest.mark.parametrize("module", [reference, optim, numpy_optim], ids=["reference", "numba", "numpy"])

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(0, 40)
dtypes = st.sampled_from(["float32", "float64"])
rates = st.sampled_from([0.0, 1e-3, 0.1])
decays = st.sampled_from([0.0, 5e-4, 0.1])


def draw(seed, size, dtype):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=size), rng.normal(size=size), rng.normal(size=size), rng.uniform(0.1, 1.0, size)]
    return [array.astype(dtype) for array in arrays]


def both(name, twin, arrays, *scalars):
    """Run the twin on copies of the arrays, the reference on float64 copies; return both sets."""
    actual, expected = [a.copy() for a in arrays], [a.astype(np.float64) for a in arrays]
    assert getattr(twin, name)(*actual, *scalars) is None
    assert getattr(reference, name)(*expected, *scalars) is None
    return actual, expected


def assert_close(actual, expected, scale, rounding):
    unit = rounding * U32 if actual.dtype == np.float32 else 1e-12
    assert np.all(np.abs(actual - expected) <= unit * scale)


@ALL
def test_sgd_by_hand(module):
    # g = 2 + 0.5 * 4 = 4;  v = 0.5 * 6 + 4 = 7;  w = 4 - 0.1 * 7
    w, g, v = np.array([4.0]), np.array([2.0]), np.array([6.0])
    module.sgd_step(w, g, v, 0.1, 0.5, False, 0.5, False)
    np.testing.assert_allclose([w[0], g[0], v[0]], [3.3, 2.0, 7.0], rtol=1e-15)


@ALL
def test_sgd_nesterov_by_hand(module):
    # v = 0.5 * 6 + 2 = 5;  d = 2 + 0.5 * 5 = 4.5;  w = 4 - 0.1 * 4.5
    w, g, v = np.array([4.0]), np.array([2.0]), np.array([6.0])
    module.sgd_step(w, g, v, 0.1, 0.5, True, 0.0, False)
    np.testing.assert_allclose([w[0], g[0], v[0]], [3.55, 2.0, 5.0], rtol=1e-15)


@ALL
def test_sgd_decoupled_by_hand(module):
    # v = 0.5 * 6 + 2 = 5;  w = 4 * (1 - 0.1 * 0.5) - 0.1 * 5; decay leaves the velocity alone
    w, g, v = np.array([4.0]), np.array([2.0]), np.array([6.0])
    module.sgd_step(w, g, v, 0.1, 0.5, False, 0.5, True)
    np.testing.assert_allclose([w[0], g[0], v[0]], [3.3, 2.0, 5.0], rtol=1e-15)


@ALL
@pytest.mark.parametrize(
    ("decoupled", "w1", "m1", "s1"),
    # beta1 = 0.5, beta2 = 0.75, step 2: corrections 1 - 0.25 = 3/4 and 1 - 0.5625 = 7/16
    # decoupled: g = 2, m = 0.5 * 4 + 0.5 * 2 = 3, s = 0.75 * 1 + 0.25 * 4 = 1.75, d = (3 / .75) / (sqrt(4) + 2) = 1
    #            w = 8 - 0.1 * (1 + 0.5 * 8)
    # coupled:   g = 2 + 4 = 6, m = 5, s = 0.75 + 9 = 9.75, d = (20 / 3) / (sqrt(156 / 7) + 2)
    [(True, 7.5, 3.0, 1.75), (False, 8 - 0.1 * (20 / 3) / (np.sqrt(156 / 7) + 2), 5.0, 9.75)],
)
def test_adam_by_hand(module, decoupled, w1, m1, s1):
    w, g, m, s = np.array([8.0]), np.array([2.0]), np.array([4.0]), np.array([1.0])
    module.adam_step(w, g, m, s, 2, 0.1, 0.5, 0.75, 2.0, 0.5, decoupled)
    np.testing.assert_allclose([w[0], g[0], m[0], s[0]], [w1, 2.0, m1, s1], rtol=1e-15)


@TWINS
@pytest.mark.parametrize("name", ["sgd_step", "adam_step"])
def test_twins_take_the_same_arguments(name, twin):
    assert list(inspect.signature(getattr(twin, name)).parameters) == list(
        inspect.signature(getattr(reference, name)).parameters
    )


@TWINS
@given(seed=seeds, size=sizes, dtype=dtypes, rate=rates, decay=decays,
       momentum=st.sampled_from([0.0, 0.5, 0.9]), nesterov=st.booleans(), decoupled=st.booleans())  # fmt: skip
def test_sgd(twin, seed, size, dtype, rate, decay, momentum, nesterov, decoupled):
    w, g, v, _ = draw(seed, size, dtype)
    actual, expected = both("sgd_step", twin, [w, g, v], rate, momentum, nesterov, decay, decoupled)
    velocity_scale = momentum * np.abs(v) + np.abs(g) + decay * np.abs(w)
    # at most eight roundings follow each other, those of the constants included
    assert_close(actual[2], expected[2], velocity_scale, 8)
    assert_close(actual[0], expected[0], np.abs(w) + 2 * rate * velocity_scale, 8)
    np.testing.assert_array_equal(actual[1], g)
    assert [a.dtype for a in actual] == [np.dtype(dtype)] * 3


@TWINS
@given(seed=seeds, size=sizes, dtype=dtypes, rate=rates, decay=decays,
       step=st.sampled_from([1, 2, 10, 10**6]), decoupled=st.booleans())  # fmt: skip
def test_adam(twin, seed, size, dtype, rate, decay, step, decoupled):
    arrays = draw(seed, size, dtype)
    w, g, m, s = arrays
    scalars = (step, rate, 0.9, 0.999, 1e-8, decay, decoupled)
    actual, expected = both("adam_step", twin, arrays, *scalars)
    total = np.abs(g) + decay * np.abs(w)
    mean_scale = 0.9 * np.abs(m) + 0.1 * total
    assert_close(actual[2], expected[2], mean_scale, 8)
    assert_close(actual[3], expected[3], 0.999 * s + 0.001 * total**2, 8)
    step_scale = mean_scale / (1 - 0.9**step) / np.sqrt(expected[3] / (1 - 0.999**step))
    assert_close(actual[0], expected[0], np.abs(w) + rate * (step_scale + decay * np.abs(w)), 16)
    np.testing.assert_array_equal(actual[1], g)


@pytest.mark.parametrize("size", [optim.PIECE, 2 * optim.PIECE - 1, 2 * optim.PIECE + 7])
def test_pieces_cover_every_entry_once(size):
    w, g, m, s = draw(1, size, "float64")
    actual, expected = both("sgd_step", optim, [w, g, m], 0.1, 0.9, True, 1e-3, False)
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-12)
    actual, expected = both("adam_step", optim, [w, g, m, s], 3, 0.1, 0.9, 0.999, 1e-8, 1e-3, True)
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(most_threads() < 2, reason="needs two threads")
def test_the_same_bytes_for_any_number_of_threads():
    results = []
    for threads in (1, 2):
        w, g, m, s = draw(2, 2 * optim.PIECE + 5, "float32")
        with threads_limited(threads):
            optim.sgd_step(w, g, m, 0.1, 0.9, True, 1e-3, False)
            optim.adam_step(w, g, m, s, 7, 0.01, 0.9, 0.999, 1e-8, 1e-3, True)
        results.append([array.tobytes() for array in (w, m, s)])
    assert results[0] == results[1]
