"""Figures 6 to 9 of [Chen2025]: time against accuracy, and the weight of the time at which motifs break even."""

from __future__ import annotations

from sparse_mlp.experiments.reproduction.claims import within
from sparse_mlp.experiments.reproduction.figure import Figure, Results
from sparse_mlp.experiments.reproduction.figures.motif_table import (
    ACCURACY,
    BASE,
    BREAK_EVEN,
    MODES,
    NOTES,
    SCORE,
    SCORE_AT_02,
    SECONDS,
    file_name,
    read_motifs,
)
from sparse_mlp.experiments.reproduction.finished import Runs
from sparse_mlp.experiments.reproduction.quantities import Quantities
from sparse_mlp.experiments.trade_off import TradeOff

CLAIMS = tuple(
    within(f"with weights above 0.1 motifs of {size} are ahead of single links (taken: 0.8 at weight 0.2), {mode}",
           "6.2, Figs. 8 and 9", SCORE_AT_02, f"m = {size} {mode}", low=0.8)
    for mode in MODES for size in (2, 4)
)  # fmt: skip
BREAK_EVEN_NOTE = (
    "The break-even weight is the weight of the time at which motifs and single links have the same score. \"none\" in "
    "its table and \"never level\" in the figure: there is no such weight, the motifs are ahead at every weight (not "
    "slower and not less accurate) or behind at every weight (not faster and not more accurate); which of the two, the "
    "scores say, as single links have 0.9 at weight 0.1 and 0.8 at 0.2. The figure is of means, the table of networks."
)


def read(runs: Runs) -> Results:
    """Take the scores of the mean times and accuracies over the weight of the time."""
    results = read_motifs(runs)
    for dataset in results.quantities.datasets:
        means = [
            {row.method: row.mean for row in results.quantities.rows_of(dataset, name)} for name in (SECONDS, ACCURACY)
        ]
        if BASE in means[0] and len(means[0]) > 1:
            display = TradeOff(*means).drawing(dataset)
            results.draw(f"trade_off_{file_name(dataset)}", display, runs.apart()[dataset])
    kept = (SCORE, SCORE_AT_02, BREAK_EVEN)
    results.quantities = Quantities([row for row in results.quantities.rows if row.name in kept])
    if results.quantities.rows:
        results.notes.append(BREAK_EVEN_NOTE)
    return results


FIGURE = Figure(
    "motif-trade-off", "Figs. 6 to 9, time against accuracy", "Chen2025", ("motif-fashion-mnist", "motif-lung"),
    {"smoke": 0.3, "laptop": 30, "paper": 430}, read, CLAIMS, ("fashion-mnist", "lung"), NOTES,
)  # fmt: skip
