"""Settings that are each possible, but not together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import invalid

if TYPE_CHECKING:
    from sparse_mlp.runs.config import RunConfig

# An option, the value with which other options change nothing, and these.
UNUSED_WITH = (
    ("rule.name", "static", ("rule.update_every", "rule.update_steps")),
    ("rule.name", "dense", ("rule.update_every", "rule.update_steps", "model.motif_mode", "model.pad")),
    ("model.motif_size", 1, ("model.motif_mode", "model.pad")),
    ("wiring.degree_distribution", "fixed", ("wiring.degree_std",)),
    ("wiring.dendritic_distribution", "fixed", ("wiring.dendrite_std",)),
    ("wiring.width_distribution", "fixed", ("wiring.width_std",)),
    ("wiring.synaptic_distribution", "fixed", ("wiring.synaptic_std",)),
)


def refuse_unused(given: Mapping[str, Mapping[str, Any]], config: RunConfig) -> None:
    """Refuse settings that somebody gave although others make them change nothing.

    Files of many runs are not checked like this: what their runs share may be of no use to one of them.

    Parameters
    ----------
    given : mapping of table to mapping
    config : RunConfig
        What they were completed to.

    Raises
    ------
    InvalidInputError
        Naming both.
    """
    wiring = given.get("wiring", {})
    if not config.wiring and wiring:
        found = f"{', '.join(wiring)} with rule {config.rule['name']}"
        raise invalid(found, "no options of a wiring", "all layers of the network are dense")
    if {"density", "epsilon"} <= set(wiring):
        raise invalid("density and epsilon", "one of the two")
    if {"allocation", "epsilon"} <= set(wiring):
        raise invalid("allocation with epsilon", "one of the two", "epsilon says how many links each layer has")
    tables = config.tables
    for condition, value, unused in UNUSED_WITH:
        if _value(condition, tables) != value:
            continue
        for name in unused:
            if _value(name, given) is not None:
                option = name.partition(".")[2]
                found = f"{option} with {condition.removesuffix('.name').rpartition('.')[2]}={value}"
                raise invalid(found, "one without the other", f"{option} would change nothing")


def refuse_together(config: RunConfig) -> None:
    """Refuse settings that cannot be used together.

    Raises
    ------
    InvalidInputError
        Naming them.
    """
    training, wiring = config.training, config.wiring
    if training["early_stop"] and not config.data["validation_fraction"]:
        raise invalid(
            f"early_stop={training['early_stop']} without validation samples", "validation_fraction above 0",
            "test samples must not decide when to stop",
        )  # fmt: skip
    if config.make_rule().initial_density is None:
        return
    with_rule = f"with rule {config.rule['name']}"
    if wiring["epsilon"] is not None:
        raise invalid(f"epsilon={wiring['epsilon']:g} {with_rule}", "a density", "it says where the decay ends")
    for option, needed in (("allocation", "uniform"), ("scope", "layer")):
        if wiring.get(option, needed) != needed:
            remedy = "the density decays alike in all layers"
            raise invalid(f"{option}={wiring[option]} {with_rule}", f"{option}={needed}", remedy)


def _value(dotted: str, tables: Mapping[str, Mapping[str, Any]]) -> Any:
    table, _, option = dotted.partition(".")
    return tables.get(table, {}).get(option)
