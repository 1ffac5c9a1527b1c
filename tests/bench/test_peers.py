"""Rivals race honestly only if all of them run the same course: same loss, same gradient, same update."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.bench.job import make_job
from sparse_mlp.bench.peers import NUMPY_PEERS, OURS, TORCH_PEERS, Ours, make_rival, step, torch_is_there

JOB = make_job("tiny", (12, 15, 14, 5), batch=7, density=0.2, n_samples=20, seed=3)
needs_torch = pytest.mark.skipif(not torch_is_there(), reason="PyTorch is not installed")
EVERYONE = [*OURS, *NUMPY_PEERS, *(pytest.param(name, marks=needs_torch) for name in TORCH_PEERS)]


def truth(steps: int) -> tuple[float, np.ndarray]:
    """Loss and gradient on the links by the loops of the reference, after some training steps."""
    rival = Ours(JOB, backend="reference")
    for _ in range(steps):
        step(rival)()
    return rival.gradient(), np.concatenate(rival.link_gradients())


@pytest.mark.parametrize("name", EVERYONE)
def test_every_rival_computes_the_same_loss_and_gradient(name: str) -> None:
    rival = make_rival(name, JOB, threads=1)
    loss, gradient = truth(0)
    assert rival.gradient() == pytest.approx(loss, rel=1e-5)
    assert np.abs(gradient).max() > 0.01
    np.testing.assert_allclose(np.concatenate(rival.link_gradients()), gradient, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in EVERYONE if name != "numpy dense"])
def test_every_sparse_rival_makes_the_same_update(name: str) -> None:
    """The second step feels momentum and decay of the first; the dense net has by then grown other links."""
    rival = make_rival(name, JOB, threads=1)
    for _ in range(3):
        step(rival)()
    loss, gradient = truth(3)
    assert abs(loss - truth(0)[0]) > 1e-3
    assert rival.gradient() == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(np.concatenate(rival.link_gradients()), gradient, atol=1e-6, rtol=1e-4)


def test_the_dense_rival_moves_links_that_are_absent() -> None:
    rival = make_rival("numpy dense", JOB, threads=1)
    absent = rival.weights[0] == 0
    step(rival)()
    assert np.count_nonzero(rival.weights[0][absent]) > 0


@needs_torch
def test_the_mask_keeps_absent_links_at_zero() -> None:
    rival = make_rival("torch mask", JOB, threads=1)
    for _ in range(2):
        step(rival)()
    for weight, structure in zip(rival.weights, JOB.structures(), strict=True):
        assert np.count_nonzero(weight.detach().numpy()) == structure.nnz
