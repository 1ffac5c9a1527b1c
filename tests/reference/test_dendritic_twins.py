"""Links of dendrites and their places: by hand, against an oracle, and the compiled twin byte for byte."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from sparse_mlp.kernels import dendritic as compiled
from sparse_mlp.reference import dendritic as reference
from sparse_mlp.topology import generate
from sparse_mlp.topology.dendritic import DISTRIBUTIONS

TWINS = pytest.mark.parametrize("ops", [reference, compiled], ids=["reference", "compiled"])


def share(ops, shares, degree, uniform):
    pointers = np.array([0, len(shares)])
    return ops.share_links(np.array(shares, float), pointers, np.array([degree]), np.array([uniform])).tolist()


def place(ops, centres, sizes, start, width):
    pointers, field = np.array([0, len(sizes)]), (np.array([start]), np.array([width]))
    return ops.place_blocks(np.array(centres, float), np.array(sizes), pointers, *field).tolist()


@TWINS
@pytest.mark.parametrize(
    ("shares", "degree", "uniform", "expected"),
    [
        ([1, 1], 4, 0.99, [2, 2]),
        ([1, 1, 1], 4, 0.0, [1, 1, 2]),  # a line of 1 link, in thirds: the draw falls at its end ...
        ([1, 1, 1], 4, 0.4, [1, 2, 1]),  # ... in the second third ...
        ([1, 1, 1], 4, 0.7, [2, 1, 1]),  # ... in the first
        ([1, 3], 6, 0.5, [2, 4]),
        ([1, 0, 3], 7, 0.5, [2, 1, 4]),  # each has at least one
        ([0, 0], 6, 0.2, [3, 3]),  # none favoured
        ([5], 3, 0.9, [3]),
        ([1, 1, 1], 3, 0.9, [1, 1, 1]),
        ([1, 0], 5, 1 - 2**-53, [4, 1]),  # 3 + the draw is 4 in float64
        ([1e-300, 0, 1e300], 9, 1 - 2**-53, [1, 1, 7]),
    ],
)
def test_sharing_by_hand(ops, shares, degree, uniform, expected):
    assert share(ops, shares, degree, uniform) == expected


@TWINS
@pytest.mark.parametrize(
    ("centres", "sizes", "start", "width", "expected"),
    [
        ([3, 9], [2, 2], 0, 12, [2, 8]),
        ([3.5, 9.5], [3, 3], 0, 12, [2, 8]),  # the middle of input 3 is at 3.5
        ([5, 5], [2, 2], 0, 12, [3, 5]),  # both aside by one
        ([5, 5], [2, 4], 0, 12, [2, 4]),  # together centred on 5
        ([5, 6, 7], [2, 2, 2], 0, 12, [3, 5, 7]),
        ([2, 8, 8.5], [2, 2, 2], 0, 12, [1, 6, 8]),  # only the last two meet: from 6.25 to 10.25
        ([-3, 3], [2, 2], 0, 12, [0, 2]),  # outside: at the border, the next one beside it
        ([-3, -2], [2, 2], 0, 12, [0, 2]),
        ([7, 13], [2, 2], 0, 12, [6, 10]),
        ([-3, 3], [2, 2], -6, 12, [-4, 2]),
        ([5, 5], [2, 2], 4, 4, [4, 6]),  # no room but one
    ],
)
def test_places_by_hand(ops, centres, sizes, start, width, expected):
    assert place(ops, centres, sizes, start, width) == expected


@TWINS
def test_outputs_without_dendrites(ops):
    pointers, none = np.array([0, 0, 1, 1]), np.zeros(3)
    degrees = np.array([0, 2, 0])
    assert ops.share_links(np.ones(1), pointers, degrees, none).tolist() == [2]
    field = np.zeros(3, np.int64), np.full(3, 5)
    assert ops.place_blocks(np.array([3.0]), np.array([2]), pointers, *field).tolist() == [2]
    assert ops.place_blocks(np.empty(0), np.empty(0, np.int64), np.zeros(4, np.int64), *field).size == 0


@TWINS
def test_a_share_is_met_on_average(ops):
    uniforms = np.random.default_rng(0).random(4000)
    sizes = ops.share_links(
        np.tile([0.5, 0.2, 0.3], 4000), np.arange(0, 12_001, 3), np.full(4000, 7), uniforms
    ).reshape(-1, 3)  # fmt: skip
    assert (sizes.sum(axis=1) == 7).all()
    assert np.allclose(sizes.mean(axis=0), [1 + 2.0, 1 + 0.8, 1 + 1.2], atol=0.03)
    assert [sorted(set(column)) for column in sizes.T] == [[3], [1, 2], [2, 3]]


@st.composite
def layers(draw):
    counts = draw(st.lists(st.integers(0, 6), min_size=1, max_size=8))
    pointers = np.concatenate(([0], np.cumsum(counts)))
    degrees = np.array([count + draw(st.integers(0, 30)) if count else 0 for count in counts])
    seed = draw(st.integers(0, 2**32 - 1))
    return pointers, degrees, np.random.default_rng(seed)


@given(layers(), st.floats(0, 40), st.sampled_from([0.5, 1 / 3, 1.0]))
def test_twins_agree(layer, reach, grid):
    pointers, degrees, rng = layer
    shares = np.maximum(rng.normal(0.3, 1, pointers[-1]), 0)
    uniforms = rng.random(len(degrees))
    sizes = reference.share_links(shares, pointers, degrees, uniforms)
    assert sizes.tolist() == compiled.share_links(shares, pointers, degrees, uniforms).tolist()
    assert sizes.dtype == np.int64 and (sizes >= 1).all() and sizes.sum() == degrees.sum()
    centres = np.concatenate(
        [np.sort(np.rint(rng.normal(50, reach, n) / grid) * grid) for n in np.diff(pointers)] or [np.empty(0)]
    )
    widths = degrees + rng.integers(0, 60, len(degrees))
    starts = rng.integers(-20, 60, len(degrees))
    placed = reference.place_blocks(centres, sizes, pointers, starts, widths)
    assert placed.tolist() == compiled.place_blocks(centres, sizes, pointers, starts, widths).tolist()


@given(layers(), st.floats(0, 40))
def test_no_block_moves_farther_than_it_must(layer, reach):
    pointers, degrees, rng = layer
    sizes = reference.share_links(np.ones(pointers[-1]), pointers, degrees, rng.random(len(degrees)))
    centres = np.concatenate([np.sort(rng.normal(0, reach, n)) for n in np.diff(pointers)])
    far = np.full(len(degrees), 10_000)
    placed = reference.place_blocks(centres, sizes, pointers, -far, 2 * far)
    for first, last in pairwise(pointers):
        if first == last:
            continue
        own = sizes[first:last]
        before = np.cumsum(own) - own
        nearest = isotonic_regression(centres[first:last] - own / 2 - before, weights=own).x + before
        assert np.abs(placed[first:last] - nearest).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_backends_wire_alike(distribution, monkeypatch):
    wirings = []
    for backend in ("reference", "scipy", "numba"):
        monkeypatch.setenv("SPARSE_MLP_BACKEND", backend)
        named = dict.fromkeys(
            ("degree_distribution", "dendritic_distribution", "width_distribution", "synaptic_distribution"),
            distribution,
        )
        wirings.append(generate("dendritic", 70, 90, 0.1, rng=5, border="bounded", rewiring=0.1, **named))
    assert wirings[0] == wirings[1] == wirings[2]
