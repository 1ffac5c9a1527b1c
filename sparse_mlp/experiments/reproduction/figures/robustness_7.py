"""Figure 7 of [Sulyok2026]: the three stages of a topology update."""

from __future__ import annotations

from functools import partial

from sparse_mlp.experiments.reproduction.claims import within
from sparse_mlp.experiments.reproduction.figure import Results
from sparse_mlp.experiments.reproduction.figures.robustness import robustness_figure, shown_run
from sparse_mlp.experiments.reproduction.finished import FinishedRun, Runs
from sparse_mlp.training import last_update_of, load_checkpoint

LINK_CHANGE = "links after less before an update"

CLAIMS = (
    within("an update leaves the number of links in each layer unchanged", "4.3, Fig. 7", LINK_CHANGE, low=0, high=0,
           unit="links"),
)  # fmt: skip


def read(runs: Runs) -> Results:
    """Draw the last update of a trained network from its log, and count the links of all updates."""
    from sparse_mlp.plotting import UpdateStagesDisplay

    results, run = Results(), shown_run(runs)
    update = None if run is None else last_update_of(load_checkpoint(run.folder))
    if run is not None and update is not None:
        results.draw("update", UpdateStagesDisplay.from_update(update), runs.only(run))
        results.notes.append(
            f"Drawn: the last update of {run.planned.method} on {run.planned.dataset}, seed {run.planned.seed}, from "
            "the log in its checkpoint. The read-out keeps all its links and is not shown."
        )
    results.measure(runs, LINK_CHANGE, "links", _largest_change)
    for stage in ("removed", "percolated"):
        results.measure(runs, f"links {stage} in an update", "%", partial(_share, stage=stage))
    return results


def _counts(run: FinishedRun) -> list[dict[str, int]]:
    """Return the counts of links of each layer in each update."""
    return [counts for record in run.history.updates for counts in record["layers"]]


def _largest_change(run: FinishedRun) -> float | None:
    return max((float(abs(c["after"] - c["before"])) for c in _counts(run)), default=None)


def _share(run: FinishedRun, stage: str) -> float | None:
    counts = _counts(run)
    return 100 * sum(c[stage] for c in counts) / sum(c["before"] for c in counts) if counts else None


FIGURE = robustness_figure(7, "the three stages of an update", read, CLAIMS)
