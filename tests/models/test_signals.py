"""Inputs and deltas of layers that bear links: their product is the gradient by every link, present or absent."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.layers import Dense, MeanSquaredError, ReLU, Residual, Sequential, SoftmaxCrossEntropy, SparseLinear
from sparse_mlp.models import Network, Samples, SparseMLP
from sparse_mlp.structure import SparseStructure

RNG = np.random.default_rng(4)
X, LABELS, NUMBERS = RNG.normal(size=(9, 6)), RNG.integers(0, 3, 9), RNG.normal(size=(9, 3))


def make(**options):
    return SparseMLP([6, 8, 7, 3], **{"density": 0.4, "rng": 2, "dtype": np.float64, **options})


def record(model, loss=None, target=LABELS, rows=None):
    """Return the signals of the samples, by layer."""
    loss = loss or SoftmaxCrossEntropy(backend=model.backend)
    model.record_signals(Samples(X.astype(model.dtype), np.arange(9) if rows is None else rows, target), loss)
    return {layer.name: layer.signals() for layer in model.sparse_layers}


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy, MeanSquaredError])
@pytest.mark.parametrize("options", [{}, {"activation": "tanh"}, {"dense_readout": False}, {"backend": "scipy"}])
def test_product_is_the_gradient_of_a_net_with_all_links(loss, options):
    sparse, full = make(**options), make(**options)
    loss, target = loss(backend=sparse.backend), LABELS if loss is SoftmaxCrossEntropy else NUMBERS
    for layer in full.sparse_layers:
        whole = layer.weights.toarray()
        structure = type(layer.structure).complete(whole.shape)
        layer.rewire(structure, np.full(structure.nnz, -1), whole.ravel())
    full.gradient(Samples(X, np.arange(9), target), loss)
    signals = record(sparse, loss, target)
    assert list(signals) == ["sparse1", "sparse2"] + ["readout"] * ("dense_readout" in options)
    by_key = {entry.key: full.store.gradient[entry.part] for entry in full.store.entries}
    for layer in sparse.sparse_layers:
        inputs, deltas = signals[layer.name]
        assert inputs.flags.c_contiguous and deltas.flags.c_contiguous
        product = inputs @ deltas.T
        assert np.count_nonzero(product) > 10
        np.testing.assert_allclose(product.ravel(), by_key[f"{layer.name}/weight"], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(layer.gradient_magnitudes(1, 4), np.abs(product[1:4]), rtol=1e-12)


def test_signals_of_residual_blocks_are_those_of_each_sample_in_order():
    """A batch of several groups, each sample twice: present links have the gradient that training has."""
    rng = np.random.default_rng(0)
    links = SparseStructure.from_keys(np.flatnonzero(rng.random(36) < 0.4), (6, 6))
    layers = [SparseLinear(links, "normal", rng=i, dtype=np.float64, name="abcd"[i]) for i in range(4)]
    blocks = [Residual(Sequential([layers[i], ReLU(), layers[i + 1]])) for i in (0, 2)]
    model = Network(Sequential([*blocks, ReLU(), Dense(6, 3, rng=9, dtype=np.float64)]))
    rows = np.arange(180) % 9
    assert len(model.groups(range(180))) == 3
    signals = record(model, rows=rows)
    batch = Samples(X, rows, LABELS)
    model.gradient(batch, SoftmaxCrossEntropy())
    np.testing.assert_array_equal(signals["a"][0], X[rows].T)
    for entry in model.store.entries[:4]:
        inputs, deltas = signals[entry.layer.name]
        assert inputs.shape == deltas.shape == (6, 180)
        np.testing.assert_array_equal(inputs[:, :9], inputs[:, 171:])
        product = (inputs @ deltas.T)[links.rows(), links.indices]
        np.testing.assert_allclose(product, model.store.gradient[entry.part], rtol=1e-10, atol=1e-15)


def test_dropout_is_off_and_nothing_is_left_behind():
    model, without = make(dropout=0.5), make()
    model.store.gradient[:] = 7.0
    values, found, wanted = model.store.values.copy(), record(model), record(without)
    for name, pair in found.items():
        for ours, theirs in zip(pair, wanted[name], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert np.all(model.store.gradient == 7.0)
    np.testing.assert_array_equal(model.store.values, values)
    model.forget_signals()
    for layer in model.sparse_layers:
        with pytest.raises(InvalidInputError, match=layer.name):
            layer.signals()


def test_precision_is_the_networks():
    for dtype in (np.float32, np.float64):
        for pair in record(make(dtype=dtype)).values():
            assert [a.dtype for a in pair] == [dtype, dtype]


def test_a_dense_network_has_no_signals():
    assert record(SparseMLP.dense([6, 5, 3], rng=0)) == {}
