"""Compiled batch normalisation, pooling and flattening against the loops that define them."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from map_cases import (
    BATCHES,
    BORDERS,
    CHANNELS,
    KINDS,
    SEEDS,
    SIDES,
    bordered,
    empty,
    images_of,
    rows_of,
    wide,
)

from sparse_mlp.kernels import maps as kernels
from sparse_mlp.kernels.flattening import flatten, unflatten, zero_border
from sparse_mlp.reference import maps as reference

U = {"float32": 2.0**-24, "float64": 2.0**-53}
IMAGES = st.tuples(CHANNELS, SIDES, SIDES)


def parts(channels: int) -> list[tuple[int, int]]:
    """Cut channels in two, as two threads would."""
    return [(0, channels // 2), (channels // 2, channels)]


def assert_within(found: np.ndarray, expected: np.ndarray, roundings: float, scale: Any, dtype: str) -> None:
    """Within so many roundings of numbers of a size."""
    assert found.shape == expected.shape
    assert expected.dtype == np.float64
    assert np.all(np.abs(found - expected) <= roundings * U[dtype] * (np.asarray(scale) + np.abs(expected)))


@pytest.mark.parametrize("name", kernels.__all__)
def test_twins_take_the_same_arguments(name: str) -> None:
    def arguments(module: Any) -> list[str]:
        found = inspect.signature(getattr(module, name)).parameters.values()
        return [parameter.name for parameter in found if parameter.kind is not parameter.KEYWORD_ONLY]

    assert arguments(kernels) == arguments(reference)


@given(
    batch=BATCHES, image=IMAGES, kind=st.one_of(KINDS, st.just((32, "float32"))), borders=BORDERS, seed=SEEDS,
    relu=st.booleans(), train=st.booleans(), mean=st.sampled_from([0.0, 3.0, -100.0]),
)  # fmt: skip
def test_batch_norm(
    batch: int, image: Any, kind: tuple[int, str], borders: Any, seed: int, relu: bool, train: bool, mean: float
) -> None:
    assume(batch * image[1] * image[2] > 1)
    rng, eps, (channels, *_), (lanes, dtype) = np.random.default_rng(seed), 1e-3, image, kind
    z, dy = (rng.normal(m, 1, (batch, *image)).astype(dtype) for m in (mean, 0.0))
    gamma, beta = rng.normal(1, 0.5, channels).astype(dtype), rng.normal(size=channels).astype(dtype)
    dy[np.abs(reference.batch_norm_train(z, gamma, beta, eps)[0]) < 1e-3 * (1 + abs(mean))] = 0  # near the kink
    maps, out = bordered(z, borders[0], lanes, around=7.0), empty(image, batch, borders[1], lanes, dtype)
    stats = np.full(channels, 99.0), np.full(channels, 99.0)
    expected, *expected_stats = reference.batch_norm_train(z, gamma, beta, eps, relu)
    if not train:
        stats = expected_stats = mean + rng.normal(size=channels), rng.random(channels) + 0.5
        expected = reference.batch_norm_eval(z, gamma, beta, *stats, eps, relu)
    for part in parts(channels):
        options: Any = {"n_samples": batch, "out": out, "part": part}
        if train:
            kernels.batch_norm_train(maps, gamma, beta, eps, relu, into=stats, **options)
        else:
            kernels.batch_norm_eval(maps, gamma, beta, *stats, eps, relu, **options)
    np.testing.assert_allclose(stats, expected_stats, 1e-12)
    size = np.abs(gamma) * (1 + abs(mean)) / np.sqrt(expected_stats[1] + eps) + np.abs(beta)
    assert_within(images_of(out, batch), expected, 8, size[:, None, None], dtype)
    assert not empty_lanes(out, batch).any()

    dz, grads = empty(image, batch, borders[0], lanes, dtype), (np.ones(channels, dtype), np.ones(channels, dtype))
    given_maps = bordered(dy, borders[1], lanes)
    args = gamma, beta, *stats, eps, relu, train
    for part in parts(channels):
        kernels.batch_norm_backward(maps, given_maps, *args, n_samples=batch, out=dz, add_to=grads, part=part)
    expected_dz, *expected_grads = reference.batch_norm_backward(z, dy, *args)
    deviation, number = np.sqrt(expected_stats[1] + eps), batch * image[1] * image[2]
    size = np.abs(gamma) / deviation * 4 * (1 + (1 + abs(mean)) / deviation) ** 2
    assert_within(images_of(dz, batch), expected_dz, 32, size[:, None, None], dtype)
    for found, wanted in zip(grads, expected_grads, strict=True):
        assert_within(found, wanted + 1, 8, number * 4 * (1 + abs(mean)) / deviation, dtype)
    assert not empty_lanes(dz, batch).any()
    if borders[0] == borders[1]:  # in place
        kernels.batch_norm_backward(maps, given_maps, *args, n_samples=batch, out=given_maps, add_to=grads)
        assert np.array_equal(given_maps.tiles, dz.tiles)


def empty_lanes(maps: Any, batch: int) -> np.ndarray:
    return maps.tiles[-1, ..., batch - (len(maps.tiles) - 1) * maps.tiles.shape[4] :]


@given(
    batch=BATCHES, image=IMAGES, size=st.integers(1, 3), stride=st.integers(1, 3), kind=KINDS, borders=BORDERS,
    seed=SEEDS, relu=st.booleans(),
)  # fmt: skip
def test_pools(
    batch: int, image: Any, size: int, stride: int, kind: tuple[int, str], borders: Any, seed: int, relu: bool
) -> None:
    assume(size <= min(image[1:]))
    rng, (channels, height, width), (lanes, dtype) = np.random.default_rng(seed), image, kind
    x = rng.integers(-2, 3, (batch, *image)).astype(dtype)  # many windows have several maxima
    expected = reference.max_pool(x, size, stride)
    dy = rng.integers(-9, 9, expected.shape).astype(dtype)
    maps, dy_maps = bordered(x, borders[0], lanes, around=7.0), bordered(dy, borders[1], lanes)
    out, dx = empty(expected.shape[1:], batch, borders[1], lanes, dtype), empty(image, batch, borders[0], lanes, dtype)
    for part in parts(channels):
        kernels.max_pool(maps, size, stride, out=out, part=part)
        kernels.max_pool_backward(maps, dy_maps, size, stride, relu, out=dx, part=part)
    assert np.array_equal(images_of(out, batch), expected)
    assert np.array_equal(images_of(dx, batch), reference.max_pool_backward(x, dy, size, stride, relu))

    for part in parts(channels):
        kernels.average_pool(maps, size, stride, out=out, part=part)
        kernels.average_pool_backward(dy_maps, size, stride, height, width, out=dx, part=part)
    assert_within(images_of(out, batch), reference.average_pool(x, size, stride), 3, 2, dtype)
    expected = reference.average_pool_backward(dy, size, stride, height, width)
    assert_within(images_of(dx, batch), expected, 12, 9, dtype)


@pytest.mark.parametrize("lanes", [16, 8])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_max_pool_of_what_is_not_finite(lanes: int, bad: float) -> None:
    x = np.array([[1.0, bad], [2.0, bad]]).reshape(1, 1, 2, 2)
    out, dx = empty((1, 1, 1), 1, 0, lanes, "float64"), empty((1, 2, 2), 1, 0, lanes, "float64")
    kernels.max_pool(bordered(x, 0, lanes), 2, 2, out=out)
    np.testing.assert_array_equal(images_of(out, 1), reference.max_pool(x, 2, 2))
    kernels.max_pool_backward(bordered(x, 0, lanes), bordered(np.full((1, 1, 1, 1), np.inf), 0, lanes), 2, 2, out=dx)
    assert np.count_nonzero(images_of(dx, 1)) == 1


@given(batch=BATCHES, image=IMAGES, kind=KINDS, times=st.sampled_from([1, 2, 4]), border=st.integers(0, 2), seed=SEEDS)
def test_flat_features(batch: int, image: Any, kind: tuple[int, str], times: int, border: int, seed: int) -> None:
    (lanes, dtype), rng, (channels, height, width) = kind, np.random.default_rng(seed), image
    many = lanes * times
    x = rng.normal(size=(batch, *image)).astype(dtype)
    rows, maps = x.reshape(batch, -1), bordered(x, border, lanes, around=7.0)
    out, flat = empty(image, batch, border, lanes, dtype), np.full_like(wide(rows, many), 99)
    means = np.full_like(wide(rows[:, :channels], many), 99)
    shares = empty(image, batch, border, lanes, dtype)
    dy = rng.normal(size=(batch, channels)).astype(dtype)
    for part in parts(channels):
        unflatten(wide(rows, many), out=out, part=part)
        flatten(out, out=flat, part=part)
        kernels.global_average(maps, out=means, part=part)
        kernels.global_average_backward(wide(dy, many), height, width, out=shares, part=part)
    assert np.array_equal(images_of(out, batch), x)
    assert np.array_equal(flat, wide(rows, many))  # zeros in empty lanes
    assert_within(rows_of(means, batch), reference.global_average(x), 2, 1, dtype)
    assert_within(images_of(shares, batch), reference.global_average_backward(dy, height, width), 2, 0, dtype)
    for part in parts(channels):
        zero_border(maps, part=part)
    assert np.array_equal(images_of(maps, batch), x)
