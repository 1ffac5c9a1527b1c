"""Lines, facts and claims of a layer, from timings made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
import pytest

from sparse_mlp.bench import link_scoring
from sparse_mlp.bench.frame import Bench
from sparse_mlp.bench.ledger import Ledger
from sparse_mlp.bench.limits import Limits
from sparse_mlp.bench.link_peers import EARLIER, Earlier, dense_matrix, dense_scores, dense_top_links
from sparse_mlp.bench.link_scoring import RIVAL, RIVAL_SCORES, Layer, draw_layer, time_layer
from sparse_mlp.bench.timing import Timing
from sparse_mlp.kernels.threads import threads_limited
from sparse_mlp.link_prediction import score_matrix, top_links

MOST = min(2, numba.config.NUMBA_NUM_THREADS)
SECONDS = {
    "CH3-L3p": 0.002, "CH2-L3n": 0.004, "CH3-L3p, all scores": 0.001, "CH2-L3n, all scores": 0.003, RIVAL: 0.05,
    RIVAL_SCORES: 0.04,
}  # fmt: skip


class Interleaved:
    """Stand in for `interleave`: call each candidate once, and say what it takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: list[int] = []
        self.results: list[dict[str, Any]] = []
        monkeypatch.setattr(link_scoring, "interleave", self)

    def __call__(self, candidates: Mapping[str, Any], *, rounds: int, slice_seconds: float) -> dict[str, Timing]:
        self.threads.append(numba.get_num_threads())
        self.results.append({name: call() for name, call in candidates.items()})
        alone = 1.5 if len(self.results) == 2 else 1.0
        return {name: self._timing(alone * SECONDS[name]) for name in candidates}

    def _timing(self, median: float) -> Timing:
        return Timing(median, median / 2, median, median, slices=3, calls=9, disturbed=0, quiet=True)


def timed(layer: Layer) -> Ledger:
    limits = {count: Limits(count, 8e9, count * 2e9, count * 1e9, 1e9, 5e8) for count in (1, MOST)}
    bench = Bench(MOST, True, Ledger({}), limits)
    time_layer(bench, layer, 0.01)
    return bench.ledger


LAYER = Layer(20, 30, 0.1, 3, Earlier(authors=0.6, authors_dense=0.12, numpy_scores=0.05, numpy=0.06), claimed=True)


def test_candidates_do_what_their_names_say(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Interleaved(monkeypatch)
    timed(LAYER)
    structure, k = draw_layer(20, 30, 0.1)
    x = dense_matrix(structure)
    together, alone = played.results
    assert (structure.nnz, k) == (60, 18)
    for name, method in (("CH3-L3p", "ch3-l3p"), ("CH2-L3n", "ch2-l3n")):
        for found in (together[name], alone[name]):
            np.testing.assert_array_equal(found, top_links(structure, method, k))
        np.testing.assert_array_equal(together[f"{name}, all scores"], score_matrix(structure, method))
    np.testing.assert_array_equal(together[RIVAL], dense_top_links(x, k))
    np.testing.assert_array_equal(together[RIVAL_SCORES], dense_scores(x))
    assert list(alone) == ["CH3-L3p", "CH2-L3n"]


def test_first_all_threads_work_then_one(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Interleaved(monkeypatch)
    with threads_limited(1):
        timed(LAYER)
        assert numba.get_num_threads() == 1
    assert played.threads == [MOST, 1]


def test_claims_are_scaled_by_the_formula_of_the_same_run(monkeypatch: pytest.MonkeyPatch) -> None:
    Interleaved(monkeypatch)
    ledger = timed(LAYER)
    assert {claim.name: claim.value for claim in ledger.claims} == pytest.approx(
        {"authors' C++ / CH3-L3p, 20x30": 10 * 25.0, "authors' C++ / CH2-L3n, 20x30": 10 * 12.5}
    )
    assert {(claim.floor, claim.aim, claim.at_most) for claim in ledger.claims} == {(30, 60, False)}
    facts = ledger.facts
    assert facts["20x30: authors' C++ / CH3-L3p, by the rerun formula"] == pytest.approx(250.0)
    assert facts["20x30: authors' C++ as timed elsewhere / CH3-L3p now"] == pytest.approx(0.6 / 0.002)
    assert facts["20x30: authors' C++ as timed elsewhere / CH2-L3n now"] == pytest.approx(0.6 / 0.004)
    assert facts["20x30: authors' PyTorch / CH2-L3n, by the rerun formula"] == pytest.approx(2 * 12.5)
    assert facts["20x30: numpy dense, then / now"] == pytest.approx(1.2)
    assert timed(Layer(20, 30, 0.1, 3, LAYER.earlier)).claims == []


def test_walks_set_the_rates_of_ours_and_products_those_of_the_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    Interleaved(monkeypatch)
    ledger = timed(LAYER)
    x = dense_matrix(draw_layer(20, 30, 0.1)[0])
    walks = float((x @ x.T @ x).sum())
    assert ledger.facts["20x30: walks of length three"] == walks
    assert ledger.facts[f"20x30: CH2-L3n, ns a walk, {MOST} threads"] == pytest.approx(4e6 / walks)
    assert ledger.facts["20x30: CH2-L3n, ns a walk, one thread"] == pytest.approx(6e6 / walks)
    lines = {(line.section, line.name): line for line in ledger.lines}
    ours, alone = (line for (_, name), line in lines.items() if name == "CH3-L3p")
    rival = next(line for (_, name), line in lines.items() if name == RIVAL)
    assert "on one thread" in alone.section and "on one thread" not in ours.section
    assert (ours.flops, ours.least) == pytest.approx((2 * walks, 16 * walks / (MOST * 1e9)))
    assert (alone.flops, alone.least) == pytest.approx((2 * walks, 16 * walks / 1e9))
    assert (rival.flops, rival.least) == pytest.approx((90_000, 90_000 / (MOST * 2e9)))


def test_figures_of_the_authors_scorers() -> None:
    """Their times in milliseconds, from choosing 30 % of the links of a layer of 1 %."""
    rounded = {shape: [round(1000 * seconds) for seconds in earlier] for shape, earlier in EARLIER.items()}
    assert rounded == {
        (784, 1000): [490, 82, 37, 46], (1000, 1000): [622, 112, 53, 67], (3000, 3000): [23600, 3000, 1040, 1220],
    }  # fmt: skip
