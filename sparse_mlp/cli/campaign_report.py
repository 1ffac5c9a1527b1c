"""What a campaign prints at its end."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from sparse_mlp.experiments.campaign import CampaignOutcome, missing_words
from sparse_mlp.experiments.planned_run import PlannedRun
from sparse_mlp.experiments.store import Store


def campaign_table(store: Store, planned: Sequence[PlannedRun], outcome: CampaignOutcome) -> str:
    """Return what is finished, failed and missing as text for a terminal: a line for each setting but for seeds."""
    rows: dict[tuple[str, str], list[str]] = {}
    for run in planned:
        label = " ".join([run.method, *(f"{name}={value}" for name, value in run.options.items())])
        rows.setdefault((run.dataset, label), []).append(run.run_id)
    widths = [max(len(key[k]) for key in [*rows, ("data set", "method")]) for k in range(2)]
    finished = {key: [run_id for run_id in run_ids if run_id in outcome.finished] for key, run_ids in rows.items()}
    spread = ", mean ± standard deviation over seeds" if any(len(several) > 1 for several in finished.values()) else ""
    lines = [f"{'data set':<{widths[0]}}  {'method':<{widths[1]}}  {'runs':>5}  {'finished':>8}  test accuracy{spread}"]
    for (dataset, label), run_ids in rows.items():
        done = finished[dataset, label]
        accuracy = _accuracy(store, done)
        lines.append(f"{dataset:<{widths[0]}}  {label:<{widths[1]}}  {len(run_ids):>5}  {len(done):>8}  {accuracy}")
    lines += [f"MISSING: {missing_words(dataset, run_ids)}" for dataset, run_ids in outcome.missing.items()]
    lines += [f"FAILED: {run_id}: {message}" for run_id, message in outcome.failed.items()]
    if outcome.failed:
        lines.append("--retry tries once more what failed")
    lines += [f"BUSY: {run_id}: another process is working on it" for run_id in outcome.busy]
    return "\n".join([*lines, f"store  {store.path}"])


def _accuracy(store: Store, run_ids: list[str]) -> str:
    outcomes = [store.result(run_id) or {} for run_id in run_ids]
    found = [outcome["test_accuracy"] for outcome in outcomes if outcome.get("test_accuracy") is not None]
    if not found:
        return ""
    mean = f"{statistics.mean(found):.2%}"
    stamp = "  SYNTHETIC" if any(outcome.get("synthetic") for outcome in outcomes) else ""
    return (f"{mean} ± {statistics.stdev(found):.2%}" if len(found) > 1 else mean) + stamp
