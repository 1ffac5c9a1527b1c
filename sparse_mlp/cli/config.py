"""What `train` can be told, with defaults and help, and what of it cannot be used."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import check_choice, check_fraction, check_integer, check_number, invalid

if TYPE_CHECKING:
    from sparse_mlp.evolution import Rule

# Settings that go to the rule; what is not set is left to the rule.
RULE_OPTIONS = (
    "zeta", "zeta_schedule", "zeta_end", "removal", "exclude_removed", "delta_start", "delta_end", "alpha",
    "percolate", "predictor", "regrowth", "ties", "new_weights", "keep_regrown", "overlap_stop", "overlap_stop_scope",
    "density_start", "decay", "decay_end", "steepness",
)  # fmt: skip

# The first wiring of rules whose paper starts from the correlations of the inputs.
CORRELATED_RULES = ("cht", "chts", "chtss")


def _option(default: Any, help: str, **metadata: str) -> Any:
    """Declare an option with its help text; `begins` names the group of options that begins with it."""
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={"help": help, **metadata})
    return field(default=default, metadata={"help": help, **metadata})


@dataclass
class TrainConfig:
    """All settings of a run; `config.json` in the run's folder holds them."""

    dataset: str = _option("digits", "data set, see `sparse-mlp data list`", begins="data")
    data_dir: str | None = _option(None, "folder with the data files (else $SPARSE_MLP_DATA, else the cache)")
    standardize: bool = _option(True, "subtract the mean of the training inputs and divide by their deviation")
    validation_fraction: float = _option(0.0, "part of the training samples set aside for validation")
    hidden: list[int] = _option([1000, 1000, 1000], "neurons of each hidden layer", begins="network")
    activation: str = _option("relu", "relu, leaky-relu, all-relu, sigmoid, tanh or identity")
    weights: str = _option("swi", "law of the first weights: swi, kaiming, he-uniform, normal or zero")
    dropout: float = _option(0.0, "fraction of hidden activations dropped while training")
    density: float = _option(
        0.02, "fraction of the possible links that the sparse layers have; the read-out has all", begins="first wiring"
    )
    epsilon: float | None = _option(None, "SET's parameter, instead of a density")
    topology: str | None = _option(
        None, "first wiring: erdos-renyi, correlated or snip (default: correlated for cht, chts and chtss, else "
        "erdos-renyi)",
    )  # fmt: skip
    snip_scope: str | None = _option(
        None, "links that snip compares: global or layer (default: layer for chtss, else global)"
    )
    snip_batch: int | None = _option(None, "samples that snip looks at (default: 128)")
    allocation: str = _option("uniform", "how the links are shared among layers: uniform, er or erk")
    rule: str = _option(
        "set", "how the wiring evolves: static, set, rlr, path-count, ch3l3, rigl, cht, chts, chtss or dense; each "
        "takes some of the settings of this group, and has defaults of its own", begins="rule",
    )  # fmt: skip
    zeta: float | None = _option(None, "fraction of the links that an update replaces (default: 0.3)")
    zeta_schedule: str | None = _option(
        None, "course of zeta: constant, cosine or linear (default: cosine for rigl, else constant)"
    )
    zeta_end: float | None = _option(None, "fraction of training after which a falling zeta is 0 (default: 0.75)")
    removal: str | None = _option(
        None, "set, rlr: which weights go, by sign, magnitude or importance (default: sign for set, magnitude for rlr)"
    )
    exclude_removed: bool | None = _option(
        None, "set, rlr: close positions to new links that were just removed (default: no)"
    )
    delta_start: float | None = _option(
        None, "chts, chtss: softness of the removal at the start, 0 draws all links alike, 1 none (default: 0.5)",
    )  # fmt: skip
    delta_end: float | None = _option(None, "chts, chtss: the same at zeta_end (default: 0.75)")
    alpha: float | None = _option(
        None, "chts, chtss: what removal looks at, 1 magnitude, 0 relative importance (default: 0)"
    )
    percolate: bool | None = _option(
        None, "also replace links that are cut off from input or output (default: no for set, rlr and rigl, else yes)",
    )  # fmt: skip
    predictor: str | None = _option(
        None, "ch3l3, cht, chts, chtss: score of absent links (default: ch2-l3n for chts and chtss, else ch3-l3p)",
    )  # fmt: skip
    regrowth: str | None = _option(
        None, "rules with a predictor: hard takes the best links, soft draws by score (default: soft for chts, chtss)",
    )  # fmt: skip
    ties: str | None = _option(
        None, "hard regrowth: who wins among equal scores, index or random (default: random for path-count, else "
        "index)",
    )  # fmt: skip
    new_weights: str | None = _option(None, "law of the new weights (default: the rule's own)")
    keep_regrown: bool | None = _option(
        None, "a link that is removed and grows again at once keeps its weight (default: yes for rigl, cht, chts and "
        "chtss)",
    )  # fmt: skip
    overlap_stop: float | None = _option(
        None, "cht, chts: layers have settled when more of their new links were just removed (default: 0.9 for cht, "
        "1, that is never, for chts)",
    )  # fmt: skip
    overlap_stop_scope: str | None = _option(
        None, "cht, chts: global, evolution ends when all have settled, or layer, each rests at once (default: global)",
    )  # fmt: skip
    density_start: float | None = _option(
        None, "chtss: density at the start, from which it decays to the one asked for (default: 0.5)"
    )
    decay: str | None = _option(None, "chtss: course of the density, sigmoid, cubic or linear (default: sigmoid)")
    decay_end: float | None = _option(
        None, "chtss: fraction of training at which the density has its last value (default: 0.5)"
    )
    steepness: float | None = _option(None, "chtss: of the sigmoid (default: 6)")
    update_every: int | None = _option(None, "epochs between two updates of the wiring (default: 1, but for rigl)")
    update_steps: int | None = _option(None, "batches between two updates, instead of epochs (default: 100 for rigl)")
    epochs: int = _option(20, "passes over the training samples", begins="training")
    batch_size: int = _option(32, "samples of a gradient step")
    optimizer: str = _option("sgd", "sgd or adam")
    learning_rate: float | None = _option(None, "at the start (default: 0.1 for sgd, 0.001 for adam)")
    momentum: float = _option(0.9, "of sgd")
    nesterov: bool = _option(False, "use Nesterov's momentum")
    weight_decay: float = _option(2e-4, "pull of the weights towards zero, as in SET; biases are left alone")
    schedule: str = _option("linear", "course of the learning rate: constant, linear, cosine or step")
    warm_up_steps: int = _option(0, "steps over which the learning rate rises first")
    label_smoothing: float = _option(0.0, "part of the target spread over all classes")
    early_stop: int = _option(0, "epochs without better validation accuracy after which to stop; 0: never")
    seed: int = _option(0, "of wiring, weights, data order and everything else that is random", begins="run")
    threads: int | None = _option(
        None, "threads at most (default: all); one for each 64 samples of a batch is used, the result is the same",
    )  # fmt: skip
    backend: str | None = _option(None, "reference, scipy or numba (else $SPARSE_MLP_BACKEND)")
    out: str | None = _option(None, "folder of the run (default: a new one under runs/)")
    checkpoint_every: int = _option(1, "epochs between two checkpoints")
    figures: bool = _option(True, "draw the figures at the end")

    def check(self) -> None:
        """Refuse values that cannot be used.

        Raises
        ------
        InvalidInputError
            Naming the first bad one.
        """
        from sparse_mlp.kernels.dispatch import choose_backend
        from sparse_mlp.models import ACTIVATIONS
        from sparse_mlp.optim import OPTIMIZERS, SCHEDULES
        from sparse_mlp.topology import INITIAL_WEIGHTS, TOPOLOGIES
        from sparse_mlp.topology.snip import SCOPES as SNIP_SCOPES

        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("topology", self.first_wiring, TOPOLOGIES)
        if self.snip_scope is not None:
            check_choice("snip_scope", self.snip_scope, SNIP_SCOPES)
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
        for name in ("epochs", "batch_size", "checkpoint_every"):
            check_integer(name, getattr(self, name))
        for name in ("update_every", "update_steps", "snip_batch", "threads"):
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
        for name in ("snip_scope", "snip_batch"):
            if getattr(self, name) is not None and self.first_wiring != "snip":
                raise invalid(f"{name} without topology=snip", "left out")
        if self.early_stop and not self.validation_fraction:
            raise invalid(
                f"early_stop={self.early_stop} without validation samples", "used with validation_fraction above 0",
                "test samples must not decide when to stop",
            )  # fmt: skip

    @property
    def first_wiring(self) -> str:
        """The topology that is asked for, or the one that the rule's paper starts from."""
        return self.topology or ("correlated" if self.rule in CORRELATED_RULES else "erdos-renyi")

    def make_rule(self) -> Rule:
        """Make the rule with the options that were set.

        Raises
        ------
        InvalidInputError
            If the rule is unknown, or an option is not one of its own or out of range.
        """
        from sparse_mlp.evolution import make_rule

        given = {name: getattr(self, name) for name in RULE_OPTIONS}
        options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if self.rule == "chtss":
            options["density"] = self.density
        if self.rule not in ("static", "dense"):
            options["backend"] = self.backend
        return make_rule(self.rule, **options)

    def topology_params(self) -> dict[str, Any]:
        """Return the options of the first wiring that were set, or that the rule asks for."""
        if self.first_wiring != "snip":
            return {}
        alike = self.make_rule().initial_density is not None  # in all layers, from where it decays
        given = {"scope": self.snip_scope or ("layer" if alike else None), "batch": self.snip_batch}
        return {name: value for name, value in given.items() if value is not None}

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"
