"""What an intermediate node with i internal links and degree d contributes; it has d - 1 - i external links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Factor = Callable[[Array, Array], Array]


def _path_count(i: Array, d: Array) -> Array:
    return np.ones(np.shape(i))


def _ra(i: Array, d: Array) -> Array:
    return 1 / np.sqrt(d)


def _ch1(i: Array, d: Array) -> Array:
    return np.sqrt(i / d)


def _ch2(i: Array, d: Array) -> Array:
    return np.sqrt((1 + i) / (d - i))


def _ch3(i: Array, d: Array) -> Array:
    return 1 / np.sqrt(d - i)


def _ch31(i: Array, d: Array) -> Array:
    return 1 / np.sqrt(1 / (1 + i) + (d - 1 - i))


def _ilcl(i: Array, d: Array) -> Array:
    return np.sqrt(i / (1 + i))


def _ch2_node(i: Array, d: Array) -> Array:
    return (1 + i) / (d - i)


def _ch3_node(i: Array, d: Array) -> Array:
    return 1 / (d - i)


# A path u – b – a – v scores the product of its two factors.
PATH_FACTORS: dict[str, Factor] = {
    "path-count": _path_count, "ra-l3": _ra, "ch1-l3p": _ch1, "ch2-l3p": _ch2, "ch3-l3p": _ch3, "ch3.1-l3p": _ch31,
    "ilcl-l3": _ilcl,
}  # fmt: skip

# A node on a path scores its factor.
NODE_FACTORS: dict[str, Factor] = {"ch2-l3n": _ch2_node, "ch3-l3n": _ch3_node}
