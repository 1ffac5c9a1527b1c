"""One sparse convolution and a batch: the cases on which twins are compared, those by hand, and stored ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry, conv_geometry
from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]

STORED = Path(__file__).parents[2] / ".." / "shared" / "reference_cases" / "conv_gradients.npz"
STORED_NAMES = tuple(f"conv{number:02d}" for number in (0, 1, 2, 3, 4, 6, 7, 8, 10, 11, 13))
PATTERNS = ("random", "random", "empty kernel", "empty channel", "single link", "none", "all")


class ConvCase(NamedTuple):
    """Links with weights and biases, maps x and a gradient dy by the output."""

    geometry: ConvGeometry
    structure: SparseStructure
    weight: Array
    bias: Array
    x: Array
    dy: Array

    @property
    def links(self) -> tuple[Array, Array]:
        return self.structure.indptr, self.structure.indices

    def cast(self, dtype: Any) -> ConvCase:
        return ConvCase(self.geometry, self.structure, *(array.astype(dtype) for array in self[2:]))

    def magnitudes(self) -> ConvCase:
        """The same case with absolute values: the reference then yields the |A||B| of the bounds."""
        return ConvCase(self.geometry, self.structure, *(np.abs(array) for array in self[2:]))

    def of_links(self, dense: Array) -> Array:
        """What an array (channels_out, channels_in, k, k) in PyTorch's order holds at the links."""
        return dense.reshape(len(dense), -1).T[self.structure.rows(), self.structure.indices]


class ConvAnswer(NamedTuple):
    """What a case by hand or of a file must yield."""

    y: Array
    dx: Array
    dweight: Array
    dbias: Array


def make_conv_case(geometry: ConvGeometry, structure: SparseStructure, batch: int, seed: int) -> ConvCase:
    """Draw numbers of very different sizes, so that sums cancel."""
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> Array:
        return rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape)

    g = geometry
    weights = numbers(structure.nnz), numbers(g.channels_out)
    maps = numbers(batch, g.channels_in, g.height, g.width), numbers(batch, g.channels_out, g.out_height, g.out_width)
    return ConvCase(geometry, structure, *weights, *maps)


@st.composite
def geometries(draw: st.DrawFn, channels: int = 3) -> ConvGeometry:
    """Draw kernels of 1 to 5 with any padding, strides of 1 to 3, maps of up to 9 x 9 on which they fit."""
    kernel, stride = draw(st.sampled_from((3, 2, 5, 4, 1))), draw(st.sampled_from((1, 2, 3)))
    padding = draw(st.sampled_from(range(kernel)))
    sides = st.sampled_from(range(max(1, kernel - 2 * padding), 10))
    sizes = (draw(st.sampled_from(range(1, channels + 1))), draw(sides), draw(sides))
    return conv_geometry(sizes, draw(st.sampled_from(range(1, channels + 1))), kernel, stride, padding)


@st.composite
def conv_cases(draw: st.DrawFn, batches: tuple[int, ...] = (1, 2, 3, 5)) -> ConvCase:
    """Draw a convolution with few links or all, with kernels and channels without any."""
    geometry = draw(geometries())
    pattern, seed = draw(st.sampled_from(PATTERNS)), draw(st.integers(0, 2**32 - 1))
    rng, (taps, kernels) = np.random.default_rng(seed), geometry.structure_shape
    mask = rng.random((taps, kernels)) < rng.choice([0.1, 0.5, 0.9])
    if pattern == "empty kernel":
        mask[:, rng.integers(kernels)] = False
    if pattern == "empty channel":
        mask[rng.integers(geometry.channels_in) * geometry.kernel**2 :][: geometry.kernel**2] = False
    if pattern in ("single link", "none", "all"):
        mask[:] = pattern == "all"
    if pattern == "single link":
        mask[rng.integers(taps), rng.integers(kernels)] = True
    structure = SparseStructure.from_keys(np.flatnonzero(mask), geometry.structure_shape)
    return make_conv_case(geometry, structure, draw(st.sampled_from(batches)), seed)


# ------------------------------------------------------------------------------------------------ by hand
#
# The image 1..9, taps (0, 0) = 2 and (1, 1) = -1 of one 3 x 3 kernel, bias .5, dy = 1, at three strides and paddings.

NINE = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)


def _nine(stride: int, padding: int, y: list[Any], dweight: tuple[float, float], dx: list[Any]) -> Any:
    structure = SparseStructure.from_coo([0, 4], [0, 0], (9, 1))
    geometry, dy = conv_geometry((1, 3, 3), 1, 3, stride, padding), np.ones((1, 1, *np.shape(y)))
    answer = ConvAnswer(np.array([[y]]), np.array([[dx]]), np.array(dweight), np.array([dy.sum()]))
    return ConvCase(geometry, structure, np.array([2.0, -1.0]), np.array([0.5]), NINE, dy), answer


