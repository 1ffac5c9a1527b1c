"""What an intermediate node with i internal links and degree d contributes; it has d - 1 - i external links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Factor = Callable[[Array, Array], Array]

# A path u – b – a – v scores the product of its two factors.
PATH_FACTORS: dict[str, Factor] = {
    "path-count": lambda i, d: np.ones(np.shape(i)),
    "ra-l3": lambda i, d: 1 / np.sqrt(d),
    "ch1-l3p": lambda i, d: np.sqrt(i / d),
    "ch2-l3p": lambda i, d: np.sqrt((1 + i) / (d - i)),
    "ch3-l3p": lambda i, d: 1 / np.sqrt(d - i),
    "ch3.1-l3p": lambda i, d: 1 / np.sqrt(1 / (1 + i) + (d - 1 - i)),
    "ilcl-l3": lambda i, d: np.sqrt(i / (1 + i)),
}

# A node on a path scores its factor.
NODE_FACTORS: dict[str, Factor] = {
    "ch2-l3n": lambda i, d: (1 + i) / (d - i),
    "ch3-l3n": lambda i, d: 1 / (d - i),
}
