"""Small convolutions: the stored ones, and random ones of all sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from sparse_mlp.convolution import ConvGeometry
from sparse_mlp.structure import SparseStructure

HERE = Path(__file__).parent / "conv_link_scores.npz"
ALL = Path(__file__).parents[2] / ".." / "shared" / "reference_cases" / "conv_link_scores.npz"
BACKENDS = ("reference", "scipy", "numba")
METHODS = ("ch2-l3n", "ch3-l3n")
GRAPHS = ("kernel", "layer")


def wiring(mask):
    """The wiring of the links that are marked in a mask (channels_out, channels_in, k, k)."""
    matrix = np.reshape(mask, (len(mask), -1)).T
    return SparseStructure.from_coo(*np.nonzero(matrix), matrix.shape)


def convolution(mask, height, width, stride, padding):
    """The wiring and the geometry of a mask (channels_out, channels_in, k, k)."""
    channels_out, channels_in, kernel, _ = np.shape(mask)
    geometry = ConvGeometry(channels_in, channels_out, kernel, stride, padding, height, width)
    return wiring(np.asarray(mask)), geometry


def stored(path):
    """Yield of each stored case its name, wiring, geometry, and scores by method and graph."""
    arrays = np.load(path)
    for name in sorted({key.partition("_")[0] for key in arrays if key.startswith("case")}):
        mask = arrays[f"{name}_mask"]
        structure, geometry = convolution(mask, *map(int, arrays[f"{name}_size"]))
        expected = {
            (method, graph): arrays[f"{name}_{method[:3]}_{graph}"].reshape(len(mask), -1).T
            for method in METHODS for graph in GRAPHS
        }  # fmt: skip
        yield name, structure, geometry, expected


@st.composite
def convolutions(draw, channels=3, side=6, kernels=(1, 2, 3), strides=(1, 2, 3)):
    """Draw wiring and geometry of a small convolution; a kernel or a channel may have no links, or all."""
    kernel = draw(st.sampled_from(kernels))
    padding = draw(st.integers(0, kernel - 1))
    least = max(1, kernel - 2 * padding)
    size = draw(st.integers(least, side)), draw(st.integers(least, side))
    channels_in, channels_out = draw(st.integers(1, channels)), draw(st.integers(1, channels))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((channels_out, channels_in, kernel, kernel)) < draw(st.sampled_from((0.4, 0.2, 0.6, 0.9)))
    if draw(st.integers(0, 3)) == 3:
        mask[rng.integers(channels_out)] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 3:
        mask[:, rng.integers(channels_in)] = draw(st.booleans())
    return convolution(mask, *size, draw(st.sampled_from(strides)), padding)
