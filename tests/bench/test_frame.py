"""What all subjects of the bench share, by numbers made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sparse_mlp.bench.frame import Bench, start_bench
from sparse_mlp.bench.ledger import Ledger, Line
from sparse_mlp.bench.limits import Limits
from sparse_mlp.bench.timing import Timing
from sparse_mlp.errors import InvalidInputError
from sparse_mlp.kernels._jit import JIT_ENABLED


def timing(median: float, best: float, *, quiet: bool = True, disturbed: int = 0) -> Timing:
    return Timing(median, best, median, median, slices=3, calls=9, disturbed=disturbed, quiet=quiet)


def bench(*, judged: bool = True) -> Bench:
    return Bench(2, judged, Ledger({"machine": "any"}), {2: Limits(2, 4e9, 3e9, 2e9, 1e9, 5e8)})


def test_a_ratio_is_claimed_with_its_known_factor_and_its_verdict() -> None:
    found = bench()
    found.claim_ratio("slow / fast", timing(6.0, 4.0), timing(2.0, 1.0), 30, 60, times=10.0, reason="not installed")
    found.claim_ratio("shaken", timing(6.0, 4.0, quiet=False), timing(2.0, 1.0), 2, 5)
    found.claim_ratio("missing", None, timing(2.0, 1.0), 2, 5, reason="not installed")
    first, shaken, missing = found.ledger.claims
    assert (first.value, first.by_best, first.verdict, first.reason) == (30.0, 40.0, "floor met", "")
    assert (shaken.value, shaken.verdict) == (3.0, "floor met?")
    assert (missing.value, missing.by_best, missing.verdict, missing.reason) == (
        None,
        None,
        "not measured",
        "not installed",
    )


def test_the_notes_end_with_what_disturbed_and_the_file_holds_all(tmp_path: Path) -> None:
    found = bench(judged=False)
    found.claim_ratio("slow / fast", timing(6.0, 4.0), timing(2.0, 1.0), 30, 60)
    found.ledger.lines = [Line("job", str(n), timing(1.0, 1.0, disturbed=n)) for n in (3, 4)]
    ledger = found.finish(["what it means"], tmp_path / "bench.json")
    assert ledger.claims[0].verdict == "not judged"
    first, disturbed, quick = ledger.notes
    assert first == "what it means" and "disturbed 7 turns" in disturbed and quick.startswith("QUICK")
    assert (tmp_path / "bench.json").read_text() == ledger.to_json()
    assert json.loads(ledger.to_json())["notes"] == ledger.notes


def test_quiet_turns_and_judged_claims_need_no_note() -> None:
    found = bench()
    found.ledger.lines = [Line("job", "quiet", timing(1.0, 1.0))]
    assert found.finish(["what it means"], None).notes == ["what it means"]


@pytest.mark.skipif(not JIT_ENABLED, reason="the bench measures compiled kernels")
def test_a_bench_starts_with_the_limits_of_one_thread_and_of_all() -> None:
    found = start_bench(1, judged=False, limit_repeats=2, precision="float16")
    assert found.threads == 1 and list(found.limits) == [1]
    assert [limit["threads"] for limit in found.ledger.limits] == [1]
    assert found.ledger.header["threads"].endswith("float16")
    with pytest.raises(InvalidInputError, match="threads=0"):
        start_bench(0, judged=False, limit_repeats=2)
