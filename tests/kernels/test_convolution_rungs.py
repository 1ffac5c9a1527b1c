"""The sparse convolution by loops and by scipy.sparse products: by hand, against PyTorch, against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from convolution_cases import (
    BY_HAND,
    STORED,
    STORED_NAMES,
    ConvAnswer,
    ConvCase,
    conv_cases,
    geometries,
    make_conv_case,
    stored_case,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_cases import assert_within_bound

from sparse_mlp.convolution import ConvGeometry, conv_geometry
from sparse_mlp.kernels import scipy_convolution, scipy_linear
from sparse_mlp.kernels.dispatch import conv_ops
from sparse_mlp.reference import convolution as reference
from sparse_mlp.reference import linear
from sparse_mlp.structure import SparseStructure

Array = np.ndarray

RUNGS = pytest.mark.parametrize("ops", [reference, scipy_convolution], ids=["reference", "scipy"])
COMPLETE = (conv_geometry((2, 4, 5), 3, 3), SparseStructure.complete((18, 3)))
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def answers(ops: Any, case: ConvCase) -> ConvAnswer:
    """All results of a rung; those of the two ways to a gradient must have equal bytes."""
    geometry = case.geometry
    y = ops.conv_forward(*case.links, case.weight, case.bias, case.x, geometry)
    dx, dweight = ops.conv_backward(*case.links, case.weight, case.x, case.dy, geometry)
    assert np.array_equal(ops.conv_input_gradient(*case.links, case.weight, case.dy, geometry), dx)
    assert np.array_equal(ops.conv_weight_gradient(*case.links, case.x, case.dy, geometry), dweight)
    return ConvAnswer(y, dx, dweight, ops.bias_grad(case.dy))


# ------------------------------------------------------------------------------------- by hand and by PyTorch


@RUNGS
@DTYPES
@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(ops: Any, dtype: Any, name: str) -> None:
    case, answer = BY_HAND[name]
    for got, wanted in zip(answers(ops, case.cast(dtype)), answer, strict=True):
        assert np.array_equal(got, wanted)


@RUNGS
@pytest.mark.skipif(not STORED.is_file(), reason="the file of PyTorch's gradients is not here")
@pytest.mark.parametrize("name", STORED_NAMES)
def test_as_pytorch_computes(ops: Any, name: str) -> None:
    case, answer, _ = stored_case(name)
    for got, wanted in zip(answers(ops, case), answer, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(not STORED.is_file(), reason="the file of PyTorch's gradients is not here")
@pytest.mark.parametrize("name", STORED_NAMES)
def test_gradient_of_absent_links_is_a_product_of_unfolded_maps(name: str) -> None:
    """What RigL regrows by."""
    case, _, dense = stored_case(name)
    deltas = case.dy.swapaxes(0, 1).reshape(len(dense), -1)
    found = scipy_convolution.unfold(case.x, case.geometry) @ deltas.T
    np.testing.assert_allclose(found, dense.reshape(len(dense), -1).T, rtol=1e-12, atol=1e-12)


# --------------------------------------------------------------------------------------------- the reference


@settings(max_examples=15)
@given(conv_cases(batches=(1, 2)))
def test_reference_slopes_as_measured(case: ConvCase) -> None:
    """The loss sum(dy y) is linear in each number, so that central differences have no error but rounding."""
    case = case._replace(x=np.sign(case.x), dy=np.sign(case.dy), weight=np.sign(case.weight), bias=np.sign(case.bias))
    assert_slopes(reference, case, checked=4)


@given(conv_cases(batches=(1, 2)))
def test_scipy_slopes_as_measured(case: ConvCase) -> None:
    case = case._replace(x=np.sign(case.x), dy=np.sign(case.dy), weight=np.sign(case.weight), bias=np.sign(case.bias))
    assert_slopes(scipy_convolution, case, checked=20)


def assert_slopes(ops: Any, case: ConvCase, checked: int) -> None:
    """Numbers are -1 and 1 and the step is 1: all sums are exact."""
    gradients, rng = answers(ops, case), np.random.default_rng(0)
    for name, gradient in (("x", gradients.dx), ("weight", gradients.dweight), ("bias", gradients.dbias)):
        for place in rng.permutation(gradient.size)[:checked]:
            losses = []
            for step in (1, -1):
                moved = getattr(case, name).copy()
                moved.flat[place] += step
                one = case._replace(**{name: moved})
                losses.append(np.sum(case.dy * ops.conv_forward(*one.links, one.weight, one.bias, one.x, one.geometry)))
            assert (losses[0] - losses[1]) / 2 == gradient.flat[place], f"{name} at {place}"


def test_reference_sums_are_rounded_once() -> None:
    """The truth must not itself depend on an order of summation: 1e16 + 1 - 1e16 = 1."""
    gather, spread, one = (conv_geometry((c, 1, w), o, 1) for c, o, w in ((3, 1, 1), (1, 3, 1), (1, 1, 3)))
    links = [SparseStructure.complete(geometry.structure_shape) for geometry in (gather, spread, one)]
    (to_one, from_one, alone), ones = [(s.indptr, s.indices) for s in links], np.ones(3)
    column = np.array([1e16, 1.0, -1e16]).reshape(1, 3, 1, 1)
    row = column.reshape(1, 1, 1, 3)
    assert reference.conv_forward(*to_one, ones, np.zeros(1), column, gather).item() == 1
    assert reference.conv_input_gradient(*from_one, ones, column, spread).item() == 1
    assert reference.conv_weight_gradient(*alone, row, np.ones((1, 1, 1, 3)), one).item() == 1
    assert reference.bias_grad(row).item() == 1


def test_reference_computes_in_float64() -> None:
    case = make_conv_case(*COMPLETE, batch=2, seed=0).cast(np.float32)
    for narrow, wide in zip(answers(reference, case), answers(reference, case.cast(np.float64)), strict=True):
        assert narrow.dtype == np.float64
        assert np.array_equal(narrow, wide)


@given(conv_cases(batches=(1, 3)))
def test_a_pixel_and_one_tap_is_the_linear_layer(case: ConvCase) -> None:
    """The links of any case, with each tap as a channel of a map of one pixel."""
    (taps, kernels), batch = case.geometry.structure_shape, len(case.x)
    rng = np.random.default_rng(batch)
    pixel = conv_geometry((taps, 1, 1), kernels, 1)
    x, dy = rng.standard_normal((batch, taps, 1, 1)), rng.standard_normal((batch, kernels, 1, 1))
    case = case._replace(geometry=pixel, x=x, dy=dy)
    found = answers(reference, case)
    x, dy = x.reshape(batch, -1).T, dy.reshape(batch, -1).T
    dx, dweight = linear.linear_backward(*case.links, case.weight, x, dy)
    y = linear.spmm(*case.structure.by_output, case.weight, case.bias, x)
    for got, wanted in zip(found, (y.T, dx.T, dweight, linear.bias_grad(dy)), strict=True):
        assert np.array_equal(got.reshape(wanted.shape), wanted)


def test_a_window_as_large_as_the_map_is_the_linear_layer_of_its_pixels() -> None:
    case = make_conv_case(*COMPLETE, batch=2, seed=3)
    whole = conv_geometry((2, 3, 3), 3, 3, 1, 0)
    case = case._replace(geometry=whole, dy=np.ones((2, 3, 1, 1)), x=case.x[:, :, :3, :3])
    y = linear.spmm(*case.structure.by_output, case.weight, case.bias, case.x.reshape(2, -1).T)
    assert np.array_equal(answers(reference, case).y, y.T[:, :, None, None])


# ------------------------------------------------------------------------------------------- loops and SciPy


@DTYPES
@settings(max_examples=100)
@given(case=conv_cases())
def test_scipy_is_the_reference(dtype: Any, case: ConvCase) -> None:
    case = case.cast(dtype)
    found, wanted = answers(scipy_convolution, case), answers(reference, case)
    sizes = answers(reference, case.cast(np.float64).magnitudes())
    windows = case.dy.size // case.geometry.channels_out
    terms = case.geometry.taps + 1, case.geometry.channels_out * case.geometry.kernel**2, windows, windows
    for got, truth, count, size in zip(found, wanted, terms, sizes, strict=True):
        assert_within_bound(got, truth, max(count, 1), size, dtype)


@settings(max_examples=100)
@given(geometries(), st.integers(0, 3))
def test_unfolding_and_folding_are_transposed(geometry: ConvGeometry, batch: int) -> None:
    """<unfold(x), c> = <x, fold(c)> for all x and c."""
    rng, windows = np.random.default_rng(batch), batch * geometry.out_height * geometry.out_width
    x = rng.integers(-9, 10, (batch, geometry.channels_in, geometry.height, geometry.width)).astype(float)
    columns = rng.integers(-9, 10, (geometry.taps, windows)).astype(float)
    unfolded, folded = scipy_convolution.unfold(x, geometry), scipy_convolution.fold(columns, geometry)
    assert unfolded.shape == columns.shape and folded.shape == x.shape
    assert np.sum(unfolded * columns) == np.sum(x * folded)


def test_scipy_gathers_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The block's size bounds the memory and must not be seen in the result, one link a block included."""
    case = make_conv_case(*COMPLETE, batch=2, seed=2)
    whole = answers(scipy_convolution, case).dweight
    for gathered in (1, 100):
        monkeypatch.setattr(scipy_linear, "GATHERED", gathered)
        assert np.array_equal(answers(scipy_convolution, case).dweight, whole)


