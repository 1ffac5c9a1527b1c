"""A part of the samples, where all of them would take too long."""

from __future__ import annotations

from typing import Any

import numpy as np


def at_most(samples: tuple[Any, Any], count: int, part: int) -> tuple[Any, Any]:
    """Return the samples, or a draw of `count` of them that is always the same one for a `part`."""
    x, y = samples
    if len(y) <= count:
        return x, y
    rows = np.sort(np.random.default_rng(part).permutation(len(y))[:count])
    return x[rows], y[rows]
