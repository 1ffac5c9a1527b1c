"""A small convolutional network, all of it, against PyTorch's numbers: convolution, batch norm, ReLU, pool, read-out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import (
    BatchNorm,
    Dense,
    Flatten,
    MaxPool2d,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    SparseConv2d,
    Unflatten,
)
from sparse_mlp.models import Network, Samples

CASES = Path(__file__).parents[2] / ".." / "shared" / "reference_cases" / "conv_gradients.npz"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("as_network", [True, False])
def test_as_in_pytorch(backend: str, as_network: bool) -> None:
    if not CASES.exists():
        pytest.skip("the reference cases are not here: conv_gradients.npz")
    with np.load(CASES) as file:
        case = {name.removeprefix("net_"): file[name] for name in file.files if name.startswith("net_")}
    options = {"dtype": "float64", "backend": backend}
    convs = [
        SparseConv2d.from_dense(case[f"w{i}"], shape, case[f"mask{i}"], name=f"conv{i}", **options)
        for i, shape in ((1, (2, 4, 4)), (2, (3, 2, 2)))
    ]
    norm, dense = BatchNorm((3, 4, 4), **options), Dense(8, 3, **options)
    for array, name in ((convs[0].bias, "b1"), (convs[1].bias, "b2"), (norm.gamma, "gamma"), (norm.beta, "beta"),
                        (dense.weight, "w3"), (dense.bias, "b3")):  # fmt: skip
        array[:] = case[name]
    first, second = (ReLU(backend=backend) for _ in range(2))
    pool, flatten = MaxPool2d((3, 4, 4), backend=backend), Flatten((2, 2, 2), backend=backend)
    layers = [convs[0], norm, first, pool, convs[1], second, flatten, dense]
    loss, found = SoftmaxCrossEntropy(), {}
    if as_network:
        network = Network(Sequential([Unflatten((2, 4, 4), backend=backend), *layers]))
        samples = Samples(case["x"].reshape(4, -1), np.arange(4), case["target"])
        value = network.gradient(samples, loss, np.random.default_rng(0))
        tree = network.store.views(network.store.gradient)
    else:
        scores, cache = Sequential(layers).forward(case["x"], np.random.default_rng(0))
        value, of_loss = loss.forward(scores, case["target"])
        found["dx"], tree = Sequential(layers).backward(loss.backward(of_loss), cache)
        found["scores"] = scores
    for i, conv in enumerate(convs, 1):
        dense_weights = np.zeros(conv.structure.shape)
        dense_weights[conv.structure.rows(), conv.structure.indices] = tree[f"conv{i}"]["weight"]
        found[f"dw{i}"] = dense_weights.T.reshape(case[f"w{i}"].shape)
        found[f"db{i}"] = tree[f"conv{i}"]["bias"]
    found |= {"dgamma": tree["batchnorm"]["gamma"], "dbeta": tree["batchnorm"]["beta"]}
    found |= {"dw3": tree["dense"]["weight"], "db3": tree["dense"]["bias"]}
    assert value == pytest.approx(float(case["loss"]), abs=1e-12)
    for name, array in found.items():
        np.testing.assert_allclose(array, case[name], 0, 1e-12, err_msg=name)