# --------------------------------------------------------------------------------------------- what layers ask


@pytest.mark.parametrize("backend", ["reference", "scipy"])
@DTYPES
def test_layers_get_their_dtype_from_maps_that_are_views(backend: str, dtype: Any) -> None:
    """Of arrays (channels, rows, columns, batch) with a border: the maps of one tile that holds the batch."""
    case, ops = make_conv_case(*COMPLETE, batch=3, seed=4).cast(dtype), conv_ops(backend)
    inside = (slice(2, -2), slice(1, -1))

    def view(maps: Array) -> Array:
        _, channels, height, width = maps.shape
        tile = np.full((channels, height + 4, width + 2, len(maps)), np.nan, dtype)
        tile[:, *inside] = maps.transpose(1, 2, 3, 0)
        return tile[:, *inside].transpose(3, 0, 1, 2)

    for got, wanted in zip(
        answers(ops, case._replace(x=view(case.x), dy=view(case.dy))), answers(ops, case), strict=True
    ):
        assert got.dtype == dtype and np.array_equal(got, wanted)


@RUNGS
def test_a_batch_of_nothing(ops: Any) -> None:
    case = make_conv_case(*COMPLETE, batch=0, seed=0)
    y, dx, dweight, dbias = answers(ops, case)
    assert y.shape == (0, 3, 4, 5) and dx.shape == (0, 2, 4, 5)
    assert dweight.tolist() == [0] * 54 and dbias.tolist() == [0] * 3


@RUNGS
def test_inputs_are_left_alone(ops: Any) -> None:
    case = make_conv_case(*COMPLETE, batch=2, seed=1)
    before = case.cast(np.float64)
    answers(ops, case)
    for now, then in zip(case[2:], before[2:], strict=True):
        assert np.array_equal(now, then)
