"""All that `train` can be told, and what of it cannot be used."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import check_choice, check_fraction, check_integer, check_number, invalid
from sparse_mlp.runs.options import DataOptions, NetworkOptions, RunOptions, TrainingOptions
from sparse_mlp.runs.rule_options import RuleOptions
from sparse_mlp.runs.wiring_options import WiringOptions

if TYPE_CHECKING:
    from sparse_mlp.evolution import Rule

# The first wiring of rules whose paper starts from the correlations of the inputs.
CORRELATED_RULES = ("cht", "chts", "chtss")

GROUPS = {
    "data": DataOptions, "network": NetworkOptions, "first wiring": WiringOptions, "rule": RuleOptions,
    "training": TrainingOptions, "run": RunOptions,
}  # fmt: skip


@dataclass
class TrainConfig(RunOptions, TrainingOptions, RuleOptions, WiringOptions, NetworkOptions, DataOptions):
    """All settings of a run, those of the last base first; `config.json` in the run's folder holds them."""

    def check(self) -> None:
        """Refuse values that cannot be used.

        Raises
        ------
        InvalidInputError
            Naming the first bad one.
        """
        from sparse_mlp.kernels.dispatch import choose_backend
        from sparse_mlp.layers.motif_linear import MOTIF_MODES
        from sparse_mlp.models import ACTIVATIONS
        from sparse_mlp.optim import OPTIMIZERS, SCHEDULES
        from sparse_mlp.topology import INITIAL_WEIGHTS

        check_choice("activation", self.activation, ACTIVATIONS)
        self.check_wiring(self.first_wiring)
        check_choice("allocation", self.allocation, ("uniform", "er", "erk"))
        check_choice("weights", self.weights, INITIAL_WEIGHTS)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("schedule", self.schedule, SCHEDULES)
        choose_backend(self.backend)
        for size in self.hidden:
            check_integer("hidden", size)
        check_fraction("density", self.density)
        for name in ("validation_fraction", "dropout", "label_smoothing", "momentum"):
            check_fraction(name, getattr(self, name), zero=True, one=False)
        for name in ("epsilon", "learning_rate"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), strict=True)
        check_number("weight_decay", self.weight_decay)
        check_choice("motif_mode", self.motif_mode, MOTIF_MODES)
        for name in ("motif_size", "epochs", "batch_size", "checkpoint_every"):
            check_integer(name, getattr(self, name))
        for name in ("update_every", "update_steps", "threads"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name))
        for name in ("seed", "warm_up_steps", "early_stop"):
            check_integer(name, getattr(self, name), minimum=0)
        self._check_together()

    def _check_together(self) -> None:
        if self.make_rule().initial_density is not None:
            if self.epsilon is not None:
                found = f"epsilon={self.epsilon:g} with rule={self.rule}"
                raise invalid(found, "left out", "density says where the decay ends")
            if self.allocation != "uniform":
                found = f"allocation={self.allocation} with rule={self.rule}"
                raise invalid(found, "uniform", "the density decays alike in all layers")
            if self.snip_scope == "global":
                found = f"snip_scope=global with rule={self.rule}"
                raise invalid(found, "layer", "the density decays alike in all layers")
        if self.early_stop and not self.validation_fraction:
            raise invalid(
                f"early_stop={self.early_stop} without validation samples", "used with validation_fraction above 0",
                "test samples must not decide when to stop",
            )  # fmt: skip

    @property
    def first_wiring(self) -> str:
        """The topology that is asked for, or the one that the rule's paper starts from."""
        return self.topology or self.default_wiring

    @property
    def default_wiring(self) -> str:
        """The topology that the rule's paper starts from."""
        return "correlated" if self.rule in CORRELATED_RULES else "erdos-renyi"

    def wiring(self) -> dict[str, str | None]:
        """Return the names of topology and preset; both are None where all layers are dense."""
        return {"topology": None if self.make_rule().wants_dense else self.first_wiring, "preset": self.preset}

    def make_rule(self) -> Rule:
        """Make the rule with the options that were set.

        Raises
        ------
        InvalidInputError
            If the rule is unknown, or an option is not one of its own or out of range.
        """
        from sparse_mlp.evolution import make_rule

        options = self.rule_params()
        if self.rule == "chtss":
            options["density"] = self.density
        return make_rule(self.rule, **options)

    def topology_params(self) -> dict[str, Any]:
        """Return the options of the first wiring that were set, or that the rule asks for."""
        params = self.generator_params(self.first_wiring)
        if self.first_wiring == "snip" and self.make_rule().initial_density is not None:
            params["scope"] = "layer"  # the density decays from the same one in all layers
        return params

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"
