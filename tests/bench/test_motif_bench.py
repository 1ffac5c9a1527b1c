"""The bench of motif layers on tiny networks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sparse_mlp.bench import motif
from sparse_mlp.kernels._jit import JIT_ENABLED


@pytest.mark.skipif(not JIT_ENABLED, reason="the bench measures compiled kernels")
def test_a_quick_run_writes_a_complete_ledger(tmp_path: Path) -> None:
    ledger = motif.run(quick=True, json_path=tmp_path / "bench.json", threads=1)
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found == json.loads(ledger.to_json())
    names = ["single links", "shared, m = 2", "shared, m = 4", "block, m = 2", "block, m = 4"]
    assert [line["name"] for line in found["lines"]] == names
    assert [claim["verdict"] for claim in found["claims"]] == ["not judged"] * 4
    assert [claim["aim"] for claim in found["claims"]] == [57, 36, 57, 36]
    assert max(map(len, ledger.table().splitlines())) <= 100


def test_jobs_have_equal_density_of_single_links() -> None:
    jobs = motif.motif_jobs(motif.FULL)
    links = {
        name: sum(layer.structure.nnz * layer.motif_size**2 for layer in job.model().sparse_layers)
        for name, job in jobs.items()
    }
    assert set(links.values()) == {20 * (784 + 3000) + 2 * 20 * 6000}
    single, shared, block = jobs["single links"], jobs["shared, m = 2"], jobs["block, m = 2"]
    readout = 30_000
    assert block.flops == single.flops
    assert sum(shared.links) - readout == (sum(single.links) - readout) / 4
    assert block.bytes_read - 2 * readout * 512 == (single.bytes_read - 2 * readout * 512) / 2
