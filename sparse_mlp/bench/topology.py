"""The bench of the topology: wirings made, links chosen by their scores, memory, and updates of a whole net."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any

from sparse_mlp.bench.apart import measure_apart
from sparse_mlp.bench.epoch import share_claim, time_quiet_epochs
from sparse_mlp.bench.frame import Bench, start_bench
from sparse_mlp.bench.generators import NAMES, claim_memory, claim_time, time_generators, time_growth
from sparse_mlp.bench.job import make_job
from sparse_mlp.bench.ledger import Claim, Ledger, ratio
from sparse_mlp.bench.link_peers import EARLIER
from sparse_mlp.bench.link_scoring import METHODS, Layer, time_layer
from sparse_mlp.bench.updates import section_of, time_updates
from sparse_mlp.kernels.threads import threads_limited

Shape = tuple[int, int, float]


@dataclass(frozen=True)
class Plan:
    """Hold how large and how long a bench is.

    Attributes
    ----------
    layers : tuple of Layer
    middle, large : (n_in, n_out, density)
        Layers whose memory is measured.
    wired : (n_in, n_out, density)
        Layer that each generator wires; it wires `large` as well.
    grown : (n_in, n_out, density)
        Layer beside which one of more neurons and as many links is wired.
    alone : tuple of str
        Generators that wire `large` in a process of their own, for their memory.
    net : dict
        Sizes and density of the net that is updated.
    samples : int
        Of the epoch beside which an update is put.
    between : int
        Samples trained before and after each update that is timed.
    rounds, epochs, limit_repeats : int
    slice_seconds : float
    judged : bool
    """

    layers: tuple[Layer, ...]
    middle: Shape
    large: Shape
    wired: Shape
    grown: Shape
    alone: tuple[str, ...]
    net: dict[str, Any]
    samples: int
    between: int
    rounds: int
    epochs: int
    limit_repeats: int
    slice_seconds: float
    judged: bool


FULL = Plan(
    layers=(
        Layer(784, 1000, 0.01, 15, EARLIER[784, 1000]),
        Layer(1000, 1000, 0.01, 15, EARLIER[1000, 1000], claimed=True),
        Layer(3000, 3000, 0.01, 3, EARLIER[3000, 3000]),
    ),
    middle=(3000, 3000, 0.01), large=(10_000, 10_000, 0.01),
    wired=(784, 1568, 0.01), grown=(2500, 2500, 0.04), alone=NAMES,
    net={"sizes": (784, 1000, 1000, 1000, 10), "density": 0.01},
    samples=60_000, between=2560, rounds=15, epochs=6, limit_repeats=300, slice_seconds=0.1, judged=True,
)  # fmt: skip
QUICK = Plan(
    layers=(
        Layer(40, 60, 0.1, 2, EARLIER[784, 1000]),
        Layer(60, 60, 0.1, 2, EARLIER[1000, 1000], claimed=True),
    ),
    middle=(100, 90, 0.05), large=(200, 150, 0.04),
    wired=(60, 40, 0.1), grown=(50, 60, 0.1), alone=("dendritic",),
    net={"sizes": (40, 60, 60, 60, 10), "density": 0.1},
    samples=600, between=128, rounds=3, epochs=3, limit_repeats=5, slice_seconds=0.002, judged=False,
)  # fmt: skip


def run(
    *, quick: bool = False, json_path: str | PathLike[str] | None = None, large: bool = True, threads: int | None = None
) -> Ledger:
    """Measure wiring, the choice of links by score and the updates of a net, side by side with what else there is.

    Parameters
    ----------
    quick : bool
        Tiny layers and few repeats: tries the bench itself, and judges nothing.
    json_path : path, optional
        Where to write the ledger as JSON, whole or not at all.
    large : bool
        Whether to wire the layer of a million links and to choose links in it, each method in a process of its own.
    threads : int, optional
        Of every rival; two at most if not given.

    Returns
    -------
    Ledger

    Raises
    ------
    InvalidInputError
        If `threads` is not a whole number of at least one.
    SparseMLPError
        If kernels are not compiled.
    """
    plan = QUICK if quick else FULL
    precision = "scores float64, numpy dense float32"
    bench = start_bench(threads, judged=plan.judged, limit_repeats=plan.limit_repeats, precision=precision)
    for layer in plan.layers:
        time_layer(bench, layer, plan.slice_seconds)
    with threads_limited(bench.threads):
        _time_updates(bench, plan)
    _time_wirings(bench, plan, large=large)
    _measure_memory(bench, "CH3-L3p", plan.middle)
    if large:
        for name in METHODS:
            peak = _measure_memory(bench, name, plan.large)
            n_in, n_out, _ = plan.large
            claim = f"{n_in}x{n_out} {name}, peak memory"
            bench.ledger.claims.append(Claim(claim, peak, peak, 1, 1, "GB", at_most=True, judged=bench.judged))
    return bench.finish(_notes(large), json_path)


def _time_updates(bench: Bench, plan: Plan) -> None:
    sizes = "-".join(map(str, plan.net["sizes"]))
    name = f"{sizes}, density {plan.net['density']:g}, batch 128"
    job = make_job(name, batch=128, n_samples=plan.between, **plan.net)
    ledger = bench.ledger
    ledger.lines += time_updates(job, rounds=plan.rounds)
    section = section_of(job)
    slower, by_best = ratio(ledger.find(section, "ch3l3"), ledger.find(section, "rlr"))
    assert slower is not None and by_best is not None
    ledger.facts["an update by ch3l3 : by rlr (about 2 in Fig. 2 of the robustness paper)"] = slower
    ledger.facts["an update by ch3l3 : by rlr, by the fastest"] = by_best
    cost = time_quiet_epochs(
        make_job(name, batch=128, n_samples=plan.samples, **plan.net), epochs=plan.epochs, rule="ch3l3"
    )
    ledger.facts[f"seconds an epoch of {cost.samples} samples, by Trainer"] = cost.epoch
    ledger.facts["seconds an update by ch3l3 between such epochs"] = cost.update
    ledger.claims.append(share_claim("CH3-L3p", cost, 15, judged=bench.judged))


def _time_wirings(bench: Bench, plan: Plan, *, large: bool) -> None:
    timing = time_generators(bench, plan.wired, plan.rounds, plan.slice_seconds)
    claim_time(bench, plan.wired, timing, "ms", 20, 10)
    time_growth(bench, plan.grown, plan.epochs, plan.slice_seconds)
    if large:
        timing = time_generators(bench, plan.large, plan.epochs, plan.slice_seconds)
        claim_time(bench, plan.large, timing, "s", 3, 1)
        claim_memory(bench, plan.large, plan.alone)


def _measure_memory(bench: Bench, name: str, shape: Shape) -> float:
    """Choose links in a process of its own, add what it took to the facts and return the peak in GB."""
    found = measure_apart("sparse_mlp.bench.link_memory", METHODS[name], *shape, bench.threads)
    facts, (n_in, n_out, _) = bench.ledger.facts, shape
    what = f"{n_in}x{n_out} {name}, {found['links']} links"
    facts[f"{what}: seconds of the only run"] = found["seconds"]
    facts[f"{what}: growth of the peak by it [MB]"] = found["growth_bytes"] / 1e6
    facts[f"{what}: a matrix of all scores would take [MB]"] = 8 * n_in * n_out / 1e6
    return found["peak_bytes"] / 1e9


def _notes(large: bool) -> list[str]:
    notes = [
        "Wirings are made by every generator that needs no data, at its default settings. The same links with 4 times "
        "the neurons on either side have 16 times the places; what grew with those would take 16 times as long.",
        "For all that follows, wirings are Erdős–Rényi. A line without more words chooses the k links of highest "
        "score, k = 30 % of the links, ties by position; 'all scores' fills a matrix of them.",
        "numpy dense: CH2-L3n by four matrix products in float32 and np.argpartition, in turns with ours.",
        "authors' C++ / ours, by the rerun formula: their released scorer of CH3-L3p was timed once beside numpy dense "
        "on two cores of a Zen 4 processor; its time over that of numpy dense there, times numpy dense now over ours "
        "now. For CH2-L3n too it is that scorer; their own CH2-L3n in PyTorch is set beside ours among the facts.",
        "GFLOP/s: two additions a walk u-b-a-v (ours), or the multiply-adds of the products (numpy dense). 'of limit': "
        "16 bytes a walk at the bandwidth of the second-level cache, which additions scattered one by one cannot "
        "reach, or the products at NumPy's best rate.",
        "An update is what the Trainer does: the rule, the signals of a batch where it wants them (rigl), model and "
        "optimizer remapped, the log. Some batches are trained between two of them. rlr percolates as ch3l3 does; cht "
        "never stops early; zeta is 0.3 throughout.",
        "top_links needs O(links + k + threads * n_out) memory. Growth of the peak is that of one call with the layer "
        "drawn and the kernels loaded; the peak is of the whole process, Python and compiled kernels included.",
    ]
    if not large:
        notes.append("The large layer was left out.")
    return notes
