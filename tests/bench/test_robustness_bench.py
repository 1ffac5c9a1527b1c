"""The bench of robustness curves on tiny networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.bench import robustness
from sparse_mlp.bench.frame import Bench
from sparse_mlp.bench.job import make_job
from sparse_mlp.bench.ledger import Ledger
from sparse_mlp.bench.limits import Limits
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.robustness import PERTURBATIONS, perturb


@pytest.mark.skipif(not JIT_ENABLED, reason="the bench measures compiled kernels")
def test_a_quick_run_writes_a_complete_ledger(tmp_path: Path) -> None:
    ledger = robustness.run(quick=True, json_path=tmp_path / "bench.json", threads=1)
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found == json.loads(ledger.to_json())
    names = ["prediction alone", *PERTURBATIONS, "random-pruning, copied anew", "random-pruning, links taken out"]
    assert [line["name"] for line in found["lines"]] == [*names, "random-pruning", "all five perturbations"]
    assert [claim["verdict"] for claim in found["claims"]] == ["not judged"] * 2
    assert [claim["floor"] for claim in found["claims"]] == [60, 60]
    one, five = found["lines"][-2:]
    links = 240 + 360 + 360 + 600  # a tenth of 40 x 60 and of 60 x 60, twice, and the read-out
    assert one["flops"] == 2 * (3 * 2 + 1) * 300 * links
    assert five["flops"] == 2 * (3 * 2 * 3 + 2 * 3 + 1) * 300 * links
    assert max(map(len, ledger.table().splitlines())) <= 100


def test_the_network_without_links_says_what_the_perturbed_one_says() -> None:
    model = make_job("job", (12, 30, 30, 4), batch=8, density=0.3, n_samples=16).model()
    for layer in model.linear_layers:
        layer.bias[:] = np.linspace(-0.5, 0.5, len(layer.bias))
    x = np.random.default_rng(0).random((20, 12), dtype=np.float32)
    fewer = robustness.built_anew(model, 0.5, 3)
    assert [layer.structure.nnz for layer in fewer.sparse_layers] == [
        layer.structure.nnz - round(layer.structure.nnz / 2) for layer in model.sparse_layers
    ]
    np.testing.assert_allclose(
        fewer.predict_scores(x), perturb(model, "random-pruning", 0.5, 3).predict_scores(x), atol=1e-6
    )


def test_the_limit_counts_each_link_once() -> None:
    job = make_job("job", (10, 20, 4), batch=8, density=0.1, n_samples=16)
    limits = Limits(threads=1, fma=1e12, sgemm=1.0, l2=1e9, l3=1e8, dram=1e7)
    bench = Bench(1, False, Ledger({}), {1: limits})
    assert robustness.forward_limit(job, bench).seconds == 4 * 100 * 8 / 1e9
