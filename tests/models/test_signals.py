"""Inputs and deltas of the evolving layers: their product is the gradient by every link, present or absent."""

from __future__ import annotations

import numpy as np
import pytest

from sparse_mlp.layers import MeanSquaredError, SoftmaxCrossEntropy
from sparse_mlp.models import SparseMLP, layer_signals

RNG = np.random.default_rng(4)
X, LABELS, NUMBERS = RNG.normal(size=(9, 6)), RNG.integers(0, 3, 9), RNG.normal(size=(9, 3))


def make(**options):
    return SparseMLP([6, 8, 7, 3], **{"density": 0.4, "rng": 2, "dtype": np.float64, **options})


@pytest.mark.parametrize(("loss", "target"), [(SoftmaxCrossEntropy(), LABELS), (MeanSquaredError(), NUMBERS)])
@pytest.mark.parametrize("options", [{}, {"activation": "tanh"}, {"dense_readout": False}, {"backend": "scipy"}])
def test_product_is_the_gradient_of_a_net_with_all_links(loss, target, options):
    sparse, full = make(**options), make(**options)
    for layer, complete in zip(sparse.sparse_layers, full.sparse_layers, strict=True):
        whole = layer.weights.toarray()
        structure = type(layer.structure).complete(whole.shape)
        complete.rewire(structure, np.full(structure.nnz, -1), whole.ravel())
    full.load_values(np.concatenate([a.ravel() for a in _parameters(full)]))
    full.gradient(X, np.arange(9), target, loss)
    signals = layer_signals(sparse, X, target, loss)
    assert list(signals) == [layer.name for layer in sparse.evolving_layers] == ["sparse1", "sparse2"]
    for i, (inputs, deltas) in enumerate(signals.values()):
        assert inputs.flags.c_contiguous and deltas.flags.c_contiguous
        product = (inputs @ deltas.T).ravel()
        assert np.count_nonzero(product) > 20
        np.testing.assert_allclose(product, full.store.gradient[full.store.weight_parts[i]], rtol=1e-12, atol=1e-15)


def _parameters(model):
    return [layer.weight for layer in model.linear_layers] + [layer.bias for layer in model.linear_layers]


def test_dropout_is_off_and_nothing_is_left_behind():
    model, without = make(dropout=0.5), make()
    model.store.gradient[:] = 7.0
    values = model.store.values.copy()
    loss = SoftmaxCrossEntropy()
    for name, pair in layer_signals(model, X, LABELS, loss).items():
        for ours, theirs in zip(pair, layer_signals(without, X, LABELS, loss)[name], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert np.all(model.store.gradient == 7.0)
    np.testing.assert_array_equal(model.store.values, values)


def test_precision_is_the_networks():
    for dtype in (np.float32, np.float64):
        for pair in layer_signals(make(dtype=dtype), X, LABELS, SoftmaxCrossEntropy()).values():
            assert [a.dtype for a in pair] == [dtype, dtype]


def test_a_dense_network_has_no_signals():
    assert layer_signals(SparseMLP.dense([6, 5, 3], rng=0), X, LABELS, SoftmaxCrossEntropy()) == {}
