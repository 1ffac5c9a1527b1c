"""Whether a rule and a network fit each other, and how often the rule acts."""

from __future__ import annotations

import warnings
from typing import Any

from sparse_mlp.errors import check_integer, invalid
from sparse_mlp.evolution import Rule, TopologyUpdate
from sparse_mlp.evolution.part_checks import check_rule_parts
from sparse_mlp.models import Network


def update_interval(every: int | None, steps: int | None, rule: Rule) -> tuple[int | None, int | None]:
    """Return epochs and batches between two updates, exactly one of them None.

    Parameters
    ----------
    every, steps : int, optional
        Epochs and batches that the user asks for, at most one of them.
    rule : Rule
        Its own interval is taken where nothing is asked for.

    Raises
    ------
    InvalidInputError
        If both are asked for, or one is not a whole number of 1 or more.
    """
    if every is not None and steps is not None:
        found = f"update_every={every!r} and update_steps={steps!r}"
        raise invalid(found, "only one of the two", "count epochs or batches")
    if every is not None:
        return check_integer("update_every", every), None
    if steps is not None:
        return None, check_integer("update_steps", steps)
    if rule.update_steps is not None:
        return None, rule.update_steps
    return 1, None


def check_rule(rule: Rule, model: Network) -> None:
    """Check that a network has what its rule relies on.

    Raises
    ------
    InvalidInputError
        If a rule that percolates, for which every last hidden neuron counts, gets a sparse read-out, or a rule that
        predicts links a layer that has not their scores, or one whose density decays a layer of another density than it
        begins with, or would leave it without a link; or if it is not a rule.
    """
    check_rule_parts(rule)
    if getattr(rule, "percolate", False) and model.fixed_layers:
        remedy = "use a dense read-out, or percolate=False"
        fixed = f"sparse layer {model.fixed_layers[0]!r}, which does not evolve"
        found = f"{fixed}, with rule {rule.name!r}, which percolates"
        raise invalid(found, "a layer that reads all neurons", remedy)
    scored_by = getattr(getattr(rule, "regrow", None), "keywords", {})  # of a regrowth by link prediction
    if "predictor" in scored_by:
        for layer in model.evolving_layers:
            layer.check_scores(scored_by["predictor"], scored_by.get("graph"))
    if rule.initial_density is not None:
        _check_density(rule, rule.initial_density, model)


def check_update(rule: Rule, update: Any, model: Network) -> None:
    """Check what a rule says that it has done: the layers must have the wirings that it names.

    Raises
    ------
    InvalidInputError
        If it returns something else, names a layer that does not evolve, or has not rewired one that it names.
    """
    source = f"rule {rule.name!r}"
    if not isinstance(update, TopologyUpdate):
        raise invalid(f"a {type(update).__name__} from an update by {source}", "a TopologyUpdate")
    layers = {layer.name: layer for layer in model.evolving_layers}
    for change in update.layers:
        if change.layer not in layers:
            raise invalid(f"an update of layer {change.layer!r} by {source}", f"one of {', '.join(layers)}")
        wiring = layers[change.layer].structure
        if wiring is not change.after and wiring != change.after:
            found = f"layer {change.layer!r} with {wiring} after an update by {source} to {change.after}"
            raise invalid(found, "the same wiring", "the rule has to call layer.rewire")


def _check_density(rule: Rule, density: float, model: Network) -> None:
    density_at = getattr(rule, "density_at", None)
    for layer in model.evolving_layers:
        wiring = layer.structure
        possible = wiring.n_in * wiring.n_out
        if abs(wiring.nnz - density * possible) > layer.rounding:
            found = f"layer {layer.name} of density {wiring.density:.3g} for rule {rule.name!r}"
            remedy = "the rule lets the density decay from there"
            raise invalid(found, f"a network built with density={density:g}", remedy)
        if density_at is not None and round(density_at(1.0) * possible) == 0:
            found = f"rule {rule.name!r}, which leaves layer {layer.name} no link of {possible}"
            raise invalid(found, "at least one link", "raise density")


def warn_unfinished_decay(rule: Rule, steps: int, interval: int) -> None:
    """Warn of a density that is still on its way down at the last update.

    Parameters
    ----------
    rule : Rule
    steps : int
        Batches of the whole training.
    interval : int
        Batches between two updates.

    Warns
    -----
    UserWarning
        With the density that the net will end with.
    """
    density_at = getattr(rule, "density_at", None)
    if density_at is None:
        return
    last_update = (steps - 1) // interval * interval / steps
    reached = density_at(last_update)
    if reached > density_at(1.0):
        warnings.warn(
            f"rule {rule.name!r} has its last update after {last_update:.2g} of training, when the density is "
            f"{reached:.3g}, not {density_at(1.0):.3g}; train longer, update more often or lower decay_end",
            UserWarning,
            stacklevel=3,
        )
