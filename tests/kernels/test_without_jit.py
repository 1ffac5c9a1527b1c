"""The same results without the compiler, and with it but without explicit vectors: each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from sparse_mlp.kernels import tile
from sparse_mlp.kernels._jit import JIT_ENABLED

SCRIPT = """
import json
import numpy as np
from sparse_mlp.kernels import linear, tile
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.layers import AllReLU, ReLU, SoftmaxCrossEntropy, SparseLinear
from sparse_mlp.models import SparseMLP
from sparse_mlp.reference import linear as reference
from sparse_mlp.structure import SparseStructure

def results():
    rng = np.random.default_rng(0)
    made = []
    for i, shape in enumerate([(6, 7), (7, 5), (5, 4)]):
        structure = SparseStructure.from_keys(np.flatnonzero(rng.random(shape[0] * shape[1]) < 0.5), shape)
        layer = SparseLinear(structure, "normal", rng=rng, dtype="float64", name=str(i))
        layer.bias[:] = rng.normal(size=shape[1])
        made.append(layer)
    model = SparseMLP.from_layers([made[0], ReLU(), made[1], AllReLU(0.6, 0), made[2]], backend="numba")
    x, labels = rng.normal(size=(40, 6)), rng.integers(0, 4, 40)
    loss = model.compiled.gradient(x, rng.permutation(40)[:37], labels, SoftmaxCrossEntropy(0.1))

    structure, weight, bias = made[0].structure, made[0].weight, made[0].bias
    a, dy = np.ascontiguousarray(x.T), rng.normal(size=(7, 40))
    twins = [
        (m.spmm(*structure.by_output, weight, bias, a, True),
         *m.linear_backward(structure.indptr, structure.indices, weight, a, dy),
         m.spmm_transpose(structure.indptr, structure.indices, weight, dy),
         m.sddmm(structure.indptr, structure.indices, a, dy), m.bias_grad(dy))
        for m in (linear, reference)
    ]
    for got, wanted in zip(*twins):
        assert np.abs(got - wanted).max() < 1e-12
    gradients = [model.store.gradient]
    for mode in ("shared", "block"):
        net = SparseMLP([6, 8, 4, 4], density=0.6, motif_size=2, motif_mode=mode, rng=0, dtype="float64")
        loss += net.compiled.gradient(x, np.arange(37), labels, SoftmaxCrossEntropy())
        gradients.append(net.store.gradient)
    return {"jit": JIT_ENABLED, "simd": tile.SIMD, "loss": loss, "gradient": np.concatenate(gradients).tolist(),
            "scores": model.predict_scores(x).ravel().tolist()}
"""


@pytest.fixture(scope="module")
def here() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(SCRIPT, names)
    return names["results"]()


@pytest.mark.parametrize(
    ("switch", "jit", "simd"), [("NUMBA_DISABLE_JIT=1", False, False), ("SPARSE_MLP_SIMD=0", JIT_ENABLED, False)]
)
def test_same_results(here: dict[str, Any], switch: str, jit: bool, simd: bool) -> None:
    name, value = switch.split("=")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + "\nprint(json.dumps(results()))"],
        env=os.environ | {name: value}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    assert (there["jit"], there["simd"]) == (jit, simd)
    assert there["loss"] == pytest.approx(here["loss"], rel=1e-13)
    assert np.abs(np.array(there["gradient"]) - here["gradient"]).max() < 1e-13
    assert np.abs(np.array(there["scores"]) - here["scores"]).max() < 1e-13


def test_this_process_is_the_other_case(here: dict[str, Any]) -> None:
    """Otherwise the comparison above would be of like with like."""
    if not (JIT_ENABLED and tile.SIMD):
        pytest.skip("this process itself was started without compiler or vectors")
    assert here["jit"] and here["simd"]
