"""The compiled convolution against its reference: explicit vectors and plain loops, whole and in pieces."""

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
    make_conv_case,
    stored_case,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_cases import assert_within_bound
from on_images import OnImages

from sparse_mlp.convolution import ConvGeometry, conv_geometry
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import conv_offsets, convolution, scipy_convolution
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.reference import convolution as reference
from sparse_mlp.structure import SparseStructure

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
LANES = (16, 7) if JIT_ENABLED else (16,)  # explicit vectors for float32, and plain loops
BATCHES = (1, 15, 16, 17, 33)


def truth(ops: Any, case: ConvCase) -> ConvAnswer:
    """What a rung in float64 says."""
    case = case.cast(np.float64)
    y = ops.conv_forward(*case.links, case.weight, case.bias, case.x, case.geometry)
    dx, dweight = ops.conv_backward(*case.links, case.weight, case.x, case.dy, case.geometry)
    return ConvAnswer(y, dx, dweight, ops.bias_grad(case.dy))


def assert_twins(ops: Any, case: ConvCase, kernels: OnImages) -> None:
    """Compare all results with those of a rung, within the error bound of their sums."""
    g, (found, alone) = case.geometry, kernels.results(case)
    wanted, sizes = truth(ops, case), truth(ops, case.magnitudes())
    windows = case.dy.size // g.channels_out
    terms = dict(zip(ConvAnswer._fields, (g.taps + 1, g.channels_out * g.kernel**2, windows, windows), strict=True))
    for name, got in [*found._asdict().items(), ("dweight", alone)]:
        bound = max(terms[name], 1)
        assert_within_bound(got, getattr(wanted, name), bound, getattr(sizes, name), case.x.dtype)


@DTYPES
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str, lanes: int, dtype: Any) -> None:
    case, answer = BY_HAND[name]
    found, alone = OnImages(lanes).results(case.cast(dtype))
    for got, wanted in zip((*found, alone), (*answer, answer.dweight), strict=True):
        assert got.dtype == dtype and np.array_equal(got, wanted)


@pytest.mark.skipif(not STORED.is_file(), reason="the file of PyTorch's gradients is not here")
@pytest.mark.parametrize("name", STORED_NAMES)
def test_as_pytorch_computes(name: str) -> None:
    case, answer, _ = stored_case(name)
    found, alone = OnImages().results(case)
    for got, wanted in zip((*found, alone), (*answer, answer.dweight), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-12)


@DTYPES
@settings(max_examples=60)
@given(case=conv_cases(batches=(1, 2)), lanes=st.sampled_from(LANES), wider=st.integers(0, 1), in_lists=st.booleans())
def test_kernels_are_the_loops(dtype: Any, case: ConvCase, lanes: int, wider: int, in_lists: bool) -> None:
    assert_twins(reference, case.cast(dtype), OnImages(lanes, wider, in_lists=in_lists))


@settings(max_examples=60)
@given(case=conv_cases(batches=BATCHES))
def test_whole_and_broken_tiles(case: ConvCase) -> None:
    """Against the sparse products, which agree with the loops."""
    assert_twins(scipy_convolution, case.cast(np.float32), OnImages())


def wide_case(geometry: ConvGeometry, batch: int, density: float, seed: int = 0) -> ConvCase:
    rng = np.random.default_rng(seed)
    keys = np.flatnonzero(rng.random(geometry.taps * geometry.channels_out) < density)
    case = make_conv_case(geometry, SparseStructure.from_keys(keys, geometry.structure_shape), batch, seed)
    return case.cast(np.float32)


WIDE = {
    "all sizes of patches": conv_geometry((5, 7, 14), 6, 3),
    "rest of two": conv_geometry((4, 14, 6), 3, 3, 1, 0),
    "stride": conv_geometry((3, 9, 14), 4, 3, 2),
    "large kernels and steps": conv_geometry((2, 14, 14), 3, 5, 3),
    "pairs of small maps": conv_geometry((40, 2, 2), 37, 3),
    "pixels": conv_geometry((30, 1, 1), 20, 3),
    "several blocks": conv_geometry((40, 4, 4), 50, 3),
}


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("density", [0.02, 0.4])
def test_wide_layers(name: str, density: float) -> None:
    assert_twins(scipy_convolution, wide_case(WIDE[name], 33, density), OnImages())


