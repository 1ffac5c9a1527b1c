"""A tree of sums: draw in proportion to weights that change, each draw and each change in O(log n).

The leaves are the weights, every other node is the sum of its two children: node k has the children 2 k and 2 k + 1,
node 1 is the sum of all. A sum is always computed from its children and never by subtraction, so a weight that is
set to zero and back leaves the same bytes, and small weights are not lost to large ones that have gone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sparse_mlp.kernels._jit import jit

Array = NDArray[Any]


@jit
def sum_tree(weights: Array) -> Array:
    """Build the tree over n weights, float64 or int64; its length is twice the next power of two."""
    size = 1
    while size < len(weights):
        size *= 2
    tree = np.zeros(2 * size, weights.dtype)
    tree[size : size + len(weights)] = weights
    for node in range(size - 1, 0, -1):
        tree[node] = tree[2 * node] + tree[2 * node + 1]
    return tree


@jit
def set_weight(tree: Array, leaf: int, weight: Any) -> None:
    """Change one weight and the sums above it."""
    node = len(tree) // 2 + leaf
    tree[node] = weight
    while node > 1:
        node //= 2
        tree[node] = tree[2 * node] + tree[2 * node + 1]


@jit
def leaf_at(tree: Array, target: Any) -> int:
    """Return the leaf whose stretch of the total, 0 <= target < tree[1], holds the target; never one of weight zero."""
    node, size = 1, len(tree) // 2
    while node < size:
        node *= 2
        # Rounding may leave a target beyond the end of its stretch, where only zeros are left to the right.
        if target >= tree[node] and tree[node + 1] > 0:
            target -= tree[node]
            node += 1
    return node - size
