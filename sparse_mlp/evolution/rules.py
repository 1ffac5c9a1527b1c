"""The rules by name, and what training asks of any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sparse_mlp import plugins
from sparse_mlp.errors import check_options
from sparse_mlp.evolution.ch3l3_rule import ch3l3_rule
from sparse_mlp.evolution.cht_conv_rule import cht_conv_rule
from sparse_mlp.evolution.cht_rule import cht_rule
from sparse_mlp.evolution.chts_rule import chts_rule
from sparse_mlp.evolution.chtss_rule import chtss_rule
from sparse_mlp.evolution.fixed_rules import dense_rule, static_rule
from sparse_mlp.evolution.part_checks import check_rule_parts
from sparse_mlp.evolution.path_count_rule import path_count_rule
from sparse_mlp.evolution.rigl_rule import rigl_rule
from sparse_mlp.evolution.rlr_rule import rlr_rule
from sparse_mlp.evolution.set_rule import set_rule
from sparse_mlp.evolution.three_stages import Streams
from sparse_mlp.evolution.units import EvolvingUnit
from sparse_mlp.evolution.update import TopologyUpdate


class Rule(Protocol):
    """What training asks of a rule. An update depends on its arguments and on `state` alone."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def wants_dense(self) -> bool:
        """Whether the network is to be built dense."""

    @property
    def initial_density(self) -> float | None:
        """The density with which the network is to be built, None for any."""

    @property
    def update_steps(self) -> int | None:
        """Batches between two updates, where the trainer is not given another number; None for once an epoch."""

    @property
    def wants_signals(self) -> bool:
        """Whether layers have to record the signals of a batch before an update, see `Linked.signals`."""

    def update(self, units: Sequence[EvolvingUnit], progress: float, rng: Streams = None) -> TopologyUpdate:
        """Rewire the layers of all units once and say what was done."""

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
    "cht-conv": cht_conv_rule,
    "dense": dense_rule,
}


def make_rule(name: str, **params: Any) -> Rule:
    """Make an evolution rule by name.

    Parameters
    ----------
    name : str
        One of `RULES`, or `module:name` or `file.py:name` of a function or class of one's own that makes a rule.
    **params
        Options of that rule.

    Raises
    ------
    InvalidInputError
        If the name or an option is unknown, a value is out of range, or what your own function makes is not a rule.

    Examples
    --------
    >>> rule = make_rule("set", zeta=0.2)
    >>> rule.name, rule.wants_dense
    ('set', False)
    """
    make: Callable[..., Rule] = plugins.find("rule", name, RULES)
    check_options(f"rule {name}", make, params)
    rule = make(**params)
    check_rule_parts(rule, name)
    return rule
