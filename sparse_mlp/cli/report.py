"""What a run prints and draws at its end."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from sparse_mlp.cli.run import Run
from sparse_mlp.measures import anp_by_links, anp_by_paths
from sparse_mlp.models import summarize, summary_table

FIGURES = (
    "learning_curve", "network", "adjacency", "degrees", "weights", "link_survival", "wiring_course", "topology_update",
)  # fmt: skip


def result(run: Run) -> dict[str, Any]:
    """Return the outcome of a run as plain JSON types."""
    history, rows = run.trainer.history, summarize(run.model)
    last = history.epochs[-1] if history.epochs else {}
    dense = sum(row.shape[0] * row.shape[1] for row in rows)
    links = sum(row.links for row in rows)
    return {
        "dataset": run.config.dataset,
        "synthetic": run.data.synthetic,
        "provenance": run.data.provenance,
        "rule": run.config.rule,
        **run.config.wiring(),
        "test_accuracy": last.get("test_accuracy"),
        "test_loss": last.get("test_loss"),
        "validation_accuracy": last.get("validation_accuracy"),
        "epochs": run.trainer.epoch,
        "seconds_per_epoch": _median([record["seconds"] for record in history.epochs]),
        "seconds_per_update": _median([record["seconds"] for record in history.updates]),
        "links": links,
        "dense_parameters": dense,
        "density": sum(row.links * row.motif_size**2 for row in rows) / dense,
        "motif_size": run.config.motif_size,
        "motif_mode": run.config.motif_mode,
        "sparse_density": _sparse_density(run),
        **_active_neurons(run),
        "itop": history.updates[-1]["itop"] if history.updates else None,
        "bytes_stored": sum(row.bytes_stored for row in rows),
        "bytes_if_dense": sum(row.bytes_if_dense for row in rows),
        "seed": run.config.seed,
        "backend": run.model.backend,
        "interrupted": run.trainer.interrupted,
        "stop_reason": run.trainer.stop_reason,
        "out": str(run.folder),
    }


def table(run: Run) -> str:
    """Return the outcome as text for a terminal."""
    outcome = result(run)
    stamp = "SYNTHETIC data: this accuracy says nothing about the real set\n" if outcome["synthetic"] else ""
    lines = [
        summary_table(run.model),
        "",
        f"data             {outcome['dataset']}: {brief(outcome['provenance'])}",
        f"wiring           {describe_wiring(**run.config.wiring())}",
        f"rule             {outcome['rule']}, {len(run.trainer.history.updates)} topology updates (none after the last "
        "epoch)",
        f"links stored     {outcome['links']:,} ({outcome['density']:.2%}); "
        f"a dense network would store {outcome['dense_parameters']:,}",
        f"active neurons   {_percent(outcome['anp_by_paths'])} on a path from input to output, "
        f"{_percent(outcome['anp_by_links'])} with a link onward",
        f"epochs           {outcome['epochs']}, {_seconds(outcome['seconds_per_epoch'])} each (median, training alone)",
        f"topology update  {_seconds(outcome['seconds_per_update'])}",
        f"test accuracy    {_percent(outcome['test_accuracy'])}",
        f"run folder       {outcome['out']}",
    ]
    return stamp + "\n".join(lines)


def draw_figures(run: Run) -> list[Path]:
    """Write the figures of a run into its folder and return their paths."""
    from sparse_mlp import plotting

    history, folder = run.trainer.history, run.folder
    displays: dict[str, Any] = {"learning_curve": plotting.LearningCurveDisplay.from_history(history)}
    if run.model.sparse_layers:
        first = run.model.sparse_layers[0]
        displays["network"] = plotting.NetworkDisplay.from_model(run.model)
        displays["adjacency"] = plotting.AdjacencyDisplay.from_structure(first.structure)
        displays["degrees"] = plotting.DegreeDisplay.from_model(run.model)
        displays["weights"] = plotting.WeightDistributionDisplay.from_model(run.model)
    if history.updates:
        displays["link_survival"] = plotting.LinkSurvivalDisplay.from_history(history)
        displays["wiring_course"] = plotting.WiringCourseDisplay.from_history(history)
    if run.trainer.last_update is not None:
        displays["topology_update"] = plotting.UpdateStagesDisplay.from_update(run.trainer.last_update)
    return [plotting.save(display, folder / f"{name}.png") for name, display in displays.items()]


def _sparse_density(run: Run) -> float | None:
    """Return the density of the sparse layers together, as `train` is told it; None if there are none."""
    structures = [layer.structure for layer in run.model.sparse_layers]
    possible = sum(structure.n_in * structure.n_out for structure in structures)
    return sum(structure.nnz for structure in structures) / possible if possible else None


def _active_neurons(run: Run) -> dict[str, float | None]:
    """Return the rates of active neurons in the layers that evolve, None where there are none."""
    structures = [layer.structure for layer in run.model.evolving_layers]
    if not structures:
        return {"anp_by_paths": None, "anp_by_links": None}
    return {"anp_by_paths": anp_by_paths(structures), "anp_by_links": anp_by_links(structures)}


def describe_wiring(topology: str | None, preset: str | None) -> str:
    """Return the first wiring in words."""
    return (topology or "dense") + (f", preset {preset}" if preset else "")


def brief(provenance: str) -> str:
    """Return what is known of the files, without the citation and licence that follow."""
    return provenance.split(";")[0]


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def _seconds(value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2%}"
