"""The shape of a convolution: sizes, where a tap stands, which taps read nothing but zeros."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparse_mlp.convolution import ConvGeometry, conv_geometry
from sparse_mlp.errors import InvalidInputError


def test_sizes_by_hand() -> None:
    geometry = conv_geometry((3, 9, 8), 5, kernel=3, stride=2)
    assert geometry == ConvGeometry(3, 5, 3, 2, 1, 9, 8)
    assert (geometry.out_height, geometry.out_width) == (5, 4)
    assert geometry.structure_shape == (27, 5)
    assert geometry.row(1, 0, 2) == 11
    assert geometry.tap(11) == (1, 0, 2)


def test_a_pixel_keeps_only_the_middle_tap_alive() -> None:
    assert conv_geometry((2, 1, 1), 4, kernel=3).live_taps().tolist() == [4, 13]


def test_a_row_of_pixels_keeps_the_middle_row_of_taps_alive() -> None:
    assert conv_geometry((1, 1, 6), 1, kernel=3).live_taps().tolist() == [3, 4, 5]


@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(1, 3), st.integers(0, 4))
def test_live_taps_and_gradient_border_as_counted(
    channels: int, height: int, width: int, kernel: int, stride: int, padding: int
) -> None:
    if padding >= kernel or kernel > min(height, width) + 2 * padding:
        with pytest.raises(InvalidInputError):
            conv_geometry((channels, height, width), 2, kernel, stride, padding)
        return
    geometry = conv_geometry((channels, height, width), 2, kernel, stride, padding)
    live, border = set(), 0
    for i in range(geometry.out_height):
        for j in range(geometry.out_width):
            for a in range(kernel):
                for b in range(kernel):
                    if 0 <= stride * i + a - padding < height and 0 <= stride * j + b - padding < width:
                        live.update(geometry.row(c, a, b) for c in range(channels))
    for p in range(height):  # the windows that a pixel's taps would belong to
        for a in range(kernel):
            if (p + padding - a) % stride == 0:
                q = (p + padding - a) // stride
                border = max(border, -q)
    assert geometry.live_taps().tolist() == sorted(live)
    assert geometry.gradient_border >= border


@pytest.mark.parametrize(
    "numbers",
    [
        {"kernel": 2},
        {"kernel": 3, "stride": 0},
        {"kernel": 3, "padding": 3},
        {"kernel": 9, "padding": 0},
        {"kernel": 3, "padding": -1},
        {"kernel": 2.5},
    ],
)
def test_impossible_numbers_are_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(InvalidInputError):
        conv_geometry((1, 8, 8), 2, **numbers)


def test_row_and_tap_are_inverse() -> None:
    geometry = conv_geometry((4, 5, 5), 2, kernel=5)
    rows = np.arange(geometry.taps)
    assert (geometry.row(*geometry.tap(rows)) == rows).all()
