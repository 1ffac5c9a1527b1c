"""Batch normalisation and pooling: by hand, against PyTorch's numbers, on all backends, by central differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels.dispatch import BACKENDS
from sparse_mlp.layers import AveragePool2d, BatchNorm, Flatten, GlobalAveragePool, MaxPool2d, ReLU, Sequential

CASES = Path(__file__).parents[2] / ".." / "shared" / "reference_cases" / "conv_gradients.npz"
EACH_BACKEND = pytest.mark.parametrize("backend", BACKENDS)
TRAINING = np.random.default_rng(0)


@pytest.fixture(scope="module")
def cases() -> Any:
    if not CASES.exists():
        pytest.skip("the reference cases are not here: conv_gradients.npz")
    return np.load(CASES)


def close(found: Any, expected: Any) -> None:
    assert found.shape == expected.shape
    assert np.max(np.abs(found - expected)) < 1e-12


@EACH_BACKEND
@pytest.mark.parametrize("fused", [False, True])
def test_batch_norm_by_hand(backend: str, fused: bool) -> None:
    norm = BatchNorm((1, 2, 2), relu=fused, eps=0.0, dtype="float64", backend=backend)
    norm.gamma[:], norm.beta[:] = 2, 1
    layer = norm if fused else Sequential([norm, ReLU(backend=backend)])
    y, cache = layer.forward(np.array([-1.0, 1, -1, 1]).reshape(1, 1, 2, 2), TRAINING)
    assert y.ravel().tolist() == [0, 3, 0, 3]
    assert norm.running_mean.tolist() == [0]
    assert norm.running_var.tolist() == pytest.approx([0.9 + 0.1 * 4 / 3])
    dz, grads = layer.backward(np.array([1.0, 1, 1, 2]).reshape(1, 1, 2, 2), cache)
    grads = grads if fused else grads["batchnorm"]
    assert (grads["gamma"].tolist(), grads["beta"].tolist()) == ([3], [3])
    assert dz.ravel().tolist() == [0, -1, 0, 1]


@EACH_BACKEND
@pytest.mark.parametrize("number", [0, 1])
def test_batch_norm_as_in_pytorch(cases: Any, number: int, backend: str) -> None:
    case = {key: cases[f"batchnorm{number}_{key}"] for key in ("x", "y", "dy", "dx", "dgamma", "dbeta")}
    layer = BatchNorm(case["x"].shape[1:], dtype="float64", backend=backend)
    for name in ("gamma", "beta"):
        getattr(layer, name)[:] = cases[f"batchnorm{number}_{name}"]
    for name in ("mean", "var"):
        getattr(layer, f"running_{name}")[:] = cases[f"batchnorm{number}_{name}_before"]
    y, cache = layer.forward(case["x"], TRAINING if number == 0 else None)
    dx, grads = layer.backward(case["dy"], cache)
    for found, name in ((y, "y"), (dx, "dx"), (grads["gamma"], "dgamma"), (grads["beta"], "dbeta")):
        close(found, case[name])
    for name in ("mean", "var"):
        close(getattr(layer, f"running_{name}"), cases[f"batchnorm{number}_{name}_after"])


@EACH_BACKEND
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(("name", "kind"), [("maxpool", MaxPool2d), ("avgpool", AveragePool2d)])
def test_pools_as_in_pytorch(cases: Any, name: str, kind: Any, number: int, backend: str) -> None:
    x, y, dy, dx = (cases[f"{name}{number}_{key}"] for key in ("x", "y", "dy", "dx"))
    layer = kind(x.shape[1:], backend=backend)
    found, cache = layer.forward(x)
    close(found, y)
    close(layer.backward(dy, cache)[0], dx)


@EACH_BACKEND
def test_global_average_as_in_pytorch(cases: Any, backend: str) -> None:
    x, y, dy, dx = (cases[f"globalavg_{key}"] for key in ("x", "y", "dy", "dx"))
    layer = GlobalAveragePool(x.shape[1:], backend=backend)
    found, cache = layer.forward(x)
    close(found, y[:, :, 0, 0])
    close(layer.backward(dy[:, :, 0, 0], cache)[0], dx)


LAYERS = {
    "batch norm": lambda b: BatchNorm((2, 3, 2), dtype="float64", backend=b),
    "batch norm and ReLU": lambda b: BatchNorm((2, 3, 2), relu=True, dtype="float64", backend=b),
    "batch norm of flat features": lambda b: BatchNorm(12, dtype="float64", backend=b),
    "max pool": lambda b: MaxPool2d((2, 3, 2), backend=b),
    "overlapping max pool": lambda b: MaxPool2d((2, 3, 2), stride=1, backend=b),
    "average pool": lambda b: AveragePool2d((2, 3, 2), stride=1, backend=b),
    "global average": lambda b: GlobalAveragePool((2, 3, 2), backend=b),
    "flatten": lambda b: Flatten((2, 3, 2), backend=b),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("training", [True, False])
@EACH_BACKEND
def test_central_differences(name: str, training: bool, backend: str, assert_gradient: Any) -> None:
    layer, rng = LAYERS[name](backend), np.random.default_rng(1)
    x = rng.normal(size=(5, 12) if "features" in name else (5, 2, 3, 2))
    for parameter in layer.parameters().values():
        parameter[:] = rng.normal(1, 0.3, parameter.shape)
    kept = {name: array.copy() for name, array in layer.state().items()}
    y, cache = layer.forward(x, TRAINING if training else None)
    weights = rng.normal(size=y.shape)
    dx, grads = layer.backward(weights, cache)

    def value() -> float:
        for name, array in layer.state().items():  # what it has seen has no gradient
            array[:] = kept[name]
        return float((weights * layer.forward(x, TRAINING if training else None)[0]).sum())

    assert_gradient(value, x, dx)
    for parameter in layer.parameters():
        assert_gradient(value, layer.parameters()[parameter], grads[parameter])


@EACH_BACKEND
@pytest.mark.parametrize("n", [2, 17])
def test_flat_features_are_maps_of_one_pixel(n: int, backend: str) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(n, 5)), rng.normal(size=(n, 5))
    flat, maps = (BatchNorm(shape, dtype="float64", backend=backend) for shape in (5, (5, 1, 1)))
    y, cache = flat.forward(x, TRAINING)
    expected, map_cache = maps.forward(x[:, :, None, None], TRAINING)
    close(y, expected[:, :, 0, 0])
    close(flat.backward(dy, cache)[0], maps.backward(dy[:, :, None, None], map_cache)[0][:, :, 0, 0])
    close(flat.running_var, maps.running_var)


def test_running_statistics_follow_the_batches_of_training_only() -> None:
    layer, x = BatchNorm((1, 2, 2), momentum=0.5, dtype="float64"), np.arange(8.0).reshape(2, 1, 2, 2)
    layer.forward(x)
    assert (layer.running_mean.tolist(), layer.running_var.tolist()) == ([0], [1])
    layer.forward(x, TRAINING)
    assert layer.running_mean.tolist() == [1.75]
    assert layer.running_var.tolist() == pytest.approx([0.5 + 0.5 * 6])
    layer.forward(x + 1, TRAINING)
    assert layer.running_mean.tolist() == [0.875 + 2.25]


@EACH_BACKEND
def test_a_single_value_of_a_channel_is_refused_in_training(backend: str) -> None:
    for shape in ((3, 1, 1), 3):
        layer = BatchNorm(shape, name="last", backend=backend)
        x = np.ones((1, 3, 1, 1) if shape != 3 else (1, 3), np.float32)
        with pytest.raises(InvalidInputError, match=r"1 value of each channel .*'last'; expected two or more"):
            layer.forward(x, TRAINING)
        layer.forward(x)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"momentum": 1.5}, "momentum=1.5"), ({"eps": -1}, "eps=-1"), ({"dtype": "int8"}, "dtype='int8'")],
)
def test_bad_options(options: Any, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        BatchNorm((1, 2, 2), **options)
    with pytest.raises(InvalidInputError, match="input_shape=0"):
        BatchNorm(0)


def test_kinds_tell_shapes_apart() -> None:
    kinds = [
        layer.kind()
        for layer in (
            BatchNorm((4, 2, 2)), BatchNorm((4, 1, 4)), BatchNorm(4), BatchNorm((4, 2, 2), relu=True),
            MaxPool2d((4, 2, 2)), MaxPool2d((4, 2, 2), stride=1), AveragePool2d((4, 2, 2)),
            GlobalAveragePool((4, 2, 2)), Flatten((4, 2, 2)), Flatten((4, 4, 1)),
        )
    ]  # fmt: skip
    assert len(set(kinds)) == len(kinds)
