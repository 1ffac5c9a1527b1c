"""Links chosen by their scores: ours with some threads and with one, beside CH2-L3n by dense products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sparse_mlp.bench.frame import Bench
from sparse_mlp.bench.ledger import Line, ratio
from sparse_mlp.bench.limits import Limits
from sparse_mlp.bench.link_peers import Earlier, dense_flops, dense_matrix, dense_scores, dense_top_links
from sparse_mlp.bench.timing import Timing, interleave
from sparse_mlp.kernels.link_scores import count_walks
from sparse_mlp.kernels.threads import threads_limited
from sparse_mlp.link_prediction import score_matrix, top_links
from sparse_mlp.rng import as_generator
from sparse_mlp.structure import SparseStructure
from sparse_mlp.topology.erdos_renyi import erdos_renyi

CHOSEN = 0.3  # links chosen, as a share of the links that there are
WALK_FLOPS, WALK_BYTES = 2, 16  # a count and a sum grow; an index of 4 bytes, a count of 4 and a sum of 8 are read
METHODS = {"CH3-L3p": "ch3-l3p", "CH2-L3n": "ch2-l3n"}
RIVAL, RIVAL_SCORES = "numpy dense CH2-L3n, top k", "numpy dense CH2-L3n, all scores"


@dataclass(frozen=True)
class Layer:
    """Hold the size of a layer that is timed, and how often.

    Attributes
    ----------
    n_in, n_out : int
    density : float
    rounds : int
        Of `interleave`.
    earlier : Earlier
        What was measured once for a layer of this size.
    claimed : bool
        Whether speed on it is claimed.
    """

    n_in: int
    n_out: int
    density: float
    rounds: int
    earlier: Earlier
    claimed: bool = False

    @property
    def name(self) -> str:
        """Rows and columns."""
        return f"{self.n_in}x{self.n_out}"


def draw_layer(n_in: int, n_out: int, density: float) -> tuple[SparseStructure, int]:
    """Return an Erdős–Rényi wiring, and how many links are to be chosen for it."""
    structure = erdos_renyi(n_in, n_out, round(density * n_in * n_out), as_generator(0))
    return structure, int(CHOSEN * structure.nnz)


def time_layer(bench: Bench, layer: Layer, slice_seconds: float) -> None:
    """Add the section of a layer, its facts, and its claims if it has any; leaves threads as they are."""
    structure, k = draw_layer(layer.n_in, layer.n_out, layer.density)
    x, by_output = dense_matrix(structure), structure.by_output
    walks = count_walks(structure.indptr, structure.indices, by_output.indptr, by_output.indices)
    ours = _ours(structure, k)
    rivals: dict[str, Callable[[], object]] = {
        RIVAL: lambda: dense_top_links(x, k),
        RIVAL_SCORES: lambda: dense_scores(x),
    }
    section = f"layer {layer.name}, density {layer.density:g}: {k} links chosen by their scores"
    with threads_limited(bench.threads):
        timings = interleave(ours | rivals, rounds=layer.rounds, slice_seconds=slice_seconds)
    limits, work = bench.limits[bench.threads], dense_flops(layer.n_in, layer.n_out)
    bench.ledger.lines += [_line(section, name, timings[name], walks, limits) for name in ours]
    bench.ledger.lines += [Line(section, name, timings[name], work, work / limits.sgemm) for name in rivals]
    with threads_limited(1):
        chosen = {name: ours[name] for name in METHODS}
        alone = interleave(chosen, rounds=layer.rounds, slice_seconds=slice_seconds)
    apart = f"layer {layer.name}: the same on one thread"
    bench.ledger.lines += [_line(apart, name, timing, walks, bench.limits[1]) for name, timing in alone.items()]
    _add_facts(bench, layer, walks, timings, alone)
    if layer.claimed:
        for name in METHODS:
            what, times = f"authors' C++ / {name}, {layer.name}", layer.earlier.authors / layer.earlier.numpy
            bench.claim_ratio(what, timings[RIVAL], timings[name], 30, 60, times=times)


def _ours(structure: SparseStructure, k: int) -> dict[str, Callable[[], object]]:
    calls: dict[str, Callable[[], object]] = {}
    for name, method in METHODS.items():
        calls[name] = lambda method=method: top_links(structure, method, k)  # type: ignore[misc]
    for name, method in METHODS.items():
        calls[f"{name}, all scores"] = lambda method=method: score_matrix(structure, method)  # type: ignore[misc]
    return calls


def _line(section: str, name: str, timing: Timing, walks: int, limits: Limits) -> Line:
    return Line(section, name, timing, WALK_FLOPS * walks, WALK_BYTES * walks / limits.l2)


def _add_facts(bench: Bench, layer: Layer, walks: int, timings: dict[str, Timing], alone: dict[str, Timing]) -> None:
    facts, earlier = bench.ledger.facts, layer.earlier
    facts[f"{layer.name}: walks of length three"] = walks
    for name in METHODS:
        best = f"{layer.name}: {name}, ns a walk"
        facts[f"{best}, {bench.threads} threads"] = 1e9 * timings[name].median / walks
        facts[f"{best}, one thread"] = 1e9 * alone[name].median / walks
        found, _ = ratio(timings[RIVAL], timings[name])
        assert found is not None
        facts[f"{layer.name}: authors' C++ / {name}, by the rerun formula"] = earlier.authors / earlier.numpy * found
        facts[f"{layer.name}: authors' C++ as timed elsewhere / {name} now"] = earlier.authors / timings[name].median
    dense, _ = ratio(timings[RIVAL], timings["CH2-L3n"])
    assert dense is not None
    facts[f"{layer.name}: authors' PyTorch / CH2-L3n, by the rerun formula"] = (
        earlier.authors_dense / earlier.numpy * dense
    )
    facts[f"{layer.name}: numpy dense, then / now"] = earlier.numpy / timings[RIVAL].median