@DTYPES
@settings(max_examples=20)
@given(case=conv_cases(batches=(2,)), lanes=st.sampled_from(LANES), block=st.integers(1, 2))
def test_blocks_of_channels(dtype: Any, case: ConvCase, lanes: int, block: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(conv_offsets, "_block", lambda *_: block)
        assert_twins(reference, case.cast(dtype), OnImages(lanes))


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("lanes", LANES)
def test_order_of_the_weights_does_not_matter(name: str, lanes: int) -> None:
    case = wide_case(WIDE[name], 17, 0.3)
    (whole, alone), (found, listed) = (OnImages(lanes, in_lists=in_lists).results(case) for in_lists in (False, True))
    for got, wanted in zip((*found, listed), (*whole, alone), strict=True):
        assert np.array_equal(got, wanted)


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("pieces", [2, 3, 7])
def test_pieces_have_the_same_bytes(name: str, pieces: int) -> None:
    case = wide_case(WIDE[name], 33, 0.3)
    (whole, alone), (found, pieced) = (OnImages(pieces=n).results(case) for n in (1, pieces))
    for got, wanted in zip((*found, pieced), (*whole, alone), strict=True):
        assert np.array_equal(got, wanted)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("name", WIDE)
def test_relu_and_its_derivative(name: str, lanes: int) -> None:
    case = wide_case(WIDE[name], 17, 0.1)
    case.x[0, 0, 0, 0] = 0
    plain, (found, _) = OnImages(lanes).answers(case), OnImages(lanes).results(case, relu=True)
    assert np.array_equal(found.y, np.maximum(plain.y, 0))
    assert np.array_equal(found.dx, np.where(case.x > 0, plain.dx, 0))
    assert np.array_equal(found.dweight, plain.dweight)


@pytest.mark.parametrize("lanes", LANES)
def test_relu_lets_through_what_is_not_a_number(lanes: int) -> None:
    """Else a training that has diverged would look healthy."""
    case, g = wide_case(WIDE["all sizes of patches"], 1, 1.0), WIDE["all sizes of patches"]
    x, weight = np.full((1, 5, 9, 16, lanes), np.nan, np.float32), np.ones_like(case.weight)
    links = conv_offsets.forward_links(case.structure, g, 1, lanes)
    assert np.isnan(convolution.conv_forward(links, weight, case.bias, x, g, True)).all()


def test_order_of_the_lists() -> None:
    """Forward by (block of inputs, output, tap), backward by (block of outputs, input, output, tap); stride 1."""
    case, g = wide_case(WIDE["several blocks"], 1, 0.3), WIDE["several blocks"]
    (channel, a, b), out = g.tap(case.structure.rows()), case.structure.indices
    forward, backward = conv_offsets.conv_links(case.structure, g, 1, 1)
    assert np.array_equal(forward.order, np.lexsort((b, a, channel, out, channel // 12)))
    assert np.array_equal(backward.order, np.lexsort((b, a, out, channel, out // 18)))
    assert np.array_equal(forward.offset, ((channel * 6 + a - 1) * 6 + b - 1)[forward.order] * 16)
    assert np.array_equal(backward.offset, ((out * 6 - a + 1) * 6 - b + 1)[backward.order] * 16)
    assert forward.starts[-1] == backward.starts[-1] == case.structure.nnz


def test_maps_beyond_the_reach_of_offsets() -> None:
    geometry = conv_geometry((512, 512, 510), 1, 3)
    with pytest.raises(InvalidInputError, match="512 channels of 512 x 510"):
        conv_offsets.forward_links(SparseStructure.from_coo([], [], geometry.structure_shape), geometry, 1)
