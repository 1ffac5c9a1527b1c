"""One name per rule: the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sparse_mlp.errors import check_choice, check_options, invalid
from sparse_mlp.evolution.ch3l3_rule import ch3l3_rule
from sparse_mlp.evolution.cht_rule import cht_rule
from sparse_mlp.evolution.chts_rule import chts_rule
from sparse_mlp.evolution.chtss_rule import chtss_rule
from sparse_mlp.evolution.fixed_rules import dense_rule, static_rule
from sparse_mlp.evolution.path_count_rule import path_count_rule
from sparse_mlp.evolution.rigl_rule import rigl_rule
from sparse_mlp.evolution.rlr_rule import rlr_rule
from sparse_mlp.evolution.set_rule import set_rule
from sparse_mlp.evolution.update import EvolvingLayer, Signals, Streams, TopologyUpdate


class Rule(Protocol):
    """What training asks of a rule. An update depends on its arguments and on `state` alone."""

    @property
    def name(self) -> str:
        """The name under which it is known."""

    @property
    def wants_dense(self) -> bool:
        """Whether the net is to be built dense."""

    @property
    def initial_density(self) -> float | None:
        """The density with which the net is to be built, None for any."""

    @property
    def update_steps(self) -> int | None:
        """Batches between two updates, where the trainer is not told otherwise; None for once an epoch."""

    @property
    def wants_signals(self) -> bool:
        """Whether an update needs the signals of a batch."""

    def update(
        self, layers: Sequence[EvolvingLayer], progress: float, rng: Streams = None, signals: Signals | None = None
    ) -> TopologyUpdate:
        """Rewire the layers once and say what was done."""

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep: arrays and plain JSON values by name."""

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` returned; an empty mapping makes the rule as new."""


RULES: dict[str, Callable[..., Rule]] = {
    "static": static_rule,
    "set": set_rule,
    "rlr": rlr_rule,
    "path-count": path_count_rule,
    "ch3l3": ch3l3_rule,
    "rigl": rigl_rule,
    "cht": cht_rule,
    "chts": chts_rule,
    "chtss": chtss_rule,
    "dense": dense_rule,
}


def register(name: str, make: Callable[..., Rule]) -> None:
    """Add a rule of your own under a new name.

    Parameters
    ----------
    name : str
    make : callable
        Takes the rule's options as keyword arguments.

    Raises
    ------
    InvalidInputError
        If the name is taken.
    """
    if name in RULES:
        raise invalid(f"rule name {name!r}", "new", f"taken are {', '.join(RULES)}")
    RULES[name] = make


def make_rule(name: str, **params: Any) -> Rule:
    """Make an evolution rule by name.

    Parameters
    ----------
    name : str
        One of `RULES`.
    **params
        Options of that rule.

    Returns
    -------
    Rule

    Raises
    ------
    InvalidInputError
        If the name or an option is unknown, or a value is out of range.

    Examples
    --------
    >>> rule = make_rule("set", zeta=0.2)
    >>> rule.name, rule.wants_dense
    ('set', False)
    """
    make = RULES[check_choice("rule", name, RULES)]
    check_options(f"rule {name}", make, params)
    return make(**params)
