"""What windows share along an axis: by hand, the numbers of classes, and against all pairs of nodes."""

from __future__ import annotations

import pytest

from sparse_mlp.kernels.axis_tables import Class, axis_tables


def count(tables):
    return sum(len(classes) for classes in tables.values())


def test_three_pixels_by_hand():
    """Windows 0, 1, 2 read pixels -1 to 1, 0 to 2, 1 to 3; of these -1 and 3 are outside."""
    tables = axis_tables(3, 3, 1, 1)
    assert tables.windows == (2, 3, 2)
    # One tap back, from tap 2 to 1 or 1 to 0: pixel 2 sees pixel 1 in windows 1 and 2, pixel 1 sees pixel 0 in 0 and 1.
    # Taps of pixel 0 are 0 and 1, of pixel 1 all, of pixel 2 they are 1 and 2.
    assert tables.pixels[-1] == [
        Class(shared=(1, 2), present=(0, 1), counts=(0, 1, 1)),
        Class(shared=(1, 2), present=(0, 1, 2), counts=(0, 1, 1)),
    ]
    assert tables.pixels[0] == [
        Class(shared=(0, 1), present=(0, 1), counts=(1, 1, 0)),
        Class(shared=(0, 1, 2), present=(0, 1, 2), counts=(1, 1, 1)),
        Class(shared=(1, 2), present=(1, 2), counts=(0, 1, 1)),
    ]
    # Windows 2 and 0 both read pixel 1 alone: by tap 0 and by tap 2.
    assert tables.outputs[2] == [Class(shared=(0,), present=(1, 2), counts=(1, 0, 0))]


def test_one_pixel_has_one_live_tap():
    tables = axis_tables(1, 3, 1, 1)
    assert tables.windows == (0, 1, 0)
    assert tables.pixels == tables.outputs == {0: [Class((1,), (1,), (0, 1, 0))]}


@pytest.mark.parametrize(
    ("axis", "inputs", "outputs"),
    [
        ((2, 3, 1, 1), 4, 4), ((3, 3, 1, 1), 9, 9), ((4, 3, 1, 1), 11, 11), ((32, 3, 1, 1), 11, 11),
        ((14, 5, 1, 2), 31, 31), ((8, 3, 2, 1), 11, 5), ((9, 3, 2, 1), 8, 7),
    ],
)  # fmt: skip
def test_numbers_of_classes(axis, inputs, outputs):
    tables = axis_tables(*axis)
    assert (count(tables.pixels), count(tables.outputs)) == (inputs, outputs)


@pytest.mark.parametrize("axis", [(7, 3, 1, 1), (8, 3, 2, 1), (9, 5, 3, 2), (6, 2, 1, 0), (5, 3, 3, 2)])
def test_every_pair_of_nodes_is_counted_once(axis):
    size, kernel, stride, padding = axis
    tables = axis_tables(*axis)
    windows = range((size + 2 * padding - kernel) // stride + 1)
    reads = [[p + padding - stride * q in range(kernel) for p in range(size)] for q in windows]
    assert sum(tables.windows) == sum(map(sum, reads))
    for classes, pairs in (
        (tables.pixels, sum(sum(row) ** 2 for row in reads)),
        (tables.outputs, sum(sum(column) ** 2 for column in zip(*reads, strict=True))),
    ):
        assert sum(sum(found.counts) for several in classes.values() for found in several) == pairs
        for found in (found for several in classes.values() for found in several):
            assert all(tap in found.shared for tap in range(kernel) if found.counts[tap])
