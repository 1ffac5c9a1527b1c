"""What `train` can be told, by options or by a TOML file with the same names, checked before anything is written."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparse_mlp.errors import check_choice, check_fraction, check_integer, check_number, invalid

if TYPE_CHECKING:
    from sparse_mlp.evolution import Rule

_INTERVAL = ("update_every", "update_steps")
_WIRING = ("density", "epsilon", "topology", "allocation", "snip_scope", "snip_batch")

# Where a setting has this value, the others change nothing.
IDLE = (
    ("rule", "static", _INTERVAL),
    ("rule", "dense", (*_INTERVAL, *_WIRING)),
    ("optimizer", "adam", ("momentum", "nesterov")),
)


# Settings that go to the rule; what is not set is left to the rule.
RULE_OPTIONS = (
    "zeta", "zeta_schedule", "zeta_end", "removal", "exclude_removed", "delta_start", "delta_end", "alpha",
    "percolate", "predictor", "regrowth", "ties", "new_weights", "keep_regrown", "overlap_stop", "overlap_stop_scope",
    "density_start", "decay", "decay_end", "steepness",
)  # fmt: skip

# The first wiring of rules whose paper starts from the correlations of the inputs.
CORRELATED_RULES = ("cht", "chts", "chtss")


def _option(default: Any, help: str, **extra: Any) -> Any:
    """Declare an option with its help text; lists are declared by their items."""
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={"help": help, **extra})
    return field(default=default, metadata={"help": help, **extra})


@dataclass
class TrainConfig:
    """All settings of a run; `config.json` in the run's folder holds them."""

    dataset: str = _option("digits", "data set, see `sparse-mlp data list`")
    data_dir: str | None = _option(None, "folder with the data files (else $SPARSE_MLP_DATA, else the cache)")
    standardize: bool = _option(True, "subtract the mean of the training inputs and divide by their deviation")
    validation_fraction: float = _option(0.0, "part of the training samples set aside for validation")
    hidden: list[int] = _option([1000, 1000, 1000], "neurons of each hidden layer", item=int)
    density: float = _option(0.02, "fraction of the possible links that the sparse layers have; the read-out has all")
    epsilon: float | None = _option(None, "SET's parameter, instead of a density", item=float)
    topology: str | None = _option(
        None, "first wiring: erdos-renyi, correlated or snip (default: correlated for cht, chts and chtss, else "
        "erdos-renyi)", item=str,
    )  # fmt: skip
    snip_scope: str | None = _option(None, "links that snip compares: global or layer (default: global)", item=str)
    snip_batch: int | None = _option(None, "samples that snip looks at (default: 128)", item=int)
    allocation: str = _option("uniform", "how the links are shared among layers: uniform, er or erk")
    activation: str = _option("relu", "relu, leaky-relu, all-relu, sigmoid, tanh or identity")
    weights: str = _option("swi", "law of the first weights: swi, kaiming, he-uniform, normal or zero")
    dropout: float = _option(0.0, "fraction of hidden activations dropped while training")
    rule: str = _option(
        "set", "how the wiring evolves: static, set, rlr, path-count, ch3l3, rigl, cht, chts, chtss or dense; each "
        "takes some of the settings from here to steepness, and has defaults of its own",
    )  # fmt: skip
    zeta: float | None = _option(None, "fraction of the links that an update replaces (default: 0.3)", item=float)
    zeta_schedule: str | None = _option(
        None, "course of zeta: constant, cosine or linear (default: cosine for rigl, else constant)", item=str
    )
    zeta_end: float | None = _option(
        None, "fraction of training after which a falling zeta is 0 (default: 0.75)", item=float
    )
    removal: str | None = _option(
        None, "set, rlr: which weights go, by sign or magnitude (default: sign for set)", item=str
    )
    exclude_removed: bool | None = _option(
        None, "set, rlr: close positions to new links that were just removed (default: no)", item=bool
    )
    delta_start: float | None = _option(
        None, "chts, chtss: softness of the removal at the start, 0 draws all links alike, 1 none (default: 0.5)",
        item=float,
    )  # fmt: skip
    delta_end: float | None = _option(None, "chts, chtss: the same at zeta_end (default: 0.75)", item=float)
    alpha: float | None = _option(
        None, "chts, chtss: what removal looks at, 1 magnitude, 0 relative importance (default: 0)", item=float
    )
    percolate: bool | None = _option(
        None, "also replace links that are cut off from input or output (default: no for set, rlr and rigl, else yes)",
        item=bool,
    )  # fmt: skip
    predictor: str | None = _option(
        None, "ch3l3, cht, chts, chtss: score of absent links (default: ch2-l3n for chts and chtss, else ch3-l3p)",
        item=str,
    )  # fmt: skip
    regrowth: str | None = _option(
        None, "rules with a predictor: hard takes the best links, soft draws by score (default: soft for chts, chtss)",
        item=str,
    )  # fmt: skip
    ties: str | None = _option(
        None, "hard regrowth: who wins among equal scores, index or random (default: random for path-count, else "
        "index)", item=str,
    )  # fmt: skip
    new_weights: str | None = _option(None, "law of the new weights (default: the rule's own)", item=str)
    keep_regrown: bool | None = _option(
        None, "a link that is removed and grows again at once keeps its weight (default: yes for rigl, cht, chts and "
        "chtss)", item=bool,
    )  # fmt: skip
    overlap_stop: float | None = _option(
        None, "cht, chts: layers have settled when more of their new links were just removed (default: 0.9 for cht)",
        item=float,
    )  # fmt: skip
    overlap_stop_scope: str | None = _option(
        None, "cht, chts: global, evolution ends when all have settled, or layer, each rests at once (default: global)",
        item=str,
    )  # fmt: skip
    density_start: float | None = _option(
        None, "chtss: density at the start, from which it decays to the one asked for (default: 0.5)", item=float
    )
    decay: str | None = _option(
        None, "chtss: course of the density, sigmoid, cubic or linear (default: sigmoid)", item=str
    )
    decay_end: float | None = _option(
        None, "chtss: fraction of training at which the density has its last value (default: 0.5)", item=float
    )
    steepness: float | None = _option(None, "chtss: of the sigmoid (default: 6)", item=float)
    update_every: int | None = _option(
        None, "epochs between two updates of the wiring (default: 1, but for rigl)", item=int
    )
    update_steps: int | None = _option(
        None, "batches between two updates, instead of epochs (default: 100 for rigl)", item=int
    )
    epochs: int = _option(20, "passes over the training samples")
    batch_size: int = _option(32, "samples of a gradient step")
    optimizer: str = _option("sgd", "sgd or adam")
    learning_rate: float | None = _option(None, "at the start (default: 0.1 for sgd, 0.001 for adam)", item=float)
    momentum: float = _option(0.9, "of sgd")
    nesterov: bool = _option(False, "use Nesterov's momentum")
    weight_decay: float = _option(2e-4, "pull of the weights towards zero, as in SET; biases are left alone")
    schedule: str = _option("linear", "course of the learning rate: constant, linear, cosine or step")
    warm_up_steps: int = _option(0, "steps over which the learning rate rises first")
    label_smoothing: float = _option(0.0, "part of the target spread over all classes")
    early_stop: int = _option(0, "epochs without better validation accuracy after which to stop; 0: never")
    seed: int = _option(0, "of wiring, weights, data order and everything else that is random")
    threads: int | None = _option(
        None, "threads at most (default: all); one for each 64 samples of a batch is used, the result is the same",
        item=int,
    )  # fmt: skip
    backend: str | None = _option(None, "reference, scipy or numba (else $SPARSE_MLP_BACKEND)", item=str)
    out: str | None = _option(None, "folder of the run (default: a new one under runs/)", item=str)
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

        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("topology", self.first_wiring, TOPOLOGIES)
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
        if self.first_wiring != "snip" and self.topology_params():
            raise invalid(f"{next(iter(self.topology_params()))} of snip without topology=snip", "left out")
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
        """Return the options of the first wiring that were set."""
        given = {"scope": self.snip_scope, "batch": self.snip_batch}
        return {name: value for name, value in given.items() if value is not None}

    def to_json(self) -> str:
        """Return the settings as JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


def load_toml(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file; names may be written with `-` or `_`.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or is no TOML.
    """
    try:
        text = Path(path).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(f"configuration {path}: {error}", "a readable TOML file") from None
    try:
        return {key.replace("-", "_"): value for key, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        raise invalid(f"configuration {path}: {error}", "valid TOML") from None


def make_config(settings: dict[str, Any]) -> TrainConfig:
    """Turn settings into a checked configuration.

    Raises
    ------
    InvalidInputError
        If a key is unknown, or a value of the wrong type or out of range.
    """
    known = {f.name: f for f in fields(TrainConfig)}
    for key, value in settings.items():
        check_choice("key", key, known)
        settings[key] = _typed(key, value, str(known[key].type))
    config = TrainConfig(**settings)
    config.check()
    return config


def refuse_contradictions(settings: dict[str, Any]) -> None:
    """Refuse settings that somebody gave although others make them mean nothing.

    Raises
    ------
    InvalidInputError
        Naming both.
    """
    if {"density", "epsilon"} <= set(settings):
        raise invalid("density and epsilon", "one of the two")
    for key, value, idle in IDLE:
        if settings.get(key) != value:
            continue
        for name in idle:
            if name in settings:
                raise invalid(f"{name} with {key}={value}", "left out", f"{name} would change nothing")


def read_config(path: Path) -> TrainConfig:
    """Read `config.json` of a run.

    Raises
    ------
    InvalidInputError
        If there is none, or it is damaged.
    """
    try:
        settings = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        settings = None
    if not isinstance(settings, dict):
        raise invalid(f"{path} missing or damaged", "the config.json of a run")
    return make_config(settings)


def _typed(key: str, value: Any, annotation: str) -> Any:
    """Check a value's type as TOML and JSON know it; whole numbers do for numbers."""
    if value is None and "None" in annotation:
        return None
    if annotation == "list[int]":
        if isinstance(value, list) and all(isinstance(v, int) and not isinstance(v, bool) for v in value):
            return value
        raise invalid(f"{key}={value!r}", "a list of whole numbers")
    kind = {"str": str, "bool": bool, "int": int, "float": float}[annotation.removesuffix(" | None")]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        names = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
        raise invalid(f"{key}={value!r}", names[kind])
    return value
