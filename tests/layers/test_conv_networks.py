"""Sparse convolutions inside of networks: gradients, threads, borders, signals, and training under rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conv_layers import IMAGE, STORED, conv_network, conv_samples, random_conv

from sparse_mlp.evolution import make_rule
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.kernels.pool import threads_limited
from sparse_mlp.layers import (
    BatchNorm,
    Dense,
    Flatten,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    SparseConv2d,
    Unflatten,
)
from sparse_mlp.models import Network, Samples
from sparse_mlp.optim import make_optimizer
from sparse_mlp.structure import SparseStructure
from sparse_mlp.training import Trainer, gradient_check

Array = np.ndarray
EACH_BACKEND = pytest.mark.parametrize("backend", BACKENDS)


def gradient(model: Network, batch: int = 33) -> Array:
    x, labels = conv_samples(batch, model.dtype)
    loss = SoftmaxCrossEntropy(backend=model.backend)
    model.gradient(Samples(x, np.arange(batch), labels), loss, np.random.default_rng(0))
    return model.store.gradient.copy()


# --------------------------------------------------------------------------------------------- the gradient


@EACH_BACKEND
@pytest.mark.skipif(not STORED.is_file(), reason="the file of PyTorch's gradients is not here")
def test_network_as_pytorch_computes(backend: str) -> None:
    with np.load(STORED) as file:
        net = {key.removeprefix("net_"): file[key] for key in file.files if key.startswith("net_")}
    options: dict[str, Any] = {"dtype": np.float64, "backend": backend}
    conv1, conv2 = (
        SparseConv2d.from_dense(net[f"w{i}"], shape, net[f"mask{i}"], **options)
        for i, shape in ((1, (2, 4, 4)), (2, (3, 2, 2)))
    )
    norm, dense = BatchNorm((3, 4, 4), **options), Dense(8, 3, rng=0, **options)
    for array, name in ((conv1.bias, "b1"), (conv2.bias, "b2"), (norm.gamma, "gamma"), (norm.beta, "beta")):
        array[:] = net[name]
    dense.weight[:], dense.bias[:] = net["w3"], net["b3"]
    relu, again = ReLU(backend=backend), ReLU(backend=backend)
    pool, flat = MaxPool2d((3, 4, 4), backend=backend), Flatten((2, 2, 2), backend=backend)
    root = Sequential([conv1, norm, relu, pool, conv2, again, flat, dense])
    scores, cache = root.forward(net["x"], np.random.default_rng(0))
    np.testing.assert_allclose(scores, net["scores"], rtol=1e-12, atol=1e-12)
    value, loss_cache = SoftmaxCrossEntropy(backend=backend).forward(scores, net["target"])
    assert abs(value - net["loss"]) <= 1e-12
    dx, grads = root.backward(loss_cache, cache)
    found = {"dx": dx, "dgamma": grads["batchnorm"]["gamma"], "dbeta": grads["batchnorm"]["beta"]}
    for i, layer in ((1, conv1), (2, conv2)):
        own = grads[str(0 if i == 1 else 4)]
        taken = SparseConv2d(layer.structure, layer.input_shape, own["weight"], kernel=3, **options)
        found |= {f"dw{i}": taken.to_dense(), f"db{i}": own["bias"]}
    found |= {"dw3": grads["dense"]["weight"], "db3": grads["dense"]["bias"]}
    for name, got in found.items():
        np.testing.assert_allclose(got.reshape(net[name].shape), net[name], rtol=1e-12, atol=1e-12, err_msg=name)


@EACH_BACKEND
@pytest.mark.parametrize("norm", [True, False])
def test_gradient_slopes_as_measured(backend: str, norm: bool) -> None:
    model = conv_network(norm, np.float64, backend)
    x, labels = conv_samples(3, np.float64)
    found = gradient_check(model, x, labels, SoftmaxCrossEntropy(backend=backend), entries=6)
    assert found.relative_error < 1e-5 and found.checked > 20


@pytest.mark.parametrize("norm", [True, False])
def test_backends_agree_in_a_network(norm: bool) -> None:
    truth = gradient(conv_network(norm, np.float64, "scipy"))
    for backend in ("reference", "numba"):
        np.testing.assert_allclose(gradient(conv_network(norm, np.float64, backend)), truth, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(gradient(conv_network(norm)), truth, rtol=1e-3, atol=1e-6)


def test_a_residual_block_of_convolutions() -> None:
    found = []
    for backend in ("scipy", "numba"):
        options: dict[str, Any] = {"dtype": np.float64, "backend": backend}
        branch = [random_conv(IMAGE, 4, seed=1, name="a", **options), ReLU(backend=backend)]
        branch += [random_conv((4, 6, 6), 2, seed=2, name="b", **options)]
        layers = [Unflatten(IMAGE, backend=backend), Residual(Sequential(branch)), ReLU(backend=backend)]
        layers += [Flatten(IMAGE, backend=backend), Dense(72, 4, rng=0, **options)]
        found.append(gradient(Network(Sequential(layers))))
    np.testing.assert_allclose(*found, rtol=1e-10, atol=1e-13)


# ------------------------------------------------------------------------------------------ threads and memory


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("batch", [5, 17, 140])
def test_threads_do_not_matter(norm: bool, batch: int) -> None:
    found = []
    for threads in (1, 2):
        with threads_limited(threads):
            model = conv_network(norm)
            found.append([gradient(model, batch).tobytes() for _ in range(3)])
            assert model._walk.spread == norm
    assert found[0] == found[1] and (norm or len(set(found[0])) == 1)


def test_repeated_calls_give_the_bytes_of_a_walk() -> None:
    """Without batch normalisation the kernel calls are recorded once; other weights must reach them."""
    model, walking = conv_network(norm=False), conv_network(norm=False)
    assert model._walk._replays
    for batch in (33, 140, 33, 33, 140):
        walking._walk.bind()
        for each in (model, walking):
            each.store.values -= np.float32(0.1) * gradient(each, batch)
        assert model.store.values.tobytes() == walking.store.values.tobytes()


@pytest.mark.parametrize("norm", [True, False])
def test_memory_of_other_batches_leaves_no_trace(norm: bool) -> None:
    """Borders and lanes hold what earlier steps left there unless they are cleared."""
    model, fresh = conv_network(norm), conv_network(norm)
    for batch in (140, 17, 33):
        gradient(model, batch)
    assert gradient(model, 17).tobytes() == gradient(fresh, 17).tobytes()


# ------------------------------------------------------------------------------------------------ signals


@EACH_BACKEND
@pytest.mark.parametrize("norm", [True, False])
def test_signals_give_the_gradient_of_all_links(backend: str, norm: bool) -> None:
    sparse, full = conv_network(norm, np.float64, backend), conv_network(norm, np.float64, backend)
    x, labels = conv_samples(19, np.float64)
    batch, loss = Samples(x, np.arange(19), labels), SoftmaxCrossEntropy(backend=backend)
    for layer in full.sparse_layers:
        whole = layer.weights.toarray()
        layer.rewire(SparseStructure.complete(whole.shape), np.full(whole.size, -1), whole.ravel())
    full.gradient(batch, loss)
    sparse.record_signals(batch, loss)
    for layer, same in zip(sparse.sparse_layers, full.sparse_layers, strict=True):
        entry = next(entry for entry in full.store.entries if entry.layer is same)
        wanted = full.store.gradient[entry.part].reshape(same.structure.shape)
        inputs, deltas = layer.signals()
        assert inputs.shape == (layer.geometry.taps, deltas.shape[1]) and len(inputs[3:5]) == 2
        np.testing.assert_allclose(inputs[:] @ deltas.T, wanted, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(layer.gradient_magnitudes(2, 9), np.abs(wanted[2:9]), rtol=1e-10, atol=1e-14)


def test_magnitudes_are_made_a_few_rows_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = conv_network(norm=False)
    x, labels = conv_samples(19)
    model.record_signals(Samples(x, np.arange(19), labels), SoftmaxCrossEntropy())
    layer: Any = model.sparse_layers[0]
    whole = layer.gradient_magnitudes(0, 18)
    monkeypatch.setattr("sparse_mlp.layers.sparse_conv2d.UNFOLDED", 1)
    np.testing.assert_allclose(layer.gradient_magnitudes(0, 18), whole, rtol=1e-5, atol=1e-7)


# ----------------------------------------------------------------------------------------------- training


@pytest.mark.parametrize(("rule", "options"), [("static", {}), ("set", {"zeta": 0.1}), ("rigl", {"update_steps": 16})])
def test_it_learns_and_keeps_its_links(rule: str, options: dict[str, Any]) -> None:
    model, data, test = conv_network(), conv_samples(256), conv_samples(100, seed=4)
    before = [layer.structure for layer in model.sparse_layers]
    optimizer = make_optimizer("adam", learning_rate=0.01)
    trainer = Trainer(model, rule=make_rule(rule, **options), optimizer=optimizer, batch_size=32, rng=1)
    accuracy = trainer.fit(data, test, epochs=12).column("test_accuracy")
    assert accuracy[0] < accuracy[-1] > 0.8
    for layer, structure in zip(model.sparse_layers, before, strict=True):
        assert layer.structure.nnz == structure.nnz
        assert (layer.structure == structure) == (rule == "static")
