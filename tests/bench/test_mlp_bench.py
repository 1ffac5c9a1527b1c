"""The whole bench on tiny networks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sparse_mlp.bench import epoch, memory, mlp
from sparse_mlp.bench.epoch import EpochCost, time_epochs
from sparse_mlp.bench.job import make_job
from sparse_mlp.bench.peers import torch_is_there
from sparse_mlp.errors import InvalidInputError, SparseMLPError
from sparse_mlp.kernels._jit import JIT_ENABLED
from sparse_mlp.models import SparseMLP

compiled = pytest.mark.skipif(not JIT_ENABLED, reason="the bench measures compiled kernels")


@compiled
def test_a_quick_run_writes_a_complete_ledger(tmp_path: Path) -> None:
    ledger = mlp.run(quick=True, large=False, json_path=tmp_path / "bench.json", threads=1)
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found == json.loads(ledger.to_json())
    assert [path.name for path in tmp_path.iterdir()] == ["bench.json"]
    assert len(found["claims"]) == 6
    assert {claim["verdict"] for claim in found["claims"]} <= {"not judged", "not measured"}
    names = {line["name"] for line in found["lines"]}
    assert {*mlp.OURS, *mlp.NUMPY_PEERS} <= names
    assert set(mlp.TORCH_PEERS) <= names or not torch_is_there()
    assert all(line["timing"]["median"] >= line["timing"]["best"] > 0 for line in found["lines"])
    assert max(map(len, ledger.table().splitlines())) <= 100


@compiled
def test_without_pytorch_its_claims_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlp, "torch_is_there", lambda: False)
    ledger = mlp.run(quick=True, large=False, threads=1)
    by_name = {claim.name: claim for claim in ledger.claims}
    assert by_name["torch CSR / ours, batch 128"].verdict == "not measured"
    assert by_name["scipy 2018 / ours, batch 128"].value is not None
    assert not any("torch" in line.name for line in ledger.lines)
    assert any("PyTorch is not installed" in note for note in ledger.notes)


@pytest.mark.skipif(JIT_ENABLED, reason="the compiler is on")
def test_kernels_that_are_not_compiled_are_not_measured() -> None:
    with pytest.raises(SparseMLPError, match="NUMBA_DISABLE_JIT"):
        mlp.run(quick=True)


@compiled
def test_threads_must_be_a_number() -> None:
    with pytest.raises(InvalidInputError, match="threads=0"):
        mlp.run(quick=True, threads=0)


@compiled
def test_the_large_job_tells_its_peak_and_both_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SMALL", ((12, 15, 5), {"density": 0.2}))
    monkeypatch.setattr(memory, "LARGE", ((20, 30, 5), {"epsilon": 2.0}))
    evaluated = []
    predict = SparseMLP.predict_scores
    monkeypatch.setattr(SparseMLP, "predict_scores", lambda model, x: evaluated.append(len(x)) or predict(model, x))
    found = json.loads(json.dumps(memory.measure_large(1, rounds=1, slice_seconds=0.01)))
    assert evaluated == [512]
    assert found["links"] == {"small": 36 + 75, "large": 2 * (20 + 30) + 150}
    assert set(found["timings"]) == {"small", "large"}
    assert found["peak_bytes"] > 2**20


def test_peak_memory_is_that_of_the_program_alone() -> None:
    """A program started by a large process must not be charged for its parent."""
    code = "import numpy, sparse_mlp.machine as m; a = numpy.ones({n}); print(m.peak_memory())"
    parent = np.ones(2**25)  # 256 MB
    little, much = (
        int(subprocess.run([sys.executable, "-c", code.format(n=n)], capture_output=True, check=True).stdout)
        for n in (1, 2**23)
    )
    assert little < 200e6 < parent.nbytes
    assert much - little == pytest.approx(8 * 2**23, rel=0.1)


def test_epochs_and_updates_are_timed_apart() -> None:
    cost = time_epochs(make_job("tiny", (12, 15, 5), batch=8, density=0.2, n_samples=24), epochs=3)
    assert cost.samples == 24
    assert cost.epoch >= cost.best_epoch > 0
    assert cost.update >= cost.best_update > 0
    assert EpochCost(2.0, 1.0, 0.1, 0.02, 24, quiet=True).share() == pytest.approx((5.0, 2.0))


@pytest.mark.parametrize(("disturbances", "tries"), [(0, 1), (1, 2), (2, 3), (5, 3)])
def test_epochs_begin_again_where_something_else_ran(
    monkeypatch: pytest.MonkeyPatch, disturbances: int, tries: int
) -> None:
    costs = [EpochCost(float(n), 1.0, 0.1, 0.02, 24, quiet=n >= disturbances) for n in range(9)]
    asked = []
    monkeypatch.setattr(epoch, "time_epochs", lambda job, **options: asked.append(options) or costs[len(asked) - 1])
    cost = epoch.time_quiet_epochs(make_job("tiny", (12, 15, 5), batch=8, density=0.2), epochs=4, rule="rlr")
    assert asked == [{"epochs": 4, "rule": "rlr"}] * tries
    assert cost is costs[tries - 1]
