"""Layers whose links join motifs three times: loops, scipy.sparse products, compiled kernels; and their tiles."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_cases import BATCHES, Array, assert_within_bound

from sparse_mlp.kernels import motif, scipy_motif
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.kernels.dispatch import BACKENDS, motif_ops
from sparse_mlp.reference import linear
from sparse_mlp.reference import motif as reference
from sparse_mlp.structure import SparseStructure

FAST = pytest.mark.parametrize("twin", [motif, scipy_motif], ids=["numba", "scipy"])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
NEEDS_VECTORS = pytest.mark.skipif(not JIT_ENABLED, reason="vectors need the compiler")


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
    n_in, n_out, m = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    keys = sorted(draw(st.sets(st.integers(0, n_in * n_out - 1), max_size=n_in * n_out)))
    structure = SparseStructure.from_keys(keys, (n_in, n_out))
    return make_case(structure, m, draw(st.sampled_from(batches)), draw(st.integers(0, 2**32 - 1)))


def forward(ops: ModuleType, case: MotifCase, mode: str, relu: bool = False) -> Array:
    run = ops.shared_forward if mode == "shared" else ops.block_forward
    return run(*case.structure.by_output, case.weight(mode), case.bias, case.x, relu)


def backward(ops: ModuleType, case: MotifCase, mode: str) -> tuple[Array, Array]:
    run = ops.shared_backward if mode == "shared" else ops.block_backward
    return run(case.structure.indptr, case.structure.indices, case.weight(mode), case.x, case.dy)


@pytest.fixture(params=BACKENDS)
def ops(request: pytest.FixtureRequest) -> ModuleType:
    return motif_ops(request.param)


# ------------------------------------------------------------------------------------------------ by hand


def test_shared_by_hand(ops: ModuleType) -> None:
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


def test_block_by_hand(ops: ModuleType) -> None:
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


@pytest.mark.parametrize("mode", ["shared", "block"])
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
@pytest.mark.parametrize("mode", ["shared", "block"])
@given(case=motif_cases())
def test_twins(twin: ModuleType, dtype: Any, mode: str, case: MotifCase) -> None:
    case = case.cast(dtype)
    big, (n_in, n_out), batch = case.magnitudes(), (len(case.x), len(case.dy)), case.x.shape[1]
    for relu in (False, True):
        wanted, size = forward(reference, case, mode, relu), forward(reference, big, mode)
        assert_within_bound(forward(twin, case, mode, relu), wanted, n_in + 1, size, dtype)
    got, wanted, size = backward(twin, case, mode), backward(reference, case, mode), backward(reference, big, mode)
    assert_within_bound(got[0], wanted[0], n_out + 1, size[0], dtype)
    assert_within_bound(got[1], wanted[1], batch + n_in + n_out, size[1], dtype)


@pytest.mark.parametrize("mode", ["shared", "block"])
def test_a_batch_of_nothing(ops: ModuleType, mode: str) -> None:
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


@pytest.mark.parametrize("mode", ["shared", "block"])
@pytest.mark.skipif(not JIT_ENABLED, reason="plain Python has one thread")
def test_same_bytes_for_any_number_of_threads(mode: str) -> None:
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("this machine has a single core")
    keys = np.flatnonzero(np.random.default_rng(0).random(20 * 15) < 0.3)
    case = make_case(SparseStructure.from_keys(keys, (20, 15)), 2, 517, seed=3).cast(np.float32)

    def results() -> list[bytes]:
        return [array.tobytes() for array in (forward(motif, case, mode), *backward(motif, case, mode))]

    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = results()
        numba.set_num_threads(2)
        assert all(results() == alone for _ in range(5))
    finally:
        numba.set_num_threads(threads)


# --------------------------------------------------------------------------------------- vectors and loops


@NEEDS_VECTORS
@DTYPES
@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("m", [1, 2, 3, 4, 6, 8])
def test_vectors_compute_what_loops_compute(m: int, width: int, dtype: Any) -> None:
    from sparse_mlp.kernels import simd_block_motif, simd_shared_motif

    keys = np.flatnonzero(np.random.default_rng(m).random(7 * 5) < 0.4)
    case = make_case(SparseStructure.from_keys(keys, (7, 5)), m, width, seed=m).cast(dtype)
    by_input, by_output = (case.structure.indptr, case.structure.indices), case.structure.by_output
    flat, eps = case.block.ravel(), 200 * m * np.finfo(dtype).eps
    sums, deltas = (np.empty((n, width), dtype) for n in (7, 5))
    simd_shared_motif.motif_sums_tile(case.x, sums)
    simd_shared_motif.motif_sums_tile(case.dy, deltas)
    np.testing.assert_allclose(sums, reference.motif_sums(case.x, 7), eps, eps)

    def both(name: str, loops: tuple[Any, ...], out: int) -> None:
        """Run a tile kernel both ways on copies, its last arguments apart, and compare the arrays it writes."""
        arrays = [[a.copy() if isinstance(a, np.ndarray) else a for a in loops] for _ in range(2)]
        *first, relu = arrays[0] if isinstance(arrays[0][-1], bool) else (*arrays[0], None)
        getattr(motif, name)(*first, 0, width, *([] if relu is None else [relu]))
        vectors = simd_block_motif if name.startswith("block") else simd_shared_motif
        getattr(vectors, name)(*arrays[1])
        for a, b in zip(arrays[0][-out:], arrays[1][-out:], strict=True):
            np.testing.assert_allclose(a, b, eps, eps, err_msg=name)

    y, dx = np.full_like(case.dy, np.nan), np.full_like(case.x, np.nan)
    for relu in (False, True):
        both("shared_spmm_tile", (*by_output, case.shared, case.bias, sums, y, relu), 2)
        both("block_spmm_tile", (*by_output, flat, case.bias, case.x, y, relu), 2)
        both("shared_backward_tile", (*by_input, case.shared, case.x, deltas, dx, np.ones_like(case.shared), relu), 3)
        both("block_backward_tile", (*by_input, flat, case.x, case.dy, dx, np.ones_like(flat), relu), 3)
    both("shared_sddmm_tile", (*by_input, case.x, deltas, np.ones_like(case.shared)), 1)
    both("block_sddmm_tile", (*by_input, case.x, case.dy, np.ones_like(flat)), 1)


@pytest.mark.parametrize("mode", ["shared", "block"])
def test_dx_may_overwrite_x(mode: str) -> None:
    from sparse_mlp.kernels import tile

    case = make_case(SparseStructure.complete((3, 2)), 2, 64, seed=5)
    kernel = tile.shared_backward_tile if mode == "shared" else tile.block_backward_tile
    dy = reference.motif_sums(case.dy, 2) if mode == "shared" else case.dy
    results = []
    for in_place in (False, True):
        x = case.x.copy()
        dx, dweight = x if in_place else np.empty_like(x), np.zeros(case.weight(mode).size)
        kernel(case.structure.indptr, case.structure.indices, case.weight(mode).ravel(), x, dy, dx, dweight, True)
        results.append((dx, dweight))
    for a, b in zip(*results, strict=True):
        assert np.array_equal(a, b)
    assert not results[0][0][case.x <= 0].any() and results[0][0][case.x > 0].any()


def test_motifs_of_one_neuron_are_neurons() -> None:
    case = make_case(SparseStructure.complete((3, 2)), 1, 5, seed=6)
    y = linear.spmm(*case.structure.by_output, case.shared, case.bias, case.x)
    np.testing.assert_allclose(forward(reference, case, "shared"), y, 1e-14, 1e-14)
