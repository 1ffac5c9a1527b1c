"""Growth by preferential attachment, compiled: the twin of `reference.scale_free`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit
from sparse_mlp.kernels.sum_tree import leaf_at, set_weight, sum_tree

Array = NDArray[Any]


@jit
def attach(side: Array, brings: Array, uniforms: Array, n_in: int, n_out: int) -> tuple[Array, Array]:
    """Link newcomers to well-linked neurons; see `reference.scale_free.attach`.

    Serial. O(links log n) time, O(links + n_in + n_out) memory: a tree of the degrees on each side.
    """
    trees = (sum_tree(np.zeros(n_in, np.int64)), sum_tree(np.zeros(n_out, np.int64)))
    degrees = (np.zeros(n_in, np.int64), np.zeros(n_out, np.int64))
    ends = (np.empty(len(uniforms), np.int64), np.empty(len(uniforms), np.int64))
    arrived = np.zeros(2, np.int64)
    without = np.zeros(2, np.int64)  # all who arrived before this one have links
    first = 0
    for t in range(len(side)):
        mine, yours, last = side[t], 1 - side[t], first + brings[t]
        tree, degree, partners = trees[yours], degrees[yours], ends[yours]
        for link in range(first, last):
            if tree[1] > 0:
                # sums are whole numbers, so the reference picks the same partner
                partner = leaf_at(tree, np.int64(uniforms[link] * tree[1]))
            else:
                while degree[without[yours]] > 0:
                    without[yours] += 1
                partner = without[yours]
            set_weight(tree, partner, 0)
            degree[partner] += 1
            partners[link] = partner
        for link in range(first, last):
            set_weight(tree, partners[link], degree[partners[link]])
        me = arrived[mine]
        ends[mine][first:last] = me
        degrees[mine][me] = brings[t]
        set_weight(trees[mine], me, brings[t])
        arrived[mine] += 1
        first = last
    return ends
