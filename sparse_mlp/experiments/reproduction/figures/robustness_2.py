"""Figure 2 of [Sulyok2026]: the duration of a topology update, by random and by predicted regrowth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sparse_mlp.experiments.reproduction.claims import Claim, Operand
from sparse_mlp.experiments.reproduction.figure import Results
from sparse_mlp.experiments.reproduction.figures.robustness import CH3L3, RLR, robustness_figure
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.experiments.reproduction.quantities import Floats, Quantity

if TYPE_CHECKING:
    from sparse_mlp.plotting import Display

COUNTED_EPOCHS = 50
UPDATE_TIME = "an update"
COLORS = {"ch3l3": "#33BBEE", "rlr": "#AA4499"}  # the paper's
SPREAD = (5.0, 95.0)  # percentiles that the whiskers span; the whiskers are ours

CLAIMS = (
    Claim("an update by RLR takes about half the time of one by CH3L3 (1.5 to 2.5 times)", "2.1, Fig. 2",
          Operand(UPDATE_TIME, CH3L3), Operand(UPDATE_TIME, RLR), low=1.5, high=2.5, unit="times", ratio=True),
)  # fmt: skip
NOTES = (
    "The updates of the first 50 epochs, without the first one of each process, which warms up.",
    "The ratio depends on the implementation (A-2): scores of all pairs by matrix products make it tens of times "
    "larger, slow bookkeeping that both rules share brings it near 1. Runs at the same time (`--jobs`) take time "
    "from each other.",
)


def read(runs: Runs) -> Results:
    """Take the seconds of single updates from the histories."""
    results, table = Results(), dict[str, dict[str, Floats]]()
    for dataset, method in runs.pairs():
        found = {run.planned.seed: update_seconds(run) for run in runs.of(dataset, method)}
        seconds = {seed: values for seed, values in found.items() if len(values)}
        if seconds:
            table.setdefault(dataset, {})[method] = np.concatenate(list(seconds.values()))
        means = {seed: 1e3 * float(values.mean()) for seed, values in seconds.items()}
        results.quantities.add([Quantity(dataset, method, UPDATE_TIME, "ms", means)])
    if table:
        results.draw("update_time", drawing(table))
    return results


def update_seconds(run: FinishedRun) -> Floats:
    """Return the seconds of the updates of the first 50 epochs; the first of each process, a warm-up, is left out."""
    starts = [part.get("epochs_before", 0) for part in run.system] or [0]
    updates = [record for record in run.history.updates if record["epoch"] <= COUNTED_EPOCHS]
    first = {min((u["epoch"] for u in updates if u["epoch"] > start), default=None) for start in starts}
    return np.array([record["seconds"] for record in updates if record["epoch"] not in first], np.float64)


def drawing(seconds: Mapping[str, Mapping[str, Floats]]) -> Display:
    """Draw the mean of the updates by data set and method as bars, with lines from the 5th to the 95th percentile.

    Above each bar are its mean and its share of that of the first method on the same data set.
    """
    from sparse_mlp.plotting import CYCLE, INK, PanelsDisplay, line_keys, method_looks, methods_of

    methods = methods_of(seconds)
    colors = method_looks(methods, COLORS, CYCLE)
    means = [float(values.mean()) for found in seconds.values() for values in found.values()]
    unit, scale = ("seconds", 1.0) if max(means) >= 1 else ("milliseconds", 1e3)
    bar = 0.8 / len(methods)

    def draw(axes: Any, _: str) -> None:
        highest = 0.0
        for i, found in enumerate(seconds.values()):
            base = found.get(methods[0])
            for j, method in enumerate(m for m in methods if m in found):
                values, x = scale * found[method], i + (j - (len(found) - 1) / 2) * bar
                low, top = np.percentile(values, SPREAD)
                share = _share(found[method], base) if base is not None and j else ""
                axes.bar(x, values.mean(), width=0.92 * bar, color=colors[method])
                axes.vlines(x, low, top, color=INK, linewidth=1.0)
                highest = max(highest, top, values.mean())
                axes.annotate(_digits(values.mean()) + share, (x, max(top, values.mean())), xytext=(0, 2),
                              textcoords="offset points", ha="center", va="bottom", fontsize=8, color=INK)  # fmt: skip
        axes.set_xticks(range(len(seconds)), list(seconds))
        axes.tick_params(axis="x", length=0)
        axes.set(xlim=(-0.5, len(seconds) - 0.5), ylim=(0, 1.22 * highest or 1.0))
        axes.set_ylabel(f"{unit} per topology update")

    keys = line_keys({_counted(seconds, m, m == methods[0]): {"color": colors[m], "linewidth": 6} for m in methods})
    keys += line_keys({"5th to 95th percentile": {"color": INK, "linewidth": 1.0}})
    return PanelsDisplay([""], draw, upper_keys=keys)


def _counted(seconds: Mapping[str, Mapping[str, Floats]], method: str, base: bool) -> str:
    counts = sorted({len(found[method]) for found in seconds.values() if method in found})
    number = "–".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
    return f"{method} ({number} update{'' if counts[-1] == 1 else 's'}{', 100%' if base else ''})"


def _share(values: Floats, base: Floats) -> str:
    ratio = values.mean() / base.mean()
    return f"\n{ratio:.0%}" if ratio < 10 else f"\n{ratio:.0f} ×"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


FIGURE = robustness_figure(2, "duration of a topology update", read, CLAIMS, NOTES)
