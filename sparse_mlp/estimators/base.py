"""What classifier and regressor share: parameters, checks, training from scratch, warm start, and one pass."""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sparse_mlp.errors import check_choice, check_fraction, check_integer, check_number, invalid
from sparse_mlp.estimators.listeners import BestModel, LeftOutUpdate, StopAfterEpoch
from sparse_mlp.estimators.warm_start import resume_density
from sparse_mlp.evolution import Rule
from sparse_mlp.layers import Loss
from sparse_mlp.layers.base import Array
from sparse_mlp.models import SparseMLP
from sparse_mlp.models.architecture import motif_counts
from sparse_mlp.optim import OPTIMIZERS, SCHEDULES
from sparse_mlp.runs.build import make_network, make_rule, make_trainer
from sparse_mlp.runs.models import Fitting
from sparse_mlp.training import Callback, EarlyStopping, History, Progress, Trainer
from sparse_mlp.training.task import as_task, check_weights

AUTO_DENSITY = 0.1
# Links that a topology update has made need many steps to become useful; a batch below 32 is no faster.
AUTO_BATCHES, SMALLEST_BATCH, LARGEST_BATCH = 50, 32, 128


class SparseMLPEstimator(BaseEstimator, ABC):
    """Hold what classifier and regressor share; they say how targets become numbers and scores become answers."""

    model_: SparseMLP
    history_: History
    loss_curve_: list[float]
    _trainer: Trainer | None
    _multi_output: bool

    def __init__(
        self, hidden_layer_sizes: int | Sequence[int] = (100,), activation: str = "relu", *,
        density: float | str = "auto", topology: str = "erdos-renyi", topology_params: Mapping[str, Any] | None = None,
        motif_size: int = 1, motif_mode: str = "shared", pad: bool = False,
        rule: str | Rule = "set", zeta: float = 0.3, solver: str = "adam", alpha: float = 0.0001,
        batch_size: int | str = "auto", learning_rate: str = "constant", learning_rate_init: float = 0.005,
        max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4, verbose: bool = False,
        warm_start: bool = False, momentum: float = 0.9, nesterovs_momentum: bool = True,
        early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: int = 10, backend: str | None = None, dtype: str = "float32",
    ) -> None:  # fmt: skip
        self.hidden_layer_sizes, self.activation = hidden_layer_sizes, activation
        self.density, self.topology, self.topology_params = density, topology, topology_params
        self.motif_size, self.motif_mode, self.pad = motif_size, motif_mode, pad
        self.rule, self.zeta = rule, zeta
        self.solver, self.alpha, self.batch_size = solver, alpha, batch_size
        self.learning_rate, self.learning_rate_init = learning_rate, learning_rate_init
        self.max_iter, self.shuffle, self.random_state, self.tol = max_iter, shuffle, random_state, tol
        self.verbose, self.warm_start = verbose, warm_start
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum
        self.early_stopping, self.validation_fraction = early_stopping, validation_fraction
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.n_iter_no_change, self.backend, self.dtype = n_iter_no_change, backend, dtype

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train, from scratch or, with `warm_start`, from where the last training ended.

        Parameters
        ----------
        X : array-like or sparse matrix (n_samples, n_features)
            Sparse X stays sparse: one tile of 64 samples is dense at a time in each thread.
        y : array-like (n_samples,), for a regressor also (n_samples, n_outputs)
        sample_weight : array-like (n_samples,), optional
            How much each sample counts in the loss and in the validation score, 0 or more; 1 if not given. The loss of
            a batch is :math:`\\sum_i w_i L_i / \\sum_i w_i`; a batch whose weights are all 0 changes nothing.

        Raises
        ------
        InvalidInputError
            If a parameter cannot be used. It is a ValueError, as are the errors about X, y and the weights.
        DivergenceError
            If the loss is no longer finite.

        Warns
        -----
        ConvergenceWarning
            If the loss, or the validation score, still improved after `max_iter` epochs.
        """
        warm_start = self.warm_start and hasattr(self, "model_")
        x, target, weights = self._begin(X, y, sample_weight, warm_start)
        metric, callbacks = "loss", list[Callback]([LeftOutUpdate()] if warm_start else [])
        best = None
        if self.early_stopping:
            kept, aside = self._split(target, int(self._rng.integers(2**31)))
            validation = _part("validation", aside, x, target, weights)
            x, target, weights = _part("training", kept, x, target, weights)
        if not warm_start:  # after the split: a topology may look at the samples to train on
            self._make_network((x, target))
        if self.early_stopping:
            metric, best = "validation_score", BestModel(self.model_, self._score_of, *validation)
            callbacks.append(best)
        callbacks.append(EarlyStopping(self.n_iter_no_change, metric, self.tol))
        loss_curve = self.loss_curve_ if warm_start else []
        trainer = self._trainer_for(len(target), warm_start)
        self._train(trainer, (x, target), weights, self.max_iter, callbacks)
        self.loss_curve_ = loss_curve + self.history_.column("loss")
        self.loss_, self.best_loss_ = self.loss_curve_[-1], min(self.loss_curve_)
        self.validation_scores_ = self.best_validation_score_ = None
        if best is not None:
            self.model_, self.best_validation_score_ = best.model, best.score
            self.validation_scores_ = self.history_.column("validation_score")
            self._trainer = None  # it holds another network, and the memory of its tiles
        if not (trainer.stop_reason or trainer.interrupted):
            warnings.warn(
                f"max_iter={self.max_iter} epochs are over and the {metric.replace('_', ' ')} still improved; raise "
                "max_iter or tol", ConvergenceWarning, stacklevel=2,
            )  # fmt: skip
        return self

    def _one_pass(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Any:
        if self.early_stopping:
            raise invalid("early_stopping=True", "False for partial_fit", "a single pass cannot be stopped early")
        warm_start = hasattr(self, "model_")
        x, target, weights = self._begin(X, y, sample_weight, warm_start, classes)
        if not warm_start:
            self._make_network((x, target))
        trainer = getattr(self, "_trainer", None)
        if trainer is None or trainer.model is not self.model_:
            trainer = self._trainer_for(len(target), warm_start)
        trainer.batch_size = self._batch_size(len(target))
        callbacks: list[Callback] = [LeftOutUpdate(), StopAfterEpoch()] if warm_start else [StopAfterEpoch()]
        # Pieces may get smaller; what is done must never be more than the whole that progress is a fraction of.
        passes_done = -(-trainer.step // -(-len(target) // trainer.batch_size))
        epochs = max(self.max_iter, trainer.epoch + 1, passes_done + 1)
        self._train(trainer, (x, target), weights, epochs, callbacks)
        self.loss_ = self.history_.column("loss")[-1]
        self.loss_curve_ = [*(self.loss_curve_ if warm_start else []), self.loss_]
        self.best_loss_ = min(self.loss_curve_)
        return self

    def _begin(
        self, X: Any, y: Any, sample_weight: Any, warm_start: bool, classes: Any = None
    ) -> tuple[Any, Array, Array | None]:
        """Check everything and return inputs, numeric targets and weights."""
        self._check_parameters()
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=np.dtype(self.dtype), reset=not warm_start,
            multi_output=self._multi_output, y_numeric=self._multi_output,
        )  # fmt: skip
        target, n_outputs = self._encode(y, warm_start, classes)
        if not warm_start:
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            self._rng, self.n_outputs_ = np.random.default_rng(seed), n_outputs
        sizes = self._sizes(n_outputs)
        if warm_start and self.model_.sizes != sizes:
            found = f"layer sizes {sizes} for a network of {self.model_.sizes}"
            raise invalid(found, "the same", "set warm_start=False")
        weights = None if sample_weight is None else check_weights("sample weights", sample_weight, len(target))
        return _writable(X), target, weights

    def _sizes(self, n_outputs: int) -> list[int]:
        return [self.n_features_in_, *_hidden_sizes(self.hidden_layer_sizes), n_outputs]

    def _check_parameters(self) -> None:
        _hidden_sizes(self.hidden_layer_sizes)
        for name, choices in (("solver", OPTIMIZERS), ("learning_rate", SCHEDULES), ("dtype", ("float32", "float64"))):
            check_choice(name, getattr(self, name), choices)
        for name in ("max_iter", "n_iter_no_change"):
            check_integer(name, getattr(self, name))
        for name, strict in (("learning_rate_init", True), ("epsilon", True), ("alpha", False), ("tol", False)):
            check_number(name, getattr(self, name), strict=strict)
        for name in ("momentum", "beta_1", "beta_2"):
            check_fraction(name, getattr(self, name), zero=True, one=False)
        check_fraction("validation_fraction", self.validation_fraction, one=False)
        if self.density != "auto":
            check_fraction("density", self.density)
        if self.batch_size != "auto":
            check_integer("batch_size", self.batch_size)

    def _make_network(self, data: tuple[Any, Array]) -> None:
        sizes = self._sizes(self.n_outputs_)
        model = {
            "name": "mlp", "hidden": sizes[1:-1], "motif_size": self.motif_size, "motif_mode": self.motif_mode,
            "activation": "sigmoid" if self.activation == "logistic" else self.activation, "pad": self.pad,
        }  # fmt: skip
        wiring = {"topology": self.topology, "density": self._density(sizes), **(self.topology_params or {})}
        network = make_network(
            model, wiring, self._rule(sizes), Fitting(sizes[0], sizes[-1], data), rng=self._rng,
            dtype=np.dtype(self.dtype), backend=self.backend,
        )  # fmt: skip
        assert isinstance(network, SparseMLP)
        self.model_, self.n_layers_ = network, len(sizes)

    def _density(self, sizes: list[int]) -> float:
        if not isinstance(self.density, str):
            return self.density
        return max(AUTO_DENSITY, 1 / min(motif_counts(sizes, self.motif_size, self.pad)[:-1]))

    def _rule(self, sizes: list[int]) -> Rule:
        if not isinstance(self.rule, str):
            return copy.deepcopy(self.rule)
        return make_rule({"name": self.rule, "zeta": self.zeta}, density=self._density(sizes))

    def _batch_size(self, n_samples: int) -> int:
        if not isinstance(self.batch_size, str):
            return self.batch_size
        return min(max(SMALLEST_BATCH, n_samples // AUTO_BATCHES), LARGEST_BATCH)

    def _trainer_for(self, n_samples: int, warm_start: bool) -> Trainer:
        rule = self._rule(self.model_.sizes)
        training = {
            "optimizer": self.solver, "learning_rate": self.learning_rate_init, "weight_decay": self.alpha,
            "momentum": self.momentum, "nesterov": bool(self.nesterovs_momentum and self.momentum > 0),
            "beta1": self.beta_1, "beta2": self.beta_2, "epsilon": self.epsilon, "schedule": self.learning_rate,
            "batch_size": self._batch_size(n_samples),
        }  # fmt: skip
        return make_trainer(
            self.model_, resume_density(rule, self.model_) if warm_start else rule, training, loss=self._loss(),
            shuffle=self.shuffle, rng=self._rng,
        )  # fmt: skip

    def _train(
        self, trainer: Trainer, data: tuple[Any, Array], weights: Array | None, epochs: int, callbacks: list[Callback]
    ) -> None:
        self._trainer, self.history_, before = trainer, trainer.history, trainer.epoch
        trainer.callbacks = [*callbacks, Progress()] if self.verbose else callbacks
        task = as_task(data, batch_size=trainer.batch_size, sample_weight=weights, loss=trainer.loss)
        trainer.fit(task, epochs=epochs)
        trainer.callbacks = []  # a progress bar cannot be pickled
        self.n_iter_ = trainer.epoch
        if trainer.interrupted:
            self._trainer = None  # it may have stopped within an epoch
            if trainer.epoch == before:
                raise KeyboardInterrupt
            warnings.warn("training was interrupted by the user", stacklevel=3)

    def _scores(self, X: Any) -> Array:
        check_is_fitted(self, "model_")
        dtype = self.model_.store.values.dtype
        X = validate_data(self, X, accept_sparse="csr", dtype=dtype, reset=False)
        return self.model_.predict_scores(_writable(X))

    @abstractmethod
    def _encode(self, y: Array, warm_start: bool, classes: Any) -> tuple[Array, int]:
        """Return the target that the loss asks for, and the number of outputs."""

    @abstractmethod
    def _loss(self) -> Loss:
        """Return the loss that fits the target."""

    @abstractmethod
    def _split(self, target: Array, seed: int) -> tuple[Array, Array]:
        """Return the rows to train on and those to set aside for validation."""

    @abstractmethod
    def _score_of(self, scores: Array, target: Array, weights: Array | None) -> float:
        """Return what `score` would, from a network's scores and an encoded target."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = self._multi_output
        return tags


def _hidden_sizes(value: Any) -> list[int]:
    sizes = list(value) if np.iterable(value) else [value]
    return [check_integer("hidden_layer_sizes", size) for size in sizes]


def _part(name: str, rows: Array, x: Any, target: Array, weights: Array | None) -> tuple[Any, Array, Array | None]:
    chosen = None if weights is None else check_weights(f"{name} sample weights", weights[rows], len(rows))
    return x[rows], target[rows], chosen


def _writable(x: Any) -> Any:
    """Return an array that may be written to, so that one compiled form serves every caller; sparse rows stay."""
    return x if issparse(x) else np.require(x, requirements=["C", "W"])
