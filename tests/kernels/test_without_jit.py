"""The same results without the compiler, and with it but without explicit vectors: each in a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from sparse_mlp.kernels._jit import JIT_ENABLED, SIMD

SCRIPT = """
import json
import numpy as np
from sparse_mlp.kernels._jit import JIT_ENABLED, SIMD
from sparse_mlp.layers import (
    AllReLU, AveragePool2d, BatchNorm, Dense, Dropout, Flatten, MaxPool2d, ReLU, Residual,
    Sequential, SoftmaxCrossEntropy, SparseLinear, Unflatten,
)
from sparse_mlp.models import Network, Samples, SparseMLP
from sparse_mlp.structure import SparseStructure

def results(motif_modes):
    rng = np.random.default_rng(0)
    made = []
    for i, shape in enumerate([(6, 7), (7, 5), (5, 5), (6, 6)]):
        structure = SparseStructure.from_keys(np.flatnonzero(rng.random(shape[0] * shape[1]) < 0.5), shape)
        layer = SparseLinear(structure, "normal", rng=rng, dtype="float64", name=str(i))
        layer.bias[:] = rng.normal(size=shape[1])
        made.append(layer)
    block = Residual(Sequential([made[2], ReLU(), Dropout(0.3)]))
    readout = Dense(5, 4, rng=0, dtype="float64")
    nets = [Network(Sequential([made[0], ReLU(), made[1], AllReLU(0.6, 0), block, readout]))]
    shape, options = (1, 2, 3), {"dtype": "float64"}
    between = Residual(Sequential([BatchNorm(shape, **options), ReLU(), MaxPool2d(shape, 1), AveragePool2d(shape, 1)]))
    layers = [made[3], Unflatten(shape), between, MaxPool2d(shape), Flatten((1, 1, 1)), Dense(1, 4, rng=0, **options)]
    nets += [Network(Sequential(layers))]
    options = {"density": 0.6, "motif_size": 2, "activation": "tanh", "rng": 0, "dtype": "float64"}
    nets += [SparseMLP([6, 8, 4, 4], motif_mode=mode, **options) for mode in motif_modes]
    x, labels = rng.normal(size=(40, 6)), rng.integers(0, 4, 40)
    loss, gradients = 0.0, []
    for net in nets:
        batch = Samples(x, rng.permutation(40)[:37], labels)
        loss += net.gradient(batch, SoftmaxCrossEntropy(0.1), np.random.default_rng(1))
        gradients += [net.store.gradient, net.predict_scores(x).ravel()]
    return {"jit": JIT_ENABLED, "simd": SIMD, "loss": loss, "numbers": np.concatenate(gradients).tolist()}
"""


def here(*modes: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(SCRIPT, names)
    return names["results"](modes)


@pytest.mark.parametrize(
    ("switch", "jit", "modes"),  # without vectors, motifs take long to compile; they are compared in their twins' tests
    [("NUMBA_DISABLE_JIT=1", False, ("shared", "block")), ("SPARSE_MLP_SIMD=0", JIT_ENABLED, ())],
)
def test_same_results(switch: str, jit: bool, modes: tuple[str, ...]) -> None:
    name, value = switch.split("=")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + f"\nprint(json.dumps(results({modes})))"],
        env=os.environ | {name: value}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    there, wanted = json.loads(done.stdout), here(*modes)
    assert (there["jit"], there["simd"]) == (jit, False)
    assert (wanted["jit"], wanted["simd"]) == (JIT_ENABLED, SIMD)
    assert there["loss"] == pytest.approx(wanted["loss"], rel=1e-13)
    np.testing.assert_allclose(there["numbers"], wanted["numbers"], 1e-12, 1e-13)
