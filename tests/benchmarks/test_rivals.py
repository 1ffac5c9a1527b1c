"""Comparisons are fair only if all rivals do the same: same wiring, same gradient, same update."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.jobs import Job, Ours
from benchmarks.rivals import make_rival

JOB = Job([12, 15, 15, 5], batch=7, options={"density": 0.2}, n_samples=20, seed=3, weight_decay=0.01)
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")
SPARSE = ["LinkByLink", *(pytest.param(name, marks=needs_torch) for name in ("DenseWithMask", "CompressedRows"))]
DENSE = ["DenseProducts", "ScikitLearn"]


def weights_after(steps: int, job: Job = JOB, backend: str = "reference") -> np.ndarray:
    ours = Ours(job, backend)
    for _ in range(steps):
        ours.step()
    return np.concatenate(ours.weights())


@pytest.mark.parametrize("name", [*SPARSE, *DENSE])
def test_every_rival_starts_alike_and_makes_the_same_first_step(name: str) -> None:
    rival = make_rival(name, JOB)
    np.testing.assert_allclose(np.concatenate(rival.weights()), weights_after(0), atol=1e-7)
    rival.step()
    found, truth = np.concatenate(rival.weights()), weights_after(1)
    assert np.abs(truth - weights_after(0)).max() > 1e-4
    np.testing.assert_allclose(found - weights_after(0), truth - weights_after(0), atol=2e-7)


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_rivals_stay_equal(name: str) -> None:
    """The second step feels momentum and decay of the first; a dense network has by then other links."""
    rival = make_rival(name, JOB)
    for _ in range(4):
        rival.step()
    np.testing.assert_allclose(np.concatenate(rival.weights()), weights_after(4), atol=1e-6)


def test_dense_rivals_move_links_that_are_absent() -> None:
    rival = make_rival("DenseProducts", JOB)
    absent = rival.matrices[0] == 0
    rival.step()
    assert np.count_nonzero(rival.matrices[0][absent]) > 0


@needs_torch
def test_the_mask_keeps_absent_links_at_zero() -> None:
    rival = make_rival("DenseWithMask", JOB)
    for _ in range(2):
        rival.step()
    for weight, layer in zip(rival.matrices, JOB.links(), strict=True):
        assert np.count_nonzero(weight.detach().numpy()) == len(layer.weight)
