"""Wiring timed, its growth, and its memory in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sparse_mlp.bench import generators
from sparse_mlp.bench.apart import measure_apart
from sparse_mlp.bench.frame import Bench
from sparse_mlp.bench.ledger import Ledger
from sparse_mlp.bench.timing import Timing, timing_of

SPOILED = """
import json, numpy, sparse_mlp.bench.generators as m
kept = m.GENERATORS["dendritic"]
m.GENERATORS["dendritic"] = lambda n, *rest: (numpy.ones(2**23 if n == 200 else 2**20), kept(n, *rest))[1]
print(json.dumps(m.measure_wiring("dendritic", 200, 150, 0.05, 1)))
"""


def empty_bench() -> Bench:
    return Bench(1, True, Ledger({}), {})


def test_a_wiring_takes_much_less_memory_than_all_places() -> None:
    found = measure_apart("sparse_mlp.bench.generators", "dendritic", 10_000, 10_000, 0.001, 1)
    assert found["links"] == 100_000
    assert 0 <= found["growth_bytes"] < 10_000 * 10_000 / 4
    assert 2**25 < found["peak_bytes"] < 1e9
    assert 0 < found["seconds"] < 60


def test_growth_is_what_the_wiring_takes_itself() -> None:
    done = subprocess.run([sys.executable, "-c", SPOILED], capture_output=True, check=True)
    growth = json.loads(done.stdout)["growth_bytes"]
    assert 0.8 * 8 * 2**23 < growth < 1.1 * 8 * 2**23


def test_growth_sets_the_wide_layer_beside_the_narrow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def turns(candidates: Mapping[str, Callable[[], Any]], **_: Any) -> dict[str, Timing]:
        made = {name: call() for name, call in candidates.items()}
        shapes.append({name: (structure.shape, structure.nnz) for name, structure in made.items()})
        return {"narrow": timing_of([2.0], quiet=True), "wide": timing_of([3.0], quiet=False)}

    monkeypatch.setattr(generators, "interleave", turns)
    bench = empty_bench()
    generators.time_growth(bench, (10, 20, 0.1), rounds=1, slice_seconds=0.0)
    assert shapes == [{"narrow": ((10, 20), 20), "wide": ((40, 80), 20)}] * len(generators.NAMES)
    assert set(bench.ledger.facts.values()) == {1.5} and len(bench.ledger.facts) == len(generators.NAMES)
    (claim,) = bench.ledger.claims
    assert (claim.value, claim.by_best, claim.verdict) == (1.5, 1.5, "aim met?")


def test_claims_of_time_in_either_unit() -> None:
    bench = empty_bench()
    generators.claim_time(bench, (30, 40, 0.1), timing_of([0.012], quiet=True), "ms", 20, 10)
    generators.claim_time(bench, (30, 40, 0.1), timing_of([4.0], quiet=True), "s", 3, 1)
    assert [(claim.name, claim.unit, claim.value, claim.verdict) for claim in bench.ledger.claims] == [
        ("dendritic wiring 30x40", "ms", 12.0, "floor met"), ("dendritic wiring 30x40", "s", 4.0, "MISSED"),
    ]  # fmt: skip


def test_each_generator_has_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    found = {"seconds": 1.0, "growth_bytes": 2e6, "peak_bytes": 0.5e9, "links": 120}
    monkeypatch.setattr(generators, "measure_apart", lambda *arguments: asked.append(arguments) or found)
    bench = empty_bench()
    generators.claim_memory(bench, (30, 40, 0.1), ("dendritic", "erdos-renyi"))
    assert asked == [("sparse_mlp.bench.generators", name, 30, 40, 0.1, 1) for name in ("dendritic", "erdos-renyi")]
    assert [(claim.name, claim.value, claim.verdict) for claim in bench.ledger.claims] == [
        ("dendritic wiring, peak memory", 0.5, "aim met"), ("erdos-renyi wiring, peak memory", 0.5, "aim met"),
    ]  # fmt: skip
    assert bench.ledger.facts["30x40 dendritic, 120 links: growth of the peak [MB]"] == 2.0
