"""One sparse layer and a batch: the cases on which twins are compared, and how far they may differ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from sparse_mlp.structure import SparseStructure

Array = NDArray[Any]

BATCHES = (1, 2, 3, 5, 16, 63, 64, 65, 130)  # around the tile's 64 columns, around the unrolled fours
PATTERNS = ("random", "random", "single link", "hub that sends", "hub that receives", "empty", "complete")


class LayerCase(NamedTuple):
    """Links with weights and biases, activations x (n_in, batch) and a gradient dy (n_out, batch)."""

    structure: SparseStructure
    weight: Array
    bias: Array
    x: Array
    dy: Array

    @property
    def matrix(self) -> Array:
        """The weights as a dense float64 matrix (n_in, n_out), filled link by link."""
        dense = np.zeros(self.structure.shape)
        dense[self.structure.rows(), self.structure.indices] = self.weight
        return dense

    def cast(self, dtype: Any) -> LayerCase:
        return LayerCase(self.structure, *(array.astype(dtype) for array in self[1:]))


def make_case(structure: SparseStructure, batch: int, seed: int, dtype: Any = np.float64) -> LayerCase:
    """Draw numbers of very different sizes, so that sums cancel."""
    rng = np.random.default_rng(seed)

    def numbers(*shape: int) -> Array:
        return rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 3, shape)

    values = numbers(structure.nnz), numbers(structure.n_out), numbers(structure.n_in, batch)
    return LayerCase(structure, *values, numbers(structure.n_out, batch)).cast(dtype)


@st.composite
def layer_cases(draw: st.DrawFn, batches: tuple[int, ...] = BATCHES) -> LayerCase:
    """Draw a wiring of up to 8 x 8 neurons; random ones have empty inputs and outputs of themselves."""
    n_in, n_out = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    pattern = draw(st.sampled_from(PATTERNS))
    u, v = draw(st.integers(0, n_in - 1)), draw(st.integers(0, n_out - 1))
    drawn = {
        "single link": [u * n_out + v],
        "hub that sends": [u * n_out + j for j in range(n_out)],
        "hub that receives": [i * n_out + v for i in range(n_in)],
        "empty": [],
        "complete": list(range(n_in * n_out)),
    }
    keys = drawn.get(pattern)
    if keys is None:
        keys = sorted(draw(st.sets(st.integers(0, n_in * n_out - 1), max_size=n_in * n_out)))
    structure = SparseStructure.from_keys(keys, (n_in, n_out))
    return make_case(structure, draw(st.sampled_from(batches)), draw(st.integers(0, 2**32 - 1)))


def assert_within_bound(got: Array, wanted: Array, terms: Array | int, magnitude: Array, dtype: Any) -> None:
    """Assert |got - wanted| <= 4 u k sum|a||b|, the error bound of a sum of k products in this dtype.

    For float64 and sums as short as here this is sharper than a relative 1e-12.
    """
    assert got.shape == wanted.shape
    assert got.dtype == dtype
    unit = np.finfo(dtype).eps / 2
    allowed = 4 * unit * np.asarray(terms) * magnitude + np.finfo(dtype).tiny
    excess = np.abs(got.astype(np.float64) - wanted) - allowed
    assert np.all(excess <= 0), f"off by {np.abs(got - wanted).max()} at {np.argwhere(excess > 0)[0]}"
