"""The tables and figures of motif-based SET: what time and accuracy motifs cost and save."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sparse_mlp.experiments.reproduction.claims import Claim, Side
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.item import Findings
from sparse_mlp.experiments.reproduction.numbers import Number, Numbers, Published
from sparse_mlp.experiments.reproduction.published import PRINTED_SCORES
from sparse_mlp.experiments.trade_off import PUBLISHED_SECONDS_PER_EPOCH, PUBLISHED_TRADE_OFFS, TradeOff
from sparse_mlp.plotting.trade_off import FIRST_EPOCHS

ACCURACY, SECONDS, EPOCH = "test accuracy", "training", "an epoch, of the first 30"
TIME_SAVED, ACCURACY_LOST, SCORE = "R, part of the time saved", "A, part of the accuracy lost", "score S at weight 0.1"
SCORE_AT_02, BREAK_EVEN = "score S at weight 0.2", "break-even weight"
BASE = "m = 1"
SMALL_NETWORK = (1000, 1000)  # hidden layers of the network whose epochs the paper timed
PRINTED_EPOCHS = 300
STANDS_FOR = {"lung-1543": "lung"}  # beside whose printed numbers the stand-in is shown
MODES = ("shared", "block")
NEVER_LEVEL = (
    "The break-even weight is the weight of the time at which motifs and single links have the same score. \"none\" in "
    "its table and \"never level\" in the figure: there is no such weight, the motifs are ahead at every weight (not "
    "slower and not less accurate) or behind at every weight (not faster and not more accurate); which of the two, the "
    "scores say, as single links have 0.9 at weight 0.1 and 0.8 at 0.2. The figure is of means, the table of networks."
)


def _of(size: int, mode: str) -> str:
    return f"m = {size} {mode}"


MOTIF_CLAIMS = tuple(
    claim
    for mode in MODES
    for claim in (
        Claim(f"motifs of 2 take less time than single links, {mode}", "5.1", Side(TIME_SAVED, _of(2, mode)), low=0.0),
        Claim(f"motifs of 4 take less time than motifs of 2, {mode}", "5.1", Side(TIME_SAVED, _of(4, mode)),
              Side(TIME_SAVED, _of(2, mode)), low=0.0),
        Claim(f"motifs of 4 lose more accuracy than motifs of 2, {mode}", "6.1", Side(ACCURACY_LOST, _of(4, mode)),
              Side(ACCURACY_LOST, _of(2, mode)), low=0.0),
        Claim(f"motifs of 2 have a higher score than single links (0.9), {mode}", "5.1", Side(SCORE, _of(2, mode)),
              low=0.9),
        Claim(f"motifs of 2 have a higher score than motifs of 4, {mode}", "5.1", Side(SCORE, _of(2, mode)),
              Side(SCORE, _of(4, mode)), low=0.0),
    )
)  # fmt: skip

TRADE_OFF_CLAIMS = tuple(
    Claim(f"with weights above 0.1 motifs of {size} are ahead of single links (taken: 0.8 at weight 0.2), {mode}",
          "6.2, Figs. 8 and 9", Side(SCORE_AT_02, _of(size, mode)), low=0.8)
    for mode in MODES for size in (2, 4)
)  # fmt: skip


def read_motifs(runs: Runs) -> Findings:
    """Take accuracy and times by motif size, and hold them against the single links of the same seed."""
    from sparse_mlp.plotting import EpochSecondsDisplay

    found = Findings()
    for dataset, group in runs.apart().items():
        _add_measured(found.numbers, dataset, group)
        _add_reductions(found.numbers, dataset, group)
        histories = {method: [run.history for run in group.of(_plain(dataset), method)] for method in group.methods}
        histories = {method: several for method, several in histories.items() if several}
        if histories:
            name = f"seconds_{_file_name(dataset)}"
            found.displays[name], found.shown[name] = EpochSecondsDisplay.from_histories(histories, dataset), group
    return found


def read_trade_off(runs: Runs) -> Findings:
    """Take the scores of the mean times and accuracies over the weight of the time."""
    from sparse_mlp.plotting import TradeOffDisplay

    found = read_motifs(runs)
    for dataset in found.numbers.datasets:
        means = {name: {row.method: row.mean for row in found.numbers.rows_of(dataset, name)}
                 for name in (SECONDS, ACCURACY)}  # fmt: skip
        if BASE in means[SECONDS] and len(means[SECONDS]) > 1:
            trade = TradeOff(means[SECONDS], means[ACCURACY])
            name = f"trade_off_{_file_name(dataset)}"
            found.displays[name] = TradeOffDisplay.from_trade_off(trade, dataset)
            found.shown[name] = runs.apart()[dataset]
    kept = (SCORE, SCORE_AT_02, BREAK_EVEN)
    found.numbers = Numbers([row for row in found.numbers.rows if row.quantity in kept])
    if found.numbers.rows:
        found.notes.append(NEVER_LEVEL)
    return found


def _add_measured(numbers: Numbers, dataset: str, runs: Runs) -> None:
    plain, printed = _plain(dataset), _printed(dataset, runs)
    for name, unit, value in (
        (ACCURACY, "%", lambda run: 100 * run.result["test_accuracy"]),
        (SECONDS, "s", training_seconds),
        (EPOCH, "s", first_epochs),
    ):
        for method in runs.methods:
            published = printed.get(name, {}).get(method[: len(BASE)])
            numbers.add([Number(dataset, method, name, unit, runs.by_seed(plain, method, value), _one(published))])


def _add_reductions(numbers: Numbers, dataset: str, runs: Runs) -> None:
    """Add R, A, S and break-even weights, network by network beside the single links of the same seed."""
    printed = _printed(dataset, runs)
    for method in runs.methods:
        trades = {} if method == BASE else _trade_offs(numbers, dataset, method)
        for name, value in REDUCTIONS.items():
            published = printed.get(name, {}).get(method[: len(BASE)])
            values = {seed: value(trade, method) for seed, trade in trades.items()}
            numbers.add([Number(dataset, method, name, "", values, _one(published))])


REDUCTIONS: dict[str, Callable[[TradeOff, str], float]] = {
    TIME_SAVED: lambda trade, method: trade.time_reduction[method],
    ACCURACY_LOST: lambda trade, method: trade.accuracy_loss[method],
    SCORE: lambda trade, method: float(trade.scores()[method]),
    SCORE_AT_02: lambda trade, method: float(trade.scores(0.2)[method]),
    BREAK_EVEN: lambda trade, method: trade.break_even[method],
}


def _trade_offs(numbers: Numbers, dataset: str, method: str) -> dict[int, TradeOff]:
    """Return the trade-off of each seed that base and method both have."""
    found = {(m, name): numbers.find(dataset, m, name) for m in (BASE, method) for name in (SECONDS, ACCURACY)}
    values = {key: row.by_seed for key, row in found.items() if row is not None}
    if len(values) < len(found):
        return {}
    common = set(values[BASE, SECONDS]) & set(values[method, SECONDS])
    return {
        seed: TradeOff(*({m: values[m, name][seed] for m in (BASE, method)} for name in (SECONDS, ACCURACY)))
        for seed in sorted(common)
    }


def _printed(dataset: str, runs: Runs) -> dict[str, Mapping[str, float]]:
    """Return the printed numbers by quantity and motif size, as far as they are of networks like these.

    Times of an epoch are of two hidden layers, everything else of three (C-8); times of all epochs are of 300.
    """
    plain, settings = STANDS_FOR.get(_plain(dataset), _plain(dataset)), runs.finished[0].planned.settings
    trade = PUBLISHED_TRADE_OFFS.get(plain)
    if len(settings["hidden"]) == len(SMALL_NETWORK):
        return {EPOCH: PUBLISHED_SECONDS_PER_EPOCH.get(plain, {})}
    if trade is None:
        return {}
    later = [size for size in trade.seconds if size != BASE]
    return {
        ACCURACY: {size: 100 * accuracy for size, accuracy in trade.accuracy.items()},
        SECONDS: trade.seconds if settings["epochs"] == PRINTED_EPOCHS else {},
        TIME_SAVED: {size: trade.time_reduction[size] for size in later},
        ACCURACY_LOST: {size: trade.accuracy_loss[size] for size in later},
        SCORE: PRINTED_SCORES[plain],
        SCORE_AT_02: {size: float(trade.scores(0.2)[size]) for size in later},
        BREAK_EVEN: trade.break_even,
    }


def training_seconds(run: FinishedRun) -> float:
    """Return the seconds of all epochs and updates of a run, without the tests in between."""
    history = run.history
    return float(sum(record["seconds"] for record in [*history.epochs, *history.updates]))


def first_epochs(run: FinishedRun) -> float:
    """Return the mean seconds of the first epochs, as the paper counts them."""
    seconds = run.history.column("seconds")[:FIRST_EPOCHS]
    return float(sum(seconds) / len(seconds))


def _one(value: float | None) -> Published | None:
    return None if value is None else Published(value)


def _plain(dataset: str) -> str:
    return dataset.partition(",")[0]


def _file_name(dataset: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in dataset).replace("__", "_")


