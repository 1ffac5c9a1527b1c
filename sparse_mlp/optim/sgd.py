"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from sparse_mlp.errors import check_fraction, invalid
from sparse_mlp.optim.base import Array, Optimizer


class SGD(Optimizer):
    """Step down the gradient, with momentum.

    Parameters
    ----------
    learning_rate : float
        At the start, where a schedule changes it.
    momentum : float
        In [0, 1); 0 for plain gradient descent.
    nesterov : bool
        Whether to look ahead along the velocity; needs momentum.
    weight_decay : float
        Pull of the weights towards zero.
    decoupled : bool
        Whether decay bypasses the momentum, or is part of the gradient as in PyTorch.
    decay_biases : bool
        Whether decay pulls on the biases as well.
    backend : str, optional
        See `sparse_mlp.kernels.dispatch.choose_backend`.

    Notes
    -----
    The update is written out in `sparse_mlp.reference.optim.sgd_step`: PyTorch's convention, in which the velocity
    holds gradients and the learning rate multiplies it afterwards. The default weight decay is that of SET
    [Mocanu2018].

    Differences from the original
    -----------------------------
    The code released with SET [Mocanu2018] subtracts decay * w outside the velocity, not multiplied by the
    learning rate, from weights and biases alike. With `decoupled`, `decay_biases` and a decay divided by the learning
    rate the steps here are the same; by default biases are not decayed.

    Examples
    --------
    >>> import numpy as np
    >>> optimizer = SGD(learning_rate=0.5, momentum=0.0, weight_decay=0.0, backend="scipy")
    >>> optimizer.init(size=2, dtype="float64")
    >>> values = np.array([1.0, 2.0])
    >>> optimizer.step(values, np.array([2.0, -2.0]), n_decayed=2)
    >>> values
    array([0., 3.])
    """

    STATE = ("velocity",)
    RULE = "sgd_step"

    def __init__(
        self, learning_rate: float = 0.1, momentum: float = 0.9, nesterov: bool = False, weight_decay: float = 2e-4,
        *, decoupled: bool = False, decay_biases: bool = False, backend: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, weight_decay, decoupled, decay_biases, backend)
        self.momentum = check_fraction("momentum", momentum, zero=True, one=False)
        self.nesterov = bool(nesterov)
        if self.nesterov and self.momentum == 0:
            raise invalid("nesterov=True with momentum=0", "momentum above 0")

    def _apply(self, values: Array, gradient: Array, *state: Array, learning_rate: float, weight_decay: float) -> None:
        self._rule(
            values, gradient, *state, learning_rate, self.momentum, self.nesterov, weight_decay, self.decoupled
        )

    def __repr__(self) -> str:
        return f"SGD(learning_rate={self.learning_rate:g}, momentum={self.momentum:g}, nesterov={self.nesterov})"
