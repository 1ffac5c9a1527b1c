"""What nodes of a convolution's graph share along one axis of the image, counted by enumeration.

Windows read pixels, each through one of k taps. Two pixels that a window reads, or two windows that read a pixel, stand
in some way to each other: which of their taps they have in common, and which taps the second one has at all. There are
few such ways, however large the image is; a way is a `Class` here, and a link score is a sum over them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.convolution import ConvGeometry

Taps = tuple[int, ...]


class Class(NamedTuple):
    """One way in which a node and another one stand to each other, d taps apart."""

    shared: Taps  # taps of the first node that meet tap + d of the second one
    present: Taps  # taps of the second node that meet anything
    counts: Taps  # for each of the k taps: how often the first node meets by it, in this way, what the second one meets


class AxisTables(NamedTuple):
    """What is counted along one axis.

    Attributes
    ----------
    windows : tuple of int
        For each tap how many windows have it inside of the image.
    pixels, outputs : dict of int to list of Class
        For each displacement d that occurs, the classes of two pixels that a window reads by taps t and t + d, and of
        two windows that read a pixel by taps t and t + d.
    """

    windows: Taps
    pixels: dict[int, list[Class]]
    outputs: dict[int, list[Class]]


@cache
def axis_tables(size: int, kernel: int, stride: int, padding: int) -> AxisTables:
    """Count along an axis of `size` pixels. O(size * kernel^3) steps of Python, once.

    Examples
    --------
    >>> tables = axis_tables(3, 3, 1, 1)
    >>> tables.windows
    (2, 3, 2)
    >>> tables.pixels[-2]  # the last and the first tap: pixels 2 and 0, which only the window between them reads
    [Class(shared=(2,), present=(0, 1), counts=(0, 0, 1))]
    """
    windows = (size + 2 * padding - kernel) // stride + 1
    seen = [
        (window, stride * window + tap - padding, tap)
        for window in range(windows) for tap in range(kernel) if 0 <= stride * window + tap - padding < size
    ]  # fmt: skip
    inside = tuple(sum(t == tap for _, _, t in seen) for tap in range(kernel))
    pixels = _classes([(window, pixel, tap) for window, pixel, tap in seen], kernel)
    outputs = _classes([(pixel, window, tap) for window, pixel, tap in seen], kernel)
    return AxisTables(inside, pixels, outputs)


def both_axes(geometry: ConvGeometry) -> tuple[AxisTables, AxisTables]:
    """Return the tables of the vertical and of the horizontal axis."""
    shared = geometry.kernel, geometry.stride, geometry.padding
    return axis_tables(geometry.height, *shared), axis_tables(geometry.width, *shared)


def windows_inside(geometry: ConvGeometry) -> NDArray[np.float64]:
    """Return how many windows have each tap of a channel inside of the image, float64 (k * k,)."""
    vertical, horizontal = both_axes(geometry)
    return np.outer(vertical.windows, horizontal.windows).ravel().astype(np.float64)


def _classes(meetings: list[tuple[int, int, int]], kernel: int) -> dict[int, list[Class]]:
    """Sort into classes all pairs of nodes that meet the same thing; a meeting is (thing, node, tap)."""
    taps, at = defaultdict(set), defaultdict(list)
    for thing, node, tap in meetings:
        taps[node].add(tap)
        at[thing].append((node, tap))
    counts: dict[tuple[int, Taps, Taps], list[int]] = defaultdict(lambda: [0] * kernel)
    for nodes in at.values():
        for first, tap in nodes:
            for second, other in nodes:
                shared = tuple(t for t in sorted(taps[first]) if 0 <= t + other - tap < kernel)
                counts[other - tap, shared, tuple(sorted(taps[second]))][tap] += 1
    found = defaultdict(list)
    for (displacement, shared, present), numbers in sorted(counts.items()):
        found[displacement].append(Class(shared, present, tuple(numbers)))
    return dict(found)
