"""Drawing receptive fields, compiled: the twin of `reference.receptive_field`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.sum_tree import leaf_at, set_weight, sum_tree

Array = NDArray[Any]


@jit
def draw_fields(degrees: Array, weights: Array, uniforms: Array) -> Array:
    """Draw the partners of each neuron; see `reference.receptive_field.draw_fields`.

    Serial. O(links log n) time; beyond the links O(n) memory: one tree of sums, repaired after each neuron.
    """
    count, n = len(degrees), len(weights)
    tree, taken = sum_tree(weights), np.zeros(n, np.bool_)
    ranks, partners = np.empty(n, np.int64), np.empty(len(uniforms), np.int64)
    link = 0
    for neuron in range(count):
        centre, nearest = (2 * neuron + 1) * n // (2 * count), 0
        for k in range(degrees[neuron]):
            if tree[1] > 0:
                rank = leaf_at(tree, uniforms[link] * tree[1])
                set_weight(tree, rank, 0.0)
            else:
                while taken[nearest]:
                    nearest += 1
                rank = nearest
            taken[rank] = True
            ranks[k] = rank
            offset = rank // 2 if rank % 2 == 0 else -(rank + 1) // 2
            partners[link] = (centre + offset) % n
            link += 1
        for rank in ranks[: degrees[neuron]]:
            taken[rank] = False
            set_weight(tree, rank, weights[rank])
    return partners
