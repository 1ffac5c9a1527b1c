"""Compiled and vectorised activations, dropout and losses against the loops that define them."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from on_arrays import OnArrays

from sparse_mlp.kernels import elementwise, numpy_elementwise
from sparse_mlp.reference import elementwise as reference

U32 = 2.0**-24  # unit roundoff of float32
TWINS = pytest.mark.parametrize(
    "twin",
    [OnArrays(elementwise, 64), OnArrays(elementwise, 4), numpy_elementwise],
    ids=["64 lanes", "4 lanes", "numpy"],
)
ARRAYS = (
    "piecewise_linear_forward", "piecewise_linear_backward", "sigmoid_forward", "sigmoid_backward", "tanh_forward",
    "tanh_backward", "dropout", "softmax", "softmax_cross_entropy", "mean_squared_error",
)  # fmt: skip

shapes = st.tuples(st.integers(1, 12), st.integers(1, 9))
seeds = st.integers(0, 2**32 - 1)
spreads = st.sampled_from([1e-3, 1.0, 20.0])
slopes = st.sampled_from([0.0, 0.01, 0.6, -0.6, 1.0])
dtypes = st.sampled_from(["float32", "float64"])


def normal(seed, shape, spread, dtype):
    return (spread * np.random.default_rng(seed).normal(size=shape)).clip(-80, 80).astype(dtype)


def assert_close(actual, expected, dtype, rounding, scale=None):
    """Within `rounding` units of float32 roundoff of the scale, or 1e-12 in float64."""
    assert actual.dtype == dtype and expected.dtype == np.float64
    scale = np.abs(expected) if scale is None else scale
    bound = (rounding * U32 if dtype == "float32" else 1e-12) * scale + 1e-44  # the last for denormals
    assert np.all(np.abs(actual - expected) <= bound)


@pytest.mark.parametrize("name", ARRAYS)
def test_twins_take_the_same_arguments(name):
    def parameters(module):
        found = inspect.signature(getattr(module, name)).parameters.values()
        return [parameter.name for parameter in found if parameter.kind is not parameter.KEYWORD_ONLY]

    assert parameters(elementwise) == parameters(numpy_elementwise) == parameters(reference)


@TWINS
@given(shape=shapes, seed=seeds, spread=spreads, slope=slopes, dtype=dtypes)
def test_piecewise_linear(twin, shape, seed, spread, slope, dtype):
    z, da = normal(seed, shape, spread, dtype), normal(seed + 1, shape, 1.0, dtype)
    z[0, 0] = 0.0
    # one rounding of the slope, one of the product
    assert_close(twin.piecewise_linear_forward(z, slope), reference.piecewise_linear_forward(z, slope), dtype, 3)
    expected = reference.piecewise_linear_backward(z, da, slope)
    assert_close(twin.piecewise_linear_backward(z, da, slope), expected, dtype, 3)


@pytest.mark.parametrize("module", [reference, elementwise, numpy_elementwise], ids=["reference", "numba", "numpy"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_piecewise_linear_of_what_is_not_finite(module, dtype):
    inf, nan = np.inf, np.nan
    z, da = np.array([[-inf, -inf, -1.0, nan, inf, -0.0]], dtype), np.array([[2.0, inf, nan, 2.0, 2.0, inf]], dtype)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(module.piecewise_linear_forward(z, 0.0), [[0, 0, 0, nan, inf, 0]])
        np.testing.assert_array_equal(module.piecewise_linear_backward(z, da, 0.0), [[0, 0, 0, 2, 2, 0]])
        np.testing.assert_array_equal(module.piecewise_linear_forward(z, 0.5), [[-inf, -inf, -0.5, nan, inf, 0]])
        np.testing.assert_array_equal(module.piecewise_linear_backward(z, da, 0.5), [[1, inf, nan, 2, 2, inf]])


@TWINS
@given(shape=shapes, seed=seeds, spread=spreads, dtype=dtypes)
def test_sigmoid(twin, shape, seed, spread, dtype):
    z, da = normal(seed, shape, spread, dtype), normal(seed + 1, shape, 1.0, dtype)
    # exp is good to 2 units in the last place, that is 4 roundings; then a sum, a quotient and the result
    assert_close(twin.sigmoid_forward(z), reference.sigmoid_forward(z), dtype, 8)
    a = reference.sigmoid_forward(z).astype(dtype)
    assert_close(twin.sigmoid_backward(a, da), reference.sigmoid_backward(a, da), dtype, 4)


@TWINS
@given(shape=shapes, seed=seeds, spread=spreads, dtype=dtypes)
def test_tanh(twin, shape, seed, spread, dtype):
    z, da = normal(seed, shape, spread, dtype), normal(seed + 1, shape, 1.0, dtype)
    assert_close(twin.tanh_forward(z), reference.tanh_forward(z), dtype, 8)
    a = reference.tanh_forward(z).astype(dtype)
    # a * a is rounded before it is taken from 1, so the error is relative to da, not to the result
    assert_close(twin.tanh_backward(a, da), reference.tanh_backward(a, da), dtype, 4, np.abs(da))


@TWINS
@given(shape=shapes, seed=seeds, threshold=st.sampled_from([0, 1, 128, 255]), first=st.integers(0, 3), dtype=dtypes)
def test_dropout(twin, shape, seed, threshold, first, dtype):
    draws = np.random.default_rng(seed).integers(0, 256, (shape[0], first + shape[1]), dtype=np.uint8)
    draws[0, first] = threshold  # on the border: kept
    x = normal(seed, shape, 1.0, dtype)
    found = twin.dropout(x, draws, threshold, first)
    assert_close(found, reference.dropout(x, draws, threshold, first), dtype, 3)
    assert found[0, 0] == pytest.approx(x[0, 0] * 256 / (256 - threshold), rel=1e-6)


@TWINS
@given(shape=shapes, seed=seeds, dtype=dtypes)
def test_a_part_of_a_batch_is_divided_by_the_whole(twin, shape, seed, dtype):
    scores, target = normal(seed, shape, 1.0, dtype), normal(seed + 1, shape, 1.0, dtype)
    labels = np.random.default_rng(seed).integers(0, *shape)
    for loss, wanted in ((twin.softmax_cross_entropy, labels), (twin.mean_squared_error, target)):
        options = (0.1,) if wanted is labels else ()
        mean, gradient = loss(scores, wanted, *options, 7)
        twice, half = loss(scores, wanted, *options, 14)
        assert mean == pytest.approx(2 * twice, rel=1e-12)
        np.testing.assert_allclose(gradient, 2 * half, rtol=1e-6)


@TWINS
@given(shape=shapes, seed=seeds, spread=spreads, dtype=dtypes)
def test_softmax(twin, shape, seed, spread, dtype):
    scores = normal(seed, shape, spread, dtype)
    actual = twin.softmax(scores)
    assert_close(actual, reference.softmax(scores), dtype, 4)
    np.testing.assert_allclose(actual.sum(axis=0), 1, rtol=shape[0] * 1e-6)


@TWINS
@given(shape=shapes, seed=seeds, spread=spreads, smoothing=st.sampled_from([0.0, 0.1, 0.9]), dtype=dtypes)
def test_softmax_cross_entropy(twin, shape, seed, spread, smoothing, dtype):
    scores, labels = normal(seed, shape, spread, dtype), np.random.default_rng(seed).integers(0, *shape)
    loss, dscores = twin.softmax_cross_entropy(scores, labels, smoothing)
    expected_loss, expected = reference.softmax_cross_entropy(scores, labels, smoothing)
    assert math.isclose(loss, expected_loss, rel_tol=1e-12, abs_tol=1e-12)  # in float64 for either type
    assert_close(dscores, expected, dtype, 4, 1.0 / shape[1])


@TWINS
@given(shape=shapes, seed=seeds, spread=spreads, dtype=dtypes)
def test_mean_squared_error(twin, shape, seed, spread, dtype):
    scores, target = normal(seed, shape, spread, dtype), normal(seed + 1, shape, spread, dtype)
    loss, dscores = twin.mean_squared_error(scores, target)
    expected_loss, expected = reference.mean_squared_error(scores, target)
    assert math.isclose(loss, expected_loss, rel_tol=1e-12)
    assert_close(dscores, expected, dtype, 3)


@TWINS
@given(shape=shapes, seed=seeds, dtype=dtypes)
def test_losses_with_weights(twin, shape, seed, dtype):
    scores, target = normal(seed, shape, 1.0, dtype), normal(seed + 1, shape, 1.0, dtype)
    rng = np.random.default_rng(seed)
    labels, weights = rng.integers(0, *shape), rng.random(shape[1]) + 0.1
    for name, *arguments in (("softmax_cross_entropy", labels, 0.1), ("mean_squared_error", target)):
        (loss, dscores), (expected_loss, expected) = (
            getattr(module, name)(scores, *arguments, None, weights) for module in (twin, reference)
        )
        assert math.isclose(loss, expected_loss, rel_tol=1e-12)
        assert_close(dscores, expected, dtype, 5, 1.0)
        plain = getattr(twin, name)(scores, *arguments)
        ones = getattr(twin, name)(scores, *arguments, None, np.ones(shape[1]))
        assert plain[0] == ones[0] and np.array_equal(plain[1], ones[1])


@pytest.mark.parametrize(("alpha", "index", "slope"), [(0.6, 0, -0.6), (0.6, 1, 0.6), (0.25, 2, -0.25), (0.0, 3, 0.0)])
def test_all_relu_slope(alpha, index, slope):
    assert reference.all_relu_slope(alpha, index) == slope


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [64, 63])  # with explicit vectors, and without
def test_derivatives_of_a_relu_may_be_written_over_what_they_read(size, dtype):
    rng = np.random.default_rng(0)
    x, dy, da = (rng.normal(size=(1, size, 1)).astype(dtype) for _ in range(3))
    x[0, :4, 0] = 0, -0.0, np.nan, 1
    silent = x <= 0
    for written in (0, 1):
        arrays = [x.copy(), da.copy()]
        got = elementwise.piecewise_linear_backward(*arrays, 0.0, out=arrays[written])
        assert got is arrays[written]
        np.testing.assert_array_equal(got, np.where(silent, 0, da))
    for written in (0, 1, 2):
        arrays = [x.copy(), dy.copy(), da.copy()]
        got = elementwise.residual_backward(*arrays, out=arrays[written])
        np.testing.assert_array_equal(got, np.where(silent, 0, dy + da))
