"""Optimizers whose state follows the links, and learning rate schedules."""

from __future__ import annotations

from typing import Any

from sparse_mlp.errors import check_choice, check_options
from sparse_mlp.optim.adam import Adam
from sparse_mlp.optim.base import Optimizer
from sparse_mlp.optim.schedules import SCHEDULES, Schedule, make_schedule, warm_up
from sparse_mlp.optim.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "Optimizer",
    "Schedule",
    "make_optimizer",
    "make_schedule",
    "warm_up",
]

OPTIMIZERS: dict[str, type[SGD] | type[Adam]] = {"sgd": SGD, "adam": Adam}


def make_optimizer(name: str, **params: Any) -> Optimizer:
    """Make an optimizer by name, "sgd" or "adam"; the parameters are those of `SGD` and `Adam`.

    Examples
    --------
    >>> make_optimizer("sgd", learning_rate=0.1, nesterov=True)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True)
    """
    kind = OPTIMIZERS[check_choice("optimizer", name, OPTIMIZERS)]
    check_options(f"optimizer {name}", kind, params)
    return kind(**params)