# Two channels, two kernels of 2 x 2 taps, and two windows:
#
#   channel 0: 1 2 3   channel 1: 1 0 -1    kernel 0: 1 at (0, 0, 1), 10 at (0, 1, 0), -3 at (1, 1, 1); bias 0
#              4 5 6              2 0 -2    kernel 1: 2 at (1, 0, 0); bias 100
#
# Window 0 of kernel 0: 1 * 2 + 10 * 4 - 3 * 0 = 42; window 1: 1 * 3 + 10 * 5 - 3 * -2 = 59.

_TWO = ConvCase(
    conv_geometry((2, 2, 3), 2, 2, 1, 0),
    SparseStructure.from_coo([1, 2, 7, 4], [0, 0, 0, 1], (8, 2)),
    np.array([1.0, 10.0, 2.0, -3.0]),  # by tap: (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)
    np.array([0.0, 100.0]),
    np.array([[[[1.0, 2, 3], [4, 5, 6]], [[1, 0, -1], [2, 0, -2]]]]),
    np.array([[[[1.0, 2.0]], [[3.0, 4.0]]]]),
)
_TWO_ANSWER = ConvAnswer(
    np.array([[[[42.0, 59.0]], [[102.0, 100.0]]]]),
    np.array([[[[0.0, 1, 2], [10, 20, 0]], [[2 * 3, 2 * 4, 0], [0, -3 * 1, -3 * 2]]]]),
    np.array([1 * 2 + 2 * 3, 1 * 4 + 2 * 5, 3 * 1 + 4 * 0, 1 * 0 + 2 * -2.0]),
    np.array([3.0, 7.0]),
)

# One pixel of two samples under the middle of a 3 x 3 kernel; tap (0, 0) sees nothing but padding.

_PIXEL = ConvCase(
    conv_geometry((1, 1, 1), 1, 3),
    SparseStructure.from_coo([0, 4], [0, 0], (9, 1)),
    np.array([7.0, 3.0]),
    np.array([1.0]),
    np.array([2.0, 5.0]).reshape(2, 1, 1, 1),
    np.array([1.0, -1.0]).reshape(2, 1, 1, 1),
)
_PIXEL_ANSWER = ConvAnswer(
    np.array([7.0, 16.0]).reshape(2, 1, 1, 1),
    np.array([3.0, -3.0]).reshape(2, 1, 1, 1),
    np.array([0.0, 2.0 - 5.0]),
    np.array([0.0]),
)

# Strides larger than the kernel leave out pixels: of 1 2 3 4 5 a tap at stride 3 sees 1 and 4.

_STEPS = ConvCase(
    conv_geometry((1, 1, 5), 1, 1, 3, 0),
    SparseStructure.complete((1, 1)),
    np.array([5.0]),
    np.array([0.0]),
    np.arange(1.0, 6.0).reshape(1, 1, 1, 5),
    np.array([[[[1.0, 2.0]]]]),
)
_STEPS_ANSWER = ConvAnswer(
    np.array([[[[5.0, 20.0]]]]), np.array([[[[5.0, 0, 0, 10, 0]]]]), np.array([1.0 + 2 * 4]), np.array([3.0])
)

BY_HAND: dict[str, tuple[ConvCase, ConvAnswer]] = {
    "stride 1, padding 1": _nine(
        1, 1, [[-0.5, -1.5, -2.5], [-3.5, -2.5, -1.5], [-6.5, 0.5, 1.5]], (12, 45), [[1, 1, -1], [1, 1, -1], [-1] * 3]
    ),
    "stride 2, padding 1": _nine(2, 1, [[-0.5, -2.5], [-6.5, 1.5]], (5, 20), [[-1, 0, -1], [0, 2, 0], [-1, 0, -1]]),
    "stride 1, no padding": _nine(1, 0, [[-2.5]], (1, 5), [[2, 0, 0], [0, -1, 0], [0, 0, 0]]),
    "two channels, two kernels": (_TWO, _TWO_ANSWER),
    "one pixel": (_PIXEL, _PIXEL_ANSWER),
    "wide steps": (_STEPS, _STEPS_ANSWER),
}


def stored_case(name: str) -> tuple[ConvCase, ConvAnswer, Array]:
    """Read a case of PyTorch's autograd in float64: the case, the answer, and the gradient of all links, dense."""
    with np.load(STORED) as file:
        found = {key.removeprefix(f"{name}_"): file[key] for key in file.files if key.startswith(f"{name}_")}
    stride, padding = map(int, found["stride_padding"])
    mask, x = found["mask"].astype(bool), found["x"]
    geometry = conv_geometry(x.shape[1:], len(mask), mask.shape[2], stride, padding)
    matrix = mask.reshape(len(mask), -1).T
    structure = SparseStructure.from_keys(np.flatnonzero(matrix), geometry.structure_shape)
    case = ConvCase(geometry, structure, np.empty(0), found["bias"], x, found["dy"])
    case = case._replace(weight=case.of_links(found["weight"]))
    answer = ConvAnswer(found["y"], found["dx"], case.of_links(found["dweight"]), found["dbias"])
    return case, answer, found["dweight_dense"]
