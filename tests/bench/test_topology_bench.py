"""The whole bench of the topology on tiny layers."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

import pytest

from sparse_mlp.bench import topology
from sparse_mlp.bench.epoch import EpochCost
from sparse_mlp.bench.frame import start_bench
from sparse_mlp.bench.generators import NAMES
from sparse_mlp.bench.job import Job
from sparse_mlp.bench.ledger import Ledger, Line
from sparse_mlp.bench.timing import timing_of
from sparse_mlp.bench.updates import RULES, section_of
from sparse_mlp.errors import SparseMLPError
from sparse_mlp.kernels._jit import JIT_ENABLED

compiled = pytest.mark.skipif(not JIT_ENABLED, reason="the bench measures compiled kernels")


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, dict[str, Any], list[str]]:
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    ledger = topology.run(quick=True, json_path=path, threads=1)
    return ledger, json.loads(path.read_text()), [entry.name for entry in path.parent.iterdir()]


@compiled
def test_a_quick_run_writes_a_complete_ledger(quick: tuple[Ledger, dict[str, Any], list[str]]) -> None:
    ledger, found, files = quick
    assert found == json.loads(ledger.to_json()) and files == ["bench.json"]
    assert [claim["name"] for claim in found["claims"]] == [
        "authors' C++ / CH3-L3p, 60x60", "authors' C++ / CH2-L3n, 60x60", "CH3-L3p update, share of an epoch",
        "dendritic wiring 60x40", "dendritic time, 16 times the places", "dendritic wiring 200x150",
        "dendritic wiring, peak memory", "200x150 CH3-L3p, peak memory", "200x150 CH2-L3n, peak memory",
    ]  # fmt: skip
    assert {claim["verdict"] for claim in found["claims"]} == {"not judged"}
    assert [(claim["floor"], claim["aim"]) for claim in found["claims"]] == [
        *[(30, 60)] * 2, (15, 15), (20, 10), (4, 2), (3, 1), *[(1, 1)] * 3,
    ]  # fmt: skip
    assert [claim["at_most"] for claim in found["claims"]] == [False] * 2 + [True] * 7
    assert set(RULES) <= {line["name"] for line in found["lines"]}
    assert all(line["timing"]["median"] >= line["timing"]["best"] > 0 for line in found["lines"])
    assert any(note.startswith("QUICK") for note in found["notes"])
    assert not any("left out" in note and "large" in note for note in found["notes"])


@compiled
def test_its_figures_belong_together(quick: tuple[Ledger, dict[str, Any], list[str]]) -> None:
    ledger = quick[0]
    section = next(line.section for line in ledger.lines if line.name == "ch3l3")
    slow, fast = ledger.find(section, "ch3l3"), ledger.find(section, "rlr")
    assert slow is not None and fast is not None
    facts, claims = ledger.facts, {claim.name: claim for claim in ledger.claims}
    ratio = next(value for name, value in facts.items() if name.startswith("an update by ch3l3 : by rlr (about 2"))
    assert ratio == slow.median / fast.median
    share = claims["CH3-L3p update, share of an epoch"].value
    epoch = facts["seconds an epoch of 600 samples, by Trainer"]
    assert share == pytest.approx(100 * facts["seconds an update by ch3l3 between such epochs"] / epoch)
    for what, megabytes in (("100x90 CH3-L3p, 450 links", 0.072), ("200x150 CH2-L3n, 1200 links", 0.24)):
        assert facts[f"{what}: seconds of the only run"] > 0
        assert facts[f"{what}: growth of the peak by it [MB]"] >= 0
        assert facts[f"{what}: a matrix of all scores would take [MB]"] == pytest.approx(megabytes)
    assert 0.03 < (claims["200x150 CH2-L3n, peak memory"].value or 0) < 2


@compiled
def test_every_generator_without_data_is_timed(quick: tuple[Ledger, dict[str, Any], list[str]]) -> None:
    ledger = quick[0]
    for section in ("wiring a layer 60x40, density 0.1", "wiring a layer 200x150, density 0.04"):
        assert [line.name for line in ledger.lines if line.section == section] == list(NAMES)
    claims = {claim.name: claim for claim in ledger.claims}
    timing = ledger.find("wiring a layer 60x40, density 0.1", "dendritic")
    assert timing is not None and claims["dendritic wiring 60x40"].value == 1e3 * timing.median
    for name in NAMES:
        assert ledger.facts[f"{name}, 300 links: 200x240 / 50x60"] > 0
    assert ledger.facts["200x150 dendritic, 1200 links: seconds of the only wiring"] > 0


@compiled
def test_its_table_fits_a_screen(quick: tuple[Ledger, dict[str, Any], list[str]]) -> None:
    assert max(map(len, quick[0].table().splitlines())) <= 100
    assert max(map(len, quick[0].facts)) < 80


@compiled
@pytest.mark.usefixtures("quick")  # kernels are compiled by then
def test_a_quick_run_is_quick_and_the_large_layer_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    found = {"seconds": 1.0, "growth_bytes": 2e6, "peak_bytes": 3e9, "links": 450, "chosen": 135}
    monkeypatch.setattr(topology, "measure_apart", lambda *arguments: asked.append(arguments) or found)
    began = perf_counter()
    ledger = topology.run(quick=True, large=False, threads=1)
    assert perf_counter() - began < 10
    assert asked == [("sparse_mlp.bench.link_memory", "ch3-l3p", 100, 90, 0.05, 1)]
    assert not any("memory" in claim.name or "200x150" in claim.name for claim in ledger.claims)
    assert "The large layer was left out." in ledger.notes
    assert ledger.facts["100x90 CH3-L3p, 450 links: growth of the peak by it [MB]"] == 2.0


@compiled
def test_the_share_is_of_epochs_with_the_same_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def epochs(job: Job, **options: Any) -> EpochCost:
        asked.update(options, samples=len(job.x))
        return EpochCost(2.0, 1.0, 0.2, 0.15, 600, quiet=False)

    monkeypatch.setattr(topology, "time_quiet_epochs", epochs)
    monkeypatch.setattr(topology, "time_updates", lambda job, rounds: _two_updates(job))
    bench = start_bench(1, judged=True, limit_repeats=1)
    topology._time_updates(bench, topology.QUICK)
    assert asked == {"epochs": 3, "rule": "ch3l3", "samples": 600}
    (claim,) = bench.ledger.claims
    assert (claim.value, claim.by_best, claim.verdict) == (pytest.approx(10.0), pytest.approx(15.0), "aim met?")


def _two_updates(job: Job) -> list[Line]:
    seconds = {"rlr": timing_of([1.0], quiet=True), "ch3l3": timing_of([4.0], quiet=True)}
    return [Line(section_of(job), rule, timing) for rule, timing in seconds.items()]


def test_the_full_run_claims_what_the_library_promises() -> None:
    plan = topology.FULL
    assert [(layer.name, layer.density, layer.claimed) for layer in plan.layers] == [
        ("784x1000", 0.01, False), ("1000x1000", 0.01, True), ("3000x3000", 0.01, False),
    ]  # fmt: skip
    assert plan.large == (10_000, 10_000, 0.01) and plan.wired == (784, 1568, 0.01)
    assert plan.alone == NAMES and {"erdos-renyi", "dendritic"} <= set(NAMES) and "correlated" not in NAMES
    assert plan.net == {"sizes": (784, 1000, 1000, 1000, 10), "density": 0.01}
    assert plan.samples == 60_000 and plan.judged


@pytest.mark.skipif(JIT_ENABLED, reason="the compiler is on")
def test_kernels_that_are_not_compiled_are_not_measured() -> None:
    with pytest.raises(SparseMLPError, match="NUMBA_DISABLE_JIT"):
        topology.run(quick=True)
