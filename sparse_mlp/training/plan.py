"""Schedules that are planned to end within a training: whoever names a density means that of the final network.

What stops a training by patience or tolerance waits until they have ended. What stops it at once, such as Ctrl-C, does
not; then a warning says what was asked for and what was reached.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from sparse_mlp.evolution import Rule
from sparse_mlp.models import Network
from sparse_mlp.training.history import Record

if TYPE_CHECKING:
    from sparse_mlp.training.state import TrainingState


def planned_end(rule: Rule) -> float:
    """Return the fraction of training at which the schedules of a rule have ended; 0 if it has none."""
    return float(getattr(rule, "planned_end", 0.0))


def asked_density(rule: Rule) -> float | None:
    """Return the density to which that of the layers decays, None if it does not."""
    density_at = getattr(rule, "density_at", None)
    return None if density_at is None else float(density_at(1.0))


def is_over(rule: Rule, network: Network, record: Record, total_steps: int, warm_up_steps: int) -> bool:
    """Tell whether all schedules had ended with an epoch, which may lie before a resume.

    Parameters
    ----------
    rule, network
        Those of the training.
    record : Record
        Of the epoch.
    total_steps, warm_up_steps : int
        Batches of the whole training, and of its rising learning rate.
    """
    if record["step"] < max(planned_end(rule) * total_steps - 1e-6, warm_up_steps):
        return False
    links = dict(zip((layer.name for layer in network.sparse_layers), record["links"], strict=True))
    return all(links[name] <= count for name, count in _final_links(rule, network).items())


def warn_cut_short(rule: Rule, network: Network, state: TrainingState) -> None:
    """Warn of schedules that the end of a training has cut short.

    Warns
    -----
    UserWarning
        With the density that was asked for and the one that was reached, if it is above.
    """
    layers = {layer.name: layer.structure for layer in network.evolving_layers}
    above = [layers[name].density for name, count in _final_links(rule, network).items() if layers[name].nnz > count]
    ended = f"training ended after {state.epoch} of its {state.epochs} epochs"
    if above:
        warnings.warn(
            f"{ended}, with density {max(above):.3g} instead of the {asked_density(rule):.3g} that was asked for",
            UserWarning, stacklevel=4,
        )  # fmt: skip
    elif state.progress < planned_end(rule):
        warnings.warn(
            f"{ended}, but the schedules of rule {rule.name!r} end at {planned_end(rule):.3g} of it",
            UserWarning, stacklevel=4,
        )  # fmt: skip


def _final_links(rule: Rule, network: Network) -> dict[str, int]:
    """Return how many links each layer shall have at last, of those whose density decays."""
    density = asked_density(rule)
    if density is None:
        return {}
    shapes = {layer.name: layer.structure.shape for layer in network.evolving_layers}
    return {name: round(density * n_in * n_out) for name, (n_in, n_out) in shapes.items()}
