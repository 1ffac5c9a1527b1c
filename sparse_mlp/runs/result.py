"""The outcome of a run as plain numbers."""

from __future__ import annotations

import statistics
from typing import Any

from sparse_mlp.evolution.units import active_rates
from sparse_mlp.models import summarize
from sparse_mlp.runs.build import translates
from sparse_mlp.runs.run import Run
from sparse_mlp.training.plan import asked_density, planned_end


def result(run: Run) -> dict[str, Any]:
    """Return the outcome of a run as plain JSON types."""
    history, rows = run.trainer.history, summarize(run.model)
    last = history.epochs[-1] if history.epochs else {}
    dense = sum(row.shape[0] * row.shape[1] for row in rows)
    return {
        **about(run),
        "test_accuracy": last.get("test_accuracy"),
        "test_loss": last.get("test_loss"),
        "validation_accuracy": last.get("validation_accuracy"),
        "epochs": run.trainer.epoch,
        "epochs_asked": run.config.training["epochs"],
        "extended": run.config.extended,
        "progress": run.trainer.state.progress,
        "schedules_end": planned_end(run.trainer.rule),
        "seconds_per_epoch": _median([record["seconds"] for record in history.epochs]),
        "seconds_per_update": _median([record["seconds"] for record in history.updates]),
        "links": sum(row.links for row in rows),
        "dense_parameters": dense,
        "density": sum(row.links * row.link_size**2 for row in rows) / dense,
        "link_size": max(row.link_size for row in rows),
        "sparse_density": _sparse_density(run),
        "density_asked": _density_asked(run),
        **_active_neurons(run),
        "itop": history.updates[-1]["itop"] if history.updates else None,
        "bytes_stored": sum(row.bytes_stored for row in rows),
        "bytes_if_dense": sum(row.bytes_if_dense for row in rows),
        "seed": run.config.run["seed"],
        "backend": run.model.backend,
        "interrupted": run.trainer.interrupted,
        "stop_reason": run.trainer.stop_reason,
        "out": str(run.folder),
    }


def about(run: Run) -> dict[str, Any]:
    """Return what was trained on what, as plain JSON types; topology and preset are None if all layers are dense."""
    config = run.config
    return {
        "dataset": run.data.name, "synthetic": run.data.synthetic, "provenance": run.data.provenance,
        "model": config.model["name"], "rule": config.rule["name"],
        "topology": config.wiring.get("topology"), "preset": config.wiring.get("preset"),
        "translates": translates(config.data),
    }  # fmt: skip


def _sparse_density(run: Run) -> float | None:
    """Return the density of the sparse layers together, as `train` takes it; None if there are none.

    A layer that has all links and keeps them is none of them.
    """
    layers, evolving = run.model.sparse_layers, run.model.evolving_layers
    structures = [layer.structure for layer in layers if layer.structure.density < 1 or layer in evolving]
    possible = sum(structure.n_in * structure.n_out for structure in structures)
    return sum(structure.nnz for structure in structures) / possible if possible else None


def _density_asked(run: Run) -> float | None:
    """Return the density that was asked for, at the end if it decays; None if none was."""
    wiring, decayed = run.config.wiring, asked_density(run.trainer.rule)
    if decayed is not None or wiring.get("epsilon") is not None:
        return decayed
    return wiring.get("density")


def _active_neurons(run: Run) -> dict[str, float | None]:
    """Return the rates of active neurons, or channels, in the layers that evolve, None if there are none."""
    return {"anp_by_paths": None, "anp_by_links": None, **active_rates(run.model.units)}


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None
