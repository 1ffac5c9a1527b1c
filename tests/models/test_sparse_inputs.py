"""Sparse inputs: tiles filled from compressed rows, and the same bytes as from dense inputs."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from sparse_mlp import SparseMLP
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels import csr
from sparse_mlp.kernels.pool import most_threads, threads_limited
from sparse_mlp.layers import SoftmaxCrossEntropy
from sparse_mlp.models import Samples
from sparse_mlp.models.inputs import check_inputs
from sparse_mlp.reference import csr as reference
from sparse_mlp.robustness import fgsm, robustness_curves

BACKENDS = pytest.mark.parametrize("backend", ["numba", "scipy", "reference"])


def random_rows(n_samples=300, n_features=40, density=0.1, seed=0, dtype=np.float32):
    return sp.random_array((n_samples, n_features), density=density, format="csr", dtype=dtype, rng=seed)


def test_tiles_by_hand():
    """Three samples of two features; samples 2, 0 and 2 again in tiles of two lanes. Feature 1 of sample 0 is 2 + 3."""
    data, indices, indptr = np.array([2.0, 3.0, 7.0]), np.array([1, 1, 0]), np.array([0, 2, 2, 3])
    for module in (csr, reference):
        out = np.full((2, 2, 2), np.nan)
        assert module.pack_csr(data, indices, indptr, np.array([2, 0, 2]), out) is out
        assert out.tolist() == [[[7, 0], [0, 5]], [[7, 0], [0, 0]]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_twins_agree(dtype, count):
    x, rows = random_rows(dtype=dtype), np.random.default_rng(1).integers(0, 300, count)
    shape = (-(-count // 64), 40, 64)
    ours, theirs = (
        module.pack_csr(x.data, x.indices, x.indptr, rows, np.full(shape, np.nan, dtype)) for module in (csr, reference)
    )
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(ours.transpose(0, 2, 1).reshape(-1, 40)[:count], x.toarray()[rows])


@BACKENDS
def test_gradient_and_scores_are_those_of_the_dense_array(backend):
    n = 300 if backend != "reference" else 20
    model = SparseMLP([40, 30, 4], density=0.3, rng=0, backend=backend)
    x, labels = random_rows(n), np.arange(n) % 4
    rows, loss = np.random.default_rng(2).permutation(n)[: n // 2 + 7], SoftmaxCrossEntropy(backend=backend)
    found = []
    for inputs in (x, x.toarray()):
        value = model.gradient(Samples(inputs, rows, labels), loss)
        found.append((value, model.store.gradient.tobytes(), model.predict_scores(inputs).tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize("form", ["csc", "coo", "lil", "bsr"])
def test_any_sparse_format_is_taken(form):
    x = random_rows(dtype=np.float64)
    model = SparseMLP([40, 30, 4], density=0.3, rng=0)
    np.testing.assert_array_equal(model.predict_scores(x.asformat(form)), model.predict_scores(x.toarray()))
    np.testing.assert_array_equal(model.predict_scores(sp.csr_matrix(x)), model.predict_scores(x.toarray()))


def test_checked_inputs_leave_those_of_the_user_alone():
    data = np.array([1.0, 2.0, 4.0])
    x = sp.csr_array((data, [1, 1, 0], [0, 2, 3]), shape=(2, 2))
    found = check_inputs("inputs", x, 2, np.float32)
    assert found.toarray().tolist() == [[0, 3], [4, 0]] and found.dtype == np.float32
    assert x.data.tolist() == [1, 2, 4], "duplicates are added up in a copy"
    sound = random_rows()
    assert np.shares_memory(check_inputs("inputs", sound, 40, np.float32).data, sound.data)


@pytest.mark.parametrize(
    ("x", "named"),
    [
        (sp.csr_array((5, 3), dtype=np.float32), r"\(5, 3\)"),
        (sp.csr_array(np.full((5, 4), 1j)), "complex"),
        (sp.csr_array(np.full((5, 4), np.nan)), "infinite or missing"),
        (sp.csr_array(np.full((5, 4), 1e300)), "infinite or missing"),
        (sp.coo_array(np.ones(4)), r"\(4,\)"),
    ],
)
def test_sparse_inputs_that_do_not_fit_are_refused(x, named):
    with pytest.raises(InvalidInputError, match=named):
        SparseMLP([4, 3, 2], density=0.5, rng=0).predict_scores(x)


def test_a_kernel_never_writes_where_a_damaged_index_says():
    x = sp.csr_array(np.ones((3, 4), np.float32))
    x.indices[5] = 10**6
    with pytest.raises(InvalidInputError, match="damaged"):
        SparseMLP([4, 3, 2], density=0.5, rng=0).predict_scores(x)


def test_a_batch_of_another_format_is_refused():
    model, x = SparseMLP([40, 30, 4], density=0.3, rng=0), random_rows()
    with pytest.raises(InvalidInputError, match="csc"):
        model.gradient(Samples(x.tocsc(), np.arange(5), np.zeros(300, int)), SoftmaxCrossEntropy())


def test_what_must_be_dense_says_how_large_it_would_be():
    x, labels = random_rows(), np.arange(300) % 4
    model = SparseMLP([40, 30, 4], density=0.3, rng=0)
    wanted = pytest.raises(InvalidInputError, match=r"toarray.*48,000 bytes")
    with wanted:
        SparseMLP([40, 30, 4], topology="correlated", data=(x, labels))
    with wanted:
        SparseMLP([40, 30, 4], topology="snip", data=(x, labels), motif_size=2)
    with wanted:
        fgsm(model, x, labels, 0.1)


def test_snip_makes_a_batch_dense_at_most():
    x, labels = random_rows(), np.arange(300) % 4
    wirings = [
        SparseMLP([40, 30, 4], density=0.1, topology="snip", data=(inputs, labels), rng=3).sparse_layers[0].structure
        for inputs in (x, x.toarray())
    ]
    assert wirings[0].fingerprint() == wirings[1].fingerprint()


def test_curves_of_accuracy_on_sparse_samples():
    x, labels = random_rows(), np.arange(300) % 4
    model = SparseMLP([40, 30, 4], density=0.3, rng=0)
    options = {"perturbations": ["weight-order"], "strengths": [0, 0.5, 1]}
    ours, theirs = (robustness_curves(model, inputs, labels, **options) for inputs in (x, x.toarray()))
    assert ours.to_json() == theirs.to_json()


def test_one_tile_is_dense_at_a_time():
    """2,000 x 50,000 numbers would be 400 MB; two threads hold a tile of 12.8 MB each."""
    x, model = random_rows(2000, 50_000, 0.001), SparseMLP([50_000, 20, 5], density=0.001, rng=0)
    with threads_limited(min(2, most_threads())):
        model.predict_scores(x[:10])
        tracemalloc.start()
        model.predict_scores(x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 64e6


@pytest.mark.parametrize("count", [50, 300])
def test_weighted_gradient_of_all_backends(count):
    """In one group of tiles and in several."""
    x, labels, weights = random_rows(count, dtype=np.float64), np.arange(count) % 4, np.arange(count) % 3 / 2
    found = []
    for backend in ("numba", "scipy"):
        model = SparseMLP([40, 30, 4], density=0.3, rng=0, dtype=np.float64, backend=backend)
        value = model.gradient(Samples(x, np.arange(count), labels, weights), SoftmaxCrossEntropy(backend=backend))
        found.append((value, model.store.gradient.copy()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-10, atol=1e-14)


def test_a_batch_that_weighs_nothing_has_no_gradient():
    x, labels = random_rows(), np.arange(300) % 4
    with pytest.raises(InvalidInputError, match="weights"):
        SparseMLP([40, 30, 4], density=0.3, rng=0).gradient(
            Samples(x, np.arange(5), labels, np.zeros(300)), SoftmaxCrossEntropy()
        )
