"""The Transformer against numbers that PyTorch has computed, on every backend in float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import Dense, LayerNorm, MultiHeadAttention, SoftmaxCrossEntropy
from sparse_mlp.models import SparseTransformer, TokenBatch
from sparse_mlp.optim import Adam, make_schedule
from sparse_mlp.reference.embedding import sinusoid
from sparse_mlp.token_pairs import TokenPairs

CASES = Path(__file__).parents[2].parent / "shared" / "reference_cases" / "transformer_cases.npz"
PROJECTIONS = ("query", "key", "value", "output")


@pytest.fixture(scope="module")
def cases():
    if not CASES.exists():
        pytest.skip("the stored cases are not here")
    return np.load(CASES)


def close(found, wanted, tolerance=1e-10):
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def pairs_of(cases):
    source, target = cases["model/source"], cases["model/target_out"]
    return TokenPairs.of(*([row[row > 0].tolist() for row in side] for side in (source, target)))


def network_of(cases, backend, *, dense=False):
    """The stored network: all links, or dense matrices."""
    options = {"d_model": 16, "heads": 2, "d_ff": 32, "layers": 2, "dropout": 0.0, "attention_dropout": 0.0}
    common = {"rng": 0, "dtype": "float64", "backend": backend}
    if dense:
        network = SparseTransformer.dense(11, 13, **options, **common)
    else:
        network = SparseTransformer(11, 13, density=1.0, topology="erdos-renyi", **options, **common)
    for entry in network.store.entries:
        network.store.values[entry.part] = stored(cases, "model/w", entry.key).ravel()
    return network


def stored(cases, room, key):
    name = key.replace("/", ".").replace("embedding.weight", "embedding")
    array = cases[f"{room}/{name}"]
    return array.T if key == "generator/weight" else array


def test_places_are_those_of_the_stored_table(cases):
    close(sinusoid(50, 16), cases["sinusoid"], 1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_layer_norm(cases, backend):
    case = {name: cases[f"layer_norm/{name}"] for name in ("x", "gain", "bias", "dy", "y", "dx", "dgain", "dbias")}
    layer = LayerNorm(16, dtype="float64", backend=backend)
    layer.gain[:], layer.bias[:] = case["gain"], case["bias"]
    y, cache = layer.forward(case["x"])
    dx, grads = layer.backward(case["dy"], cache)
    close(y, case["y"])
    close(dx, case["dx"])
    close(grads["gain"], case["dgain"])
    close(grads["bias"], case["dbias"])


@pytest.mark.parametrize("name", ["self", "causal", "padded", "cross", "dropout"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_attention(cases, backend, name, monkeypatch):
    case = {key.split("/", 2)[2]: cases[key] for key in cases.files if key.startswith(f"attention/{name}/")}
    crosses = "xk" in case
    projections = [Dense(16, 16, dtype="float64", backend=backend, name=part) for part in PROJECTIONS]
    for layer in projections:
        layer.weight[:], layer.bias[:] = case[f"{layer.name}.weight"], case[f"{layer.name}.bias"]
    layer = MultiHeadAttention(*projections, 2, causal=name in ("causal", "padded"), crosses=crosses, dropout=0.0)
    queries = case["lengths_q"]
    keys = case["lengths_k"] if crosses else queries
    if name == "dropout":  # the stored multipliers are 0 and 1 / .7, a scale that no multiple of 1 / 256 has
        kept = [case["keep"][b, :, :q, :k].ravel() > 0 for b, (q, k) in enumerate(zip(queries, keys, strict=True))]
        monkeypatch.setattr(layer, "_dropout", lambda batch: (np.concatenate(kept), 1 / 0.7))
    offsets = [np.concatenate([[0], np.cumsum(lengths)]) for lengths in (queries, keys)]
    context = (packed(case["xk"], keys), offsets[1]) if crosses else ()
    y, cache = layer.forward(packed(case["xq"], queries), offsets[0], *context)
    dx, *dcontext, grads = layer.backward(packed(case["dy"], queries), cache)
    close(y, packed(case["y"], queries))
    close(dx, packed(case["dxq"], queries))
    if crosses:
        close(dcontext[0], packed(case["dxk"], keys))
    for part in PROJECTIONS:
        close(grads[part]["weight"], case[f"d{part}.weight"])
        close(grads[part]["bias"], 0 * case["dkey.bias"] if part == "key" else case[f"d{part}.bias"])


def packed(padded, lengths):
    return np.concatenate([padded[b, :length] for b, length in enumerate(lengths)])


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
def test_whole_network(cases, backend, dense):
    network, pairs = network_of(cases, backend, dense=dense), pairs_of(cases)
    close(network.predict_scores(pairs), cases["model/scores"])
    loss = network.gradient(TokenBatch(pairs), SoftmaxCrossEntropy(0.1, backend=backend))
    close(loss, cases["model/loss"])
    for entry in network.store.entries:
        wanted = stored(cases, "model/g", entry.key)
        found = network.store.gradient[entry.part].reshape(wanted.shape)
        close(found, 0 * wanted if entry.key.endswith("key/bias") else wanted)


@pytest.mark.parametrize("backend", BACKENDS)
def test_six_steps_of_adam(cases, backend):
    network, batch = network_of(cases, backend), TokenBatch(pairs_of(cases))
    optimizer = Adam(beta1=0.9, beta2=0.998, epsilon=1e-9, weight_decay=0.0, backend=backend)
    optimizer.init(len(network.store.values), np.float64)
    rate = make_schedule("noam", 0.25, 6, width=16, peak_step=4)
    for step in range(6):
        close(rate(step), cases["training/learning_rates"][step])
        loss = network.gradient(batch, SoftmaxCrossEntropy(0.1, backend=backend))
        close(loss, cases["training/losses"][step])
        optimizer.step(network.store.values, network.store.gradient, network.store.n_decayed, rate(step))
    compared = 0
    for entry in network.store.entries:
        name = entry.key.replace("/", ".").replace("embedding.weight", "embedding")
        if f"training/after/{name}" in cases.files and not entry.key.endswith("key/bias"):
            wanted = stored(cases, "training/after", entry.key)
            close(network.store.values[entry.part].reshape(wanted.shape), wanted)
            compared += 1
    assert compared > 10


def test_restarts_are_those_of_the_published_code_but_at_updates(cases):
    rate = make_schedule("noam", 2.0, 300, width=512, peak_step=6000, restart_steps=20)
    found, at = np.array([rate(step) for step in range(300)]), np.arange(1, 301)
    between = at % 100 != 0
    close(found[between], cases["inoam"][between], 1e-12)
    assert not cases["inoam"][~between].any()
