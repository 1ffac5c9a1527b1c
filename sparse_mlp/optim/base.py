"""What all optimizers share: flat arrays of state for one flat array of parameters, saved, restored and rewired."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sparse_mlp.errors import check_integer, check_number, invalid
from sparse_mlp.kernels.dispatch import choose_backend, optim_ops

Array = NDArray[Any]


class Optimizer(ABC):
    """Move a flat parameter array (all weights, then all biases) down its gradient.

    Parameters
    ----------
    learning_rate : float
        Used where `step` is not given another one.
    weight_decay, decoupled, decay_biases, backend
        See `SGD`.

    Attributes
    ----------
    arrays : dict of str to float (size,)
        The state, one entry for each parameter; made by `init`.

    Notes
    -----
    `remap` carries the state over a topology update: a surviving link keeps its own, a new link starts at zero.
    """

    STATE: tuple[str, ...] = ()
    RULE: str = ""  # the backend's function that does a step
    _rule: Callable[..., None]  # that function, found by `init`

    def __init__(
        self, learning_rate: float, weight_decay: float, decoupled: bool, decay_biases: bool, backend: str | None
    ) -> None:
        self.learning_rate = check_number("learning_rate", learning_rate)
        self.weight_decay = check_number("weight_decay", weight_decay)
        self.decoupled, self.decay_biases = bool(decoupled), bool(decay_biases)
        self.backend = choose_backend(backend).name
        self.arrays: dict[str, Array] = {}

    def init(self, size: int, dtype: DTypeLike = np.float32) -> None:
        """Start with a state of zeros for `size` parameters."""
        size = check_integer("size", size, minimum=0)
        self.arrays = {name: np.zeros(size, dtype) for name in self.STATE}
        if self.RULE:  # looked up once: in each step it would cost more than a small step itself
            self._rule = getattr(optim_ops(self.backend), self.RULE)

    def make_writable(self) -> None:
        """Copy the arrays that may only be read, such as those of a file that was loaded as a map."""
        self.arrays = {name: array if array.flags.writeable else array.copy() for name, array in self.arrays.items()}

    def step(self, values: Array, gradient: Array, n_decayed: int, learning_rate: float | None = None) -> None:
        """Change `values`, float (size,), in place; weight decay pulls on the first `n_decayed` of them, the weights.

        The learning rate is for this step alone, as a schedule gives it.
        """
        rate = self.learning_rate if learning_rate is None else float(learning_rate)
        self._check(values, gradient)
        if not 0 <= n_decayed <= len(values):
            raise invalid(f"n_decayed={n_decayed}", f"a number in [0, {len(values)}]")
        border = len(values) if self.decay_biases or self.weight_decay == 0 else n_decayed
        self._before_step()
        arrays = (values, gradient, *self.arrays.values())
        if border == len(values):
            self._apply(*arrays, learning_rate=rate, weight_decay=self.weight_decay)
            return
        self._apply(*(a[:border] for a in arrays), learning_rate=rate, weight_decay=self.weight_decay)
        self._apply(*(a[border:] for a in arrays), learning_rate=rate, weight_decay=0.0)

    def state(self) -> dict[str, Any]:
        """Return a copy of what a resumed run needs: arrays (size,) and plain numbers by name."""
        return {name: array.copy() for name, array in self.arrays.items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; raise where it is of another optimizer, or of another size or precision."""
        expected = self.state()
        if set(state) != set(expected):
            found, wanted = _names(state), _names(expected)
            raise invalid(f"optimizer state with {found}", f"with {wanted}", "is it another optimizer's?")
        for name, current in self.arrays.items():
            array = np.asarray(state[name])
            if array.shape != current.shape or array.dtype != current.dtype:
                found, wanted = f"{array.dtype} {array.shape}", f"{current.dtype} {current.shape}"
                raise invalid(f"optimizer state {name!r} of {found}", wanted, "is it another net's?")
        for name in self.arrays:
            self.arrays[name] = np.array(state[name])

    def remap(self, carry: Array, size: int) -> None:
        """Follow a topology update: each parameter takes the state of where it stood before.

        `carry`, int64 (size,), is the former flat position of each parameter, -1 for a new link, whose state is zero.
        """
        positions = np.asarray(carry)
        if positions.shape != (size,) or not np.issubdtype(positions.dtype, np.integer):
            raise invalid(f"carry of {positions.dtype} {positions.shape}", f"integers of shape ({size},)")
        former = min((len(array) for array in self.arrays.values()), default=0)
        if size and (positions.min() < -1 or positions.max() >= former):
            raise invalid(f"carry from {positions.min()} to {positions.max()}", f"positions in [-1, {former})")
        new = np.flatnonzero(positions < 0)
        for name, array in self.arrays.items():
            moved = array[positions] if former else np.zeros(size, array.dtype)  # -1 takes the last entry
            moved[new] = 0
            self.arrays[name] = moved

    def _before_step(self) -> None:  # noqa: B027 - most rules do not count
        """Count, where the rule needs the number of the step."""

    @abstractmethod
    def _apply(self, values: Array, gradient: Array, *state: Array, learning_rate: float, weight_decay: float) -> None:
        """Do one step on a part of the parameters, in place."""

    def _check(self, values: Array, gradient: Array) -> None:
        if not self.arrays:
            raise invalid("an optimizer without state", "an initialised one", "call init(size, dtype) first")
        own = next(iter(self.arrays.values()))
        for name, array in (("values", values), ("gradient", gradient)):
            if array.shape != own.shape or array.dtype != own.dtype:
                found, wanted = f"{array.dtype} {array.shape}", f"{own.dtype} {own.shape}"
                raise invalid(f"{name} of {found}", wanted, "call init or remap after a change of size")


def _names(state: dict[str, Any]) -> str:
    return ", ".join(sorted(map(str, state))) or "nothing"
