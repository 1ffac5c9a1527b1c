"""All that happens to maps between convolutions, compiled: the twins of `reference.maps`, on tiles."""

from __future__ import annotations

from sparse_mlp.kernels.batch_norm import batch_norm_backward, batch_norm_eval, batch_norm_train
from sparse_mlp.kernels.pools import (
    average_pool,
    average_pool_backward,
    global_average,
    global_average_backward,
    max_pool,
    max_pool_backward,
)

__all__ = [
    "average_pool",
    "average_pool_backward",
    "batch_norm_backward",
    "batch_norm_eval",
    "batch_norm_train",
    "global_average",
    "global_average_backward",
    "max_pool",
    "max_pool_backward",
]
