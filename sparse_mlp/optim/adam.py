"""Adam: steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sparse_mlp.errors import check_fraction, check_integer, check_number
from sparse_mlp.optim.base import Array, Optimizer


class Adam(Optimizer):
    """Scale each parameter's step by the running size of its gradient.

    Parameters
    ----------
    learning_rate : float
        At the start, where a schedule changes it.
    beta1, beta2 : float
        Memory of the gradient's mean and of its square's, in [0, 1).
    epsilon : float
        Added to the root, above 0.
    weight_decay : float
        Pull of the weights towards zero.
    decoupled : bool
        Whether decay bypasses the moments, as in AdamW, or is part of the gradient.
    decay_biases : bool
        Whether decay pulls on the biases as well.
    backend : str, optional

    Notes
    -----
    The update is written out in `sparse_mlp.reference.optim.adam_step` [Kingma2015].

    All links share one count of steps, also those that a topology update has just made. The correction of the moments'
    bias is then almost 1 for a new link whose moments start at zero. In its first step the mean is
    :math:`(1 - \\beta_1) g` and the root :math:`\\sqrt{1 - \\beta_2} |g|`, so it moves
    :math:`(1 - \\beta_1) / \\sqrt{1 - \\beta_2}` times the learning rate: 3.2 with the usual 0.9 and 0.999, where a
    fresh optimizer would move it 1.0. A count for each link would avoid that at the price of another array.
    """

    STATE = ("first", "second")
    RULE = "adam_step"

    def __init__(
        self, learning_rate: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
        weight_decay: float = 2e-4, *, decoupled: bool = True, decay_biases: bool = False, backend: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, weight_decay, decoupled, decay_biases, backend)
        self.beta1 = check_fraction("beta1", beta1, zero=True, one=False)
        self.beta2 = check_fraction("beta2", beta2, zero=True, one=False)
        self.epsilon = check_number("epsilon", epsilon, strict=True)
        self.count = 0  # steps done so far

    def init(self, size: int, dtype: DTypeLike = np.float32) -> None:
        """Start with a state of zeros for `size` parameters, at step 0."""
        super().init(size, dtype)
        self.count = 0

    def state(self) -> dict[str, Any]:
        """Return a copy of both moments (size,) and, as "step", the number of steps done."""
        return {**super().state(), "step": self.count}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        count = check_integer("step", np.asarray(state.get("step", 0)).item(), minimum=0)
        super().load_state(state)
        self.count = count

    def _before_step(self) -> None:
        self.count += 1

    def _apply(self, values: Array, gradient: Array, *state: Array, learning_rate: float, weight_decay: float) -> None:
        self._rule(
            values, gradient, *state, self.count, learning_rate, self.beta1, self.beta2, self.epsilon,
            weight_decay, self.decoupled,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Adam(learning_rate={self.learning_rate:g}, beta1={self.beta1:g}, beta2={self.beta2:g})"
