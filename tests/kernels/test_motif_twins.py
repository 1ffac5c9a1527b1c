"""Layers whose links join motifs three times: loops, scipy.sparse products, compiled kernels; and their tiles."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_cases import BATCHES, Array, assert_within_bound
from on_arrays import OnArrays

from sparse_mlp.kernels import motif, scipy_motif
from sparse_mlp.reference import linear
from sparse_mlp.reference import motif as reference
from sparse_mlp.structure import SparseStructure

ON_TILES = {f"{lanes} lanes": OnArrays(motif, lanes) for lanes in (64, 32, 7)}
FAST = pytest.mark.parametrize("twin", [*ON_TILES.values(), scipy_motif], ids=[*ON_TILES, "scipy"])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
MODES = pytest.mark.parametrize("mode", ["shared", "block"])


class MotifCase(NamedTuple):
    """Links between motifs, a shared weight and a block of each, biases, activations and a gradient."""

    structure: SparseStructure
    shared: Array
    block: Array
    bias: Array
    x: Array
    dy: Array

    def cast(self, dtype: Any) -> MotifCase:
        return MotifCase(self.structure, *(array.astype(dtype) for array in self[1:]))

    def magnitudes(self) -> MotifCase:
        return MotifCase(self.structure, *(np.abs(array) for array in self[1:]))

    def weight(self, mode: str) -> Array:
        return self.shared if mode == "shared" else self.block

    def matrix(self, mode: str) -> Array:
        """The weights between neurons as a dense float64 matrix, filled block by block."""
        m = self.block.shape[1]
        dense = np.zeros((len(self.x), len(self.dy)))
        for k, (g, h) in enumerate(zip(self.structure.rows(), self.structure.indices, strict=True)):
            dense[g * m : (g + 1) * m, h * m : (h + 1) * m] = self.weight(mode)[k]
        return dense


def make_case(structure: SparseStructure, m: int, batch: int, seed: int) -> MotifCase:
    rng = np.random.default_rng(seed)
    shapes = (structure.nnz,), (structure.nnz, m, m), (structure.n_out * m,)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    return MotifCase(
        structure, *arrays, rng.standard_normal((structure.n_in * m, batch)),
        rng.standard_normal((structure.n_out * m, batch)),
    )  # fmt: skip


@st.composite
def motif_cases(draw: st.DrawFn, batches: tuple[int, ...] = BATCHES) -> MotifCase:
    n_in, n_out, m = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.sampled_from((1, 2, 3, 4, 6, 8)))
    keys = sorted(draw(st.sets(st.integers(0, n_in * n_out - 1), max_size=n_in * n_out)))
    structure = SparseStructure.from_keys(keys, (n_in, n_out))
    return make_case(structure, m, draw(st.sampled_from(batches)), draw(st.integers(0, 2**32 - 1)))


def forward(ops: Any, case: MotifCase, mode: str, relu: bool = False) -> Array:
    run = ops.shared_forward if mode == "shared" else ops.block_forward
    return run(*case.structure.by_output, case.weight(mode), case.bias, case.x, relu)


def backward(ops: Any, case: MotifCase, mode: str, relu: bool = False) -> tuple[Array, Array]:
    run = ops.shared_backward if mode == "shared" else ops.block_backward
    return run(case.structure.indptr, case.structure.indices, case.weight(mode), case.x, case.dy, relu)


def link_gradients(ops: Any, case: MotifCase, mode: str) -> Array:
    run = ops.shared_sddmm if mode == "shared" else ops.block_sddmm
    return run(case.structure.indptr, case.structure.indices, case.x, case.dy)


@pytest.fixture(params=[*ON_TILES, "scipy", "reference"])
def ops(request: pytest.FixtureRequest) -> Any:
    return {**ON_TILES, "scipy": scipy_motif, "reference": reference}[request.param]


# ------------------------------------------------------------------------------------------------ by hand


def test_shared_by_hand(ops: Any) -> None:
    """V = [[2], [-1]], a = (1, 2, 3, 4): z = 2 · 3 - 1 · 7 for both outputs; delta = (.5, .25)."""
    column = SparseStructure.complete((2, 1))
    x, dy = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[0.5], [0.25]])
    weight, bias = np.array([2.0, -1.0]), np.array([0.0, 3.0])
    assert ops.shared_forward(*column.by_output, weight, bias, x).tolist() == [[-1], [2]]
    assert ops.shared_forward(*column.by_output, weight, bias, x, True).tolist() == [[0], [2]]
    dx, dweight = ops.shared_backward(column.indptr, column.indices, weight, x, dy)
    assert dweight.tolist() == [2.25, 5.25]
    assert dx.tolist() == [[1.5], [1.5], [-0.75], [-0.75]]
    assert ops.motif_sums(x, 2).tolist() == [[3], [7]]


def test_block_by_hand(ops: Any) -> None:
    """One input motif (1, 2), one output motif; input 1 leads with 10 and 20 to the outputs, input 2 with 30 and 40."""
    link = SparseStructure.complete((1, 1))
    weight, bias = np.array([[[10.0, 20.0], [30.0, 40.0]]]), np.array([1.0, -200.0])
    x, dy = np.array([[1.0], [2.0]]), np.array([[0.5], [0.25]])
    assert ops.block_forward(*link.by_output, weight, bias, x).tolist() == [[71], [-100]]
    assert ops.block_forward(*link.by_output, weight, bias, x, True).tolist() == [[71], [0]]
    dx, dweight = ops.block_backward(link.indptr, link.indices, weight, x, dy)
    assert dx.tolist() == [[5 + 5], [15 + 10]]
    assert dweight.tolist() == [[[0.5, 0.25], [1.0, 0.5]]]


# --------------------------------------------------------------------------------- reference and twins


@MODES
@given(case=motif_cases(batches=(1, 3)))
def test_reference_is_the_matrix_product(mode: str, case: MotifCase) -> None:
    w = case.matrix(mode)
    np.testing.assert_allclose(forward(reference, case, mode), w.T @ case.x + case.bias[:, None], 1e-12, 1e-12)
    dx, dweight = backward(reference, case, mode)
    np.testing.assert_allclose(dx, w @ case.dy, 1e-12, 1e-12)
    m, (n_in, n_out) = case.block.shape[1], case.structure.shape
    blocks = (case.x @ case.dy.T).reshape(n_in, m, n_out, m).transpose(0, 2, 1, 3)
    wanted = blocks[case.structure.rows(), case.structure.indices]
    np.testing.assert_allclose(dweight, wanted.sum(axis=(1, 2)) if mode == "shared" else wanted, 1e-12, 1e-12)


@FAST
@DTYPES
@MODES
@given(case=motif_cases())
def test_twins(twin: Any, dtype: Any, mode: str, case: MotifCase) -> None:
    case = case.cast(dtype)
    big, (n_in, n_out), batch = case.magnitudes(), (len(case.x), len(case.dy)), case.x.shape[1]
    size = forward(reference, big, mode)
    for relu in (False, True):
        wanted = forward(reference, case, mode, relu)
        assert_within_bound(forward(twin, case, mode, relu), wanted, n_in + 1, size, dtype)
    dx_size, dweight_size = backward(reference, big, mode)
    for relu in (False, True):
        dx, dweight = backward(twin, case, mode, relu)
        wanted_dx, wanted = backward(reference, case, mode, relu)
        assert_within_bound(dx, wanted_dx, n_out + 1, dx_size, dtype)
        for found in (dweight, link_gradients(twin, case, mode)):
            assert_within_bound(found, wanted, batch + n_in + n_out, dweight_size, dtype)


@MODES
def test_a_batch_of_nothing(ops: Any, mode: str) -> None:
    case = make_case(SparseStructure.complete((3, 2)), 2, 0, seed=0)
    assert forward(ops, case, mode).shape == (4, 0)
    dx, dweight = backward(ops, case, mode)
    assert dx.shape == (6, 0) and dweight.shape == case.weight(mode).shape
    assert not dweight.any()


def test_scipy_gathers_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    case = make_case(SparseStructure.complete((5, 3)), 2, 4, seed=2)
    whole = scipy_motif.block_backward(case.structure.indptr, case.structure.indices, *case[2:3], *case[4:])[1]
    for gathered in (1, 16, 100):
        monkeypatch.setattr(scipy_motif, "GATHERED", gathered)
        again = scipy_motif.block_backward(case.structure.indptr, case.structure.indices, *case[2:3], *case[4:])[1]
        assert np.array_equal(again, whole)


# ------------------------------------------------------------------------------- what only tiles have


@MODES
@pytest.mark.parametrize("lanes", [64, 32, 7])
def test_backward_masks_adds_and_may_overwrite_its_input(mode: str, lanes: int) -> None:
    case = make_case(SparseStructure.from_keys([0, 1, 3, 4], (3, 2)), 2, lanes, seed=5).cast(np.float32)
    run = motif.shared_backward if mode == "shared" else motif.block_backward
    links, weight = (case.structure.indptr, case.structure.indices), case.weight(mode)
    wanted_dx, wanted = run(*links, weight, case.x[None], case.dy[None], True)
    assert not wanted_dx[0][case.x <= 0].any() and wanted_dx[0][case.x > 0].any()
    x, total = case.x[None].copy(), np.full_like(weight, 100)
    dx, added = run(*links, weight, x, case.dy[None], True, out=x, add_to=total)
    assert dx is x and added is total
    assert np.array_equal(dx, wanted_dx)
    np.testing.assert_allclose(total, 100 + wanted, rtol=1e-6)
    sddmm = motif.shared_sddmm if mode == "shared" else motif.block_sddmm
    np.testing.assert_allclose(sddmm(*links, case.x[None], case.dy[None], add_to=total), 100 + 2 * wanted, rtol=1e-5)


def test_motifs_of_one_neuron_are_neurons() -> None:
    case = make_case(SparseStructure.complete((3, 2)), 1, 5, seed=6)
    y = linear.spmm(*case.structure.by_output, case.shared, case.bias, case.x)
    np.testing.assert_allclose(forward(reference, case, "shared"), y, 1e-14, 1e-14)
